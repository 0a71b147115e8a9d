#include "reader.h"

#include <algorithm>
#include <optional>

#include "programs.h"

namespace bartizan::lines {
namespace {

using std::string_view;
constexpr size_t kNone = string_view::npos;

// New texts that one line can bring: host, program, user, address, method, target.
constexpr size_t kMostFresh = 6;
constexpr uint32_t kMostPid = 0xffffffff;
// Of a line that is read here; the message alone may have 500.
constexpr size_t kMostLine = 1024;

bool is_digit(char unit) { return unit >= '0' && unit <= '9'; }

bool is_plain(string_view line) {
  return std::ranges::all_of(line, [](char unit) { return (unit >= 0x20 && unit < 0x7f) || unit == '\t'; });
}

// `Mmm dd hh:mm:` or `yyyy-mm-ddThh:mm:`, whatever the month is called.
bool opens_as_minute(string_view line) {
  if (line.size() < 20) return false;
  return line[4] == '-' ? line[10] == 'T' && line[16] == ':' : line[3] == ' ' && (line[9] == ':' || line[8] == ':');
}

struct Clock {
  uint32_t ms;
  // Behind the space that follows.
  size_t end;
};

// `03 `, or with a zone `03.123456+01:00 `: of a fraction the milliseconds count.
std::optional<Clock> clock_at(string_view line, size_t at, string_view zone) {
  if (line.size() < at + 3 || line[at] < '0' || line[at] > '5' || !is_digit(line[at + 1])) return std::nullopt;
  auto ms = static_cast<uint32_t>((line[at] - '0') * 10 + (line[at + 1] - '0')) * 1000;
  at += 2;
  if (!zone.empty() && line[at] == '.') {
    uint32_t weight = 100;
    const size_t first = ++at;
    for (; at < line.size() && is_digit(line[at]); at++, weight /= 10) ms += static_cast<uint32_t>(line[at] - '0') * weight;
    if (at == first) return std::nullopt;
  }
  if (!line.substr(at).starts_with(zone)) return std::nullopt;
  at += zone.size();
  if (at >= line.size() || line[at] != ' ') return std::nullopt;
  return Clock{.ms = ms, .end = at + 1};
}

struct Pid {
  uint32_t number;
  // Behind the bracket.
  size_t end;
  bool is_there = true;
};

// `612]`
std::optional<Pid> pid_at(string_view line, size_t first) {
  uint64_t pid = 0;
  size_t at = first;
  for (; at < line.size() && is_digit(line[at]) && at - first < 10; at++) pid = pid * 10 + static_cast<uint64_t>(line[at] - '0');
  if (at == first || pid > kMostPid || at >= line.size() || line[at] != ']') return std::nullopt;
  return Pid{.number = static_cast<uint32_t>(pid), .end = at + 1};
}

}  // namespace

Reading Reader::read(std::span<const uint8_t> piece, size_t from, string_view minute, string_view zone,
                     Arrays into) {
  const auto [rows, fresh, messages] = into;
  size_t packed = 0;
  const string_view text(reinterpret_cast<const char*>(piece.data()), piece.size());
  piece_ = text.data();
  fresh_ = fresh;
  fresh_count_ = 0;
  Reading reading{.rows = 0, .fresh = 0, .next = std::min(from, text.size())};
  const bool reads = !minute.empty();
  bool runs = false;
  while ((reading.rows + 1) * kFields <= rows.size() && (fresh_count_ + kMostFresh) * 2 <= fresh.size() && packed + kMostLine <= messages.size()) {
    const size_t end = text.find('\n', reading.next);
    if (end == kNone) break;
    const string_view line = text.substr(reading.next, end - reading.next);
    uint32_t* row = rows.data() + reading.rows * kFields;
    if (reads && read_line(line, minute, zone, reading.next, row)) {
      row[kStart] = static_cast<uint32_t>(reading.next);
      row[kEnd] = static_cast<uint32_t>(end);
      row[kPacked] = static_cast<uint32_t>(packed);
      packed += text.copy(reinterpret_cast<char*>(messages.data()) + packed, end - row[kMessage], row[kMessage]);
      reading.rows++;
      runs = false;
    } else if ((!reads || !line.starts_with(minute)) && opens_as_minute(line) && reading.rows > 0) {
      break;
    } else if (runs) {
      (row - kFields)[kEnd] = static_cast<uint32_t>(end + 1);
    } else {
      std::fill_n(row, static_cast<size_t>(kFields), 0u);
      row[kStart] = static_cast<uint32_t>(reading.next);
      row[kEnd] = static_cast<uint32_t>(end + 1);
      reading.rows++;
      runs = true;
    }
    reading.next = end + 1;
  }
  reading.fresh = fresh_count_;
  return reading;
}

bool Reader::read_line(string_view line, string_view minute, string_view zone, size_t start, uint32_t* row) {
  if (!line.starts_with(minute) || line.size() > kMostLine || !is_plain(line)) return false;
  const std::optional<Clock> clock = clock_at(line, minute.size(), zone);
  if (!clock) return false;
  const size_t host = clock->end;
  const size_t host_end = line.find(' ', host);
  if (host_end == kNone || host_end == host || line[host_end - 1] == ':') return false;
  size_t tag = host_end;
  while (tag < line.size() && line[tag] == ' ') tag++;
  const size_t tag_end = line.find_first_of("[: ", tag);
  if (tag_end == kNone || line[tag_end] == ' ') return false;
  const string_view program = line.substr(tag, tag_end - tag);
  const std::optional<Pid> pid = line[tag_end] == '[' ? pid_at(line, tag_end + 1) : Pid{.number = 0, .end = tag_end, .is_there = false};
  if (!pid || !line.substr(pid->end).starts_with(": ")) return false;
  const size_t message = pid->end + 2;
  const std::optional<Said> said = read_program(program, line.substr(message));
  if (!said) return false;
  row[kAction] = static_cast<uint32_t>(said->action);
  row[kMoment] = clock->ms;
  row[kMessage] = static_cast<uint32_t>(start + message);
  row[kHost] = number(line.substr(host, host_end - host), kHost);
  row[kProgram] = number(program, kProgram);
  row[kPid] = pid->number;
  row[kUser] = number(said->user, kUser);
  row[kAddress] = number(said->address, kAddress);
  row[kPort] = said->port;
  row[kMethod] = number(said->method, kMethod);
  row[kTarget] = number(said->target, kTarget);
  row[kRepeats] = said->repeats;
  row[kFlags] = (said->user_unknown ? kUserUnknown : 0u) | (pid->is_there ? 0u : kNoPid);
  return true;
}

// 0 for an empty text, which is none.
uint32_t Reader::number(string_view text, Field field) {
  if (text.empty()) return 0;
  // Most of them line after line.
  uint32_t& last = last_[field];
  if (texts_.is(last, text)) return last;
  bool fresh = false;
  const uint32_t number = texts_.number(text, fresh);
  if (fresh) {
    const auto place = static_cast<uint32_t>(text.data() - piece_);
    fresh_[fresh_count_ * 2] = place;
    fresh_[fresh_count_ * 2 + 1] = place + static_cast<uint32_t>(text.size());
    fresh_count_++;
  }
  return last = number;
}

}  // namespace bartizan::lines
