#include "windows.h"

#include <algorithm>

namespace bartizan::windows {

Windows::Windows(std::vector<Check> checks, TrailSettings settings, uint32_t once, bool has_connections, uint32_t salt)
    : checks_(std::move(checks)), once_(once), has_connections_(has_connections), trails_(std::move(settings), salt), tries_(checks_.size()) {
  for (size_t i = 0; i < checks_.size(); i++) {
    const Check& check = checks_[i];
    const uint32_t bit = 1u << i;
    if (check.measure != Measure::events) by_value_ |= bit;
    if (check.completes != check.counts) by_others_ |= bit;
    for (uint32_t traits = 1; traits < kTraits; traits++) {
      if ((traits & check.counts) != 0) counts_[traits] |= bit;
      if ((traits & check.completes) != 0) completes_[traits] |= bit;
    }
  }
}

void Windows::step(const Entry& entry, std::vector<Completed>& completed) {
  int32_t row = row_of(entry);
  const uint32_t quiet = row == kNone ? 0 : trails_.quiet_at(row, entry.at);
  const uint32_t completes = completes_[entry.traits] & ~quiet;
  uint32_t counts = counts_[entry.traits] & ~quiet;
  if ((counts | completes) == 0) return;
  counts = counting(row, counts, entry);
  const bool has_value = trails_.settings().values_are_texts ? !entry.value.text.empty() : entry.number != 0;
  if (!has_value) counts &= ~by_value_;
  const uint32_t may_complete = completes & (counts | by_others_);
  uint32_t value = 0;
  if (counts != 0) {
    if (row == kNone) row = create(entry);
    value = !has_value ? 0 : trails_.settings().values_are_texts ? trails_.texts.hold(entry.value.text, entry.value.hash) : entry.number;
    insert(row, counts, entry, value);
  }
  if (row == kNone || (counts | may_complete) == 0) return;
  const bool found = judge(row, counts, may_complete, entry.at, value, completed);
  if (counts != 0 || found) trails_.settle(row);
}

int32_t Windows::row_of(const Entry& entry) const {
  if (!trails_.settings().keys_are_texts) return trails_.find(entry.key);
  const uint32_t name = trails_.texts.find(entry.name.text, entry.name.hash);
  return name == kNoText ? kNone : trails_.find({0, static_cast<int32_t>(name)});
}

int32_t Windows::create(const Entry& entry) {
  if (!trails_.settings().keys_are_texts) return trails_.create(entry.key);
  return trails_.create({0, static_cast<int32_t>(trails_.texts.hold(entry.name.text, entry.name.hash))});
}

// @returns of `bits` those whose checks count the event, by window and connection
uint32_t Windows::counting(int32_t row, uint32_t bits, const Entry& entry) const {
  if (row == kNone || bits == 0) return bits;
  const uint32_t counts = bits & ~too_late(row, bits, entry.at);
  return counts != 0 && (entry.traits & once_) != 0 ? counts & ~same_connection(row, counts, entry) : counts;
}

uint32_t Windows::too_late(int32_t row, uint32_t bits, double at) const {
  const int32_t first = trails_.newest(row);
  if (first == kNone || trails_.sighting(first).at <= at) return 0;
  uint32_t late = 0;
  for (size_t i = 0; i < checks_.size(); i++) {
    const uint32_t bit = 1u << i;
    if ((bits & bit) != 0 && at <= latest_of({first, bit}) - checks_[i].window) late |= bit;
  }
  return late;
}

uint32_t Windows::same_connection(int32_t row, uint32_t bits, const Entry& entry) const {
  const bool has_peer = !entry.peer.text.empty();
  const uint32_t peer = has_peer ? trails_.texts.find(entry.peer.text, entry.peer.hash) : kNoText;
  if (has_peer && peer == kNoText) return 0;
  const int32_t first = trails_.newest(row);
  uint32_t same = 0;
  for (int32_t i = first; i != kNone; i = trails_.sighting(i).older) {
    const Sighting& sighting = trails_.sighting(i);
    if (sighting.peer != peer || sighting.port != entry.port) continue;
    for (size_t n = 0; n < checks_.size(); n++) {
      const uint32_t bit = 1u << n;
      if ((sighting.checks & bits & bit) == 0) continue;
      const double latest = std::max(entry.at, latest_of({first, bit}));
      if (sighting.at > latest - checks_[n].window) same |= bit;
    }
  }
  return same;
}

void Windows::insert(int32_t row, uint32_t checks, const Entry& entry, uint32_t value) {
  const bool has_peer = has_connections_ && !entry.peer.text.empty();
  Sighting sighting;
  sighting.at = entry.at;
  sighting.offset = entry.offset;
  sighting.source = trails_.texts.hold(entry.source.text, entry.source.hash);
  sighting.value = value;
  sighting.peer = has_peer ? trails_.texts.hold(entry.peer.text, entry.peer.hash) : kNoText;
  sighting.weight = (entry.traits & once_) != 0 ? 1 : entry.weight;
  sighting.checks = checks;
  sighting.port = entry.port;
  sighting.provenance = entry.provenance;
  trails_.insert(row, sighting);
}

struct Windows::Gathered {
  double weight = 0;
  // kNone when nothing is there.
  int32_t oldest = kNone;
  double latest_at = 0;
  uint8_t provenance = 0;
  // Newest first.
  std::vector<uint32_t> values;
};

bool Windows::judge(int32_t row, uint32_t counts, uint32_t may_complete, double at, uint32_t value, std::vector<Completed>& completed) {
  bool is_found = false;
  for (size_t i = 0; i < checks_.size(); i++) {
    const Check& check = checks_[i];
    const uint32_t bit = 1u << i;
    if (((counts | may_complete) & bit) == 0) continue;
    const Chain chain{trails_.newest(row), bit};
    const bool is_counted = (counts & bit) != 0;
    const double to = is_counted ? latest_of(chain) : at;
    const double measured = is_counted ? review(chain, i, to - check.window, value) : check.threshold;
    if ((may_complete & bit) == 0 || measured < check.threshold) continue;
    const Gathered found = gather(chain, to - check.window, to, i);
    const double count = is_counted ? measured : found.weight;
    if (count < check.threshold) continue;
    completed.push_back(completed_of(i, count, found));
    is_found = true;
    for (int32_t each = chain.first; each != kNone; each = trails_.sighting(each).older) trails_.discount(each, bit);
    if (check.quiet > 0) trails_.silence(row, i, found.latest_at + check.quiet);
  }
  return is_found;
}

double Windows::latest_of(Chain chain) const {
  for (int32_t i = chain.first; i != kNone; i = trails_.sighting(i).older) {
    if ((trails_.sighting(i).checks & chain.bit) != 0) return trails_.sighting(i).at;
  }
  return 0;
}

double Windows::review(Chain chain, size_t check, double from, uint32_t value) {
  switch (checks_[check].measure) {
    case Measure::events: return review_events(chain, from, checks_[check].keeps);
    case Measure::values: return review_values(chain, from, value);
    default: return review_tries(chain, from, check);
  }
}

// What is in the window stays in the set; of that the newest that together reach `keeps`.
double Windows::review_events(Chain chain, double from, double keeps) {
  double sum = 0;
  for (int32_t i = chain.first; i != kNone; i = trails_.sighting(i).older) {
    const Sighting& sighting = trails_.sighting(i);
    if ((sighting.checks & chain.bit) == 0) continue;
    if (sighting.at <= from || sum >= keeps) trails_.discount(i, chain.bit);
    else sum += sighting.weight;
  }
  return sum;
}

// Of the value that came in, the newest stays.
double Windows::review_values(Chain chain, double from, uint32_t value) {
  double count = 0;
  bool is_there = false;
  for (int32_t i = chain.first; i != kNone; i = trails_.sighting(i).older) {
    const Sighting& sighting = trails_.sighting(i);
    if ((sighting.checks & chain.bit) == 0) continue;
    const bool is_value = sighting.value == value;
    if (sighting.at <= from || (is_value && is_there)) {
      trails_.discount(i, chain.bit);
      continue;
    }
    if (is_value) is_there = true;
    count++;
  }
  return count;
}

// Of each value the newest that together pass the limit stay, or all; and of all the newest `keeps`.
double Windows::review_tries(Chain chain, double from, size_t check) {
  const auto& [keeps, limit] = std::pair(checks_[check].keeps, checks_[check].tries_at_most);
  Tries& tries = tries_[check];
  tries.clear();
  double held = 0;
  for (int32_t i = chain.first; i != kNone; i = trails_.sighting(i).older) {
    const Sighting& sighting = trails_.sighting(i);
    if ((sighting.checks & chain.bit) == 0) continue;
    if (sighting.at <= from || held == keeps || tries.of(sighting.value) > limit) {
      trails_.discount(i, chain.bit);
      continue;
    }
    tries.add(sighting.value, sighting.weight);
    held++;
  }
  return static_cast<double>(tries.at_most(limit));
}

// What of a set is within `(from, to]`; with tries, as a review left them, what came too often is not gathered.
Windows::Gathered Windows::gather(Chain chain, double from, double to, size_t check) const {
  const bool by_tries = checks_[check].measure == Measure::tries;
  Gathered found;
  for (int32_t i = chain.first; i != kNone; i = trails_.sighting(i).older) {
    const Sighting& sighting = trails_.sighting(i);
    if ((sighting.checks & chain.bit) == 0 || sighting.at <= from || sighting.at > to) continue;
    if (by_tries && tries_[check].of(sighting.value) > checks_[check].tries_at_most) continue;
    if (found.oldest == kNone) found.latest_at = sighting.at;
    found.oldest = i;
    found.weight += sighting.weight;
    found.provenance = std::max(found.provenance, sighting.provenance);
    if (sighting.value != 0) found.values.push_back(sighting.value);
  }
  return found;
}

Completed Windows::completed_of(size_t check, double count, const Gathered& found) const {
  const Sighting& oldest = trails_.sighting(found.oldest);
  Completed completed{check, count, trails_.texts.of(oldest.source), oldest.offset, oldest.at, found.latest_at, found.provenance, {}, {}};
  if (!trails_.settings().values_are_texts) completed.numbers = found.values;
  else for (const uint32_t value : found.values) completed.texts.push_back(trails_.texts.of(value));
  return completed;
}

}  // namespace bartizan::windows
