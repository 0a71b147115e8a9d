#include "audit.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace bartizan::hand {

namespace {

constexpr uint32_t kBurst = 20;
constexpr int64_t kSecond = 1000;

}  // namespace

int64_t now_ms() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec / 1'000'000;
}

bool Audit::has_room(int64_t now) {
  const int64_t gained = (now - tokens_at_) / kSecond;
  if (gained > 0) {
    tokens_ = static_cast<uint32_t>(std::min<int64_t>(kBurst, tokens_ + gained));
    tokens_at_ = now;
  }
  if (tokens_ == 0) return false;
  tokens_--;
  return true;
}

void Audit::write(Level level, const std::string& what) {
  // The service manager reads the priority and takes it off.
  static const bool is_journal = getenv("JOURNAL_STREAM") != nullptr;
  std::string line = is_journal ? "<" + std::to_string(static_cast<int>(level)) + ">" : "";
  line += "net-hand: ";
  for (const char c : what) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  line += '\n';
  // Whoever does not read it keeps nobody from being let in or cut.
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

void Audit::say(Level level, const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (!has_room(now_ms())) {
    left_out_++;
    return;
  }
  if (left_out_ > 0) write(Level::warning, std::to_string(left_out_) + " lines left out");
  left_out_ = 0;
  write(level, what);
}

uint32_t Audit::refused(const std::string& what) {
  say(Level::warning, "refused: " + what);
  const std::lock_guard lock(mutex_);
  const int64_t now = now_ms();
  refusals_ = now - refused_at_ > kSecond ? 1 : refusals_ + 1;
  refused_at_ = now;
  return refusals_;
}

}  // namespace bartizan::hand
