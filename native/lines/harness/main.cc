// Throws pieces of logs at the reader, usual lines and damaged ones, with nothing of Node in the process, so that
// AddressSanitizer and UBSan see all of it: harness SECONDS SEED. Pieces and rows are as long as they say and not a byte longer.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "../engine/reader.h"

namespace bartizan::lines {
namespace {

constexpr const char* kParts[] = {
    "Failed password for ", "Accepted publickey for ", "Invalid user ", "Connection closed by ", "Connection reset by ", "Disconnected from ",
    "Received disconnect from ", "pam_unix(sshd:session): ", "session opened for user ", "session closed for user ",
    "authentication failure; x rhost=", "check pass; user unknown", "invalid user ", "authenticating user ", "user ", "root", " from ", " port ", "22",
    "192.0.2.1", "198.51.100.200", "2001:db8::7", "::ffff:192.0.2.1", " ssh2", " ssh2: ", " for ", " by ", "(uid=0)", "): ", " user=", " rhost=", " [preauth]",
    "New session ", " of user ", "message repeated ", " times: [ ", "]", " incorrect password attempts ; ", "FAILED SU (to ", ") ", " on ", " : ", "TTY=pts/0", " ; USER=", " ; COMMAND=", " ", "\t", "\r", "\xff", "x", "",
};

class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(engine_() % n); }

 private:
  std::mt19937_64 engine_;
};

std::string usual(Chance& chance) {
  const std::string user = "u" + std::to_string(chance.below(400));
  const std::string network = chance.below(4) == 0 ? "2001:db8::" : "192.0.2.";
  const std::string peer = network + std::to_string(chance.below(300)) + " port " + std::to_string(chance.below(70'000));
  switch (chance.below(7)) {
    case 0: return "Failed password for invalid user " + user + " from " + peer + " ssh2";
    case 1: return "Invalid user " + user + " from " + peer;
    case 2: return "Connection closed by authenticating user " + user + " " + peer + " [preauth]";
    case 3: return "New session " + std::to_string(chance.below(900)) + " of user " + user + ".";
    case 4: return "   " + user + " : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id";
    case 5: return "FAILED SU (to root) " + user + " on pts/1";
    default: return "pam_unix(sshd:session): session opened for user " + user + "(uid=1000) by (uid=0)";
  }
}

std::string message(Chance& chance) {
  if (chance.below(3) == 0) return usual(chance);
  std::string text;
  const uint32_t parts = chance.below(8);
  for (uint32_t i = 0; i < parts; i++) text += kParts[chance.below(std::size(kParts))];
  if (chance.below(20) == 0) text += std::string(600 + chance.below(900), 'x');
  return text;
}

std::string tag(Chance& chance) {
  constexpr const char* kPrograms[] = {"sshd", "sshd", "sshd", "CRON", "systemd-logind", "sudo", "su", "kernel"};
  const std::string program = kPrograms[chance.below(std::size(kPrograms))];
  return program + (chance.below(4) == 0 ? ": " : "[" + std::to_string(chance.below(1 << 30)) + "]: ");
}

std::string piece_of(Chance& chance, bool iso) {
  std::string text;
  const uint32_t count = chance.below(60);
  for (uint32_t i = 0; i < count; i++) {
    const std::string head = chance.below(9) == 0 ? "Nov 22 01:03:" : iso ? "2026-11-22T01:02:" : "Nov 22 01:02:";
    const std::string tail = !iso ? "" : chance.below(2) == 0 ? "Z" : "." + std::to_string(chance.below(1 << 30)) + "Z";
    text += head + std::to_string(chance.below(70) + 10) + tail + " edge01 " + tag(chance) + message(chance) + "\n";
  }
  for (uint32_t damage = chance.below(6); damage > 0 && !text.empty(); damage--) {
    const uint32_t at = chance.below(static_cast<uint32_t>(text.size()));
    if (chance.below(3) == 0) text.erase(at, chance.below(40));
    else text[at] = static_cast<char>(chance.below(256));
  }
  return text;
}

// Every number of a row is a place in the piece, or of a text that was told.
bool is_sound(std::span<const uint32_t> row, size_t length, size_t texts, size_t room) {
  if (row[kStart] > row[kEnd] || row[kEnd] > length) return false;
  if (row[kAction] == 0) return true;
  for (const Field text : {kHost, kProgram, kUser, kAddress, kMethod, kTarget}) {
    if (row[text] > texts) return false;
  }
  if (row[kPacked] + (row[kEnd] - row[kMessage]) > room) return false;
  return row[kMessage] >= row[kStart] && row[kMessage] <= row[kEnd] && row[kMoment] < 60'000 && row[kPort] <= 65'535;
}

int run(double seconds, uint64_t seed) {
  Chance chance(seed);
  Reader reader;
  size_t read = 0, left = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    const bool iso = chance.below(2) == 0;
    const std::string text = piece_of(chance, iso);
    const auto bytes = std::make_unique<uint8_t[]>(text.size());
    std::copy(text.begin(), text.end(), bytes.get());
    const size_t room = chance.below(90) * kFields + chance.below(kFields), places = chance.below(400), bulk = chance.below(20'000);
    const auto rows = std::make_unique<uint32_t[]>(room);
    const auto fresh = std::make_unique<uint32_t[]>(places);
    const auto messages = std::make_unique<uint8_t[]>(bulk);
    if (reader.texts() > 5'000) reader.forget();
    size_t from = 0;
    for (;;) {
      const Reading reading = reader.read({bytes.get(), text.size()}, from, chance.below(20) == 0 ? "" : iso ? "2026-11-22T01:02:" : "Nov 22 01:02:",
                                          iso ? "Z" : "", {{rows.get(), room}, {fresh.get(), places}, {messages.get(), bulk}});
      for (size_t i = 0; i < reading.rows; i++) {
        const std::span<const uint32_t> row(rows.get() + i * kFields, kFields);
        if (!is_sound(row, text.size(), reader.texts(), bulk)) return fprintf(stderr, "an unsound row of: %s\n", text.c_str()), 1;
        (row[kAction] == 0 ? left : read)++;
      }
      if (reading.rows == 0) break;
      from = reading.next;
    }
  }
  printf("{\"read\":%zu,\"left\":%zu}\n", read, left);
  return read > 0 && left > 0 ? 0 : 1;
}

}  // namespace
}  // namespace bartizan::lines

int main(int count, char** words) {
  if (count != 3) return fprintf(stderr, "usage: harness SECONDS SEED\n"), 2;
  return bartizan::lines::run(atof(words[1]), strtoull(words[2], nullptr, 10));
}
