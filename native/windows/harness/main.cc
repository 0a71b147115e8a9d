// Shows random events and rows to windows, lets go of some of what they hold, and looks whether all is let go of at the end,
// with nothing of Node in the process, so that AddressSanitizer and UBSan see all of it: harness SECONDS SEED.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>

#include "../../lines/engine/reader.h"
#include "../engine/row-judge.h"

namespace bartizan::windows {
namespace {

class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(engine_() % n); }

 private:
  std::mt19937_64 engine_;
};

constexpr uint32_t kActions = 12;
constexpr uint32_t kOnce = 2;

Check check_of(Chance& chance) {
  Check check;
  check.measure = static_cast<Measure>(chance.below(3));
  check.threshold = 1 + chance.below(4);
  check.window = 1 + chance.below(600);
  check.counts = 1 + chance.below(15);
  check.completes = chance.below(3) == 0 ? 1 + chance.below(15) : check.counts;
  check.quiet = check.completes == check.counts ? check.window : 0;
  check.keeps = chance.below(2) == 0 ? std::numeric_limits<double>::infinity() : 4 * check.threshold;
  check.tries_at_most = chance.below(3);
  return check;
}

std::unique_ptr<Windows> windows_of(Chance& chance, bool by_account, bool values_are_texts, uint32_t salt) {
  std::vector<Check> checks(1 + chance.below(6));
  TrailSettings settings;
  for (Check& check : checks) {
    check = check_of(chance);
    settings.quiet.push_back(check.quiet);
    settings.span = std::max({settings.span, 2 * check.window, 2 * check.quiet});
  }
  settings.keys_are_texts = by_account;
  settings.values_are_texts = values_are_texts;
  const bool has_connections = chance.below(2) == 0;
  return std::make_unique<Windows>(std::move(checks), std::move(settings), has_connections ? kOnce : 0, has_connections, salt);
}

std::u16string text_of(Chance& chance, uint32_t many) {
  std::u16string text(chance.below(60) == 0 ? 300 : chance.below(9), u'x');
  for (const char digit : std::to_string(chance.below(many))) text += static_cast<char16_t>(digit);
  return text;
}

// What completed must tell of what is held.
bool is_sound(const std::vector<Completed>& completed) {
  for (const Completed& one : completed) {
    if (!(one.count >= 1) || one.source.empty() || one.first_at > one.latest_at) return false;
  }
  return true;
}

// Lets go of everything: nothing may be left behind.
bool is_let_go(Windows& windows) {
  windows.trails().take_changes();
  windows.trails().evict(0);
  return windows.trails().size() == 0 && windows.trails().bytes() == 0 && windows.trails().texts.bytes() == 0;
}

void unsettle(Chance& chance, Windows& windows) {
  if (chance.below(50) == 0) windows.trails().take_changes();
  if (chance.below(70) == 0) windows.trails().evict(windows.trails().bytes() * chance.below(10) / 10);
}

