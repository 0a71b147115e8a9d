// Ops as element messages, and the way back from a refusal to the op it concerns; elements as a dump tells them.
#pragma once

#include "intervals.h"
#include "netlink.h"
#include "table.h"

namespace bartizan::nft {

// Where an op's element stands in the batch.
struct Mark {
  uint32_t seq;
  // Of the element's attribute in its message; 0 where the message is the op.
  uint32_t offset;
  uint32_t op;
};

enum class Grouping { shared, one_message_an_op };

// Writes the ops not skipped, neighbours of one kind and set sharing a message unless told otherwise. Marks come in
// the order of the messages.
std::vector<Mark> write_ops(MessageWriter& out, const Batch& batch, const std::vector<StandingSet>& sets,
                            const std::vector<bool>& skip, Grouping grouping);

// Asks for the element at the address, or, in an interval set, for the range that holds it.
void write_question(MessageWriter& out, const std::string& table, const std::string& set, const Key& key);

// The op a refusal means; empty when its message holds several and the kernel did not say which.
std::optional<uint32_t> op_of(const std::vector<Mark>& marks, const Refusal& refusal);

// Appends the elements of one NFT_MSG_NEWSETELEM.
void read_bounds(const Attributes& attributes, uint8_t width, std::vector<Bound>& into);

std::vector<Element> elements_of(std::vector<Bound> bounds, const SetShape& shape);

}  // namespace bartizan::nft
