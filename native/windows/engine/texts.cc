#include "texts.h"

#include "../../lines/engine/sip-hash.h"
#include "grown.h"

namespace bartizan::windows {
namespace {

// As core/detect/trail/texts.ts has it: both count the same.
constexpr double kTextBytes = 112;

}  // namespace

uint32_t hash_of(std::u16string_view text) { return static_cast<uint32_t>(sip_hash(std::as_bytes(std::span(text)), SipKey::of_process())); }

double Texts::size_of(const std::u16string& text) { return kTextBytes + 2 * static_cast<double>(text.size()); }

uint32_t Texts::hold(std::u16string_view text, uint32_t hash) {
  const uint32_t known = find(text, hash);
  const uint32_t id = known != kNoText ? known : add(text, hash);
  held_[id].references++;
  return id;
}

void Texts::release(uint32_t id) {
  if (id == kNoText || --held_[id].references > 0) return;
  unplace(id);
  bytes_ -= size_of(held_[id].text);
  // Assigning an empty one would keep its memory.
  std::u16string().swap(held_[id].text);
  free_.push_back(id);
}

uint32_t Texts::find(std::u16string_view text, uint32_t hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const Held& held = held_[slots_[slot]];
    if (held.hash == hash && held.text == text) return slots_[slot];
  }
  return kNoText;
}

uint32_t Texts::add(std::u16string_view text, uint32_t hash) {
  uint32_t id;
  if (free_.empty()) {
    id = static_cast<uint32_t>(held_.size());
    append(held_, Held{});
  } else {
    id = free_.back();
    free_.pop_back();
  }
  held_[id] = {std::u16string(text), hash, 0};
  bytes_ += size_of(held_[id].text);
  if (2 * ++size_ > slots_.size()) {
    slots_ = std::vector<uint32_t>(slots_.size() * 2);
    for (uint32_t other = 1; other < held_.size(); other++) {
      if (other != id && held_[other].references > 0) place(other);
    }
  }
  place(id);
  return id;
}

void Texts::place(uint32_t id) {
  const size_t mask = slots_.size() - 1;
  size_t slot = home_of(id);
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = id;
}

void Texts::unplace(uint32_t id) {
  const size_t mask = slots_.size() - 1;
  size_t hole = home_of(id);
  while (slots_[hole] != id) hole = (hole + 1) & mask;
  size_--;
  // What was pushed behind its place by the one that goes moves up, so that no gap hides it.
  for (size_t slot = (hole + 1) & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const size_t home = home_of(slots_[slot]);
    if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
    slots_[hole] = slots_[slot];
    hole = slot;
  }
  slots_[hole] = 0;
}

}  // namespace bartizan::windows
