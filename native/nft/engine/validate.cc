#include "validate.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "intervals.h"

namespace bartizan::nft {

namespace {

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool is_interface(const std::string& text) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-' || c == '@'; };
  return !text.empty() && text.size() <= kMaxInterface && text != "." && text != ".." &&
         std::ranges::all_of(text, allowed);
}

// Length of the UTF-8 sequence at `at`, 0 when it is none (overlong forms and surrogates included).
size_t utf8_sequence(const std::string& text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto follows = [&](size_t i, uint8_t low, uint8_t high) { return byte(i) >= low && byte(i) <= high; };
  const uint8_t lead = byte(at);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(at + 1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second = follows(at + 1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    return second && follows(at + 2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second = follows(at + 1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return second && follows(at + 2, 0x80, 0xbf) && follows(at + 3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

// What `nft list` prints between quotes and `nft -f` reads back: no quote, no control character.
bool is_comment(const std::string& text) {
  if (text.size() > kMaxComment) return false;
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<uint8_t>(text[at]);
    const size_t length = utf8_sequence(text, at);
    if (length == 0 || byte < 0x20 || byte == 0x7f || byte == '"') return false;
    at += length;
  }
  return true;
}

Status validate_set(const SetShape& set) {
  if (!is_name(set.name)) return refuse("a set's name must be 1-31 of A-Z a-z 0-9 _");
  if (set.width != 1 && set.width != 4 && set.width != 16) {
    return refuse("a set holds IPv4 addresses, IPv6 addresses or families");
  }
  if (set.interval && set.width == 1) return refuse("a set of families is no interval set");
  if (set.interval && set.size != 0) return refuse("an interval set has no size");
  if (set.size > kMaxSetSize) return refuse("a set's size is at most 16777216");
  return std::nullopt;
}

// What the rules of a table may refer to, and the counters they have named so far.
struct Scope {
  // Width of the keys by the set's name.
  std::map<std::string, uint8_t> sets = {};
  // Chains that a rule may send packets to.
  std::set<std::string> targets = {};
  std::set<std::string> counters = {};
};

// A packet goes by its family from a base chain to a chain without a hook, from where it goes nowhere else: no loops.
Status validate_goto(const Rule& rule, const Chain& chain, const Scope& scope) {
  if (rule.match != Match::family) return refuse("only a rule on a packet's family goes to another chain");
  if (chain.hook == kNoHook) return refuse("a chain without a hook goes to no other");
  if (!scope.targets.contains(rule.target)) return refuse("a rule goes to a chain without a hook that the table declares");
  return rule.counter.empty() ? Status{} : refuse("only a rule on a source address counts");
}

Status validate_rule(const Rule& rule, const Chain& chain, Scope& scope) {
  if (rule.match == Match::iif) {
    if (!is_interface(rule.subject)) return refuse("a rule's interface must be 1-15 of A-Z a-z 0-9 _ . - @");
    if (!rule.counter.empty()) return refuse("only a rule on a source address counts");
  } else {
    const auto set = scope.sets.find(rule.subject);
    if (set == scope.sets.end()) return refuse("a rule looks up a set that the table does not declare");
    if ((set->second == 1) != (rule.match == Match::family)) return refuse("a rule looks up a set of other keys");
  }
  if (rule.verdict == Verdict::go_to) return validate_goto(rule, chain, scope);
  if (rule.match == Match::family || !rule.target.empty()) return refuse("this rule must go to a chain, or name none");
  if (rule.counter.empty()) return std::nullopt;
  if (!is_name(rule.counter)) return refuse("a counter's name must be 1-31 of A-Z a-z 0-9 _");
  if (!scope.counters.insert(rule.counter).second) return refuse("two counters have the same name");
  return std::nullopt;
}

bool is_family(uint8_t number) { return number == NFPROTO_IPV4 || number == NFPROTO_IPV6; }

Status validate_op(const Op& op, int32_t index) {
  if (op.kind == OpKind::flush) return std::nullopt;
  const Key& key = op.key;
  if (key.width != 1 && key.width != 4 && key.width != 16) return refuse("a key is 1, 4 or 16 bytes", index);
  if (key.width == 1 && (key.prefix != kNoPrefix || !is_family(key.address[0]))) {
    return refuse("a family is IPv4 or IPv6", index);
  }
  if (key.prefix != kNoPrefix) {
    if (key.prefix > key.width * 8) return refuse("a prefix is longer than its address", index);
    if (!is_network(key)) return refuse("a network has host bits set", index);
  }
  if (op.timeout_ms > kMaxTimeoutMs) return refuse("a timeout is at most 36500 days", index);
  if (op.comment && !is_comment(*op.comment)) {
    return refuse("a comment is at most 128 bytes of UTF-8 without quotes and control characters", index);
  }
  return std::nullopt;
}

// The set is empty before, so all that can stand in an element's way is another one of these.
Status validate_beginning(const DeclaredSet& set) {
  NetworkSet networks({});
  std::set<Address> addresses;
  for (const Op& op : set.beginning) {
    if (op.kind != OpKind::add || op.set != 0) return refuse("a set begins with elements to add");
    auto refused = validate_op(op, -1);
    if (!refused) refused = validate(op, -1, set.shape);
    if (refused) return refused;
    const int clash = set.shape.interval ? networks.apply(op) : addresses.insert(op.key.address).second ? 0 : EEXIST;
    if (clash != 0) return from_errno(clash);
  }
  return std::nullopt;
}

}  // namespace

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kMaxName &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '_'; });
}

Status validate(const Table& table) {
  if (!is_name(table.name)) return refuse("a table's name must be 1-31 of A-Z a-z 0-9 _");
  if (table.sets.size() > kMaxSets || table.chains.size() > kMaxChains) {
    return refuse("a table has at most 512 sets and 16 chains");
  }
  Scope scope;
  size_t beginnings = 0;
  for (const DeclaredSet& set : table.sets) {
    if (auto refused = validate_set(set.shape)) return refused;
    if (!scope.sets.emplace(set.shape.name, set.shape.width).second) return refuse("two sets have the same name");
    if ((beginnings += set.beginning.size()) > kMaxBeginnings) return refuse("the sets begin with more than 65536 elements");
    if (auto refused = validate_beginning(set)) return refused;
  }
  std::set<std::string> chains;
  for (const Chain& chain : table.chains) {
    if (chain.hook == kNoHook) scope.targets.insert(chain.name);
  }
  for (const Chain& chain : table.chains) {
    if (!is_name(chain.name)) return refuse("a chain's name must be 1-31 of A-Z a-z 0-9 _");
    if (!chains.insert(chain.name).second) return refuse("two chains have the same name");
    if (chain.hook > 3 && chain.hook != kNoHook) return refuse("a chain's hook is prerouting, input, forward or output");
    if (chain.rules.size() > kMaxRules) return refuse("a chain has at most 256 rules");
    for (const Rule& rule : chain.rules) {
      if (auto refused = validate_rule(rule, chain, scope)) return refused;
    }
  }
  return std::nullopt;
}

Status validate(const Batch& batch) {
  if (!is_name(batch.table)) return refuse("a table's name must be 1-31 of A-Z a-z 0-9 _");
  if (batch.ops.size() > kMaxOps) return refuse("a batch has at most 10000 ops");
  if (batch.sets.size() > kMaxSets) return refuse("a batch touches at most 512 sets");
  std::set<std::string> sets;
  for (const std::string& set : batch.sets) {
    if (!is_name(set)) return refuse("a set's name must be 1-31 of A-Z a-z 0-9 _");
    if (!sets.insert(set).second) return refuse("a batch names a set twice");
  }
  for (size_t i = 0; i < batch.ops.size(); i++) {
    const auto index = static_cast<int32_t>(i);
    if (batch.ops[i].set >= batch.sets.size()) return refuse("an op names no set", index);
    if (auto refused = validate_op(batch.ops[i], index)) return refused;
  }
  return std::nullopt;
}

Status validate(const Op& op, int32_t index, const SetShape& shape) {
  if (op.kind == OpKind::flush) return std::nullopt;
  if (op.key.width != shape.width) return refuse("the address is not of the set's family", index);
  if ((op.key.prefix != kNoPrefix) != shape.interval) {
    return refuse(shape.interval ? "an interval set takes networks (address/prefix)" : "the set takes single addresses",
                  index);
  }
  if (op.timeout_ms != 0 && !shape.timeout) return refuse("the set is declared without timeouts", index);
  return std::nullopt;
}

}  // namespace bartizan::nft
