#include "rule.h"

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <map>
#include <set>

#include "expression.h"

namespace bartizan::nft {

namespace {

constexpr size_t kInterfaceField = 16;
// nft's numbers for the types it prints as icmp_type and icmpv6_type.
constexpr uint32_t kTypeIcmp = 14;
constexpr uint32_t kTypeIcmp6 = 29;
constexpr char kNameless[] = "__set%d";
// Of the TCP header.
constexpr uint32_t kFlagsOffset = 13;
constexpr uint8_t kFinSynRstAck = 0x17;
constexpr uint8_t kSyn = 0x02;
constexpr uint32_t kDestinationPortOffset = 2;

Bytes bytes_of(const uint8_t& byte) { return {&byte, 1}; }

// In the host's order, as the kernel keeps what is no part of a packet.
template <class Number>
Bytes bytes_of_number(const Number& number) {
  return {reinterpret_cast<const uint8_t*>(&number), sizeof number};
}

// The set of an icmp match with several types.
uint32_t write_types(MessageWriter& out, const Table& table, const Match& match, uint32_t id) {
  out.begin_nft(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
  out.put_text(NFTA_SET_TABLE, table.name);
  out.put_text(NFTA_SET_NAME, kNameless);
  out.put_u32(NFTA_SET_FLAGS, NFT_SET_ANONYMOUS | NFT_SET_CONSTANT);
  out.put_u32(NFTA_SET_KEY_TYPE, match.number == 4 ? kTypeIcmp : kTypeIcmp6);
  out.put_u32(NFTA_SET_KEY_LEN, 1);
  out.put_u32(NFTA_SET_ID, id);
  const size_t description = out.open(NFTA_SET_DESC);
  out.put_u32(NFTA_SET_DESC_SIZE, static_cast<uint32_t>(match.types.size()));
  out.close(description);
  out.begin_nft(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL);
  out.put_text(NFTA_SET_ELEM_LIST_TABLE, table.name);
  out.put_text(NFTA_SET_ELEM_LIST_SET, kNameless);
  out.put_u32(NFTA_SET_ELEM_LIST_SET_ID, id);
  const size_t list = out.open(NFTA_SET_ELEM_LIST_ELEMENTS);
  for (const uint8_t& type : match.types) {
    const size_t element = out.open(NFTA_LIST_ELEM);
    const size_t key = out.open(NFTA_SET_ELEM_KEY);
    out.put(NFTA_DATA_VALUE, bytes_of(type));
    out.close(key);
    out.close(element);
  }
  out.close(list);
  return id;
}

uint8_t width_of(const Table& table, const std::string& set) {
  const auto found = std::ranges::find(table.sets, set, [](const DeclaredSet& each) { return each.shape.name; });
  return found == table.sets.end() ? 4 : found->shape.width;  // It is there: validate() saw to that.
}

// One rule's conditions. What one of them has made sure of, as nft does it, the next need not ask again.
class Conditions {
 public:
  Conditions(MessageWriter& out, const Table& table, std::vector<uint32_t> type_sets)
      : out_(out), table_(table), type_sets_(std::move(type_sets)) {}

  void write(const Match& match) {
    switch (match.kind) {
      case MatchKind::iif:
        return interface(match.subject);
      case MatchKind::saddr:
        load_address(width_of(table_, match.subject), true);
        return look_up(out_, match.subject);
      case MatchKind::daddr:
        load_address(width_of(table_, match.subject), false);
        return look_up(out_, match.subject);
      case MatchKind::saddr_port:
        return source_and_port(match.subject);
      case MatchKind::family:
        load_meta(out_, NFT_META_NFPROTO);
        return look_up(out_, match.subject);
      case MatchKind::nfproto:
        return family(match.number == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
      case MatchKind::protocol:
        return protocol(match.number);
      case MatchKind::dport:
        return destination_port(match);
      case MatchKind::ct:
        return state(match.number);
      case MatchKind::syn:
        return syn();
      case MatchKind::icmp:
        return icmp(match);
      case MatchKind::local:
        return local();
      case MatchKind::over:
        if (match.subject.empty()) return limit(out_, match.rate, true);
        load_source(match.subject);
        return meter_rate(out_, match.subject, match.rate, seconds_to_fill(match.rate) * 1000);
      case MatchKind::connections:
        load_source(match.subject);
        return meter_connections(out_, match.subject, match.limit);
    }
  }

 private:
  // By name, not index: the rule outlives the interface.
  void interface(const std::string& name) {
    uint8_t field[kInterfaceField] = {};
    std::memcpy(field, name.data(), std::min(name.size(), sizeof field - 1));
    load_meta(out_, NFT_META_IIFNAME);
    compare(out_, NFT_CMP_EQ, field);
  }

  void family(uint8_t number) {
    load_meta(out_, NFT_META_NFPROTO);
    compare(out_, NFT_CMP_EQ, bytes_of(number));
    known_family_ = number;
  }

  void protocol(uint8_t number) {
    load_meta(out_, NFT_META_L4PROTO);
    compare(out_, NFT_CMP_EQ, bytes_of(number));
    known_protocol_ = number;
  }

  void need_family(uint8_t number) {
    if (known_family_ != number) family(number);
  }

  void need_protocol(uint8_t number) {
    if (known_protocol_ != number) protocol(number);
  }

  // `width` of the set's keys, which begin with the address.
  void load_address(uint8_t width, bool source) {
    const bool v4 = width == 4 || width == 12;
    need_family(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
    load_network(out_, v4 ? (source ? 12 : 16) : (source ? 8 : 24), v4 ? 4 : 16);
  }

  // What a meter counts under: an IPv4 address, an IPv6 /64.
  void load_source(const std::string& set) {
    static constexpr uint8_t kNetwork[16] = {255, 255, 255, 255, 255, 255, 255, 255};
    const uint8_t width = width_of(table_, set);
    load_address(width, true);
    if (width == 16) keep_bits(out_, kNetwork);
  }

  // The parts stand in registers of four bytes, one behind the other.
  void source_and_port(const std::string& set) {
    const uint8_t width = width_of(table_, set);
    load_address(width, true);
    const uint32_t next = NFT_REG32_00 + (width == 12 ? 1 : 4);
    load_meta(out_, NFT_META_L4PROTO, next);
    load_transport(out_, kDestinationPortOffset, 2, next + 1);
    look_up(out_, set);
  }

  void destination_port(const Match& match) {
    need_protocol(match.number);
    load_transport(out_, kDestinationPortOffset, 2);
    if (match.port == 0) return look_up(out_, match.subject);
    const uint8_t port[] = {static_cast<uint8_t>(match.port >> 8), static_cast<uint8_t>(match.port)};
    compare(out_, NFT_CMP_EQ, port);
  }

  void state(uint32_t bits) {
    const uint32_t none = 0;
    load_ct_state(out_);
    keep_bits(out_, bytes_of_number(bits));
    compare(out_, NFT_CMP_NEQ, bytes_of_number(none));
  }

  void syn() {
    need_protocol(IPPROTO_TCP);
    load_transport(out_, kFlagsOffset, 1);
    keep_bits(out_, bytes_of(kFinSynRstAck));
    compare(out_, NFT_CMP_EQ, bytes_of(kSyn));
  }

  void icmp(const Match& match) {
    need_family(match.number == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
    need_protocol(match.number == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
    load_transport(out_, 0, 1);
    if (match.types.size() == 1) return compare(out_, NFT_CMP_EQ, match.types);
    look_up(out_, kNameless, type_sets_.at(next_type_set_++));
  }

  void local() {
    const uint32_t kind = RTN_LOCAL;
    load_destination_kind(out_);
    compare(out_, NFT_CMP_EQ, bytes_of_number(kind));
  }

  MessageWriter& out_;
  const Table& table_;
  std::vector<uint32_t> type_sets_;
  size_t next_type_set_ = 0;
  std::optional<uint8_t> known_family_;
  std::optional<uint8_t> known_protocol_;
};

std::string in_words(const Rate& rate) {
  const char* unit = rate.seconds == 1 ? "second" : rate.seconds == 60 ? "minute" : "hour";
  return std::to_string(rate.packets) + "/" + unit + " burst " + std::to_string(rate.burst) + " packets";
}

std::string in_words(const Match& match) {
  if (match.kind == MatchKind::connections) return "over " + std::to_string(match.limit) + " connections";
  return "over " + in_words(match.rate);
}

template <class Visit>
void each_rule(const Table& table, Visit visit) {
  for (const Chain& chain : table.chains) {
    for (const Rule& rule : chain.rules) visit(rule);
  }
}

}  // namespace

void write_rule(MessageWriter& out, const Table& table, const Chain& chain, const Rule& rule, uint32_t& last_id) {
  std::vector<uint32_t> type_sets;
  for (const Match& match : rule.when) {
    if (match.types.size() > 1) type_sets.push_back(write_types(out, table, match, ++last_id));
  }
  out.begin_nft(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
  out.put_text(NFTA_RULE_TABLE, table.name);
  out.put_text(NFTA_RULE_CHAIN, chain.name);
  const size_t expressions = out.open(NFTA_RULE_EXPRESSIONS);
  Conditions conditions(out, table, std::move(type_sets));
  for (const Match& match : rule.when) conditions.write(match);
  if (!rule.counter.empty()) count(out, rule.counter);
  if (rule.log) {
    limit(out, rule.log->rate, false);
    log(out, *rule.log);
  }
  conclude(out, rule.verdict, rule.target);
  out.close(expressions);
}

void note_meters(Table& table) {
  std::map<std::string, std::string> meters;
  each_rule(table, [&](const Rule& rule) {
    for (const Match& match : rule.when) {
      if (match.kind == MatchKind::over || match.kind == MatchKind::connections) meters[match.subject] = in_words(match);
    }
  });
  for (DeclaredSet& set : table.sets) set.shape.meter = set.shape.dynamic ? meters[set.shape.name] : "";
}

uint64_t seconds_to_fill(const Rate& rate) {
  return (static_cast<uint64_t>(rate.burst) * rate.seconds + rate.packets - 1) / rate.packets;
}

std::vector<std::string> counters_of(const Table& table) {
  std::vector<std::string> counters;
  std::set<std::string> seen;
  each_rule(table, [&](const Rule& rule) {
    if (!rule.counter.empty() && seen.insert(rule.counter).second) counters.push_back(rule.counter);
  });
  return counters;
}

std::optional<std::string> counter_in(const Attributes& rule) {
  std::optional<std::string> counter;
  rule.nested(NFTA_RULE_EXPRESSIONS).each([&](uint16_t, Bytes bytes) {
    const Attributes element(bytes);
    if (counter || element.text(NFTA_EXPR_NAME) != "objref") return;
    const Attributes data = element.nested(NFTA_EXPR_DATA);
    if (data.u32(NFTA_OBJREF_IMM_TYPE) == NFT_OBJECT_COUNTER) counter = data.text(NFTA_OBJREF_IMM_NAME);
  });
  return counter;
}

}  // namespace bartizan::nft
