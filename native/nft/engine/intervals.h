// Networks as the kernel keeps them: a start element and, unless the range ends at the top of the space, an element
// one past the end. The kernel checks neither that a start and an end belong together nor ranges without an end, so
// ops it could misread are worked out here against a copy of the set.
#pragma once

#include <map>

#include "types.h"

namespace bartizan::nft {

bool is_network(const Key& key);

// The last of a network or a range; of a single key itself.
Address last_of(const Key& key);

// First key behind the network or the range; empty when it reaches the top of the space.
std::optional<Address> end_of(const Key& network);

// One element as the kernel holds it.
struct Bound {
  Address address = {};
  bool is_end = false;
  std::optional<uint64_t> timeout_ms = {};
  std::optional<std::string> comment = {};
  std::optional<Tally> tally = {};
};

// Pairs starts with ends; a range of addresses that is no single network becomes several with the same timeout and
// comment.
std::vector<Element> networks_of(std::vector<Bound> bounds, uint8_t width);

// A set's networks by first address: what would become of an op if the kernel took it literally.
class NetworkSet {
 public:
  explicit NetworkSet(const std::vector<Element>& elements);

  // 0 when the op changes the set, EEXIST when the very network is there, ENOTEMPTY when another overlaps it, ENOENT
  // when the network to be removed is not there.
  int apply(const Op& op);

 private:
  std::map<Address, Address> last_by_first_;
};

}  // namespace bartizan::nft
