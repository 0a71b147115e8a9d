// Lines on standard error, which the service manager keeps: what was lost, put back or refused, and who asked.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace bartizan::hand {

// A client gone wild fills no journal: after a burst one line a second is written, and how many were left out.
class Audit {
 public:
  enum class Level { warning = 4, notice = 5, info = 6 };

  void say(Level level, const std::string& what);
  // How many refusals there were without a pause of a second between them.
  uint32_t refused(const std::string& what);

 private:
  bool has_room(int64_t now);
  void write(Level level, const std::string& what);

  std::mutex mutex_;
  int64_t tokens_at_ = 0;
  uint32_t tokens_ = 20;
  uint64_t left_out_ = 0;
  int64_t refused_at_ = 0;
  uint32_t refusals_ = 0;
};

// CLOCK_MONOTONIC in ms.
int64_t now_ms();

}  // namespace bartizan::hand
