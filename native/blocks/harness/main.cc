// Throws columns at the engine, sound ones and damaged ones, with nothing of Node in the process, so that AddressSanitizer
// and UBSan see all of it: harness SECONDS SEED. Every array is as long as it says and not a byte longer.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>

#include "../engine/block.h"

namespace bartizan::blocks {
namespace {

class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(engine_() % n); }
  bool one_in(uint32_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

// The arrays that columns look at.
class Arrays {
 public:
  template <class T, class Make>
  std::span<const T> of(size_t length, Make make) {
    auto array = std::make_shared<std::unique_ptr<T[]>>(std::make_unique<T[]>(length));
    for (size_t i = 0; i < length; i++) (*array)[i] = make(i);
    held_.push_back(array);
    return {array->get(), length};
  }

 private:
  std::vector<std::shared_ptr<void>> held_;
};

double any_number(Chance& chance) {
  static constexpr double kOdd[] = {-0.0, -1, 0.5, 254, 255, 65'534, 65'535, 4'294'967'294.0, 4'294'967'295.0, 0x1p51, 0x1p53, 1e300,
                                    -1e300, std::numeric_limits<double>::infinity()};
  if (chance.one_in(8)) return std::nan("");
  return chance.one_in(40) ? kOdd[chance.below(std::size(kOdd))] : chance.below(70'000);
}

std::u16string any_text(Chance& chance, uint32_t most) {
  std::u16string text(chance.below(most + 1), u'a');
  for (char16_t& unit : text) {
    if (chance.one_in(3)) unit = static_cast<char16_t>(chance.one_in(4) ? 0xd7f0 + chance.below(0x900) : u'.' + chance.below(80));
  }
  return text;
}

void fill_dictionary(Column& column, Chance& chance, Arrays& arrays, size_t length) {
  const uint32_t texts = chance.below(600);
  for (uint32_t i = 0; i < texts; i++) {
    column.texts.units += any_text(chance, 12);
    column.texts.ends.push_back(static_cast<uint32_t>(column.texts.units.size()));
  }
  const uint32_t beyond = chance.one_in(300) ? 3 : 1;
  column.ids = arrays.of<uint16_t>(length, [&](size_t) { return static_cast<uint16_t>(chance.below(texts + beyond)); });
  column.named = chance.one_in(3);
  column.name = any_text(chance, 9);
  column.indexed = chance.one_in(2);
  column.addresses = chance.one_in(2);
  column.field = u"ip";
  column.terms = arrays.of<int32_t>(chance.below(4), [&](size_t) { return static_cast<int32_t>(chance.below(9)) - 4; });
}

void fill_bytes(Column& column, Chance& chance, Arrays& arrays, size_t length) {
  std::vector<uint32_t> ends;
  uint32_t end = 0;
  for (size_t i = 0; i < length; i++) ends.push_back(end += chance.below(90));
  if (!ends.empty() && chance.one_in(40)) ends[chance.below(static_cast<uint32_t>(length))] = chance.below(1u << 31);
  column.ends = arrays.of<uint32_t>(length, [&](size_t i) { return ends[i]; });
  column.bytes = arrays.of<uint8_t>(end, [&](size_t) {
    return static_cast<uint8_t>(chance.one_in(5) ? " .:/["[chance.below(5)] : chance.one_in(9) ? chance.below(256) : '0' + chance.below(75));
  });
}

Column any_column(Chance& chance, Arrays& arrays, const Rows& rows, Kind kind) {
  Column column;
  column.kind = kind;
  column.id = static_cast<uint8_t>(chance.below(256));
  column.group = static_cast<uint8_t>(chance.below(chance.one_in(200) ? 9 : 4));
  const size_t length = chance.one_in(200) ? chance.below(rows.to + 1) : rows.to + chance.below(3);
  switch (kind) {
    case Kind::dictionary: fill_dictionary(column, chance, arrays, length); break;
    case Kind::bytes: fill_bytes(column, chance, arrays, length); break;
    default: column.values = arrays.of<double>(length, [&](size_t) { return any_number(chance); });
  }
  if (kind != Kind::steps) return column;
  if (chance.one_in(2)) column.values = arrays.of<double>(length, [&](size_t) { return chance.below(1u << 31); });
  if (chance.one_in(2)) column.lanes = arrays.of<uint16_t>(length, [&](size_t) { return static_cast<uint16_t>(chance.below(1 << 16)); });
  return column;
}

Rows any_rows(Chance& chance, Arrays& arrays) {
  Rows rows;
  rows.to = chance.below(chance.one_in(20) ? 4'097 : 60);
  rows.from = chance.one_in(3) ? chance.below(rows.to + (chance.one_in(50) ? 9 : 1)) : 0;
  rows.groups = 5;
  rows.words = 4;
  rows.final = chance.one_in(2);
  rows.columns.push_back(any_column(chance, arrays, rows, Kind::steps));
  const uint32_t more = chance.below(8);
  for (uint32_t i = 0; i < more; i++) {
    rows.columns.push_back(any_column(chance, arrays, rows, static_cast<Kind>(chance.below(3))));
  }
  if (!chance.one_in(4)) rows.columns.push_back(any_column(chance, arrays, rows, Kind::bytes));
  return rows;
}

int run(double seconds, uint64_t seed) {
  Chance chance(seed);
  Packer packer;
  size_t done = 0, refused = 0, bytes = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    Arrays arrays;
    const Rows rows = any_rows(chance, arrays);
    if (flaw_of(rows) != nullptr) {
      refused++;
      continue;
    }
    packer.pack(rows, [&bytes](std::span<const uint8_t> group) { bytes += group.size(); });
    done++;
  }
  printf("{\"done\":%zu,\"refused\":%zu,\"bytes\":%zu}\n", done, refused, bytes);
  return done > 0 && refused > 0 ? 0 : 1;
}

}  // namespace
}  // namespace bartizan::blocks

int main(int count, char** words) {
  if (count != 3) return fprintf(stderr, "usage: harness SECONDS SEED\n"), 2;
  return bartizan::blocks::run(atof(words[1]), strtoull(words[2], nullptr, 10));
}
