// The service manager, where there is one: that the hand is ready, and that it still lives.
#pragma once

#include <cstdint>
#include <string>

#include "../../notify/engine/datagram.h"

namespace bartizan::hand {

// As the environment names it (sd_notify(3), sd_watchdog_enabled(3)). Of one thread.
class ServiceManager {
 public:
  ServiceManager();

  // Its first word makes the socket, which the filter of system calls forbids later.
  void tell(const std::string& state);

  // How often it wants to hear that all is well, ms: twice as often as it waits. 0: it does not ask.
  int64_t interval_ms() const { return interval_ms_; }

 private:
  std::string path_;
  int64_t interval_ms_ = 0;
  notify::Sender sender_;
};

}  // namespace bartizan::hand
