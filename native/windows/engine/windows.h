// Counts events in sliding windows, for all the checks of a stream. How is written in core/detect/sliding/plain-windows.ts;
// this finds the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trails.h"

namespace bartizan::windows {

enum class Measure : uint8_t { events, values, tries };

// A check as it is set; its place in the list is its bit.
struct Check {
  Measure measure = Measure::events;
  double threshold = 1;
  double window = 0;
  // How long the key is quiet after a finding.
  double quiet = 0;
  // The newest events that reach so many are kept.
  double keeps = 0;
  // A value that came more often does not count, where the measure is `tries`.
  uint32_t tries_at_most = 0;
  // By traits: those of events that count, and of those that may complete a finding.
  uint32_t counts = 0;
  uint32_t completes = 0;
};

// What an event is to the checks is said in as many bits.
inline constexpr size_t kTraits = 512;

// A text, and where it lies in a table.
struct Hashed {
  std::u16string_view text;
  uint32_t hash = 0;
};

// An event. A text that is empty is not there.
struct Entry {
  // What the key is: a name, where keys are names, or 64 bits.
  Hashed name;
  Key key;
  double at = 0;
  double offset = 0;
  Hashed source;
  // A text, or where values are none a number.
  Hashed value;
  uint32_t number = 0;
  Hashed peer;
  uint32_t traits = 0;
  // What the line stands for.
  uint32_t weight = 1;
  uint16_t port = 0;
  uint8_t provenance = 0;
};

// A finding that an event completed.
struct Completed {
  size_t check;
  // What was measured.
  double count;
  // Of the earliest that counted.
  std::u16string source;
  double offset;
  double first_at;
  double latest_at;
  // The least trustworthy.
  uint8_t provenance;
  // Newest first.
  std::vector<std::u16string> texts;
  std::vector<uint32_t> numbers;
};

// How often each value is in a set; made once and used again. Values are small: the numbers of texts.
class Tries {
 public:
  void clear();
  uint32_t of(uint32_t value) const { return value < counts_.size() ? counts_[value] : 0; }
  void add(uint32_t value, uint32_t count);
  // How many values came no more often than that.
  size_t at_most(uint32_t limit) const;

 private:
  std::vector<uint32_t> counts_;
  std::vector<uint32_t> values_;
};

class Windows {
 public:
  // @param once traits of events that count only where no other event of the same connection is in the window
  Windows(std::vector<Check> checks, TrailSettings settings, uint32_t once, bool has_connections, uint32_t salt);

  // Judges an event; what it completed is appended to `completed`.
  void step(const Entry& entry, std::vector<Completed>& completed);

  Trails& trails() { return trails_; }
  const Trails& trails() const { return trails_; }

 private:
  // What of a row is judged for one check.
  struct Chain {
    int32_t first;
    uint32_t bit;
  };
  struct Gathered;

  int32_t row_of(const Entry& entry) const;
  uint32_t counting(int32_t row, uint32_t bits, const Entry& entry) const;
  uint32_t too_late(int32_t row, uint32_t bits, double at) const;
  uint32_t same_connection(int32_t row, uint32_t bits, const Entry& entry) const;
  int32_t create(const Entry& entry);
  void insert(int32_t row, uint32_t checks, const Entry& entry, uint32_t value);
  bool judge(int32_t row, uint32_t counts, uint32_t may_complete, double at, uint32_t value, std::vector<Completed>& completed);

  double latest_of(Chain chain) const;
  double review(Chain chain, size_t check, double from, uint32_t value);
  double review_events(Chain chain, double from, double keeps);
  double review_values(Chain chain, double from, uint32_t value);
  double review_tries(Chain chain, double from, size_t check);
  Gathered gather(Chain chain, double from, double to, size_t check) const;
  Completed completed_of(size_t check, double count, const Gathered& found) const;

  const std::vector<Check> checks_;
  const uint32_t once_;
  const bool has_connections_;
  // By traits: bits of the checks that count the event, and of those that it may complete.
  uint32_t counts_[kTraits] = {};
  uint32_t completes_[kTraits] = {};
  // Bits of the checks that count values, and of those that events complete which they do not count.
  uint32_t by_value_ = 0;
  uint32_t by_others_ = 0;
  Trails trails_;
  std::vector<Tries> tries_;
};

}  // namespace bartizan::windows
