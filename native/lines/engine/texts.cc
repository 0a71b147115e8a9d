#include "texts.h"

#include "sip-hash.h"

namespace bartizan::lines {
namespace {

uint32_t hash_of(std::string_view text) { return static_cast<uint32_t>(sip_hash(std::as_bytes(std::span(text)), SipKey::of_process())); }

}  // namespace

uint32_t Texts::number(std::string_view text, bool& fresh) {
  const uint32_t hash = hash_of(text);
  const size_t mask = slots_.size() - 1;
  size_t slot = hash & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const Place& place = places_[slots_[slot] - 1];
    if (place.hash != hash || place.length != text.size()) continue;
    if (of(place) == text) {
      fresh = false;
      return slots_[slot];
    }
  }
  fresh = true;
  places_.push_back({hash, static_cast<uint32_t>(held_.size()), static_cast<uint32_t>(text.size())});
  held_.insert(held_.end(), text.begin(), text.end());
  const auto number = static_cast<uint32_t>(places_.size());
  slots_[slot] = number;
  if (places_.size() * 2 > slots_.size()) grow();
  return number;
}

void Texts::clear() {
  slots_ = std::vector<uint32_t>(kFew);
  // Given back: a flood of long names is not to be paid for ever.
  std::vector<Place>().swap(places_);
  std::vector<char>().swap(held_);
}

void Texts::grow() {
  slots_ = std::vector<uint32_t>(slots_.size() * 2);
  const size_t mask = slots_.size() - 1;
  for (size_t i = 0; i < places_.size(); i++) {
    size_t slot = places_[i].hash & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<uint32_t>(i + 1);
  }
}

}  // namespace bartizan::lines