size_t by_events(Chance& chance) {
  const bool by_account = chance.below(2) == 0, are_texts = chance.below(2) == 0;
  const auto windows = windows_of(chance, by_account, are_texts, chance.below(9));
  size_t found = 0;
  double at = 1'000;
  for (uint32_t i = 0; i < 2'000; i++) {
    const std::u16string name = text_of(chance, 30), source = u"s", value = chance.below(9) == 0 ? u"" : text_of(chance, 12);
    const std::u16string peer = chance.below(2) == 0 ? u"" : text_of(chance, 4);
    const auto hashed = [&](const std::u16string& text) { return Hashed{text, hash_of(text)}; };
    at += chance.below(40);
    Entry entry;
    entry.name = hashed(name);
    entry.key = {static_cast<int32_t>(chance.below(3)), static_cast<int32_t>(chance.below(20))};
    entry.at = at - chance.below(chance.below(3) == 0 ? 900 : 1);
    entry.offset = i;
    entry.source = hashed(source);
    entry.value = hashed(value);
    entry.number = chance.below(2'000);
    entry.peer = hashed(peer);
    entry.traits = chance.below(16);
    entry.weight = 1 + chance.below(3);
    entry.port = static_cast<uint16_t>(chance.below(3));
    std::vector<Completed> completed;
    windows->step(entry, completed);
    if (!is_sound(completed)) return fprintf(stderr, "an unsound finding\n"), exit(1), 0;
    found += completed.size();
    unsettle(chance, *windows);
  }
  if (!is_let_go(*windows)) fprintf(stderr, "something is left behind\n"), exit(1);
  return found;
}

RowSettings row_settings(Chance& chance) {
  RowSettings settings;
  for (uint32_t i = 0; i < kActions; i++) settings.fates.push_back(static_cast<Fate>(i == 0 ? 0 : chance.below(8) == 0 ? 2 : 1));
  settings.users = {u"root", u"admin"};
  settings.v4_bits = chance.below(3) == 0 ? 8 + chance.below(24) : 32;
  return settings;
}

size_t by_rows(Chance& chance) {
  const uint32_t salt = chance.below(9);
  const auto sources = windows_of(chance, false, true, salt), accounts = windows_of(chance, true, true, salt);
  std::vector<StreamOfRows> streams = {{sources.get(), false, {}}, {accounts.get(), true, {}}};
  for (StreamOfRows& stream : streams) {
    for (uint32_t i = 0; i < kActions * 2 * 3; i++) stream.traits.push_back(static_cast<uint16_t>(chance.below(16)));
  }
  RowJudge judge(streams, row_settings(chance));
  size_t found = 0, told = 0;
  double began = 60'000;
  for (uint32_t piece = 0; piece < 40; piece++, began += chance.below(400)) {
    if (told > 60 || told == 0) judge.forget(), told = 0;
    for (uint32_t i = 1 + chance.below(20); i > 0; i--, told++) {
      judge.learn(chance.below(2) == 0 ? "192.0.2." + std::to_string(chance.below(9)) : chance.below(5) == 0 ? "root" : std::string(chance.below(300), 'u'));
    }
    const size_t count = chance.below(60);
    const auto rows = std::make_unique<uint32_t[]>(count * lines::kFields);
    for (size_t i = 0; i < count; i++) {
      uint32_t* row = rows.get() + i * lines::kFields;
      row[lines::kAction] = chance.below(kActions + (chance.below(500) == 0));
      row[lines::kMoment] = chance.below(400);
      for (const lines::Field text : {lines::kUser, lines::kHost, lines::kAddress}) row[text] = chance.below(static_cast<uint32_t>(told) + 1 + (chance.below(2'000) == 0));
      row[lines::kPort] = chance.below(70'000);
      row[lines::kFlags] = chance.below(4);
    }
    RowRun run{{rows.get(), count * lines::kFields}, 0, count * lines::kFields, began, began + 300, 0, u"s", 2, 0.0 + chance.below(20'000)};
    while (run.from < run.to) {
      const std::optional<size_t> next = judge.run(run);
      if (!next) break;
      run.from = *next;
      for (size_t i = 0; i < 2 && judge.has_completed(); i++) found += judge.completed(i).size();
      unsettle(chance, *streams[chance.below(2)].windows);
    }
  }
  if (!is_let_go(*sources) || !is_let_go(*accounts)) fprintf(stderr, "something is left behind\n"), exit(1);
  return found;
}

int run(double seconds, uint64_t seed) {
  Chance chance(seed);
  size_t events = 0, rows = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    events += by_events(chance);
    rows += by_rows(chance);
  }
  printf("{\"events\":%zu,\"rows\":%zu}\n", events, rows);
  return events > 0 && rows > 0 ? 0 : 1;
}

}  // namespace
}  // namespace bartizan::windows

int main(int count, char** words) {
  if (count != 3) return fprintf(stderr, "usage: harness SECONDS SEED\n"), 2;
  return bartizan::windows::run(atof(words[1]), strtoull(words[2], nullptr, 10));
}
