// Expressions of a rule as nf_tables wants them: what a packet must be, and what becomes of it. They work in the first
// register unless they say otherwise; a comparison that fails ends the rule.
#pragma once

#include <linux/netfilter/nf_tables.h>

#include "message.h"

namespace bartizan::nft {

void load_meta(MessageWriter& out, uint32_t key, uint32_t reg = NFT_REG_1);
void load_network(MessageWriter& out, uint32_t offset, uint32_t length);
void load_transport(MessageWriter& out, uint32_t offset, uint32_t length, uint32_t reg = NFT_REG_1);
void load_ct_state(MessageWriter& out);
// What kind of address the destination is, RTN_*.
void load_destination_kind(MessageWriter& out);

// Keeps the bits of the mask.
void keep_bits(MessageWriter& out, Bytes mask);
void compare(MessageWriter& out, uint32_t op, Bytes value);
// `id` is of a set made in the same transaction that has no name of its own.
void look_up(MessageWriter& out, const std::string& set, std::optional<uint32_t> id = std::nullopt);

// Ends the rule for packets beyond the rate, or, with `over`, for those within it.
void limit(MessageWriter& out, const Rate& rate, bool over);
// The register's source in a dynamic set, put there for so long if it is not: ends the rule for packets within the rate.
void meter_rate(MessageWriter& out, const std::string& set, const Rate& rate, uint64_t timeout_ms);
// The same for sources with at most so many connections.
void meter_connections(MessageWriter& out, const std::string& set, uint32_t most);

void count(MessageWriter& out, const std::string& counter);
// A counter that begins at nothing.
void count_as(MessageWriter& out, uint16_t attribute);
void log(MessageWriter& out, const Log& log);
void conclude(MessageWriter& out, Verdict verdict, const std::string& target);

}  // namespace bartizan::nft
