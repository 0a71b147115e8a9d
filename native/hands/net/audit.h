// Lines on standard error, which the service manager keeps: what was lost, put back or refused, and who asked.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace bartizan::hand {

class Audit {
 public:
  enum class Level { warning = 4, notice = 5, info = 6 };

  // Of something that was done.
  void say(Level level, const std::string& what);
  // How many refusals there were without a pause of a second between them.
  uint32_t refused(const std::string& what);

 private:
  // A client gone wild fills no journal: after a burst one line a second is written, and how many were left out. What is
  // refused and what is done each have their own room.
  struct Room {
    int64_t gained_at = 0;
    int64_t lines = 50;
    uint64_t left_out = 0;
  };

  void write(Room& room, Level level, const std::string& what);

  std::mutex mutex_;
  Room done_ = {};
  Room refusals_ = {};
  int64_t refused_at_ = 0;
  uint32_t refused_in_a_row_ = 0;
};

// CLOCK_MONOTONIC in ms.
int64_t now_ms();

}  // namespace bartizan::hand
