#include "trails.h"

#include <algorithm>
#include <cstddef>

#include "grown.h"

namespace bartizan::windows {
namespace {

constexpr double kSightingBytes = 72;
// How many writes of other keys a key outlives, however old it is.
constexpr double kRecentTurns = 4096;
// So many writes apart it is looked for keys that are long past.
constexpr uint64_t kForgetEvery = 64;

constexpr uint8_t kChanged = 1;
// A snapshot told of it, so that one must tell when it goes.
constexpr uint8_t kDurable = 2;

}  // namespace

void Trails::discount(int32_t i, uint32_t bits) {
  Sighting& sighting = at(i);
  const uint32_t before = sighting.checks;
  sighting.checks = before & ~bits;
  if (sighting.checks == 0 && before != 0) spent_++;
}

const double* Trails::quiet_of(int32_t row) const {
  const int32_t place = rows_[row].quiet;
  return place == kNone ? nullptr : quiet_.data() + static_cast<size_t>(place) * settings_.quiet.size();
}

uint32_t Trails::quiet_at(int32_t row, double at) const {
  const double* quiet = quiet_of(row);
  if (quiet == nullptr) return 0;
  uint32_t bits = 0;
  for (size_t check = 0; check < settings_.quiet.size(); check++) {
    if (at < quiet[check]) bits |= 1u << check;
  }
  return bits;
}

void Trails::silence(int32_t row, size_t check, double until) {
  const size_t width = settings_.quiet.size();
  int32_t place = rows_[row].quiet;
  if (place == kNone) {
    if (free_quiet_.empty()) {
      place = static_cast<int32_t>(quiet_.size() / width);
      for (size_t i = 0; i < width; i++) append(quiet_, 0.0);
    } else {
      place = free_quiet_.back();
      free_quiet_.pop_back();
      std::fill_n(quiet_.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(place) * width), width, 0.0);
    }
    rows_[row].quiet = place;
    quiet_size_++;
    rows_.claim(row, quiet_bytes());
  }
  quiet_[static_cast<size_t>(place) * width + check] = until;
}

void Trails::insert(int32_t row, const Sighting& sighting) {
  const int32_t i = put(sighting);
  int32_t newer = kNone;
  int32_t older = rows_[row].newest;
  while (older != kNone && at(older).at > sighting.at) {
    newer = older;
    older = at(older).older;
  }
  at(i).older = older;
  if (newer == kNone) rows_[row].newest = i;
  else at(newer).older = i;
  rows_[row].count++;
  rows_.claim(row, claim_of(at(i)));
  newest_ = std::max(newest_, sighting.at);
}

void Trails::settle(int32_t row) {
  if (spent_ > 0) sweep(row);
  const uint32_t count = rows_[row].count;
  if (count == 0 && rows_[row].quiet == kNone) {
    remove(row);
    return;
  }
  rows_.touch(row, level_of(count), ++turn_);
  mark_changed(row);
  if (static_cast<uint64_t>(turn_) % kForgetEvery == 0) forget();
}

double Trails::bytes() const {
  const double rows = static_cast<double>(rows_.size()) * kRowBytes + static_cast<double>(size_) * kSightingBytes;
  return rows + static_cast<double>(quiet_size_) * quiet_bytes() + texts.bytes();
}

void Trails::drop(int32_t row) {
  for (int32_t i = rows_[row].newest; i != kNone;) {
    const int32_t older = at(i).older;
    release(i);
    i = older;
  }
  remove(row);
}

size_t Trails::evict(double bytes) {
  size_t gone = 0;
  for (; rows_.size() > 0 && this->bytes() > bytes; gone++) drop(rows_.to_go());
  return gone;
}

Changes Trails::take_changes() {
  Changes changes;
  changes.any = !changed_.empty() || !gone_.empty() || !gone_names_.empty();
  changes.gone.assign(gone_.begin(), gone_.end());
  changes.gone_names.assign(gone_names_.begin(), gone_names_.end());
  gone_.clear();
  gone_names_.clear();
  for (const int32_t row : std::exchange(changed_, {})) {
    if ((rows_[row].flags & kChanged) == 0) continue;
    rows_[row].flags = kDurable;
    changes.rows.push_back(row);
  }
  return changes;
}

