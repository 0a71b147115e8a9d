// Addresses as programs write them that looked none up.
#pragma once

#include <string_view>

namespace bartizan::lines {

// Whether it is an IPv4 or IPv6 address in the one text that core/base/ip.ts has for it.
bool is_address(std::string_view text);

}  // namespace bartizan::lines
