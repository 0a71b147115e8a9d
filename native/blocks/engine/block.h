// The raw parts of a block of lines, out of their columns: what actors/segments/plain-blocks.ts makes, byte for byte.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.h"
#include "terms.h"
#include "words.h"

namespace bartizan::blocks {

enum class Kind : uint8_t { dictionary, number, steps, bytes };

// Texts in UTF-16 one behind the other, each with where it ends.
struct Texts {
  std::u16string units;
  std::vector<uint32_t> ends;

  size_t size() const { return ends.size(); }
  std::u16string_view at(size_t i) const {
    const uint32_t start = i == 0 ? 0 : ends[i - 1];
    return std::u16string_view(units).substr(start, ends[i] - start);
  }
};

// What is gathered of one column; which of it counts is for `kind` to say. Nothing is owned but texts: the arrays are the
// caller's, one element a row, and may be longer than the rows.
struct Column {
  Kind kind = Kind::number;
  uint8_t id = 0;
  // Index of the group that it is stored in.
  uint8_t group = 0;
  // dictionary: each row's text counted from 1, 0 for none.
  std::span<const uint16_t> ids;
  Texts texts;
  // Of a column that goes by its name.
  bool named = false;
  std::u16string name;
  // Field under which the texts are terms; whether a text is an address, whose network is a term too.
  bool indexed = false;
  bool addresses = false;
  std::u16string field;
  std::span<const int32_t> terms;
  // number: NaN for none. steps: one in every row, which goes on where the last of the same lane was.
  std::span<const double> values;
  std::span<const uint16_t> lanes;
  // bytes
  std::span<const uint8_t> bytes;
  std::span<const uint32_t> ends;
};

// Rows [from, to) of columns. The first column must be the moments, as steps.
struct Rows {
  std::vector<Column> columns;
  uint32_t from = 0;
  uint32_t to = 0;
  uint32_t groups = 0;
  // The group that says which rows have a word.
  uint32_t words = 0;
  // With a bloom, and with the rows of words.
  bool final = false;
};

struct Extent {
  uint8_t id;
  double least;
  double most;
};

struct Parts {
  double least_at = 0;
  double most_at = 0;
  std::vector<uint8_t> columns;
  std::vector<Extent> extents;
  std::vector<uint8_t> bloom;
  std::vector<int32_t> terms;
};

// Who is given the groups, one after the other. The bytes are there until it returns.
using TakeGroup = std::function<void(std::span<const uint8_t> raw)>;

// Why the rows are not what `Packer` may be given; null when they are.
const char* flaw_of(const Rows& rows);

// Packs rows; what it needs is kept for the next time. Not thread-safe.
class Packer {
 public:
  // The rows must have no flaw.
  Parts pack(const Rows& rows, const TakeGroup& take);

 private:
  void gather_terms(const Rows& rows);

  WordRows words_;
  TermSet terms_;
  Bytes group_;
};

}  // namespace bartizan::blocks
