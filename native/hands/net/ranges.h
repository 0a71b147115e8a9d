// Sets of addresses of one family as merged ranges: what a floor is and what sets of networks hold of it.
#pragma once

#include <map>
#include <string>

#include "../../nft/engine/types.h"

namespace bartizan::hand {

using nft::Address;
using nft::Key;

struct Range {
  Address first = {};
  Address last = {};
};

// Of an address, or of a network where the key has a prefix.
Range range_of(const Key& key);

class Ranges {
 public:
  explicit Ranges(uint8_t width) : width_(width) {}

  void add(Range range);
  // Whether anything of it was there.
  bool remove(const Range& range);
  bool remove(const Ranges& others);

  bool empty() const { return last_by_first_.empty(); }
  // Every address of it.
  bool holds(const Range& range) const;
  // Any address of it.
  bool meets(const Range& range) const;
  // The lowest range; there must be one.
  Range front() const { return {last_by_first_.begin()->first, last_by_first_.begin()->second}; }
  // What of a range is not in it, as networks.
  std::vector<Key> gaps_in(const Range& range) const;
  uint8_t width() const { return width_; }

 private:
  uint8_t width_;
  // Disjoint, and never side by side.
  std::map<Address, Address> last_by_first_;
};

// For people: an address, or `first-last`.
std::string text_of(const Range& range, uint8_t width);
// An address or a network in CIDR form; empty where it is neither, or has host bits.
std::optional<Key> parse_key(const std::string& text);

}  // namespace bartizan::hand
