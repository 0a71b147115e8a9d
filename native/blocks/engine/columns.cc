#include "columns.h"

#include <cmath>
#include <limits>

namespace bartizan::blocks {
namespace {

// Twice a step must be a safe integer of JavaScript's.
constexpr double kMostStepped = 0x1p51;
constexpr char32_t kReplacement = 0xfffd;

char32_t next_of(std::u16string_view text, size_t& at) {
  const char16_t unit = text[at++];
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  if (unit > 0xdbff || at == text.size() || text[at] < 0xdc00 || text[at] > 0xdfff) return kReplacement;
  return 0x10000u + ((unit - 0xd800u) << 10) + (text[at++] - 0xdc00u);
}

size_t length_of(char32_t point) { return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4; }

Encoding write_dictionary(const Column& column, uint32_t from, uint32_t to, Bytes& out) {
  const auto taken = column.ids.subspan(from, to - from);
  // Only the texts of these rows, in the order in which they first occur.
  std::vector<uint16_t> renumbered(column.texts.size() + 1);
  std::vector<uint16_t> used;
  for (const uint16_t id : taken) {
    if (id == 0 || renumbered[id] != 0) continue;
    used.push_back(id);
    renumbered[id] = static_cast<uint16_t>(used.size());
  }
  out.u16(static_cast<uint16_t>(used.size()));
  for (const uint16_t id : used) out.varint(utf8_length(column.texts.at(id - 1u)));
  for (const uint16_t id : used) put_utf8(column.texts.at(id - 1u), out);
  if (used.size() > 0xff) {
    out.each<uint16_t>(taken, [&renumbered](uint16_t id) { return renumbered[id]; });
    return Encoding::dictionary16;
  }
  out.each<uint8_t>(taken, [&renumbered](uint16_t id) { return static_cast<uint8_t>(renumbered[id]); });
  return Encoding::dictionary8;
}

template <class Stored>
void put_numbers(std::span<const double> values, Bytes& out) {
  out.each<Stored>(values, [](double value) { return value >= 0 ? static_cast<Stored>(value + 1) : Stored{0}; });
}

// The largest value, none counting as 0; nothing where not all of them are whole and positive.
std::optional<double> most_of(std::span<const double> values) {
  double most = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    if (std::isinf(value) || std::trunc(value) != value || value < 0) return std::nullopt;
    if (value > most) most = value;
  }
  return most;
}

Encoding write_numbers(const Column& column, uint32_t from, uint32_t to, Bytes& out) {
  const auto values = column.values.subspan(from, to - from);
  const std::optional<double> most = most_of(values);
  if (!most || *most >= 0xffffffffu) {
    out.raw(values);
    return Encoding::real;
  }
  if (*most < 0xff) return put_numbers<uint8_t>(values, out), Encoding::int8;
  if (*most < 0xffff) return put_numbers<uint16_t>(values, out), Encoding::int16;
  return put_numbers<uint32_t>(values, out), Encoding::int32;
}

bool has_steps(std::span<const double> values) {
  for (const double value : values) {
    if (!(value >= 0 && value <= kMostStepped && std::trunc(value) == value)) return false;
  }
  return true;
}

Encoding write_steps(const Column& column, uint32_t from, uint32_t to, Bytes& out) {
  const auto values = column.values.subspan(from, to - from);
  if (!has_steps(values)) {
    out.raw(values);
    return Encoding::real;
  }
  std::vector<int64_t> before(1);
  for (size_t i = 0; i < values.size(); i++) {
    const size_t lane = column.lanes.empty() ? 0 : column.lanes[from + i];
    if (lane >= before.size()) before.resize(lane + 1);
    const auto value = static_cast<int64_t>(values[i]);
    const int64_t step = value - before[lane];
    before[lane] = value;
    out.varint(static_cast<uint64_t>(step >= 0 ? step * 2 : -step * 2 - 1));
  }
  return Encoding::steps;
}

Encoding write_bytes(const Column& column, uint32_t from, uint32_t to, Bytes& out) {
  const uint32_t first = from == 0 ? 0 : column.ends[from - 1];
  uint32_t start = first;
  for (uint32_t row = from; row < to; row++) {
    out.varint(column.ends[row] - start);
    start = column.ends[row];
  }
  out.raw(column.bytes.subspan(first, start - first));
  return Encoding::bytes;
}

}  // namespace

size_t utf8_length(std::u16string_view text) {
  size_t length = 0;
  for (size_t at = 0; at < text.size();) length += length_of(next_of(text, at));
  return length;
}

void put_utf8(std::u16string_view text, Bytes& out) {
  for (size_t at = 0; at < text.size();) {
    const char32_t point = next_of(text, at);
    const size_t length = length_of(point);
    if (length == 1) {
      out.u8(static_cast<uint8_t>(point));
      continue;
    }
    static constexpr uint8_t kLeads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out.u8(static_cast<uint8_t>(kLeads[length] | (point >> (6 * (length - 1)))));
    for (size_t left = length - 1; left > 0; left--) {
      out.u8(static_cast<uint8_t>(0x80 | ((point >> (6 * (left - 1))) & 0x3f)));
    }
  }
}

bool occurs(const Column& column, uint32_t from, uint32_t to) {
  if (column.kind == Kind::number) return extent_of(column, from, to).has_value();
  if (column.kind != Kind::dictionary) return true;
  for (uint32_t row = from; row < to; row++) {
    if (column.ids[row] != 0) return true;
  }
  return false;
}

std::optional<Extent> extent_of(const Column& column, uint32_t from, uint32_t to) {
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  for (uint32_t row = from; row < to; row++) {
    const double value = column.values[row];
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least > most) return std::nullopt;
  return Extent{.id = column.id, .least = least, .most = most};
}

Encoding write(const Column& column, uint32_t from, uint32_t to, Bytes& out) {
  switch (column.kind) {
    case Kind::dictionary: return write_dictionary(column, from, to, out);
    case Kind::number: return write_numbers(column, from, to, out);
    case Kind::steps: return write_steps(column, from, to, out);
    case Kind::bytes: return write_bytes(column, from, to, out);
  }
  __builtin_unreachable();
}

}  // namespace bartizan::blocks
