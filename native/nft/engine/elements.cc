#include "elements.h"

#include <linux/netfilter/nf_tables.h>

#include <algorithm>

#include "userdata.h"

namespace bartizan::nft {

namespace {

// Below the 65,535 bytes an attribute can say it has, with room for one more op.
constexpr size_t kListLimit = 60'000;

void write_bound(MessageWriter& out, const Address& address, uint8_t width, bool is_end, const Op* added, bool open) {
  const size_t element = out.open(NFTA_LIST_ELEM);
  if (is_end) out.put_u32(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
  const size_t key = out.open(NFTA_SET_ELEM_KEY);
  out.put(NFTA_DATA_VALUE, Bytes(address).first(width));
  out.close(key);
  if (added != nullptr) {
    if (added->timeout_ms != 0) out.put_u64(NFTA_SET_ELEM_TIMEOUT, added->timeout_ms);
    std::vector<uint8_t> userdata;
    if (added->comment) userdata = comment_record(*added->comment);
    if (open) append_open_range(userdata);
    if (!userdata.empty()) out.put(NFTA_SET_ELEM_USERDATA, userdata);
  }
  out.close(element);
}

void write_element(MessageWriter& out, const Op& op, const SetShape& shape, std::vector<Mark>& marks, uint32_t index) {
  const Op* added = op.kind == OpKind::add ? &op : nullptr;
  const auto end = shape.interval ? end_of(op.key) : std::nullopt;
  marks.push_back({out.last_seq(), out.offset(), index});
  write_bound(out, op.key.address, shape.width, false, added, shape.interval && !end);
  if (!end) return;
  marks.push_back({out.last_seq(), out.offset(), index});
  write_bound(out, *end, shape.width, true, nullptr, false);
}

// The kernel renews an element's timeout when it is added again (since 6.12); the port keeps the old one. So where it
// could matter an element that is there is made to be a refusal, and the commit goes on without it.
bool must_be_new(const SetShape& shape) { return shape.timeout || shape.interval; }

size_t begin_elements(MessageWriter& out, const Batch& batch, const Op& op, const SetShape& shape) {
  const bool add = op.kind == OpKind::add;
  const auto flags = static_cast<uint16_t>(add ? NLM_F_CREATE | (must_be_new(shape) ? NLM_F_EXCL : 0) : 0);
  out.begin_nft(add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, flags);
  out.put_text(NFTA_SET_ELEM_LIST_TABLE, batch.table);
  out.put_text(NFTA_SET_ELEM_LIST_SET, batch.sets[op.set]);
  return out.open(NFTA_SET_ELEM_LIST_ELEMENTS);
}

// Since 5.12 elements with several expressions.
constexpr uint16_t kElementExpressions = 11;

std::optional<Tally> tally_in(const Attributes& expression) {
  if (expression.text(NFTA_EXPR_NAME) != "counter") return std::nullopt;
  const Attributes data = expression.nested(NFTA_EXPR_DATA);
  return Tally{data.u64(NFTA_COUNTER_PACKETS).value_or(0), data.u64(NFTA_COUNTER_BYTES).value_or(0)};
}

// What met the element, in a set that counts.
std::optional<Tally> tally_of(const Attributes& element) {
  if (const auto one = element.find(NFTA_SET_ELEM_EXPR)) return tally_in(Attributes(*one));
  std::optional<Tally> tally;
  element.nested(kElementExpressions).each([&](uint16_t, Bytes bytes) {
    if (!tally) tally = tally_in(Attributes(bytes));
  });
  return tally;
}

}  // namespace

std::vector<Mark> write_ops(MessageWriter& out, const Batch& batch, const std::vector<StandingSet>& sets,
                            const std::vector<bool>& skip, Grouping grouping) {
  std::vector<Mark> marks;
  marks.reserve(batch.ops.size());
  const Op* group = nullptr;
  size_t list = 0;
  const auto finish = [&] {
    if (group != nullptr) out.close(list);
    group = nullptr;
  };
  for (uint32_t i = 0; i < batch.ops.size(); i++) {
    if (skip[i]) continue;
    const Op& op = batch.ops[i];
    const SetShape& shape = sets[op.set].shape;
    if (op.kind == OpKind::flush) {
      finish();
      const uint32_t seq = out.begin_nft(NFT_MSG_DELSETELEM, 0);
      out.put_text(NFTA_SET_ELEM_LIST_TABLE, batch.table);
      out.put_text(NFTA_SET_ELEM_LIST_SET, batch.sets[op.set]);
      marks.push_back({seq, 0, i});
      continue;
    }
    const bool joins = group != nullptr && grouping == Grouping::shared && group->kind == op.kind &&
                       group->set == op.set && out.length_of(list) < kListLimit;
    if (!joins) {
      finish();
      list = begin_elements(out, batch, op, shape);
      group = &op;
    }
    write_element(out, op, shape, marks, i);
  }
  finish();
  return marks;
}

void write_question(MessageWriter& out, const std::string& table, const std::string& set, const Key& key) {
  out.begin_nft(NFT_MSG_GETSETELEM, 0);
  out.put_text(NFTA_SET_ELEM_LIST_TABLE, table);
  out.put_text(NFTA_SET_ELEM_LIST_SET, set);
  const size_t list = out.open(NFTA_SET_ELEM_LIST_ELEMENTS);
  write_bound(out, key.address, key.width, false, nullptr, false);
  out.close(list);
}

std::optional<uint32_t> op_of(const std::vector<Mark>& marks, const Refusal& refusal) {
  const auto begin = std::ranges::lower_bound(marks, refusal.seq, {}, &Mark::seq);
  const auto end = std::ranges::upper_bound(marks, refusal.seq, {}, &Mark::seq);
  if (begin == end) return std::nullopt;
  if (begin->op == std::prev(end)->op) return begin->op;
  const auto exact = std::find_if(begin, end, [&](const Mark& mark) { return mark.offset == refusal.offset; });
  return exact == end ? std::nullopt : std::optional<uint32_t>(exact->op);
}

void read_bounds(const Attributes& attributes, uint8_t width, std::vector<Bound>& into) {
  attributes.nested(NFTA_SET_ELEM_LIST_ELEMENTS).each([&](uint16_t, Bytes bytes) {
    const Attributes element(bytes);
    const uint32_t flags = element.u32(NFTA_SET_ELEM_FLAGS).value_or(0);
    const auto key = element.nested(NFTA_SET_ELEM_KEY).find(NFTA_DATA_VALUE);
    if (!key || key->size() != width || (flags & NFT_SET_ELEM_CATCHALL)) return;
    Bound bound;
    std::copy(key->begin(), key->end(), bound.address.begin());
    bound.is_end = (flags & NFT_SET_ELEM_INTERVAL_END) != 0;
    if (element.u64(NFTA_SET_ELEM_TIMEOUT).value_or(0) != 0) {
      bound.timeout_ms = element.u64(NFTA_SET_ELEM_EXPIRATION).value_or(0);
    }
    bound.tally = tally_of(element);
    if (const auto userdata = element.find(NFTA_SET_ELEM_USERDATA)) bound.comment = comment_of(*userdata);
    into.push_back(std::move(bound));
  });
}

std::vector<Element> elements_of(std::vector<Bound> bounds, const SetShape& shape) {
  if (shape.interval) return networks_of(std::move(bounds), shape.width);
  std::vector<Element> elements;
  elements.reserve(bounds.size());
  for (Bound& bound : bounds) {
    elements.push_back({{shape.width, kNoPrefix, bound.address, 0}, bound.timeout_ms, std::move(bound.comment), bound.tally});
  }
  return elements;
}

}  // namespace bartizan::nft
