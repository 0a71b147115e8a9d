// A load on its way into a set: chunk after chunk, each a transaction of its own.
#pragma once

#include "elements.h"

namespace bartizan::nft {

Key key_of(const Load& load, uint32_t index);
// ms, 0 never; as it came through the door.
double timeout_of(const Load& load, uint32_t index);
// The key as the op it amounts to.
Op as_op(const Load& load, uint32_t index);

// Writes keys [from, to) but those skipped (counted from `from`; empty: none) as additions to the set, and where each
// stands. The keys have been found sound.
void write_keys(MessageWriter& out, const Load& load, const SetShape& shape, uint32_t from, uint32_t to,
                const std::vector<bool>& skip, std::vector<Mark>& marks);

// What is known between two chunks.
struct LoadUnderWay {
  Load load;
  StandingSet set = {};
  bool begun = false;
  // Keys before this one were worked off.
  uint32_t next = 0;
  // Keys of the next chunk: as many as the kernel takes in some milliseconds.
  uint32_t chunk = 2'500;
  // Some keys were there already: from now on each is looked up before it is sent.
  bool looks = false;
  // Of an interval set, once some were there: what it holds, and of which generation that is.
  std::optional<NetworkSet> standing = {};
  uint32_t generation = 0;

  bool is_done() const { return begun && next >= load.count; }
};

}  // namespace bartizan::nft
