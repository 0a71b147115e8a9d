// A declared table as the messages that turn what stands into it.
#pragma once

#include "message.h"

namespace bartizan::nft {

// A set or chain as the kernel holds it.
struct StandingSet {
  SetShape shape;
  uint32_t key_type = 0;
  uint32_t flags = 0;
  // Elements that it holds; only newer kernels tell.
  std::optional<uint32_t> count = {};
  // Given to elements that bring none of their own; a set of ours has no such default.
  uint64_t default_timeout_ms = 0;
};

struct StandingChain {
  std::string name;
  bool is_base = false;
  uint32_t hook = 0;
  int32_t priority = 0;
  std::string type;
  uint32_t policy = 0;
};

// A counter, or something else with a name that rules refer to.
struct StandingObject {
  std::string name;
  uint32_t type = 0;
};

struct Standing {
  bool table = false;
  // Its chains are out of the packets' way.
  bool dormant = false;
  std::vector<StandingSet> sets;
  // In the order in which they were made.
  std::vector<StandingChain> chains;
  std::vector<StandingObject> objects;
};

StandingSet read_set(const Attributes& attributes);
StandingChain read_chain(const Attributes& attributes);
StandingObject read_object(const Attributes& attributes);
// Empty when the object is no counter.
std::optional<Counter> read_counter(const Attributes& object);

// Whether the engine may treat the set as one of its own making.
bool is_ours(const StandingSet& set);
// Whether a standing set of this name has the declared shape, and so keeps its elements.
bool stays(const SetShape& declared, const StandingSet& standing);

// Makes the table if it is not there, and wakes one that somebody made dormant.
void write_table_itself(MessageWriter& out, const std::string& name);

// Whether there are sets to make that begin with elements and that no rule can refer to yet. The kernel makes the
// elements of an interval set visible only after the rules of the same transaction (seen on 6.18: some packets in a
// million met such a set empty), so those sets are made in a transaction ahead.
bool begins_sets(const Table& table, const Standing& standing);
void write_beginnings(MessageWriter& out, const Table& table, const Standing& standing);

// Writes the body of the batch. Rules go first and come last, so that nothing is referenced while it is replaced. What
// counters that stay have counted, they keep.
void write_table(MessageWriter& out, const Table& table, const Standing& standing);

}  // namespace bartizan::nft
