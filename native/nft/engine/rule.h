// Rules as messages, and what follows from them for the sets and counters of their table.
#pragma once

#include "message.h"

namespace bartizan::nft {

// NFT_MSG_NEWRULE, appended to its chain, behind the nameless sets it looks up. `last_id` is the last id that a set of
// the transaction was given.
void write_rule(MessageWriter& out, const Table& table, const Chain& chain, const Rule& rule, uint32_t& last_id);

// Writes down in each dynamic set what the rule that fills it allows.
void note_meters(Table& table);

// How long a source stays in a meter after its last packet: until its bucket must be full again, in whole seconds.
uint64_t seconds_to_fill(const Rate& rate);

// The counters that rules use, by the first rule that uses each.
std::vector<std::string> counters_of(const Table& table);
// The counter that a rule of the kernel's uses.
std::optional<std::string> counter_in(const Attributes& rule);

}  // namespace bartizan::nft
