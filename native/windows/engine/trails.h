// The trails that keys leave: of each its sightings in order of time, which checks still count them, and since when a check
// is silent about it. What holds for them is written in core/detect/trail/trails.ts; this holds the same, bytes and order
// of eviction included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rows.h"
#include "texts.h"

namespace bartizan::windows {

// One event that counts for some checks.
struct Sighting {
  double at = 0;
  double offset = 0;
  uint32_t source = kNoText;
  // What distinct counts distinguish: a text's number, or a number of its own; 0 is none.
  uint32_t value = 0;
  // With `port` the connection it belongs to.
  uint32_t peer = kNoText;
  // How many it counts for, >= 1.
  uint32_t weight = 1;
  // Bits of the checks that count it.
  uint32_t checks = 0;
  // The next older one of the same key.
  int32_t older = kNone;
  uint16_t port = 0;
  uint8_t provenance = 0;
};

struct Key {
  int32_t high = 0;
  int32_t low = 0;
  friend auto operator<=>(const Key&, const Key&) = default;
};

struct TrailSettings {
  // By check: how long a key may be silent for it.
  std::vector<double> quiet;
  // Twice the longest window or silence.
  double span = 0;
  // Whether keys are texts by their number, or 64 bits of their own.
  bool keys_are_texts = false;
  // Whether values are texts by their number.
  bool values_are_texts = true;
};

// What changed since the last one.
struct Changes {
  // Whether anything was written.
  bool any = false;
  // Keys that are gone and that a store still has.
  std::vector<Key> gone;
  std::vector<std::u16string> gone_names;
  std::vector<int32_t> rows;
};

class Trails {
 public:
  Trails(TrailSettings settings, uint32_t salt) : settings_(std::move(settings)), rows_(salt) {}

  Texts texts;

  const TrailSettings& settings() const { return settings_; }
  int32_t find(Key key) const { return rows_.find(key.high, key.low); }
  // A row for a key that has none. Takes over the reference to the text of a key that is one.
  int32_t create(Key key) { return rows_.create(key.high, key.low); }
  const Row& row(int32_t row) const { return rows_[row]; }
  int32_t newest(int32_t row) const { return rows_[row].newest; }
  const Sighting& sighting(int32_t i) const { return sightings_[static_cast<size_t>(i)]; }
  // The checks count it no more.
  void discount(int32_t i, uint32_t bits);

  // Bits of the checks for which nothing counts that happens at this moment.
  uint32_t quiet_at(int32_t row, double at) const;
  // By check the moment of its silence, 0 for none; null when the row never was silent.
  const double* quiet_of(int32_t row) const;
  void silence(int32_t row, size_t check, double until);
  // Puts a sighting in its place by time, behind equals. Takes over the references to the texts.
  void insert(int32_t row, const Sighting& sighting);
  // After a row was written: lets go of what no check counts any more, and of the row when nothing is left.
  void settle(int32_t row);

  size_t size() const { return rows_.size(); }
  double bytes() const;
  // Lets go of a key, whatever is known of it.
  void drop(int32_t row);
  // Drops keys by the rule of the bound until at most so many bytes are held. @returns how many went
  size_t evict(double bytes);

  Changes take_changes();
  double turn() const { return turn_; }
  double newest_of_all() const { return newest_; }
  void restore_clock(double turn, double newest);
  // A row that was put back is as it was written: with the turn of then, and known to a store.
  void restored(int32_t row, double turn);

 private:
  Sighting& at(int32_t i) { return sightings_[static_cast<size_t>(i)]; }
  int32_t put(const Sighting& sighting);
  void release(int32_t i);
  double claim_of(const Sighting& sighting) const;
  double quiet_bytes() const { return 120 + 8 * static_cast<double>(settings_.quiet.size()); }
  void sweep(int32_t row);
  void forget();
  bool is_stale(int32_t row) const;
  void remove(int32_t row);
  void mark_changed(int32_t row);

  const TrailSettings settings_;
  Rows rows_;
  std::vector<Sighting> sightings_;
  // First of the chain of sightings that are free.
  int32_t free_ = kNone;
  size_t size_ = 0;
  // Sightings that no check counts any more.
  size_t spent_ = 0;
  // Silences, as many numbers each as there are checks.
  std::vector<double> quiet_;
  std::vector<int32_t> free_quiet_;
  size_t quiet_size_ = 0;
  std::vector<int32_t> changed_;
  std::set<Key> gone_;
  std::set<std::u16string> gone_names_;
  double turn_ = 0;
  double newest_ = 0;
};

}  // namespace bartizan::windows
