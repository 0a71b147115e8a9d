#include "words.h"

#include <algorithm>

namespace bartizan::blocks {
namespace {

// Rows that a word must have to be listed.
constexpr uint32_t kLeastRows = 2;

}  // namespace

void WordRows::clear() {
  if (!words_.empty()) std::ranges::fill(slots_, 0u);
  words_.clear();
  occurring_.clear();
  rows_.clear();
}

void WordRows::add(uint16_t row, std::span<const uint8_t> message) {
  each_word(message, [this, row](uint32_t term) { note(row, term); });
}

void WordRows::add_to(TermSet& terms) const {
  for (const Word& word : words_) terms.add(word.term);
}

void WordRows::write(Bytes& out) const {
  std::vector<uint32_t> next(words_.size());
  uint32_t at = 0;
  for (size_t word = 0; word < words_.size(); at += words_[word++].count) next[word] = at;
  std::vector<uint16_t> sorted(rows_.size());
  for (size_t i = 0; i < rows_.size(); i++) sorted[next[occurring_[i]]++] = rows_[i];

  const std::vector<uint32_t> words = listed();
  out.u32(static_cast<uint32_t>(words.size()));
  uint32_t before = 0;
  for (const uint32_t word : words) {
    out.varint(words_[word].term - before);
    before = words_[word].term;
  }
  const size_t lengths = out.size();
  for (size_t i = 0; i < words.size(); i++) out.u32(0);
  for (size_t i = 0; i < words.size(); i++) {
    const size_t from = out.size();
    const Word& word = words_[words[i]];
    // What was the word's first place is now the one behind its last.
    uint16_t last = 0;
    for (uint32_t place = next[words[i]] - word.count; place < next[words[i]]; place++) {
      out.varint(static_cast<uint64_t>(sorted[place] - last));
      last = sorted[place];
    }
    out.set_u32(lengths + i * 4, static_cast<uint32_t>(out.size() - from));
  }
}

void WordRows::note(uint16_t row, uint32_t term) {
  const uint32_t number = word_of(term);
  Word& word = words_[number];
  if (word.last == row + 1u) return;
  word.last = row + 1u;
  word.count++;
  rows_.push_back(row);
  occurring_.push_back(number);
}

uint32_t WordRows::word_of(uint32_t term) {
  const size_t mask = slots_.size() - 1;
  size_t slot = term & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    if (words_[slots_[slot] - 1].term == term) return slots_[slot] - 1;
  }
  const auto word = static_cast<uint32_t>(words_.size());
  slots_[slot] = word + 1;
  words_.push_back({.term = term, .last = 0, .count = 0});
  if (words_.size() * 2 > slots_.size()) grow();
  return word;
}

void WordRows::grow() {
  slots_ = std::vector<uint32_t>(slots_.size() * 2);
  const size_t mask = slots_.size() - 1;
  for (size_t word = 0; word < words_.size(); word++) {
    size_t slot = words_[word].term & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<uint32_t>(word + 1);
  }
}

std::vector<uint32_t> WordRows::listed() const {
  std::vector<uint32_t> words;
  for (size_t word = 0; word < words_.size(); word++) {
    if (words_[word].count >= kLeastRows) words.push_back(static_cast<uint32_t>(word));
  }
  std::ranges::sort(words, {}, [this](uint32_t word) { return words_[word].term; });
  return words;
}

}  // namespace bartizan::blocks
