#include "terms.h"

#include <algorithm>

namespace bartizan::blocks {
namespace {

constexpr uint32_t kFieldSeed = 0x2f0b4a27u;
// Ten bits a term and seven hashes, as actors/segments/bloom.ts says.
constexpr size_t kBitsPerTerm = 10;
constexpr int kHashes = 7;
constexpr size_t kLeastBits = 64;

uint32_t hashed(uint32_t hash, uint32_t unit) { return (hash ^ unit) * kFnvPrime; }

uint32_t folded(char16_t unit) { return unit >= u'A' && unit <= u'Z' ? unit + 0x20u : unit; }

uint32_t field_hash(std::u16string_view field) {
  uint32_t hash = kFieldSeed;
  for (const char16_t unit : field) hash = hashed(hash, unit);
  return hashed(hash, u'=');
}

uint32_t value_hash(uint32_t hash, std::u16string_view value) {
  for (const char16_t unit : value) hash = hashed(hash, folded(unit));
  return hash;
}

}  // namespace

uint32_t field_term(std::u16string_view field, std::u16string_view value) {
  return mixed(value_hash(field_hash(field), value));
}

uint32_t network4_term(std::u16string_view field, std::u16string_view address) {
  const size_t dot = address.rfind(u'.');
  // Of what is no address all but the last unit, as String.prototype.slice counts.
  const size_t length = dot != address.npos ? dot : address.empty() ? 0 : address.size() - 1;
  return mixed(value_hash(value_hash(field_hash(field), address.substr(0, length)), u".0/24"));
}

void TermSet::clear() {
  if (slots_.size() > kManySlots) slots_ = std::vector<uint32_t>(kFewSlots);
  else if (size_ > 0) std::ranges::fill(slots_, 0u);
  size_ = 0;
}

void TermSet::add(uint32_t term) {
  const size_t mask = slots_.size() - 1;
  size_t slot = term & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    if (slots_[slot] == term) return;
  }
  slots_[slot] = term;
  if (++size_ * 2 <= slots_.size()) return;
  std::vector<uint32_t> before(slots_.size() * 2);
  before.swap(slots_);
  for (const uint32_t old : before) {
    if (old != 0) place(old);
  }
}

void TermSet::place(uint32_t term) {
  const size_t mask = slots_.size() - 1;
  size_t slot = term & mask;
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = term;
}

std::vector<int32_t> TermSet::list() const {
  std::vector<int32_t> terms;
  terms.reserve(size_);
  for (const uint32_t term : slots_) {
    if (term != 0) terms.push_back(static_cast<int32_t>(term));
  }
  return terms;
}

std::vector<uint8_t> TermSet::bloom() const {
  const size_t bits = std::max(kLeastBits, (size_ * kBitsPerTerm + 7) / 8 * 8);
  std::vector<uint8_t> bloom(bits / 8);
  for (const uint32_t term : slots_) {
    if (term == 0) continue;
    const uint32_t step = ((term ^ (term >> 15)) * 0x2c1b3c6du) | 1;
    uint32_t hash = term;
    for (int i = 0; i < kHashes; i++, hash += step) {
      // In floating point, since that is how it is asked for: with very many bits the product is rounded.
      const auto bit = static_cast<size_t>(static_cast<double>(hash) * static_cast<double>(bits) * 0x1p-32);
      bloom[bit >> 3] = static_cast<uint8_t>(bloom[bit >> 3] | (1u << (bit & 7)));
    }
  }
  return bloom;
}

}  // namespace bartizan::blocks
