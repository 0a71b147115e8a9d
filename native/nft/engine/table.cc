#include "table.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <set>

#include "elements.h"
#include "expression.h"
#include "rule.h"
#include "userdata.h"

namespace bartizan::nft {

namespace {

// nft's numbers for the types it prints as nf_proto, ipv4_addr, ipv6_addr, inet_proto and inet_service.
constexpr uint32_t kTypeFamily = 2;
constexpr uint32_t kTypeIpv4 = 7;
constexpr uint32_t kTypeIpv6 = 8;
constexpr uint32_t kTypeProtocol = 12;
constexpr uint32_t kTypePort = 13;
// Since Linux 6.16.
constexpr uint16_t kSetCount = 20;
constexpr uint32_t kShapeFlags = NFT_SET_INTERVAL | NFT_SET_TIMEOUT | NFT_SET_EVAL;

// A concatenation's type is those of its parts, six bits each.
constexpr uint32_t with_port(uint32_t address) { return address << 12 | kTypeProtocol << 6 | kTypePort; }

// 0: no keys of ours are so wide.
uint32_t key_type(uint8_t width) {
  switch (width) {
    case 1:
      return kTypeFamily;
    case 2:
      return kTypePort;
    case 4:
      return kTypeIpv4;
    case 12:
      return with_port(kTypeIpv4);
    case 16:
      return kTypeIpv6;
    case 24:
      return with_port(kTypeIpv6);
    default:
      return 0;
  }
}

uint32_t flags_of(const SetShape& shape) {
  uint32_t flags = 0;
  if (shape.interval) flags |= NFT_SET_INTERVAL;
  if (shape.timeout) flags |= NFT_SET_TIMEOUT;
  if (shape.dynamic) flags |= NFT_SET_EVAL;
  return flags;
}

bool same(const Chain& declared, const StandingChain& standing) {
  if (declared.name != standing.name || standing.is_base != (declared.hook != kNoHook)) return false;
  if (!standing.is_base) return true;
  return declared.hook == standing.hook && declared.priority == standing.priority && standing.type == "filter" &&
         standing.policy == NF_ACCEPT;
}

// How many standing chains may stay: chains are dumped in the order they were made, and counters() promises the
// declared order, so the ones that stay must be a run of the declaration from its start.
size_t kept_chains(const Table& table, const std::vector<StandingChain>& standing) {
  size_t kept = 0;
  while (kept < table.chains.size() && kept < standing.size() && same(table.chains[kept], standing[kept])) kept++;
  return kept;
}

void write_removal(MessageWriter& out, uint8_t message, uint16_t table_attribute, const std::string& table,
                   uint16_t name_attribute, const std::string& name) {
  out.begin_nft(message, 0);
  out.put_text(table_attribute, table);
  out.put_text(name_attribute, name);
}

void write_set(MessageWriter& out, const Table& table, const SetShape& set, uint32_t id) {
  out.begin_nft(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
  out.put_text(NFTA_SET_TABLE, table.name);
  out.put_text(NFTA_SET_NAME, set.name);
  out.put_u32(NFTA_SET_FLAGS, flags_of(set));
  out.put_u32(NFTA_SET_KEY_TYPE, key_type(set.width));
  out.put_u32(NFTA_SET_KEY_LEN, set.width);
  out.put_u32(NFTA_SET_ID, id);
  if (set.size != 0) {
    const size_t description = out.open(NFTA_SET_DESC);
    out.put_u32(NFTA_SET_DESC_SIZE, set.size);
    out.close(description);
  }
  if (set.counters) count_as(out, NFTA_SET_EXPR);
  auto userdata = key_order_record();
  if (!set.meter.empty()) append_set_comment(userdata, set.meter);
  out.put(NFTA_SET_USERDATA, userdata);
}

void write_counter(MessageWriter& out, const Table& table, const std::string& name) {
  out.begin_nft(NFT_MSG_NEWOBJ, NLM_F_CREATE | NLM_F_EXCL);
  out.put_text(NFTA_OBJ_TABLE, table.name);
  out.put_text(NFTA_OBJ_NAME, name);
  out.put_u32(NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
  out.close(out.open(NFTA_OBJ_DATA));
}

// Only what a set made in the same batch begins with: it is empty, so nothing has to be looked at first.
void write_beginning(MessageWriter& out, const Table& table, const DeclaredSet& set) {
  if (set.beginning.empty()) return;
  const Batch batch = {table.name, {set.shape.name}, set.beginning};
  write_ops(out, batch, {StandingSet{set.shape}}, std::vector<bool>(set.beginning.size()), Grouping::shared);
}

// One that stands in another shape may be in use, and must go in the transaction that brings this one.
bool begins(const DeclaredSet& set, const Standing& standing) {
  return !set.beginning.empty() && std::ranges::none_of(standing.sets, [&](const StandingSet& each) {
    return each.shape.name == set.shape.name;
  });
}

// Takes away what no rule will refer to, counters or not, and makes the counters that are missing.
void write_counters(MessageWriter& out, const Table& table, const Standing& standing) {
  const auto names = counters_of(table);
  std::set<std::string> missing(names.begin(), names.end());
  for (const StandingObject& object : standing.objects) {
    if (object.type == NFT_OBJECT_COUNTER && missing.erase(object.name) == 1) continue;
    write_removal(out, NFT_MSG_DELOBJ, NFTA_OBJ_TABLE, table.name, NFTA_OBJ_NAME, object.name);
    out.put_u32(NFTA_OBJ_TYPE, object.type);
  }
  for (const std::string& name : names) {
    if (missing.contains(name)) write_counter(out, table, name);
  }
}

void write_chain(MessageWriter& out, const Table& table, const Chain& chain) {
  out.begin_nft(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
  out.put_text(NFTA_CHAIN_TABLE, table.name);
  out.put_text(NFTA_CHAIN_NAME, chain.name);
  if (chain.hook == kNoHook) return;
  out.put_text(NFTA_CHAIN_TYPE, "filter");
  out.put_u32(NFTA_CHAIN_POLICY, NF_ACCEPT);
  const size_t hook = out.open(NFTA_CHAIN_HOOK);
  out.put_u32(NFTA_HOOK_HOOKNUM, chain.hook);
  out.put_u32(NFTA_HOOK_PRIORITY, static_cast<uint32_t>(chain.priority));
  out.close(hook);
}

}  // namespace

StandingSet read_set(const Attributes& attributes) {
  StandingSet set;
  set.shape.name = attributes.text(NFTA_SET_NAME).value_or("");
  set.flags = attributes.u32(NFTA_SET_FLAGS).value_or(0);
  set.key_type = attributes.u32(NFTA_SET_KEY_TYPE).value_or(0);
  set.shape.width = static_cast<uint8_t>(std::min(255u, attributes.u32(NFTA_SET_KEY_LEN).value_or(0)));
  set.count = attributes.u32(kSetCount);
  set.default_timeout_ms = attributes.u64(NFTA_SET_TIMEOUT).value_or(0);
  set.shape.interval = (set.flags & NFT_SET_INTERVAL) != 0;
  set.shape.timeout = (set.flags & NFT_SET_TIMEOUT) != 0;
  set.shape.dynamic = (set.flags & NFT_SET_EVAL) != 0;
  set.shape.counters = attributes.nested(NFTA_SET_EXPR).text(NFTA_EXPR_NAME) == "counter";
  if (const auto userdata = attributes.find(NFTA_SET_USERDATA)) set.shape.meter = set_comment_of(*userdata).value_or("");
  set.shape.size = attributes.nested(NFTA_SET_DESC).u32(NFTA_SET_DESC_SIZE).value_or(0);
  return set;
}

StandingChain read_chain(const Attributes& attributes) {
  StandingChain chain;
  chain.name = attributes.text(NFTA_CHAIN_NAME).value_or("");
  chain.type = attributes.text(NFTA_CHAIN_TYPE).value_or("");
  chain.policy = attributes.u32(NFTA_CHAIN_POLICY).value_or(0);
  const auto hook = attributes.find(NFTA_CHAIN_HOOK);
  chain.is_base = hook.has_value();
  if (hook) {
    chain.hook = Attributes(*hook).u32(NFTA_HOOK_HOOKNUM).value_or(0);
    chain.priority = static_cast<int32_t>(Attributes(*hook).u32(NFTA_HOOK_PRIORITY).value_or(0));
  }
  return chain;
}

StandingObject read_object(const Attributes& attributes) {
  return {attributes.text(NFTA_OBJ_NAME).value_or(""), attributes.u32(NFTA_OBJ_TYPE).value_or(0)};
}

std::optional<Counter> read_counter(const Attributes& object) {
  const auto [name, type] = read_object(object);
  if (type != NFT_OBJECT_COUNTER) return std::nullopt;
  const Attributes data = object.nested(NFTA_OBJ_DATA);
  return Counter{name, data.u64(NFTA_COUNTER_PACKETS).value_or(0), data.u64(NFTA_COUNTER_BYTES).value_or(0)};
}

bool is_ours(const StandingSet& set) {
  const uint32_t type = key_type(set.shape.width);
  return type != 0 && set.key_type == type && (set.flags & ~kShapeFlags) == 0 && set.default_timeout_ms == 0;
}

bool stays(const SetShape& declared, const StandingSet& standing) {
  return declared.name == standing.shape.name && is_ours(standing) && declared.width == standing.shape.width &&
         flags_of(declared) == standing.flags && declared.size == standing.shape.size && declared.meter == standing.shape.meter &&
         declared.counters == standing.shape.counters;
}

void write_table_itself(MessageWriter& out, const std::string& name) {
  out.begin_nft(NFT_MSG_NEWTABLE, NLM_F_CREATE);
  out.put_text(NFTA_TABLE_NAME, name);
  out.put_u32(NFTA_TABLE_FLAGS, 0);
}

bool begins_sets(const Table& table, const Standing& standing) {
  return std::ranges::any_of(table.sets, [&](const DeclaredSet& set) { return begins(set, standing); });
}

void write_beginnings(MessageWriter& out, const Table& table, const Standing& standing) {
  uint32_t id = 0;
  for (const DeclaredSet& set : table.sets) {
    if (!begins(set, standing)) continue;
    write_set(out, table, set.shape, ++id);
    write_beginning(out, table, set);
  }
}

void write_table(MessageWriter& out, const Table& table, const Standing& standing) {
  write_table_itself(out, table.name);
  if (standing.table) {
    out.begin_nft(NFT_MSG_DELRULE, 0);
    out.put_text(NFTA_RULE_TABLE, table.name);
  }
  for (const StandingSet& set : standing.sets) {
    const bool declared =
        std::ranges::any_of(table.sets, [&](const DeclaredSet& each) { return stays(each.shape, set); });
    // An anonymous set goes with the rule that uses it.
    if (declared || (set.flags & NFT_SET_ANONYMOUS)) continue;
    write_removal(out, NFT_MSG_DELSET, NFTA_SET_TABLE, table.name, NFTA_SET_NAME, set.shape.name);
  }
  const size_t kept = kept_chains(table, standing.chains);
  for (size_t i = kept; i < standing.chains.size(); i++) {
    write_removal(out, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, table.name, NFTA_CHAIN_NAME, standing.chains[i].name);
  }
  write_counters(out, table, standing);
  uint32_t id = 0;
  for (const DeclaredSet& set : table.sets) {
    const bool there =
        std::ranges::any_of(standing.sets, [&](const StandingSet& each) { return stays(set.shape, each); });
    if (there) continue;
    write_set(out, table, set.shape, ++id);
    write_beginning(out, table, set);
  }
  for (size_t i = kept; i < table.chains.size(); i++) write_chain(out, table, table.chains[i]);
  for (const Chain& chain : table.chains) {
    for (const Rule& rule : chain.rules) write_rule(out, table, chain, rule, id);
  }
}

}  // namespace bartizan::nft
