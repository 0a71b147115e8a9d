// The keys of a detector, a row each: found by key, and chained within their level from the least to the most recently
// written. See core/detect/trail/rows.ts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bartizan::windows {

// No row, no sighting.
inline constexpr int32_t kNone = -1;

inline constexpr double kRowBytes = 80;

// How much is known of a key: 0-1, 2-3, 4-7, 8 and more sightings.
inline constexpr uint8_t kLevels = 4;

inline uint8_t level_of(uint32_t sightings) { return sightings < 2 ? 0 : sightings < 4 ? 1 : sightings < 8 ? 2 : 3; }

struct Row {
  int32_t high = 0;
  int32_t low = 0;
  // The number of the write that touched it last.
  double turn = 0;
  // Its newest sighting.
  int32_t newest = kNone;
  int32_t older = kNone;
  int32_t newer = kNone;
  // Place of its silences, or kNone.
  int32_t quiet = kNone;
  // What it and what hangs on it claim.
  double bytes = 0;
  uint32_t count = 0;
  // kLevels: in no level's chain yet.
  uint8_t level = kLevels;
  uint8_t flags = 0;
};

class Rows {
 public:
  explicit Rows(uint32_t salt) : salt_(salt), slots_(kFew) {
    first_.fill(kNone);
    last_.fill(kNone);
  }

  // How many there are.
  size_t size() const { return size_; }
  // All are below this number.
  int32_t end() const { return static_cast<int32_t>(rows_.size()); }
  Row& operator[](int32_t row) { return rows_[static_cast<size_t>(row)]; }
  const Row& operator[](int32_t row) const { return rows_[static_cast<size_t>(row)]; }

  int32_t find(int32_t high, int32_t low) const;
  // A key that has no row.
  int32_t create(int32_t high, int32_t low);
  void remove(int32_t row);

  // The least recently written of a level, or kNone.
  int32_t first(uint8_t level) const { return first_[level]; }
  // The least recently written of the lowest level that claims more than its quarter. There must be one.
  int32_t to_go() const;
  // The row and what hangs on it take so many bytes more, or fewer.
  void claim(int32_t row, double bytes);
  // Makes it the most recent of the level.
  void touch(int32_t row, uint8_t level, double turn);

 private:
  static constexpr size_t kFew = 256;

  size_t home(int32_t high, int32_t low) const;
  size_t home_of(int32_t row) const { return home((*this)[row].high, (*this)[row].low); }
  void place(int32_t row);
  void unplace(int32_t row);
  void unchain(int32_t row);

  const uint32_t salt_;
  std::vector<Row> rows_;
  // Open addressing, never more than half full: row + 1, 0 for an empty slot.
  std::vector<int32_t> slots_;
  std::array<int32_t, kLevels> first_;
  std::array<int32_t, kLevels> last_;
  std::array<double, kLevels> level_bytes_{};
  // Chained by `older`.
  int32_t free_ = kNone;
  size_t size_ = 0;
};

}  // namespace bartizan::windows
