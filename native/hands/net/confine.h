// What the hand gives up before it listens to anybody.
#pragma once

#include <string>

namespace bartizan::hand {

// Keeps CAP_NET_ADMIN alone, for this process and whatever it might start. Empty, or what went wrong.
std::string drop_capabilities();
// Leaves the system calls that the hand needs; any other is EPERM. For all threads there are and will be.
std::string filter_system_calls();

}  // namespace bartizan::hand
