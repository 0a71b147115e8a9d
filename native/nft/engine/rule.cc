#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "table.h"
#include "userdata.h"

namespace bartizan::nft {

namespace {

constexpr size_t kInterfaceField = 16;

// NFTA_LIST_ELEM { name, data { ... } }: one expression of a rule.
template <class Body>
void expression(MessageWriter& out, std::string_view name, Body body) {
  const size_t element = out.open(NFTA_LIST_ELEM);
  out.put_text(NFTA_EXPR_NAME, name);
  const size_t data = out.open(NFTA_EXPR_DATA);
  body();
  out.close(data);
  out.close(element);
}

void load_meta(MessageWriter& out, uint32_t key) {
  expression(out, "meta", [&] {
    out.put_u32(NFTA_META_KEY, key);
    out.put_u32(NFTA_META_DREG, NFT_REG_1);
  });
}

void compare_equal(MessageWriter& out, Bytes value) {
  expression(out, "cmp", [&] {
    out.put_u32(NFTA_CMP_SREG, NFT_REG_1);
    out.put_u32(NFTA_CMP_OP, NFT_CMP_EQ);
    const size_t data = out.open(NFTA_CMP_DATA);
    out.put(NFTA_DATA_VALUE, value);
    out.close(data);
  });
}

// By name, not index: the rule outlives the interface.
void match_interface(MessageWriter& out, const std::string& name) {
  uint8_t field[kInterfaceField] = {};
  std::memcpy(field, name.data(), std::min(name.size(), sizeof field - 1));
  load_meta(out, NFT_META_IIFNAME);
  compare_equal(out, field);
}

void look_up(MessageWriter& out, const std::string& set) {
  expression(out, "lookup", [&] {
    out.put_text(NFTA_LOOKUP_SET, set);
    out.put_u32(NFTA_LOOKUP_SREG, NFT_REG_1);
  });
}

void match_source(MessageWriter& out, const std::string& set, uint8_t width) {
  const bool v4 = width == 4;
  const uint8_t protocol = v4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
  load_meta(out, NFT_META_NFPROTO);
  compare_equal(out, {&protocol, 1});
  expression(out, "payload", [&] {
    out.put_u32(NFTA_PAYLOAD_DREG, NFT_REG_1);
    out.put_u32(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
    out.put_u32(NFTA_PAYLOAD_OFFSET, v4 ? 12 : 8);
    out.put_u32(NFTA_PAYLOAD_LEN, width);
  });
  look_up(out, set);
}

// Which of the two families a packet is of, as a key.
void match_family(MessageWriter& out, const std::string& set) {
  load_meta(out, NFT_META_NFPROTO);
  look_up(out, set);
}

int32_t verdict_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::drop:
      return NF_DROP;
    case Verdict::accept:
      return NF_ACCEPT;
    case Verdict::go_to:
      return NFT_GOTO;
  }
  return NF_DROP;  // Not reached: the enumeration is closed.
}

void conclude(MessageWriter& out, const Rule& rule) {
  expression(out, "immediate", [&] {
    out.put_u32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    const size_t data = out.open(NFTA_IMMEDIATE_DATA);
    const size_t inner = out.open(NFTA_DATA_VERDICT);
    out.put_u32(NFTA_VERDICT_CODE, static_cast<uint32_t>(verdict_code(rule.verdict)));
    if (!rule.target.empty()) out.put_text(NFTA_VERDICT_CHAIN, rule.target);
    out.close(inner);
    out.close(data);
  });
}

uint8_t width_of(const Table& table, const std::string& set) {
  for (const DeclaredSet& each : table.sets) {
    if (each.shape.name == set) return each.shape.width;
  }
  return 4;  // Not reached: validate() refuses a rule on an undeclared set.
}

}  // namespace

void write_rule(MessageWriter& out, const Table& table, const Chain& chain, const Rule& rule) {
  out.begin_nft(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
  out.put_text(NFTA_RULE_TABLE, table.name);
  out.put_text(NFTA_RULE_CHAIN, chain.name);
  const size_t expressions = out.open(NFTA_RULE_EXPRESSIONS);
  switch (rule.match) {
    case Match::iif:
      match_interface(out, rule.subject);
      break;
    case Match::saddr:
      match_source(out, rule.subject, width_of(table, rule.subject));
      break;
    case Match::family:
      match_family(out, rule.subject);
      break;
  }
  if (!rule.counter.empty()) expression(out, "counter", [] {});
  conclude(out, rule);
  out.close(expressions);
  if (!rule.counter.empty()) out.put(NFTA_RULE_USERDATA, comment_record(rule.counter));
}

std::optional<Counter> read_counter(const Attributes& rule) {
  const auto userdata = rule.find(NFTA_RULE_USERDATA);
  if (!userdata) return std::nullopt;
  const auto name = comment_of(*userdata);
  if (!name) return std::nullopt;
  std::optional<Counter> counter;
  rule.nested(NFTA_RULE_EXPRESSIONS).each([&](uint16_t, Bytes bytes) {
    const Attributes element(bytes);
    if (counter || element.text(NFTA_EXPR_NAME) != "counter") return;
    const Attributes data = element.nested(NFTA_EXPR_DATA);
    counter = Counter{*name, data.u64(NFTA_COUNTER_PACKETS).value_or(0), data.u64(NFTA_COUNTER_BYTES).value_or(0)};
  });
  return counter;
}

}  // namespace bartizan::nft
