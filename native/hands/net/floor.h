// What can never be cut, whatever the client says.
#pragma once

#include <vector>

#include "ranges.h"

namespace bartizan::hand {

class Floor {
 public:
  // Loopback, and the neighbours on a link.
  Floor();

  // A file of networks, one a line, `#` begins a comment. It must belong to root or to this process's user, and nobody
  // else may write to it. Empty, or why it cannot be used.
  std::optional<std::string> read(const std::string& path);
  void add(const Key& network);

  // What rules must let in ahead of any that drops. Loopback is not in it: that comes in by its interface.
  const Ranges& let_in(uint8_t width) const { return width == 4 ? four_ : six_; }
  // No block may name it: it lies in the floor, on loopback, or is one of these addresses.
  bool is_protected(const Key& key, const std::vector<Key>& own) const;

 private:
  Ranges four_{4};
  Ranges six_{16};
  Ranges loopback4_{4};
  Ranges loopback6_{16};
};

}  // namespace bartizan::hand