void Trails::restore_clock(double turn, double newest) {
  turn_ = std::max(turn_, turn);
  newest_ = std::max(newest_, newest);
}

void Trails::restored(int32_t row, double turn) {
  rows_[row].flags = kDurable;
  rows_.touch(row, level_of(rows_[row].count), turn);
  turn_ = std::max(turn_, turn);
}

int32_t Trails::put(const Sighting& sighting) {
  int32_t i = free_;
  if (i == kNone) {
    i = static_cast<int32_t>(sightings_.size());
    append(sightings_, sighting);
  } else {
    free_ = at(i).older;
    at(i) = sighting;
  }
  size_++;
  return i;
}

void Trails::release(int32_t i) {
  Sighting& sighting = at(i);
  size_--;
  texts.release(sighting.source);
  texts.release(sighting.peer);
  if (settings_.values_are_texts) texts.release(sighting.value);
  if (sighting.checks == 0) spent_--;
  sighting.older = free_;
  free_ = i;
}

// Itself, and its texts as if nobody else held them.
double Trails::claim_of(const Sighting& sighting) const {
  const double value = settings_.values_are_texts ? texts.size_of(sighting.value) : 0;
  return kSightingBytes + value + texts.size_of(sighting.peer);
}

// Drops sightings that count for nothing.
void Trails::sweep(int32_t row) {
  uint32_t count = 0;
  int32_t newer = kNone;
  for (int32_t i = rows_[row].newest; i != kNone;) {
    const int32_t older = at(i).older;
    if (at(i).checks != 0) {
      count++;
      newer = i;
    } else {
      if (newer == kNone) rows_[row].newest = older;
      else at(newer).older = older;
      rows_.claim(row, -claim_of(at(i)));
      release(i);
    }
    i = older;
  }
  rows_[row].count = count;
}

void Trails::forget() {
  for (uint8_t level = 0; level < kLevels; level++) {
    for (int32_t row = rows_.first(level); row != kNone && is_stale(row); row = rows_.first(level)) drop(row);
  }
}

bool Trails::is_stale(int32_t row) const {
  if (rows_[row].turn + kRecentTurns > turn_) return false;
  double newest = rows_[row].newest == kNone ? 0 : sighting(rows_[row].newest).at;
  if (const double* quiet = quiet_of(row)) {
    for (size_t check = 0; check < settings_.quiet.size(); check++) newest = std::max(newest, quiet[check] - settings_.quiet[check]);
  }
  return newest + settings_.span <= newest_;
}

void Trails::remove(int32_t row) {
  const Row& at = rows_[row];
  const uint32_t name = settings_.keys_are_texts ? static_cast<uint32_t>(at.low) : kNoText;
  if ((at.flags & kDurable) != 0) {
    if (settings_.keys_are_texts) gone_names_.insert(texts.of(name));
    else gone_.insert({at.high, at.low});
  }
  if (at.quiet != kNone) {
    append(free_quiet_, at.quiet);
    quiet_size_--;
  }
  texts.release(name);
  rows_.remove(row);
  rows_[row].flags = 0;
  rows_[row].quiet = kNone;
}

void Trails::mark_changed(int32_t row) {
  if ((rows_[row].flags & kChanged) != 0) return;
  rows_[row].flags |= kChanged;
  append(changed_, row);
  if (static_cast<double>(changed_.size()) <= 2 * static_cast<double>(rows_.size()) + kRecentTurns) return;
  // Rows come and go and are named in the list each time: it must not grow where nobody takes snapshots.
  changed_.clear();
  for (int32_t other = 0; other < rows_.end(); other++) {
    if ((rows_[other].flags & kChanged) != 0) changed_.push_back(other);
  }
}

}  // namespace bartizan::windows
