#include "policy.h"

#include <algorithm>

namespace bartizan::hand {

namespace {

using nft::Batch;
using nft::Chain;
using nft::DeclaredSet;
using nft::Element;
using nft::Failure;
using nft::Match;
using nft::MatchKind;
using nft::Op;
using nft::OpKind;
using nft::refuse;
using nft::Result;
using nft::Rule;
using nft::Status;
using nft::Table;
using nft::Verdict;

constexpr uint8_t kOutput = 3;
constexpr const char* kLoopback = "lo";
constexpr const char* kAllowed[] = {"allowed4", "allowed6"};
// Rules looked at in one declaration, over all the ways through its chains.
constexpr int kMaxSteps = 16'384;

// The only condition of a rule that lets in whatever meets it. One that logs may pass over what is beyond its rate.
const Match* lets_in_all(const Rule& rule) {
  return rule.verdict == Verdict::accept && !rule.log && rule.when.size() == 1 ? &rule.when.front() : nullptr;
}

bool lets_in_loopback(const Rule& rule) {
  const Match* all = lets_in_all(rule);
  return all != nullptr && all->kind == MatchKind::iif && all->subject == kLoopback;
}

// The set whose addresses a rule lets in, whatever else a packet is; null where it is no such rule.
const std::string* lets_in(const Rule& rule) {
  const Match* all = lets_in_all(rule);
  return all != nullptr && all->kind == MatchKind::saddr ? &all->subject : nullptr;
}

bool leads_on(const Rule& rule) { return rule.verdict == Verdict::go_to || rule.verdict == Verdict::jump; }

bool may_drop(const Rule& rule) { return rule.verdict == Verdict::drop || leads_on(rule); }

// What stands between a packet and the first rule that can drop it.
struct Way {
  bool loopback = false;
  bool allowed[2] = {false, false};
  // Of the floor, not let in so far.
  Ranges four;
  Ranges six;

  bool is_guarded() const { return loopback && allowed[0] && allowed[1] && four.empty() && six.empty(); }
  // Of what is missing, in words.
  std::string missing() const {
    if (!loopback) return "what comes in by lo";
    for (const Ranges* ranges : {&four, &six}) {
      if (!ranges->empty()) return text_of(ranges->front(), ranges->width()) + " of the floor";
    }
    return std::string("the set ") + kAllowed[allowed[0] ? 1 : 0];
  }
};

class Walk {
 public:
  Walk(const Table& table, const Held& held) : table_(table), held_(held) {}

  // Along a chain and where it leads; `way` is what has been passed before.
  Status along(const Chain& chain, Way way, size_t depth) {
    for (const Rule& rule : chain.rules) {
      if (++steps_ > kMaxSteps || depth > table_.chains.size()) return refuse("the rules are too entangled to judge");
      // Where nobody is left to cut, or nobody gets any further.
      if (way.is_guarded() || (rule.verdict == Verdict::accept && rule.when.empty())) return std::nullopt;
      if (lets_in_loopback(rule)) way.loopback = true;
      if (const std::string* set = lets_in(rule)) {
        if (auto failed = pass(*set, way)) return failed;
      }
      if (rule.verdict == Verdict::drop) {
        return refuse("chain " + chain.name + " can drop before it lets in " + way.missing());
      }
      if (!leads_on(rule)) continue;
      const auto next = std::ranges::find(table_.chains, rule.target, &Chain::name);
      if (next == table_.chains.end()) return refuse("a rule leads to a chain that the table does not declare");
      if (auto failed = along(*next, way, depth + 1)) return failed;
    }
    return std::nullopt;
  }

  std::set<std::string> guardians;

 private:
  Status pass(const std::string& name, Way& way) {
    for (size_t i = 0; i < 2; i++) {
      if (name == kAllowed[i]) way.allowed[i] = true;
    }
    const auto set = std::ranges::find(table_.sets, name, [](const DeclaredSet& each) { return each.shape.name; });
    if (set == table_.sets.end() || (set->shape.width != 4 && set->shape.width != 16)) return std::nullopt;
    Ranges& missing = set->shape.width == 4 ? way.four : way.six;
    if (missing.empty()) return std::nullopt;
    auto found = read_.find(name);
    if (found == read_.end()) {
      auto held = held_(*set);
      if (!held.ok()) return held.failure();
      found = read_.emplace(name, std::move(held.value())).first;
    }
    if (missing.remove(found->second)) guardians.insert(name);
    return std::nullopt;
  }

