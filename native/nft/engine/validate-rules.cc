#include <linux/in.h>
#include <linux/in6.h>

#include <algorithm>
#include <map>
#include <set>

#include "rule.h"
#include "validate.h"

namespace bartizan::nft {

namespace {

constexpr uint8_t kCtStates = 1 | 2 | 4 | 8;
constexpr uint16_t kLeastLevel = 3;
constexpr uint16_t kMostLevel = 7;

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool is_text(const std::string& text, size_t longest, const char* more) {
  const std::string others = more;
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [&](char c) {
    return is_alphanumeric(c) || others.find(c) != std::string::npos;
  });
}

bool is_interface(const std::string& text) {
  return is_text(text, kMaxInterface, "_.@-") && text != "." && text != "..";
}

bool is_count(uint32_t number) { return number >= 1 && number <= kMaxCount; }

// What a rule may name, and what rules have named so far.
struct Scope {
  std::map<std::string, SetShape> sets = {};
  // Chains that a rule may send packets to.
  std::set<std::string> targets = {};
  // Dynamic sets that a rule fills.
  std::set<std::string> metered = {};
  size_t matches = 0;
  // Matches with several ICMP types.
  size_t type_lists = 0;
};

// A packet is of one family and one protocol: a rule that asks for two means something else.
struct Agreement {
  std::set<uint8_t> families = {};
  std::set<uint8_t> protocols = {};
};

uint8_t family_of(uint8_t width) { return width == 4 || width == 12 ? 4 : 6; }

Status validate_lookup(const std::string& name, std::initializer_list<uint8_t> widths, const Scope& scope) {
  const auto set = scope.sets.find(name);
  if (set == scope.sets.end()) return refuse("a rule looks up a set that the table does not declare");
  if (std::ranges::find(widths, set->second.width) == widths.end()) return refuse("a rule looks up a set of other keys");
  return set->second.dynamic ? refuse("a rule looks up a meter") : Status{};
}

Status validate_rate(const Rate& rate) {
  if (!is_count(rate.packets) || !is_count(rate.burst)) return refuse("packets and burst of a rate are 1 to 1000000");
  return seconds_to_fill(rate) > kMaxFillSeconds ? refuse("a burst takes longer than a day to fill again") : Status{};
}

Status validate_meter(const std::string& name, bool timeout, Scope& scope) {
  const auto set = scope.sets.find(name);
  if (set == scope.sets.end() || !set->second.dynamic) return refuse("a meter is a dynamic set that the table declares");
  if (set->second.timeout != timeout) return refuse("a meter of rates has timeouts, one of connections has none");
  return scope.metered.insert(name).second ? Status{} : refuse("two rules fill the same meter");
}

Status validate_types(const std::vector<uint8_t>& types) {
  const std::set<uint8_t> distinct(types.begin(), types.end());
  if (types.empty() || types.size() > kMaxTypes || distinct.size() != types.size()) {
    return refuse("ICMP types are 1 to 64 different ones");
  }
  return std::nullopt;
}

Status validate_port(const Match& match, const Scope& scope) {
  if (match.number != IPPROTO_TCP && match.number != IPPROTO_UDP) return refuse("ports are of tcp or udp");
  if (match.port == 0) return validate_lookup(match.subject, {2}, scope);
  return match.subject.empty() ? Status{} : refuse("a rule asks for a port or for a set of ports");
}

bool is_protocol(uint8_t number) {
  return number == IPPROTO_TCP || number == IPPROTO_UDP || number == IPPROTO_ICMP || number == IPPROTO_ICMPV6;
}

Status validate_match(const Match& match, Scope& scope) {
  const bool family = match.number == 4 || match.number == 6;
  switch (match.kind) {
    case MatchKind::iif:
      return is_interface(match.subject) ? Status{} : refuse("a rule's interface must be 1-15 of A-Z a-z 0-9 _ . - @");
    case MatchKind::saddr:
    case MatchKind::daddr:
      return validate_lookup(match.subject, {4, 16}, scope);
    case MatchKind::saddr_port:
      return validate_lookup(match.subject, {12, 24}, scope);
    case MatchKind::family:
      return validate_lookup(match.subject, {1}, scope);
    case MatchKind::nfproto:
      return family ? Status{} : refuse("a family is 4 or 6");
    case MatchKind::protocol:
      return is_protocol(match.number) ? Status{} : refuse("a protocol is tcp, udp, icmp or icmpv6");
    case MatchKind::dport:
      return validate_port(match, scope);
    case MatchKind::ct:
      return match.number != 0 && (match.number & ~kCtStates) == 0 ? Status{} : refuse("there is no such state");
    case MatchKind::icmp:
      return family ? validate_types(match.types) : refuse("a family is 4 or 6");
    case MatchKind::over:
      if (auto refused = validate_rate(match.rate)) return refused;
      return match.subject.empty() ? Status{} : validate_meter(match.subject, true, scope);
    case MatchKind::connections:
      return is_count(match.limit) ? validate_meter(match.subject, false, scope) : refuse("connections are 1 to 1000000");
    case MatchKind::syn:
    case MatchKind::local:
      return std::nullopt;
  }
  return refuse("there is no such condition");
}

// What is sound by itself may be too much together: the transaction holds up whatever else changes tables.
Status validate_cost(const Match& match, Scope& scope) {
  if (++scope.matches > kMaxAllMatches) return refuse("the rules of a table have at most 65536 conditions");
  if (match.types.size() > 1 && ++scope.type_lists > kMaxTypeLists) {
    return refuse("a table has at most 256 conditions of several ICMP types");
  }
  return std::nullopt;
}

// Of a sound match.
void ask(const Match& match, const Scope& scope, Agreement& agreement) {
  const auto of_set = [&] { agreement.families.insert(family_of(scope.sets.at(match.subject).width)); };
  switch (match.kind) {
    case MatchKind::saddr:
    case MatchKind::daddr:
    case MatchKind::saddr_port:
    case MatchKind::connections:
      return of_set();
    case MatchKind::over:
      if (!match.subject.empty()) of_set();
      return;
    case MatchKind::nfproto:
      agreement.families.insert(match.number);
      return;
    case MatchKind::protocol:
    case MatchKind::dport:
      agreement.protocols.insert(match.number);
      return;
    case MatchKind::syn:
      agreement.protocols.insert(IPPROTO_TCP);
      return;
    case MatchKind::icmp:
      agreement.families.insert(match.number);
      agreement.protocols.insert(match.number == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
      return;
    case MatchKind::iif:
    case MatchKind::family:
    case MatchKind::ct:
    case MatchKind::local:
      return;
  }
}

// Beyond its rate a packet goes no further in the rule, and would escape the verdict.
Status validate_log(const Log& log, Verdict verdict) {
  if (verdict != Verdict::go_on) return refuse("a rule that logs continues");
  if (!is_text(log.prefix, kMaxPrefix, " _.:=-")) return refuse("a log prefix is 1-63 of A-Z a-z 0-9, space and _.:=-");
  if (!log.to_group && (log.target < kLeastLevel || log.target > kMostLevel)) return refuse("there is no such log level");
  return validate_rate(log.rate);
}

Status validate_rule(const Rule& rule, Scope& scope) {
  if (rule.when.size() > kMaxMatches) return refuse("a rule has at most 16 conditions");
  Agreement agreement;
  for (const Match& match : rule.when) {
    if (auto refused = validate_match(match, scope)) return refused;
    if (auto refused = validate_cost(match, scope)) return refused;
    ask(match, scope, agreement);
  }
  if (agreement.families.size() > 1) return refuse("a rule asks for IPv4 and IPv6 at once");
  if (agreement.protocols.size() > 1) return refuse("a rule asks for two protocols at once");
  if (!rule.counter.empty() && !is_name(rule.counter)) return refuse("a counter's name must be 1-31 of A-Z a-z 0-9 _");
  const bool leads = rule.verdict == Verdict::go_to || rule.verdict == Verdict::jump;
  if (leads != !rule.target.empty()) return refuse("a rule leads to a chain, or names none");
  if (leads && !scope.targets.contains(rule.target)) return refuse("a rule leads to a chain without a hook that is declared");
  if (rule.log) return validate_log(*rule.log, rule.verdict);
  if (rule.verdict == Verdict::go_on && rule.counter.empty()) return refuse("a rule neither counts, logs nor decides");
  return std::nullopt;
}

// The ways that lead on from a chain.
struct Ways {
  size_t jumps = 0;
  size_t count = 1;
};

// Chains that lead packets round, too deep or too manifold.
class Walk {
 public:
  explicit Walk(const Table& table) {
    for (const Chain& chain : table.chains) chains_.emplace(chain.name, &chain);
  }

  Status all() {
    size_t count = 0;
    for (const auto& [name, chain] : chains_) {
      Ways ways;
      if (auto refused = from(*chain, ways)) return refused;
      if (ways.jumps > kMaxJumps) return refuse("chains lead more than 15 jumps deep");
      if ((count += ways.count) > kMaxWays) return refuse("there are more than 65536 ways through the chains");
    }
    return std::nullopt;
  }

 private:
  Status from(const Chain& chain, Ways& ways) {
    if (const auto known = known_.find(chain.name); known != known_.end()) {
      ways = known->second;
      return std::nullopt;
    }
    if (!above_.insert(chain.name).second) return refuse("chains lead packets round");
    for (const Rule& rule : chain.rules) {
      if (rule.target.empty()) continue;
      Ways on;
      if (auto refused = from(*chains_.at(rule.target), on)) return refused;
      ways.jumps = std::max(ways.jumps, on.jumps + 1);
      ways.count = std::min(kMaxWays + 1, ways.count + on.count);
    }
    above_.erase(chain.name);
    known_.emplace(chain.name, ways);
    return std::nullopt;
  }

  std::map<std::string, const Chain*> chains_;
  std::map<std::string, Ways> known_;
  std::set<std::string> above_;
};

Status validate_chain(const Chain& chain, Scope& scope) {
  if (!is_name(chain.name)) return refuse("a chain's name must be 1-31 of A-Z a-z 0-9 _");
  if (chain.hook > 3 && chain.hook != kNoHook) return refuse("a chain's hook is prerouting, input, forward or output");
  if (chain.rules.size() > kMaxRules) return refuse("a chain has at most 1024 rules");
  for (const Rule& rule : chain.rules) {
    if (auto refused = validate_rule(rule, scope)) return refused;
  }
  return std::nullopt;
}

}  // namespace

Status validate_chains(const Table& table) {
  if (table.chains.size() > kMaxChains) return refuse("a table has at most 64 chains");
  Scope scope;
  for (const DeclaredSet& set : table.sets) scope.sets.emplace(set.shape.name, set.shape);
  std::set<std::string> names;
  size_t rules = 0;
  for (const Chain& chain : table.chains) {
    if (!names.insert(chain.name).second) return refuse("two chains have the same name");
    if (chain.hook == kNoHook) scope.targets.insert(chain.name);
    if ((rules += chain.rules.size()) > kMaxAllRules) return refuse("a table has at most 8192 rules");
  }
  for (const Chain& chain : table.chains) {
    if (auto refused = validate_chain(chain, scope)) return refused;
  }
  return Walk(table).all();
}

}  // namespace bartizan::nft
