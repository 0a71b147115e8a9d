// Which rows of a block have a word of the message, in the form that actors/segments/word-rows.ts tells of and reads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bytes.h"
#include "terms.h"

namespace bartizan::blocks {

class WordRows {
 public:
  WordRows() : slots_(kFew) {}
  void clear();
  // Rows must come in order, below 2^16.
  void add(uint16_t row, std::span<const uint8_t> message);
  // Every word, listed or not.
  void add_to(TermSet& terms) const;
  void write(Bytes& out) const;

 private:
  static constexpr size_t kFew = 1 << 14;

  struct Word {
    uint32_t term;
    // Row that had it last, counted from 1.
    uint32_t last;
    uint32_t count;
  };

  void note(uint16_t row, uint32_t term);
  uint32_t word_of(uint32_t term);
  void grow();
  std::vector<uint32_t> listed() const;

  // Open addressing over words_: the number of the word, counted from 1.
  std::vector<uint32_t> slots_;
  std::vector<Word> words_;
  // Word and row of each occurrence, in the order of the rows.
  std::vector<uint32_t> occurring_;
  std::vector<uint16_t> rows_;
};

}  // namespace bartizan::blocks
