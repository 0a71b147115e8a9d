#include "texts.h"

namespace bartizan::lines {
namespace {

// FNV-1a from a number of chance on: who chooses texts cannot choose which collide.
uint32_t hash_of(std::string_view text, uint32_t seed) {
  uint32_t hash = seed;
  for (const char byte : text) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x01000193u;
  hash ^= hash >> 15;
  return hash * 0x2c1b3c6du;
}

}  // namespace

uint32_t Texts::number(std::string_view text, bool& fresh) {
  const uint32_t hash = hash_of(text, seed_);
  const size_t mask = slots_.size() - 1;
  size_t slot = hash & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const Place& place = places_[slots_[slot] - 1];
    if (place.hash != hash || place.length != text.size()) continue;
    if (std::string_view(held_.data() + place.start, place.length) == text) {
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
  places_ = {};
  held_ = {};
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
