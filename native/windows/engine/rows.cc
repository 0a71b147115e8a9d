#include "rows.h"

#include "grown.h"

namespace bartizan::windows {

int32_t Rows::find(int32_t high, int32_t low) const {
  const size_t mask = slots_.size() - 1;
  for (size_t slot = home(high, low);; slot = (slot + 1) & mask) {
    const int32_t row = slots_[slot] - 1;
    if (row < 0 || ((*this)[row].low == low && (*this)[row].high == high)) return row;
  }
}

int32_t Rows::create(int32_t high, int32_t low) {
  int32_t row = free_;
  if (row == kNone) {
    row = end();
    append(rows_, Row{});
  } else {
    free_ = (*this)[row].older;
    (*this)[row] = {};
  }
  (*this)[row].high = high;
  (*this)[row].low = low;
  (*this)[row].bytes = kRowBytes;
  if (2 * ++size_ > slots_.size()) {
    const std::vector<int32_t> before = std::exchange(slots_, std::vector<int32_t>(slots_.size() * 2));
    for (const int32_t taken : before) {
      if (taken != 0) place(taken - 1);
    }
  }
  place(row);
  return row;
}

void Rows::remove(int32_t row) {
  unchain(row);
  unplace(row);
  size_--;
  (*this)[row].older = free_;
  free_ = row;
}

int32_t Rows::to_go() const {
  double claims = 0;
  for (const double bytes : level_bytes_) claims += bytes;
  for (uint8_t level = 0; level < kLevels; level++) {
    if (level_bytes_[level] > claims / kLevels) return first_[level];
  }
  for (const int32_t row : first_) {
    if (row != kNone) return row;
  }
  return kNone;
}

void Rows::claim(int32_t row, double bytes) {
  Row& at = (*this)[row];
  at.bytes += bytes;
  if (at.level != kLevels) level_bytes_[at.level] += bytes;
}

void Rows::touch(int32_t row, uint8_t level, double turn) {
  Row& at = (*this)[row];
  at.turn = turn;
  if (last_[level] == row) return;
  unchain(row);
  const int32_t before = last_[level];
  at.level = level;
  level_bytes_[level] += at.bytes;
  at.older = before;
  at.newer = kNone;
  if (before == kNone) first_[level] = row;
  else (*this)[before].newer = row;
  last_[level] = row;
}

void Rows::unchain(int32_t row) {
  Row& at = (*this)[row];
  if (at.level == kLevels) return;
  if (at.older == kNone) first_[at.level] = at.newer;
  else (*this)[at.older].newer = at.newer;
  if (at.newer == kNone) last_[at.level] = at.older;
  else (*this)[at.newer].older = at.older;
  level_bytes_[at.level] -= at.bytes;
  at.level = kLevels;
}

// MurmurHash3's finish over both halves: where a key lies depends on the salt, so that nobody who does not know it can
// choose addresses that all lie in one place.
size_t Rows::home(int32_t high, int32_t low) const {
  uint32_t hash = (static_cast<uint32_t>(high) ^ salt_) * 0x85ebca6bu;
  hash = (hash ^ (hash >> 15) ^ static_cast<uint32_t>(low)) * 0xc2b2ae35u;
  hash = (hash ^ (hash >> 13) ^ salt_) * 0x9e3779b1u;
  return (hash ^ (hash >> 16)) & (slots_.size() - 1);
}

void Rows::place(int32_t row) {
  const size_t mask = slots_.size() - 1;
  size_t slot = home_of(row);
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = row + 1;
}

void Rows::unplace(int32_t row) {
  const size_t mask = slots_.size() - 1;
  size_t hole = home_of(row);
  while (slots_[hole] != row + 1) hole = (hole + 1) & mask;
  // What was pushed behind its place by the one that goes moves up, so that no gap hides it.
  for (size_t slot = (hole + 1) & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const size_t home = home_of(slots_[slot] - 1);
    if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
    slots_[hole] = slots_[slot];
    hole = slot;
  }
  slots_[hole] = 0;
}

}  // namespace bartizan::windows
