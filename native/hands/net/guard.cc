#include "guard.h"

#include <time.h>

#include <algorithm>
#include <cerrno>

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
  // Protected keys in sets that come to cut.
  std::vector<std::pair<std::string, std::vector<Key>>> stray = {};
  // Of the sets that will stand: those that hold no protected key but what they are declared to begin with.
  std::set<std::string> clean = {};
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
  if (auto refusal = look_at_cutting(table, own.value(), draft)) return refusal;
  if (uses_ && uses_->drops && !draft.uses.drops) return refuse("it would drop nothing any more: drop the table instead");
  for (const StandingSet& set : draft.standing.sets) {
    const bool stays = std::ranges::any_of(table.sets, [&](const DeclaredSet& each) { return nft::stays(each.shape, set); });
    if (!stays && nft::is_ours(set) && holds_decisions(set.shape)) draft.lost.push_back(set.shape.name);
  }
  return draft.lost.empty() ? Status{} : check_losing("it takes away the set " + draft.lost.front(), -1);
}

// A set that cuts and stays must not bring protected keys along: one that let in may hold any, and of one that this hand
// did not see made nothing is known. They are taken out, since a refusal would leave a sound main without rules for what
// another did before it.
Status Guard::look_at_cutting(const Table& table, const std::vector<Key>& own, Draft& draft) {
  for (const DeclaredSet& set : table.sets) {
    const std::string& name = set.shape.name;
    if ((set.shape.width != 4 && set.shape.width != 16) || !may_cut(name, &draft.uses)) continue;
    const StandingSet* standing = standing_of(draft.standing, name);
    const bool stays = standing != nullptr && nft::stays(set.shape, *standing);
    const auto use = draft.uses.sets.find(name);
    const bool cuts = use != draft.uses.sets.end();
    const auto names = [&](const Op& op) { return floor_.is_protected(op.key, own); };
    const bool clean = stays ? clean_.contains(name) : cuts || std::ranges::none_of(set.beginning, names);
    if (clean || cuts) draft.clean.insert(name);
    if (clean || !cuts) continue;
    auto elements = Engine::list(table_, name);
    if (!elements.ok()) return elements.failure();
    std::vector<Key> found;
    for (const Element& element : elements.value()) {
      const bool named = draft.uses.named.contains({name, place_of(element.key)});
      if (!named && floor_.is_protected(element.key, own)) found.push_back(element.key);
    }
    if (found.empty()) continue;
    if (draft.uses.guardians.contains(name)) return refuse("set " + name + " lets in what is protected, and cannot cut");
    draft.stray.emplace_back(name, std::move(found));
  }
  return std::nullopt;
}

Status Guard::take_out(const std::string& set, const std::vector<Key>& keys) {
  for (size_t from = 0; from < keys.size(); from += nft::kMaxOps) {
    Batch batch = {table_, {set}, {}};
    for (size_t i = from; i < std::min<size_t>(keys.size(), from + nft::kMaxOps); i++) {
      batch.ops.push_back({OpKind::remove, 0, keys[i]});
    }
    const Status failed = Engine::commit(batch);
    // It timed out in between.
    if (failed && failed->code != Code::missing) return failed;
  }
  return std::nullopt;
}

// Puts the floor back into the sets that it rests on, as declared, and takes it out of those that cut: the rules to come
// must find it so.
Status Guard::mend(const Draft& draft) {
  for (const auto& [set, keys] : draft.stray) {
    if (auto failed = take_out(set, keys)) return failed;
    audit_.say(Audit::Level::notice, "set " + set + " held " + std::to_string(keys.size()) + " protected keys: taken out");
  }
  for (const DeclaredSet* set : draft.damaged) {
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
  if (!draft.lost.empty() && !kept_.declared) {
    kept_.declared = declared_;
    kept_.uses = uses_;
  }
  if (auto failed = mend(draft)) return failed;
  const Status failed = Engine::ensure(table);
  if (!failed) {
    uses_ = std::move(draft.uses);
    clean_ = std::move(draft.clean);
    declared_ = std::move(table);
  } else if (failed->code == Code::resync) {
    forget();
  }
  // The client has its time from the answer on, however long it took.
  if (!draft.lost.empty()) put_off();
  return failed;
}

Status Guard::drop(const std::string& table) {
  if (auto refusal = check_writable(table)) return refused("drop", *refusal);
  if (!armed_) return refused("drop", refuse("the table is dropped only with a revert armed"));
  const Status failed = set_dormant(table, true);
  if (failed && failed->code == Code::missing) return std::nullopt;
  if (failed) return failed;
  kept_.dropped = true;
  if (kept_.at == 0) kept_.at = now_ms();
  put_off();
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
  auto flushed = flushed_by(batch);
  if (!flushed.ok()) return refused("commit", flushed.failure());
  if (auto failed = keep(flushed.value(), "flush of")) return failed;
  const Status failed = Engine::commit(batch);
  if (!flushed.value().empty()) put_off();
  return failed;
}

// Elements are kept of one loss at a time, so that what is kept cannot grow without end.
Status Guard::check_losing(const std::string& what, int32_t op) const {
  if (!armed_) return refuse(what + " with no revert armed", op);
  return kept_.sets.empty() ? Status{} : refuse(what + ", and the last loss is not settled yet", op);
}

// Which sets lose what they hold to it: decisions, whatever the rules do with them at the moment, and what cuts.
Result<std::vector<std::string>> Guard::flushed_by(const Batch& batch) {
  std::vector<std::string> flushed;
  for (size_t i = 0; i < batch.ops.size(); i++) {
    const Op& op = batch.ops[i];
    if (op.kind != OpKind::flush) continue;
    const std::string& set = batch.sets[op.set];
    if (std::ranges::find(flushed, set) != flushed.end()) continue;
    const auto use = uses_ ? uses_->sets.find(set) : std::map<std::string, uint8_t>::iterator{};
    const bool cuts = !uses_ || (use != uses_->sets.end() && (use->second & kCuts));
    StandingSet standing;
    const int error = cuts ? 0 : read_set_shape(table_, set, standing);
    // What is not there is the engine's to refuse.
    if (error != 0 && error != ENOENT) return nft::from_errno(error, static_cast<int32_t>(i));
    if (!cuts && !holds_decisions(standing.shape)) continue;
    if (auto refusal = check_losing("it flushes set " + set, static_cast<int32_t>(i))) return *refusal;
    flushed.push_back(set);
  }
  return flushed;
}

}  // namespace bartizan::hand
