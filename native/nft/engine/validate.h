// The engine trusts nobody: whatever comes through a door is checked here before a message is built.
#pragma once

#include "types.h"

namespace bartizan::nft {

bool is_name(const std::string& text);
Status validate(const Table& table);
// Of sound sets: chains, their rules, and where packets go on.
Status validate_chains(const Table& table);
// What can be told without asking the kernel what the sets are.
Status validate(const Batch& batch);
// Whether a key is sound and of the kind that the set holds.
Status validate(const Key& key, int32_t index, const SetShape& shape);
// The whole load: every key of it is sound and fits the set.
Status validate(const Load& load, const SetShape& shape);
// Whether an op fits the set it names.
Status validate(const Op& op, int32_t index, const SetShape& shape);

}  // namespace bartizan::nft
