#include "address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace bartizan::lines {
namespace {

using std::string_view;

// As `isQuad` there.
bool is_quad(string_view text) {
  if (text.size() < 7 || text.size() > 15) return false;
  int octet = 0, digits = 0, dots = 0;
  for (const char unit : text) {
    if (unit >= '0' && unit <= '9') {
      if (digits > 0 && octet == 0) return false;
      octet = octet * 10 + (unit - '0');
      if (octet > 255) return false;
      digits++;
    } else {
      if (unit != '.' || digits == 0 || dots == 3) return false;
      dots++;
      octet = 0;
      digits = 0;
    }
  }
  return dots == 3 && digits > 0;
}

// One that carries an IPv4 address is that address there: its first ten bytes are none.
bool may_carry_v4(const in6_addr& address) {
  return std::all_of(address.s6_addr, address.s6_addr + 10, [](uint8_t byte) { return byte == 0; });
}

bool is_v6(string_view text) {
  std::array<char, INET6_ADDRSTRLEN> written{}, canonical{};
  if (text.size() >= written.size() || text.find(':') == string_view::npos) return false;
  std::ranges::copy(text, written.begin());
  in6_addr address{};
  if (inet_pton(AF_INET6, written.data(), &address) != 1 || may_carry_v4(address)) return false;
  return inet_ntop(AF_INET6, &address, canonical.data(), canonical.size()) != nullptr && text == canonical.data();
}

}  // namespace

bool is_address(string_view text) { return is_quad(text) || is_v6(text); }

}  // namespace bartizan::lines
