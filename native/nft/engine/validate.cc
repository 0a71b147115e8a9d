#include "validate.h"

#include <algorithm>
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
  if (set.width != 4 && set.width != 16) return refuse("a set holds IPv4 or IPv6 addresses");
  if (set.interval && set.size != 0) return refuse("an interval set has no size");
  if (set.size > kMaxSetSize) return refuse("a set's size is at most 16777216");
  return std::nullopt;
}

Status validate_rule(const Rule& rule, const std::set<std::string>& sets, std::set<std::string>& counters) {
  if (rule.match == Match::iif) {
    if (!is_interface(rule.subject)) return refuse("a rule's interface must be 1-15 of A-Z a-z 0-9 _ . - @");
    return rule.counter.empty() ? Status{} : refuse("only a rule on a set counts");
  }
  if (!sets.contains(rule.subject)) return refuse("a rule looks up a set that the table does not declare");
  if (rule.counter.empty()) return std::nullopt;
  if (!is_name(rule.counter)) return refuse("a counter's name must be 1-31 of A-Z a-z 0-9 _");
  if (!counters.insert(rule.counter).second) return refuse("two counters have the same name");
  return std::nullopt;
}

Status validate_op(const Batch& batch, const Op& op, int32_t index) {
  if (op.set >= batch.sets.size()) return refuse("an op names no set", index);
  if (op.kind == OpKind::flush) return std::nullopt;
  const Key& key = op.key;
  if (key.width != 4 && key.width != 16) return refuse("a key is 4 or 16 bytes", index);
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

}  // namespace

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kMaxName &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '_'; });
}

Status validate(const Table& table) {
  if (!is_name(table.name)) return refuse("a table's name must be 1-31 of A-Z a-z 0-9 _");
  if (table.sets.size() > kMaxSets || table.chains.size() > kMaxChains) {
    return refuse("a table has at most 64 sets and 16 chains");
  }
  std::set<std::string> sets;
  for (const SetShape& set : table.sets) {
    if (auto refused = validate_set(set)) return refused;
    if (!sets.insert(set.name).second) return refuse("two sets have the same name");
  }
  std::set<std::string> chains;
  std::set<std::string> counters;
  for (const Chain& chain : table.chains) {
    if (!is_name(chain.name)) return refuse("a chain's name must be 1-31 of A-Z a-z 0-9 _");
    if (!chains.insert(chain.name).second) return refuse("two chains have the same name");
    if (chain.hook > 3) return refuse("a chain's hook is prerouting, input, forward or output");
    if (chain.rules.size() > kMaxRules) return refuse("a chain has at most 256 rules");
    for (const Rule& rule : chain.rules) {
      if (auto refused = validate_rule(rule, sets, counters)) return refused;
    }
  }
  return std::nullopt;
}

Status validate(const Batch& batch) {
  if (!is_name(batch.table)) return refuse("a table's name must be 1-31 of A-Z a-z 0-9 _");
  if (batch.ops.size() > kMaxOps) return refuse("a batch has at most 10000 ops");
  if (batch.sets.size() > kMaxSets) return refuse("a batch touches at most 64 sets");
  std::set<std::string> sets;
  for (const std::string& set : batch.sets) {
    if (!is_name(set)) return refuse("a set's name must be 1-31 of A-Z a-z 0-9 _");
    if (!sets.insert(set).second) return refuse("a batch names a set twice");
  }
  for (size_t i = 0; i < batch.ops.size(); i++) {
    if (auto refused = validate_op(batch, batch.ops[i], static_cast<int32_t>(i))) return refused;
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
