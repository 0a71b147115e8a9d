#include "guard.h"

#include <time.h>

#include <algorithm>

#include "../../nft/engine/rule.h"
#include "../../nft/engine/table.h"
#include "../../nft/engine/validate.h"
#include "verbs.h"

namespace bartizan::hand {

using nft::Batch;
using nft::Code;
using nft::Counter;
using nft::DeclaredSet;
using nft::Element;
using nft::Failure;
using nft::Op;
using nft::OpKind;
using nft::refuse;
using nft::Result;
using nft::StandingSet;
using nft::Status;
using nft::Table;

namespace {

// Refusals in a row that cost nothing; each further one is answered late.
constexpr uint32_t kPatience = 100;
constexpr timespec kSlowly = {0, 2'000'000};

const StandingSet* standing_of(const nft::Standing& standing, const std::string& name) {
  const auto set = std::ranges::find(standing.sets, name, [](const StandingSet& each) { return each.shape.name; });
  return set == standing.sets.end() ? nullptr : &*set;
}

// What of a set's first elements lasts.
Ranges lasting(const std::vector<Op>& beginning, uint8_t width) {
  Ranges ranges(width);
  for (const Op& op : beginning) {
    if (op.timeout_ms == 0 && op.key.width == width) ranges.add(range_of(op.key));
  }
  return ranges;
}

Ranges lasting(const std::vector<Element>& elements, uint8_t width) {
  Ranges ranges(width);
  for (const Element& element : elements) {
    if (!element.timeout_ms && element.key.width == width) ranges.add(range_of(element.key));
  }
  return ranges;
}

}  // namespace

// A declaration on its way.
struct Guard::Draft {
  nft::Standing standing = {};
  Uses uses = {};
  // Sets that stand without some of the floor that they are declared to begin with.
  std::vector<const DeclaredSet*> damaged = {};
  // Sets of decisions that it takes away.
  std::vector<std::string> lost = {};
};

Failure Guard::refused(const char* verb, Failure why) {
  // What the kernel said is no refusal of ours.
  if (why.code != Code::invalid) return why;
  if (audit_.refused(std::string(verb) + ": " + why.reason) > kPatience) nanosleep(&kSlowly, nullptr);
  return why;
}

Status Guard::check_place(const std::string& table) const {
  if (table == table_) return std::nullopt;
  return refuse("this hand touches no table but " + table_);
}

Status Guard::check_writable(const std::string& table) const {
  if (auto elsewhere = check_place(table)) return elsewhere;
  return kept_.dropped ? refuse("the table was dropped, and that is not settled yet") : Status{};
}

Status Guard::enter(const std::string&) { return refused("enter", refuse("a hand stays in the namespace it began in")); }

Result<std::vector<Element>> Guard::list(const std::string& table, const std::string& set) {
  if (auto elsewhere = check_place(table)) return refused("list", *elsewhere);
  return Engine::list(table, set);
}

Result<std::vector<Counter>> Guard::counters(const std::string& table) {
  if (auto elsewhere = check_place(table)) return refused("counters", *elsewhere);
  return Engine::counters(table);
}

Result<std::vector<std::optional<Element>>> Guard::find(const std::string& table, const std::string& set,
                                                        const std::vector<Key>& keys) {
  if (auto elsewhere = check_place(table)) return refused("find", *elsewhere);
  return Engine::find(table, set, keys);
}

Result<std::optional<uint32_t>> Guard::count(const std::string& table, const std::string& set) {
  if (auto elsewhere = check_place(table)) return refused("count", *elsewhere);
  return Engine::count(table, set);
}

Result<std::string> Guard::fingerprint(const std::string& table) {
  if (auto elsewhere = check_place(table)) return refused("fingerprint", *elsewhere);
  return Engine::fingerprint(table);
}

Status Guard::watch(const std::string& table) {
  if (auto elsewhere = check_place(table)) return refused("watch", *elsewhere);
  const Status failed = Engine::watch(table);
  if (!failed) watches_++;
  return failed;
}

Status Guard::unwatch(const std::string& table) {
  if (auto elsewhere = check_place(table)) return refused("unwatch", *elsewhere);
  if (watches_ == 0) return std::nullopt;
  watches_--;
  return Engine::unwatch(table);
}

void Guard::part(const std::string& why) {
  revert(why);
  while (watches_ > 0) (void)unwatch(table_);
}

// The keys of the next step: a load is judged as it goes, so that others can come between.
Status Guard::judge_keys(const nft::LoadUnderWay& way) {
  if (auto refusal = check_writable(way.load.table)) return refusal;
  if (!may_cut(way.load.set, uses_ ? &*uses_ : nullptr) || !way.begun) return std::nullopt;
  auto own = addresses();
  if (!own.ok()) return own.failure();
  const uint32_t end = std::min<uint32_t>(way.load.count, way.next + std::max(way.chunk, 1u));
  for (uint32_t i = way.next; i < end; i++) {
    if (floor_.is_protected(nft::key_of(way.load, i), own.value())) return protected_key(nft::key_of(way.load, i), static_cast<int32_t>(i));
  }
  return std::nullopt;
}

Status Guard::load(nft::LoadUnderWay& way) {
  auto refusal = judge_keys(way);
  if (!refusal) return Engine::load(way);
  refusal->loaded = static_cast<int32_t>(way.next);
  return refused("load", *refusal);
}

// What a set will hold for good: its elements where it stays, else what it begins with.
Result<Ranges> Guard::held(const DeclaredSet& set, Draft& draft) {
  const uint8_t width = set.shape.width;
  Ranges beginning = lasting(set.beginning, width);
  const StandingSet* standing = standing_of(draft.standing, set.shape.name);
  if (standing == nullptr || !nft::stays(set.shape, *standing)) return beginning;
  auto elements = Engine::list(table_, set.shape.name);
  if (!elements.ok()) return elements.failure();
  Ranges there = lasting(elements.value(), width);
  Ranges missing = floor_.let_in(width);
  missing.remove(there);
  if (missing.empty() || set.beginning.size() >= nft::kMaxOps || !missing.remove(beginning)) return there;
  draft.damaged.push_back(&set);
  return beginning;
}

Status Guard::judge_declaration(Table& table, Draft& draft) {
  if (auto refusal = check_writable(table.name)) return refusal;
  if (auto refusal = nft::validate(table)) return refusal;
  nft::note_meters(table);
  auto own = addresses();
  if (!own.ok()) return own.failure();
  if (const int error = read_standing(table_, draft.standing)) return nft::from_errno(error);
  auto uses = judge(table, floor_, own.value(), [&](const DeclaredSet& set) { return held(set, draft); });
  if (!uses.ok()) return uses.failure();
  draft.uses = std::move(uses.value());
  if (auto turned = turned_set(table, draft)) return refuse("set " + *turned + " has let in, and cannot come to cut");
  if (uses_ && uses_->drops && !draft.uses.drops) return refuse("it would drop nothing any more: drop the table instead");
  for (const StandingSet& set : draft.standing.sets) {
    const bool stays = std::ranges::any_of(table.sets, [&](const DeclaredSet& each) { return nft::stays(each.shape, set); });
    const bool decisions = uses_ ? uses_->decisions.contains(set.shape.name)
                                 : nft::is_ours(set) && set.shape.timeout && !set.shape.dynamic && set.shape.width != 1;
    if (!stays && decisions) draft.lost.push_back(set.shape.name);
  }
  return draft.lost.empty() || armed_ ? Status{} : refuse("it takes away the set " + draft.lost.front() + " with no revert armed");
}

// A set that lets in may hold protected keys, which it must not take along.
std::optional<std::string> Guard::turned_set(const Table& table, const Draft& draft) const {
  if (!uses_) return std::nullopt;
  for (const auto& [name, use] : draft.uses.sets) {
    const auto before = uses_->sets.find(name);
    if ((use & kCuts) == 0 || before == uses_->sets.end() || before->second != kLets) continue;
    const StandingSet* standing = standing_of(draft.standing, name);
    const auto same = [&](const DeclaredSet& each) { return standing != nullptr && nft::stays(each.shape, *standing); };
    if (std::ranges::any_of(table.sets, same)) return name;
  }
  return std::nullopt;
}

// Puts the floor back into the sets that it rests on, as declared: the rules to come must not be without it.
Status Guard::mend(const std::vector<const DeclaredSet*>& sets) {
  for (const DeclaredSet* set : sets) {
    Batch batch = {table_, {set->shape.name}, {Op{OpKind::flush}}};
    batch.ops.insert(batch.ops.end(), set->beginning.begin(), set->beginning.end());
    if (auto failed = Engine::commit(batch)) return failed;
    audit_.say(Audit::Level::notice, "set " + set->shape.name + " was without some of the floor: put back");
  }
  return std::nullopt;
}

Status Guard::ensure(Table table) {
  Draft draft;
  if (auto refusal = judge_declaration(table, draft)) return refused("ensure", *refusal);
  if (auto failed = keep(draft.lost, "ensure takes away")) return failed;
  if (!draft.lost.empty() && !kept_.declared) kept_.declared = declared_;
  if (auto failed = mend(draft.damaged)) return failed;
  const Status failed = Engine::ensure(table);
  if (!failed) {
    uses_ = std::move(draft.uses);
    declared_ = std::move(table);
  } else if (failed->code == Code::resync) {
    forget();
  }
  return failed;
}

Status Guard::drop(const std::string& table) {
  if (auto refusal = check_writable(table)) return refused("drop", *refusal);
  if (!armed_) return refused("drop", refuse("the table is dropped only with a revert armed"));
  const Status failed = set_dormant(table, true);
  if (failed && failed->code == Code::missing) return std::nullopt;
  if (failed) return failed;
  kept_.dropped = true;
  kept_.at = now_ms();
  set_due(now_ms() + window_ms_);
  audit_.say(Audit::Level::notice, "table " + table_ + " is out of the packets' way, to be dropped when settled");
  return std::nullopt;
}

Status Guard::judge_batch(const Batch& batch) {
  if (auto refusal = check_writable(batch.table)) return refusal;
  if (auto refusal = nft::validate(batch)) return refusal;
  auto own = addresses();
  if (!own.ok()) return own.failure();
  const Uses* uses = uses_ ? &*uses_ : nullptr;
  if (auto refusal = judge(batch, uses, floor_, own.value())) return refusal;
  for (uint16_t set = 0; set < batch.sets.size(); set++) {
    if (uses != nullptr && !uses->guardians.contains(batch.sets[set])) continue;
    if (!may_lessen(batch, set, floor_)) continue;
    auto elements = Engine::list(table_, batch.sets[set]);
    // A set that is not there, or is none of ours, is the engine's to refuse.
    if (!elements.ok() && (elements.failure().code == Code::missing || elements.failure().code == Code::invalid)) continue;
    if (!elements.ok()) return elements.failure();
    if (auto refusal = judge_lessening(batch, set, floor_, elements.value())) return refusal;
  }
  return std::nullopt;
}

Status Guard::commit(const Batch& batch) {
  if (auto refusal = judge_batch(batch)) return refused("commit", *refusal);
  if (auto refusal = keep_flushed(batch)) return refused("commit", *refusal);
  return Engine::commit(batch);
}

Status Guard::keep_flushed(const Batch& batch) {
  std::vector<std::string> flushed;
  for (size_t i = 0; i < batch.ops.size(); i++) {
    const Op& op = batch.ops[i];
    if (op.kind != OpKind::flush) continue;
    const std::string& set = batch.sets[op.set];
    const auto use = uses_ ? uses_->sets.find(set) : std::map<std::string, uint8_t>::iterator{};
    if (uses_ && (use == uses_->sets.end() || !(use->second & kCuts))) continue;
    if (!armed_) return refuse("set " + set + " is flushed only with a revert armed", static_cast<int32_t>(i));
    if (std::ranges::find(flushed, set) == flushed.end()) flushed.push_back(set);
  }
  return keep(flushed, "flush of");
}

Status Guard::keep(const std::vector<std::string>& sets, const std::string& doing) {
  for (const std::string& set : sets) {
    auto elements = Engine::list(table_, set);
    if (!elements.ok() && elements.failure().code == Code::missing) continue;
    if (!elements.ok()) return elements.failure();
    const size_t count = elements.value().size();
    const bool known = std::ranges::any_of(kept_.sets, [&](const auto& each) { return each.first == set; });
    if (!known) kept_.sets.emplace_back(set, std::move(elements.value()));
    audit_.say(Audit::Level::info, doing + " set " + set + ": " + std::to_string(count) + " elements kept until settled");
  }
  if (sets.empty()) return std::nullopt;
  if (kept_.at == 0) kept_.at = now_ms();
  set_due(now_ms() + window_ms_);
  return std::nullopt;
}

Status Guard::arm(uint32_t window_ms) {
  if (window_ms == 0 || window_ms > kMaxWindowMs) return refused("arm", refuse("a revert is armed for 1-60000 ms"));
  if (!kept_.empty()) return refused("arm", refuse("the last loss is not settled yet"));
  armed_ = true;
  window_ms_ = window_ms;
  set_due(now_ms() + window_ms);
  return std::nullopt;
}

Status Guard::settle() {
  if (!armed_) return refused("settle", refuse("no revert is armed: what was lost has been put back"));
  if (kept_.dropped) {
    if (auto failed = Engine::drop(table_)) return failed;
    audit_.say(Audit::Level::notice, "table " + table_ + " dropped");
    forget();
  }
  armed_ = false;
  kept_ = {};
  set_due(0);
  return std::nullopt;
}

void Guard::revert(const std::string& why) {
  if (!armed_) return;
  const Kept kept = std::exchange(kept_, {});
  armed_ = false;
  set_due(0);
  if (kept.empty()) return;
  bool whole = true;
  if (kept.dropped) whole = !set_dormant(table_, false);
  if (kept.declared) whole = !Engine::ensure(*kept.declared) && whole;
  if (kept.declared || !whole) forget();
  const int64_t elapsed = now_ms() - kept.at;
  for (const auto& [set, elements] : kept.sets) whole = restore(set, elements, elapsed) && whole;
  audit_.say(Audit::Level::warning, why + (whole ? ": what was lost is back" : ": what was lost could not be put back"));
}

// In the place of what an interval set holds by now, since overlaps are refused; beside it in any other.
bool Guard::restore(const std::string& set, const std::vector<Element>& elements, int64_t elapsed) {
  Batch batch = {table_, {set}, {}};
  if (std::ranges::any_of(elements, [](const Element& each) { return each.key.prefix != nft::kNoPrefix; })) {
    batch.ops.push_back(Op{OpKind::flush});
  }
  for (const Element& element : elements) {
    const auto passed = static_cast<uint64_t>(elapsed);
    if (element.timeout_ms && *element.timeout_ms <= passed) continue;
    const uint64_t left = element.timeout_ms ? *element.timeout_ms - passed : 0;
    batch.ops.push_back({OpKind::add, 0, element.key, left, element.comment});
    if (batch.ops.size() < nft::kMaxOps) continue;
    if (Engine::commit(batch)) return false;
    batch.ops.clear();
  }
  return !Engine::commit(batch);
}

void Guard::take_up() {
  nft::Standing standing;
  if (read_standing(table_, standing) != 0 || !standing.dormant) return;
  const bool awake = !set_dormant(table_, false);
  audit_.say(Audit::Level::warning, "table " + table_ + " was dormant" + (awake ? ": woken" : " and cannot be woken"));
}

void Guard::set_due(int64_t due) {
  due_.store(due, std::memory_order_relaxed);
  due_changed_();
}

void Guard::forget() {
  uses_.reset();
  declared_.reset();
}

}  // namespace bartizan::hand
