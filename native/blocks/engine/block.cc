#include "block.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "columns.h"

namespace bartizan::blocks {
namespace {

// Rows are written as 16 bits.
constexpr uint32_t kMostRows = 1 << 16;
// Stored lengths are of 32 bits; what comes near it is no block.
constexpr size_t kMostBytes = size_t{1} << 30;

bool is_sound_dictionary(const Column& column, const Rows& rows) {
  if (column.ids.size() < rows.to || column.texts.size() > 0xffff) return false;
  for (uint32_t row = rows.from; row < rows.to; row++) {
    if (column.ids[row] > column.texts.size()) return false;
  }
  return column.texts.units.size() <= kMostBytes;
}

bool is_sound_text(const Column& column, const Rows& rows) {
  if (column.ends.size() < rows.to || column.bytes.size() > kMostBytes) return false;
  uint32_t before = 0;
  for (uint32_t row = 0; row < rows.to; row++) {
    if (column.ends[row] < before || column.ends[row] > column.bytes.size()) return false;
    before = column.ends[row];
  }
  return true;
}

bool is_sound(const Column& column, const Rows& rows) {
  if (column.group >= rows.groups || column.group == rows.words) return false;
  switch (column.kind) {
    case Kind::dictionary: return is_sound_dictionary(column, rows);
    case Kind::number: return column.values.size() >= rows.to;
    case Kind::steps:
      return column.values.size() >= rows.to && (column.lanes.empty() || column.lanes.size() >= rows.to);
    case Kind::bytes: return is_sound_text(column, rows);
  }
  return false;
}

// As Math.min and Math.max: not a number is passed on, and −0 is less than 0.
double lesser(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

void write_group(uint8_t group, const std::vector<const Column*>& present, const Rows& rows, Bytes& out) {
  const auto is_here = [group](const Column* column) { return column->group == group; };
  out.u16(static_cast<uint16_t>(std::ranges::count_if(present, is_here)));
  for (const Column* column : present) {
    if (!is_here(column)) continue;
    out.u8(column->id);
    if (column->named) {
      out.varint(utf8_length(column->name));
      put_utf8(column->name, out);
    }
    const size_t head = out.size();
    out.u32(0);
    out.u8(0);
    const size_t start = out.size();
    const Encoding encoding = write(*column, rows.from, rows.to, out);
    out.set_u32(head, static_cast<uint32_t>(out.size() - start));
    out.set_u8(head + 4, static_cast<uint8_t>(encoding));
  }
}

}  // namespace

const char* flaw_of(const Rows& rows) {
  if (rows.from > rows.to || rows.to > kMostRows) return "no such rows";
  if (rows.groups > 0xff || rows.words >= rows.groups) return "no such group";
  if (rows.columns.size() > 0xffff) return "too many columns";
  if (rows.columns.empty() || rows.columns.front().kind != Kind::steps) return "the first column must be the moments";
  const auto texts = std::ranges::count(rows.columns, Kind::bytes, &Column::kind);
  if (texts > 1) return "more than one column of messages";
  for (const Column& column : rows.columns) {
    if (!is_sound(column, rows)) return "a column that does not hold the rows";
  }
  return nullptr;
}

Parts Packer::pack(const Rows& rows, const TakeGroup& take) {
  Parts parts;
  terms_.clear();
  words_.clear();
  if (rows.final) gather_terms(rows);
  std::vector<const Column*> present;
  std::array<bool, 256> seen{};
  for (const Column& column : rows.columns) {
    if (!occurs(column, rows.from, rows.to)) continue;
    present.push_back(&column);
    if (!seen[column.id]) parts.columns.push_back(column.id);
    seen[column.id] = true;
    if (column.kind == Kind::number) parts.extents.push_back(*extent_of(column, rows.from, rows.to));
  }
  parts.least_at = std::numeric_limits<double>::infinity();
  parts.most_at = -parts.least_at;
  for (const double at : rows.columns.front().values.subspan(rows.from, rows.to - rows.from)) {
    parts.least_at = lesser(parts.least_at, at);
    parts.most_at = -lesser(-parts.most_at, -at);
  }
  for (uint32_t group = 0; group < rows.groups; group++) {
    group_.clear();
    if (group != rows.words) write_group(static_cast<uint8_t>(group), present, rows, group_);
    else if (rows.final) words_.write(group_);
    take(group_.view());
  }
  if (!rows.final) return parts;
  parts.bloom = terms_.bloom();
  parts.terms = terms_.list();
  return parts;
}

void Packer::gather_terms(const Rows& rows) {
  for (const Column& column : rows.columns) {
    if (column.kind != Kind::bytes) continue;
    for (uint32_t row = rows.from; row < rows.to; row++) {
      const uint32_t start = row == 0 ? 0 : column.ends[row - 1];
      words_.add(static_cast<uint16_t>(row - rows.from), column.bytes.subspan(start, column.ends[row] - start));
    }
  }
  words_.add_to(terms_);
  for (const Column& column : rows.columns) {
    if (column.kind != Kind::dictionary || !column.indexed) continue;
    for (size_t i = 0; i < column.texts.size(); i++) {
      const std::u16string_view text = column.texts.at(i);
      terms_.add(field_term(column.field, text));
      // Networks of the other family are told with the column.
      if (column.addresses && text.find(u':') == text.npos) terms_.add(network4_term(column.field, text));
    }
    for (const int32_t term : column.terms) {
      if (term != 0) terms_.add(static_cast<uint32_t>(term));
    }
  }
}

}  // namespace bartizan::blocks
