#include "audit.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace bartizan::hand {

namespace {

constexpr int64_t kBurst = 50;
constexpr int64_t kSecond = 1000;

void put(Audit::Level level, const std::string& what) {
  // The service manager reads the priority and takes it off.
  static const bool is_journal = getenv("JOURNAL_STREAM") != nullptr;
  std::string line = is_journal ? "<" + std::to_string(static_cast<int>(level)) + ">" : "";
  line += "net-hand: ";
  for (const char c : what) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  line += '\n';
  // Whoever does not read it keeps nobody from being let in or cut.
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

int64_t now_ms() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec / 1'000'000;
}

void Audit::write(Room& room, Level level, const std::string& what) {
  const int64_t now = now_ms();
  const int64_t gained = (now - room.gained_at) / kSecond;
  if (gained > 0) {
    room.lines = std::min(kBurst, room.lines + gained);
    room.gained_at = now;
  }
  if (room.lines == 0) {
    room.left_out++;
    return;
  }
  room.lines--;
  if (room.left_out > 0) put(Level::warning, std::to_string(room.left_out) + " lines left out");
  room.left_out = 0;
  put(level, what);
}

void Audit::say(Level level, const std::string& what) {
  const std::lock_guard lock(mutex_);
  write(done_, level, what);
}

uint32_t Audit::refused(const std::string& what) {
  const std::lock_guard lock(mutex_);
  write(refusals_, Level::warning, "refused: " + what);
  const int64_t now = now_ms();
  refused_in_a_row_ = now - refused_at_ > kSecond ? 1 : refused_in_a_row_ + 1;
  refused_at_ = now;
  return refused_in_a_row_;
}

}  // namespace bartizan::hand
