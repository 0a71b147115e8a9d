#include "cursor.h"

#include <array>

namespace bartizan::journal {

namespace {

constexpr size_t kIdDigits = 32;

// One look for each digit: cursors are read by the hundred thousand a second.
constexpr auto kDigits = [] {
  std::array<int8_t, 256> digits;
  digits.fill(-1);
  for (int i = 0; i < 10; i++) digits[static_cast<size_t>('0' + i)] = static_cast<int8_t>(i);
  for (int i = 0; i < 6; i++) digits[static_cast<size_t>('a' + i)] = static_cast<int8_t>(10 + i);
  return digits;
}();

int digit_of(char c) { return kDigits[static_cast<uint8_t>(c)]; }

bool number_of(std::string_view text, uint64_t& number) {
  if (text.empty() || text.size() > 16) return false;
  number = 0;
  int sound = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    sound |= digit;
    number = number << 4 | static_cast<uint64_t>(digit & 0xf);
  }
  return sound >= 0;
}

bool id_of(std::string_view text, std::string_view& id) {
  if (text.size() != kIdDigits) return false;
  int sound = 0;
  for (const char c : text) sound |= digit_of(c);
  id = text;
  return sound >= 0;
}

bool read_part(std::string_view part, Cursor& cursor) {
  if (part.size() < 3 || part[1] != '=') return false;
  const std::string_view value = part.substr(2);
  switch (part[0]) {
    case 's':
      return id_of(value, cursor.seqnum_id);
    case 'b':
      return id_of(value, cursor.boot);
    case 'i':
      return number_of(value, cursor.seqnum);
    case 'm':
      return number_of(value, cursor.monotonic);
    case 't':
      return number_of(value, cursor.realtime);
    case 'x':
      return number_of(value, cursor.hash);
    default:
      // A later libsystemd may say more.
      return true;
  }
}

}  // namespace

bool Cursor::parse(std::string_view text, Cursor& cursor) {
  cursor = {};
  while (!text.empty()) {
    const size_t end = text.find(';');
    if (!read_part(text.substr(0, end), cursor)) return false;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return !cursor.seqnum_id.empty() && !cursor.boot.empty();
}

}  // namespace bartizan::journal
