// What blooms hold: 32-bit hashes of words of messages and of field values, as core/query/terms.ts makes them. Whoever
// searches asks there, so the two must agree to the bit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace bartizan::blocks {

// Spreads a hash over all bits. Never 0, which stands for nothing.
inline uint32_t mixed(uint32_t hash) {
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35u;
  hash ^= hash >> 16;
  return hash == 0 ? 1 : hash;
}

// Of a field's value in UTF-16; the case of ASCII letters does not matter.
uint32_t field_term(std::u16string_view field, std::u16string_view value);

// Of the /24 of a canonical IPv4 address.
uint32_t network4_term(std::u16string_view field, std::u16string_view address);

inline constexpr uint32_t kFnvPrime = 0x01000193u;
inline constexpr uint32_t kWordSeed = 0x811c9dc5u;

// Of each byte: 0 outside words, else the folded byte and what kind it is.
inline constexpr uint16_t kLetter = 0x100;
inline constexpr uint16_t kBeyond = 0x200;
inline constexpr uint16_t kDigit = 0x400;

constexpr std::array<uint16_t, 256> word_units() {
  std::array<uint16_t, 256> units{};
  for (unsigned byte = 0; byte < 256; byte++) {
    if (byte >= 0x80) units[byte] = static_cast<uint16_t>(kBeyond | byte);
    else if (byte >= '0' && byte <= '9') units[byte] = static_cast<uint16_t>(kDigit | byte);
    else if (byte >= 'A' && byte <= 'Z') units[byte] = static_cast<uint16_t>(kLetter | (byte + 0x20));
    else if ((byte >= 'a' && byte <= 'z') || byte == '_') units[byte] = static_cast<uint16_t>(kLetter | byte);
  }
  return units;
}

inline constexpr std::array<uint16_t, 256> kWordUnits = word_units();

// Visits the terms of UTF-8 bytes, each as often as it stands there: of every ASCII word, and of numbers joined by single
// dots each four in a row.
template <class Visit>
void each_word(std::span<const uint8_t> bytes, Visit&& visit) {
  uint32_t hash = kWordSeed;
  size_t from = 0;
  // Numbers in a row that are joined by single dots, the last three of them, and of which kinds the word's bytes are.
  uint32_t run = 0, a = 0, b = 0, c = 0;
  uint16_t kinds = 0;
  for (size_t i = 0; i <= bytes.size(); i++) {
    const uint16_t unit = i < bytes.size() ? kWordUnits[bytes[i]] : 0;
    if (unit != 0) {
      hash = (hash ^ (unit & 0xff)) * kFnvPrime;
      kinds |= unit;
      continue;
    }
    if (i > from) {
      if ((kinds & kBeyond) == 0) visit(mixed(hash));
      run = (kinds & (kLetter | kBeyond)) != 0 ? 0 : run + 1;
      if (run >= 4) visit(mixed(((a * 31 + b) * 31 + c) * 31 + hash + 1));
      a = b;
      b = c;
      c = hash;
      // The next number goes on with the row only behind this one's single dot.
      if (i >= bytes.size() || bytes[i] != '.') run = 0;
    } else {
      run = 0;
    }
    hash = kWordSeed;
    kinds = 0;
    from = i + 1;
  }
}

// Different terms, by open addressing; 0 is an empty slot and no term.
class TermSet {
 public:
  TermSet() : slots_(kFewSlots) {}
  void clear();
  void add(uint32_t term);
  size_t size() const { return size_; }
  std::vector<int32_t> list() const;
  // A bloom filter over them, in whole bytes: as actors/segments/bloom.ts reads it.
  std::vector<uint8_t> bloom() const;

 private:
  static constexpr size_t kFewSlots = 1 << 8;
  // What a set keeps for its next use.
  static constexpr size_t kManySlots = 1 << 16;
  void place(uint32_t term);

  std::vector<uint32_t> slots_;
  size_t size_ = 0;
};

}  // namespace bartizan::blocks
