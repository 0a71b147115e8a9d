#include "expression.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>

namespace bartizan::nft {

namespace {

// { name, data { ... } } as one attribute.
template <class Body>
void expression_as(MessageWriter& out, uint16_t attribute, std::string_view name, Body body) {
  const size_t element = out.open(attribute);
  out.put_text(NFTA_EXPR_NAME, name);
  const size_t data = out.open(NFTA_EXPR_DATA);
  body();
  out.close(data);
  out.close(element);
}

template <class Body>
void expression(MessageWriter& out, std::string_view name, Body body) {
  expression_as(out, NFTA_LIST_ELEM, name, body);
}

void put_value(MessageWriter& out, uint16_t attribute, Bytes value) {
  const size_t data = out.open(attribute);
  out.put(NFTA_DATA_VALUE, value);
  out.close(data);
}

void load_payload(MessageWriter& out, uint32_t base, uint32_t offset, uint32_t length, uint32_t reg) {
  expression(out, "payload", [&] {
    out.put_u32(NFTA_PAYLOAD_DREG, reg);
    out.put_u32(NFTA_PAYLOAD_BASE, base);
    out.put_u32(NFTA_PAYLOAD_OFFSET, offset);
    out.put_u32(NFTA_PAYLOAD_LEN, length);
  });
}

void limit_as(MessageWriter& out, uint16_t attribute, const Rate& rate, bool over) {
  expression_as(out, attribute, "limit", [&] {
    out.put_u64(NFTA_LIMIT_RATE, rate.packets);
    out.put_u64(NFTA_LIMIT_UNIT, rate.seconds);
    out.put_u32(NFTA_LIMIT_BURST, rate.burst);
    out.put_u32(NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
    out.put_u32(NFTA_LIMIT_FLAGS, over ? NFT_LIMIT_F_INV : 0);
  });
}

int32_t verdict_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::drop:
      return NF_DROP;
    case Verdict::accept:
      return NF_ACCEPT;
    case Verdict::go_to:
      return NFT_GOTO;
    case Verdict::jump:
      return NFT_JUMP;
    case Verdict::go_back:
      return NFT_RETURN;
    case Verdict::go_on:
      return NFT_CONTINUE;
  }
  return NF_DROP;  // Not reached: the enumeration is closed.
}

}  // namespace

void load_meta(MessageWriter& out, uint32_t key, uint32_t reg) {
  expression(out, "meta", [&] {
    out.put_u32(NFTA_META_KEY, key);
    out.put_u32(NFTA_META_DREG, reg);
  });
}

void load_network(MessageWriter& out, uint32_t offset, uint32_t length) {
  load_payload(out, NFT_PAYLOAD_NETWORK_HEADER, offset, length, NFT_REG_1);
}

void load_transport(MessageWriter& out, uint32_t offset, uint32_t length, uint32_t reg) {
  load_payload(out, NFT_PAYLOAD_TRANSPORT_HEADER, offset, length, reg);
}

void load_ct_state(MessageWriter& out) {
  expression(out, "ct", [&] {
    out.put_u32(NFTA_CT_DREG, NFT_REG_1);
    out.put_u32(NFTA_CT_KEY, NFT_CT_STATE);
  });
}

void load_destination_kind(MessageWriter& out) {
  expression(out, "fib", [&] {
    out.put_u32(NFTA_FIB_DREG, NFT_REG_1);
    out.put_u32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
    out.put_u32(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
  });
}

void keep_bits(MessageWriter& out, Bytes mask) {
  const std::vector<uint8_t> none(mask.size());
  expression(out, "bitwise", [&] {
    out.put_u32(NFTA_BITWISE_SREG, NFT_REG_1);
    out.put_u32(NFTA_BITWISE_DREG, NFT_REG_1);
    out.put_u32(NFTA_BITWISE_LEN, static_cast<uint32_t>(mask.size()));
    put_value(out, NFTA_BITWISE_MASK, mask);
    put_value(out, NFTA_BITWISE_XOR, none);
  });
}

void compare(MessageWriter& out, uint32_t op, Bytes value) {
  expression(out, "cmp", [&] {
    out.put_u32(NFTA_CMP_SREG, NFT_REG_1);
    out.put_u32(NFTA_CMP_OP, op);
    put_value(out, NFTA_CMP_DATA, value);
  });
}

void look_up(MessageWriter& out, const std::string& set, std::optional<uint32_t> id) {
  expression(out, "lookup", [&] {
    out.put_text(NFTA_LOOKUP_SET, set);
    out.put_u32(NFTA_LOOKUP_SREG, NFT_REG_1);
    if (id) out.put_u32(NFTA_LOOKUP_SET_ID, *id);
  });
}

void limit(MessageWriter& out, const Rate& rate, bool over) { limit_as(out, NFTA_LIST_ELEM, rate, over); }

void meter_rate(MessageWriter& out, const std::string& set, const Rate& rate, uint64_t timeout_ms) {
  expression(out, "dynset", [&] {
    out.put_text(NFTA_DYNSET_SET_NAME, set);
    out.put_u32(NFTA_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
    out.put_u32(NFTA_DYNSET_SREG_KEY, NFT_REG_1);
    out.put_u64(NFTA_DYNSET_TIMEOUT, timeout_ms);
    limit_as(out, NFTA_DYNSET_EXPR, rate, true);
  });
}

void meter_connections(MessageWriter& out, const std::string& set, uint32_t most) {
  expression(out, "dynset", [&] {
    out.put_text(NFTA_DYNSET_SET_NAME, set);
    out.put_u32(NFTA_DYNSET_OP, NFT_DYNSET_OP_ADD);
    out.put_u32(NFTA_DYNSET_SREG_KEY, NFT_REG_1);
    expression_as(out, NFTA_DYNSET_EXPR, "connlimit", [&] {
      out.put_u32(NFTA_CONNLIMIT_COUNT, most);
      out.put_u32(NFTA_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV);
    });
  });
}

void count_as(MessageWriter& out, uint16_t attribute) {
  expression_as(out, attribute, "counter", [] {});
}

void count(MessageWriter& out, const std::string& counter) {
  expression(out, "objref", [&] {
    out.put_u32(NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
    out.put_text(NFTA_OBJREF_IMM_NAME, counter);
  });
}

void log(MessageWriter& out, const Log& log) {
  expression(out, "log", [&] {
    out.put_text(NFTA_LOG_PREFIX, log.prefix);
    if (!log.to_group) return out.put_u32(NFTA_LOG_LEVEL, log.target);
    const uint16_t group = htons(log.target);
    out.put(NFTA_LOG_GROUP, {reinterpret_cast<const uint8_t*>(&group), sizeof group});
  });
}

void conclude(MessageWriter& out, Verdict verdict, const std::string& target) {
  if (verdict == Verdict::go_on) return;
  expression(out, "immediate", [&] {
    out.put_u32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    const size_t data = out.open(NFTA_IMMEDIATE_DATA);
    const size_t inner = out.open(NFTA_DATA_VERDICT);
    out.put_u32(NFTA_VERDICT_CODE, static_cast<uint32_t>(verdict_code(verdict)));
    if (!target.empty()) out.put_text(NFTA_VERDICT_CHAIN, target);
    out.close(inner);
    out.close(data);
  });
}

}  // namespace bartizan::nft
