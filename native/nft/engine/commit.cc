#include <linux/netfilter/nf_tables.h>

#include <cerrno>
#include <set>

#include "engine.h"
#include "pause.h"
#include "validate.h"

namespace bartizan::nft {

namespace {

// Each round settles at least one op, as a rule all that are left.
constexpr int kRounds = 32;
// A hash chain that is long, as the dead of one address make it for a moment, is EBUSY while the kernel spreads it out.
constexpr int kRestarts = 8;
// A refused transaction costs the kernel a grace period (10 ms), a look at one element 3 us: small batches look first.
constexpr size_t kLookedUp = 64;

}  // namespace

// What is known of a batch on its way: ops found to change nothing are skipped when it is sent again.
struct Engine::Attempt {
  std::vector<StandingSet> sets;
  std::vector<bool> skip;
  // What was found there before the batch was sent, and may have expired since.
  std::set<std::pair<uint16_t, Address>> presumed;
  std::set<uint16_t> foreseen;
  Grouping grouping = Grouping::shared;
  // Set once something was read that the outcome depends on.
  std::optional<uint32_t> generation;
};

Status Engine::look_at_sets(const Batch& batch, std::vector<StandingSet>& sets) {
  std::vector<bool> seen(batch.sets.size());
  sets.resize(batch.sets.size());
  for (size_t i = 0; i < batch.ops.size(); i++) {
    const Op& op = batch.ops[i];
    const auto index = static_cast<int32_t>(i);
    if (!seen[op.set]) {
      const int error = read_set_shape(batch.table, batch.sets[op.set], sets[op.set]);
      if (error != 0) return from_errno(error, index);
      if (!is_ours(sets[op.set])) return refuse("the set is none of plain addresses or networks", index);
      seen[op.set] = true;
    }
    if (auto refused = validate(op, index, sets[op.set].shape)) return refused;
  }
  return std::nullopt;
}

// Works the batch's ops on one interval set out against what the set holds.
Status Engine::foresee(const Batch& batch, uint16_t set, Attempt& attempt) {
  if (!attempt.generation) {
    uint32_t generation = 0;
    if (const int error = read_generation(generation)) return from_errno(error);
    attempt.generation = generation;
  }
  std::vector<Element> elements;
  if (const int error = read_elements(batch.table, attempt.sets[set], elements)) return from_errno(error);
  NetworkSet networks(elements);
  for (size_t i = 0; i < batch.ops.size(); i++) {
    if (batch.ops[i].set != set) continue;
    const int error = networks.apply(batch.ops[i]);
    if (error == EEXIST) {
      attempt.skip[i] = true;
    } else if (error != 0) {
      return from_errno(error, static_cast<int32_t>(i));
    }
  }
  attempt.foreseen.insert(set);
  return std::nullopt;
}

// One round: done when `again` stays false.
Status Engine::send(const Batch& batch, Attempt& attempt, bool& again) {
  MessageWriter out(netfilter_.next_seq());
  out.reserve(batch.ops.size() * 96 + 256);
  out.begin_batch(attempt.generation);
  const auto marks = write_ops(out, batch, attempt.sets, attempt.skip, attempt.grouping);
  if (marks.empty()) return std::nullopt;
  out.acknowledge();
  const uint32_t last = out.last_seq();
  out.end_batch();
  const Verdicts verdicts = transact(out, last);
  if (verdicts.refusals.empty()) return verdicts.error == 0 ? Status{} : from_errno(verdicts.error);

  // Everything ahead of the first refusal was taken, so it is exact; what follows may be its consequence.
  const Refusal& first = verdicts.refusals.front();
  const auto op = op_of(marks, first);
  if (first.error == ENOENT && op && attempt.presumed.contains({batch.ops[*op].set, batch.ops[*op].key.address})) {
    return from_errno(ERESTART, static_cast<int32_t>(*op));
  }
  if (first.error != EEXIST) {
    if (op || first.seq == out.first_seq()) return from_errno(first.error, op ? static_cast<int32_t>(*op) : -1);
    if (attempt.grouping == Grouping::one_message_an_op) return from_errno(first.error);
    attempt.grouping = Grouping::one_message_an_op;
    again = true;
    return std::nullopt;
  }
  again = true;
  if (op && attempt.sets[batch.ops[*op].set].shape.interval) {
    const uint16_t set = batch.ops[*op].set;
    if (attempt.foreseen.contains(set)) return from_errno(ERESTART);
    return foresee(batch, set, attempt);
  }
  if (attempt.grouping == Grouping::shared) {
    attempt.grouping = Grouping::one_message_an_op;
    return std::nullopt;
  }
  for (const Refusal& refusal : verdicts.refusals) {
    const auto there = op_of(marks, refusal);
    if (refusal.error != EEXIST || !there) continue;
    if (!attempt.sets[batch.ops[*there].set].shape.interval) attempt.skip[*there] = true;
  }
  return std::nullopt;
}

// Skips adds of what is there already; what this misses, the kernel refuses.
Status Engine::look_up(const Batch& batch, Attempt& attempt) {
  std::set<uint16_t> flushed;
  std::set<std::pair<uint16_t, Address>> touched;
  for (size_t i = 0; i < batch.ops.size(); i++) {
    const Op& op = batch.ops[i];
    const SetShape& shape = attempt.sets[op.set].shape;
    if (op.kind == OpKind::flush) flushed.insert(op.set);
    if (op.kind == OpKind::flush || shape.interval || !shape.timeout) continue;
    const bool first = touched.emplace(op.set, op.key.address).second;
    if (op.kind != OpKind::add || !first || flushed.contains(op.set)) continue;
    const int error = read_element(batch, op);
    if (error != 0 && error != ENOENT) return from_errno(error, static_cast<int32_t>(i));
    if (error != 0) continue;
    attempt.skip[i] = true;
    attempt.presumed.emplace(op.set, op.key.address);
  }
  return std::nullopt;
}

Status Engine::attempt(const Batch& batch, bool look) {
  Attempt attempt;
  attempt.skip.resize(batch.ops.size());
  if (auto failed = look_at_sets(batch, attempt.sets)) return failed;
  if (look && batch.ops.size() <= kLookedUp) {
    if (auto failed = look_up(batch, attempt)) return failed;
  }
  // The kernel pairs neither what is removed nor what has no end: those are worked out beforehand.
  for (const Op& op : batch.ops) {
    if (!attempt.sets[op.set].shape.interval || op.kind == OpKind::flush || attempt.foreseen.contains(op.set)) continue;
    if (op.kind == OpKind::add && end_of(op.key)) continue;
    if (auto failed = foresee(batch, op.set, attempt)) return failed;
  }
  for (int round = 0; round < kRounds; round++) {
    bool again = false;
    if (auto failed = send(batch, attempt, again)) return failed;
    if (!again) return std::nullopt;
  }
  return from_errno(ERESTART);
}

Status Engine::commit(const Batch& batch) {
  if (auto refused = validate(batch)) return refused;
  if (batch.ops.empty()) return std::nullopt;
  Status outcome;
  bool look = true;
  for (int restart = 0; restart < kRestarts; restart++) {
    outcome = attempt(batch, look);
    if (outcome && outcome->error == EBUSY) {
      pause_before(restart + 1);
      continue;
    }
    if (!outcome || outcome->error != ERESTART) return outcome;
    // An element that was looked up is gone: from now on the kernel itself says what is there.
    if (outcome->op >= 0) look = false;
  }
  return outcome;
}

}  // namespace bartizan::nft