  const Table& table_;
  const Held& held_;
  std::map<std::string, Ranges> read_;
  int steps_ = 0;
};

bool is_address(const Key& key) { return key.width == 4 || key.width == 16; }

bool drops(const Chain& chain) {
  return std::ranges::any_of(chain.rules, may_drop);
}

Uses uses_of(const Table& table, const Floor& floor, const std::vector<Key>& own) {
  Uses uses;
  for (const Chain& chain : table.chains) {
    for (const Rule& rule : chain.rules) {
      uses.drops = uses.drops || rule.verdict == Verdict::drop;
      if (const std::string* set = lets_in(rule)) uses.sets[*set] |= kLets;
      if (!may_drop(rule)) continue;
      for (const Match& match : rule.when) {
        if (match.kind == MatchKind::saddr) uses.sets[match.subject] |= kCuts;
      }
    }
  }
  for (const DeclaredSet& set : table.sets) {
    const auto use = uses.sets.find(set.shape.name);
    if (use == uses.sets.end() || !(use->second & kCuts)) continue;
    for (const Op& op : set.beginning) {
      if (floor.is_protected(op.key, own)) uses.named.insert({set.shape.name, place_of(op.key)});
    }
  }
  return uses;
}

}  // namespace

bool holds_decisions(const nft::SetShape& set) {
  return set.timeout && !set.dynamic && (set.width == 4 || set.width == 16);
}

bool may_cut(const std::string& set, const Uses* uses) {
  if (uses == nullptr) return true;
  const auto use = uses->sets.find(set);
  return use == uses->sets.end() || use->second != kLets;
}

Failure protected_key(const Key& key, int32_t index) {
  const std::string text = text_of(range_of(key), key.width);
  return refuse(text + " lies in the floor, on loopback, or is this host's own: it can never be blocked", index);
}

Result<Uses> judge(const Table& table, const Floor& floor, const std::vector<Key>& own, const Held& held) {
  Walk walk(table, held);
  for (const Chain& chain : table.chains) {
    if (chain.hook == nft::kNoHook) continue;
    if (chain.hook == kOutput && drops(chain)) return refuse("chain " + chain.name + " stands at hook output and can drop");
    const Way whole = {false, {false, false}, floor.let_in(4), floor.let_in(16)};
    if (auto failed = walk.along(chain, whole, 0)) return *failed;
  }
  Uses uses = uses_of(table, floor, own);
  uses.guardians = std::move(walk.guardians);
  for (const DeclaredSet& set : table.sets) {
    if (set.shape.interval && !set.shape.timeout) continue;
    for (const Op& op : set.beginning) {
      if (uses.named.contains({set.shape.name, place_of(op.key)})) return protected_key(op.key, -1);
    }
  }
  return uses;
}

Status judge(const Batch& batch, const Uses* uses, const Floor& floor, const std::vector<Key>& own) {
  std::vector<bool> flushed(batch.sets.size());
  // Protected keys that the rest of the batch takes out again.
  std::set<std::pair<uint16_t, Place>> removed;
  for (size_t i = batch.ops.size(); i-- > 0;) {
    const Op& op = batch.ops[i];
    if (op.set >= batch.sets.size()) return refuse("an op names no set", static_cast<int32_t>(i));
    if (op.kind == OpKind::flush) {
      flushed[op.set] = true;
      continue;
    }
    if (flushed[op.set] || !may_cut(batch.sets[op.set], uses) || !floor.is_protected(op.key, own)) continue;
    if (op.kind == OpKind::remove) removed.insert({op.set, place_of(op.key)});
    if (removed.contains({op.set, place_of(op.key)})) continue;
    if (uses != nullptr && uses->named.contains({batch.sets[op.set], place_of(op.key)})) continue;
    return protected_key(op.key, static_cast<int32_t>(i));
  }
  return std::nullopt;
}

bool may_lessen(const Batch& batch, uint16_t set, const Floor& floor) {
  return std::ranges::any_of(batch.ops, [&](const Op& op) {
    if (op.set != set || op.kind == OpKind::add) return false;
    if (op.kind == OpKind::flush) return true;
    return is_address(op.key) && floor.let_in(op.key.width).meets(range_of(op.key));
  });
}

Status judge_lessening(const Batch& batch, uint16_t set, const Floor& floor, const std::vector<Element>& before) {
  std::map<Place, Key> held;
  Ranges gap4 = floor.let_in(4);
  Ranges gap6 = floor.let_in(16);
  const auto gap_of = [&](uint8_t width) -> Ranges& { return width == 4 ? gap4 : gap6; };
  for (const Element& element : before) {
    if (element.timeout_ms || !is_address(element.key)) continue;
    held.emplace(place_of(element.key), element.key);
    gap_of(element.key.width).remove(range_of(element.key));
  }
  int32_t last = -1;
  for (size_t i = 0; i < batch.ops.size(); i++) {
    const Op& op = batch.ops[i];
    if (op.set != set) continue;
    if (op.kind != OpKind::add) last = static_cast<int32_t>(i);
    if (op.kind == OpKind::flush) held.clear();
    if (op.kind == OpKind::remove) held.erase(place_of(op.key));
    if (op.kind == OpKind::add && op.timeout_ms == 0 && is_address(op.key)) held.emplace(place_of(op.key), op.key);
  }
  Ranges lost4 = floor.let_in(4);
  Ranges lost6 = floor.let_in(16);
  lost4.remove(gap4);
  lost6.remove(gap6);
  for (const auto& [place, key] : held) (key.width == 4 ? lost4 : lost6).remove(range_of(key));
  for (const Ranges* lost : {&lost4, &lost6}) {
    if (lost->empty()) continue;
    return refuse("the set would hold " + text_of(lost->front(), lost->width()) + " of the floor no more", last);
  }
  return std::nullopt;
}

}  // namespace bartizan::hand
