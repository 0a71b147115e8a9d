// What is lost, and how it comes back.
#include <algorithm>

#include "guard.h"
#include "verbs.h"

namespace bartizan::hand {

using nft::Batch;
using nft::Code;
using nft::Element;
using nft::OpKind;
using nft::refuse;
using nft::Result;
using nft::StandingSet;
using nft::Status;

Status Guard::keep(const std::vector<std::string>& sets, const std::string& doing) {
  if (sets.empty()) return std::nullopt;
  if (kept_.at == 0) kept_.at = now_ms();
  for (const std::string& set : sets) {
    auto elements = Engine::list(table_, set);
    if (!elements.ok() && elements.failure().code == Code::missing) continue;
    if (!elements.ok()) return elements.failure();
    const size_t count = elements.value().size();
    kept_.sets.emplace_back(set, std::move(elements.value()));
    audit_.say(Audit::Level::info, doing + " set " + set + ": " + std::to_string(count) + " elements kept until settled");
  }
  put_off();
  return std::nullopt;
}

Status Guard::arm(uint32_t window_ms) {
  if (window_ms == 0 || window_ms > kMaxWindowMs) return refused("arm", refuse("a revert is armed for 1-60000 ms"));
  if (!kept_.empty()) return refused("arm", refuse("the last loss is not settled yet"));
  armed_ = true;
  put_back_ = false;
  window_ms_ = window_ms;
  set_due(now_ms() + window_ms);
  return std::nullopt;
}

Status Guard::settle() {
  if (put_back_) return refused("settle", refuse("what was lost has been put back"));
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
  put_back_ = true;
  bool whole = true;
  if (kept.dropped) whole = !set_dormant(table_, false);
  if (kept.declared) whole = !Engine::ensure(*kept.declared) && whole;
  if (kept.declared || !whole) forget();
  const int64_t elapsed = now_ms() - kept.at;
  const std::optional<Uses>& uses = kept.declared ? kept.uses : uses_;
  for (const auto& [set, elements] : kept.sets) whole = restore(set, elements, elapsed, uses ? &*uses : nullptr) && whole;
  // The transactions are this process's own, which whoever watches is told nothing of.
  tell_lost();
  audit_.say(Audit::Level::warning, why + (whole ? ": what was lost is back" : ": what was lost could not be put back"));
}

// What of it has no place taken by what the set holds by now, which stays: overlaps are refused.
Result<std::vector<Element>> Guard::missing_of(const std::string& set, std::vector<Element> elements) {
  const auto is_network = [](const Element& each) { return each.key.prefix <= each.key.width * 8; };
  if (std::ranges::none_of(elements, is_network)) return elements;
  auto there = Engine::list(table_, set);
  if (!there.ok()) return there.failure();
  if (there.value().empty()) return elements;
  const uint8_t width = elements.front().key.width;
  Ranges taken(width);
  for (const Element& each : there.value()) {
    if (each.key.width == width) taken.add(range_of(each.key));
  }
  std::vector<Element> missing;
  for (Element& element : elements) {
    const Range range = range_of(element.key);
    if (!taken.meets(range)) {
      missing.push_back(std::move(element));
      continue;
    }
    for (const Key& key : taken.gaps_in(range)) missing.push_back({key, element.timeout_ms, element.comment});
  }
  return missing;
}

// Beside what came since. What has come to be protected meanwhile stays out of a set that may cut.
bool Guard::restore(const std::string& set, const std::vector<Element>& elements, int64_t elapsed, const Uses* uses) {
  auto own = addresses();
  auto missing = missing_of(set, elements);
  if (!own.ok() || !missing.ok()) return false;
  Batch batch = {table_, {set}, {}};
  for (const Element& element : missing.value()) {
    const auto passed = static_cast<uint64_t>(elapsed);
    if (element.timeout_ms && *element.timeout_ms <= passed) continue;
    const bool named = uses != nullptr && uses->named.contains({set, place_of(element.key)});
    if (!named && may_cut(set, uses) && floor_.is_protected(element.key, own.value())) continue;
    const uint64_t left = element.timeout_ms ? *element.timeout_ms - passed : 0;
    batch.ops.push_back({OpKind::add, 0, element.key, left, element.comment});
    if (batch.ops.size() < nft::kMaxOps) continue;
    if (Engine::commit(batch)) return false;
    batch.ops.clear();
  }
  return !Engine::commit(batch);
}

void Guard::look_at_time() {
  if (armed_ && now_ms() >= due()) revert("not settled in time");
}

void Guard::take_up() {
  nft::Standing standing;
  if (read_standing(table_, standing) != 0 || !standing.dormant) return;
  const bool awake = !set_dormant(table_, false);
  audit_.say(Audit::Level::warning, "table " + table_ + " was dormant" + (awake ? ": woken" : " and cannot be woken"));
}

void Guard::put_off() { set_due(now_ms() + window_ms_); }

void Guard::set_due(int64_t due) {
  due_.store(due, std::memory_order_relaxed);
  due_changed_();
}

void Guard::forget() {
  uses_.reset();
  declared_.reset();
  clean_.clear();
}

}  // namespace bartizan::hand
