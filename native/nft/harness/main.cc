// Throws requests at the engine as a door would, sound ones and damaged ones, with nothing of Node in the process, so
// that AddressSanitizer and UBSan see all of it: harness SECONDS SEED. Works in the network namespace it is started in.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>

#include "../engine/changes.h"
#include "../engine/cursor.h"
#include "../engine/wire.h"

namespace bartizan::nft {
namespace {

using Request = std::vector<uint8_t>;

class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(engine_() % n); }

 private:
  std::mt19937_64 engine_;
};

constexpr const char* kTable = "harness";

void put_set(Sink& out, const char* name, uint8_t width, uint8_t flags, uint32_t size) {
  out.text(name);
  out.u8(width);
  out.u8(flags);
  out.u32(size);
  out.u32(0);
}

Request ensure() {
  Sink out;
  out.u8(1);
  out.text(kTable);
  out.u16(4);
  put_set(out, "v4", 4, 2, 65'536);
  put_set(out, "plain", 4, 4, 0);
  put_set(out, "v6", 16, 2, 0);
  put_set(out, "net4", 4, 5, 0);
  out.u16(0);
  return out.finish();
}

Request named(uint8_t verb, std::initializer_list<const char*> texts) {
  Sink out;
  out.u8(verb);
  for (const char* text : texts) out.text(text);
  return out.finish();
}

void put_key(Sink& out, Chance& chance, bool network) {
  const uint8_t prefix = network ? 24 : kNoPrefix;
  const uint8_t bytes[] = {10, 0, static_cast<uint8_t>(chance.below(40)), static_cast<uint8_t>(network ? 0 : chance.below(256))};
  out.u8(4);
  out.u8(prefix);
  out.raw(bytes);
}

Request commit(Chance& chance) {
  const bool network = chance.below(2) == 0;
  Sink out;
  out.u8(3);
  out.text(kTable);
  out.u16(1);
  out.text(network ? "net4" : "v4");
  const uint32_t ops = chance.below(60);
  out.u32(ops);
  for (uint32_t i = 0; i < ops; i++) {
    const uint32_t kind = chance.below(20);
    out.u8(kind == 0 ? 2 : kind < 14 ? 0 : 1);
    out.u16(0);
    if (kind == 0) continue;
    put_key(out, chance, network);
    if (kind >= 14) continue;
    out.u64(network ? 0 : chance.below(3) * 50);
    out.u8(1);
    out.text(std::string(chance.below(129), 'c'));
  }
  return out.finish();
}

Request load(Chance& chance) {
  const bool network = chance.below(3) == 0;
  const bool timed = !network && chance.below(2) == 0;
  const bool named = chance.below(2) == 0;
  const uint32_t count = chance.below(6'000);
  Sink out;
  out.u8(7);
  out.text(kTable);
  out.text(network ? "net4" : timed ? "v4" : "plain");
  out.u8(4);
  out.u8(static_cast<uint8_t>((network ? 1 : 0) | (timed ? 2 : 0) | (named ? 4 : 0)));
  out.u32(count);
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t low = network ? i << 8 : chance.below(60'000);
    const uint8_t bytes[] = {10, static_cast<uint8_t>(low >> 16), static_cast<uint8_t>(low >> 8), static_cast<uint8_t>(low)};
    out.raw(bytes);
  }
  for (uint32_t i = 0; network && i < count; i++) out.u8(24);
  for (uint32_t i = 0; timed && i < count; i++) {
    const double timeout = chance.below(2'000);
    uint64_t raw;
    std::memcpy(&raw, &timeout, sizeof raw);
    out.u64(raw);
  }
  for (uint32_t i = 0; named && i < count * 2; i++) out.u64(i);
  return out.finish();
}

Request find(Chance& chance) {
  const bool network = chance.below(2) == 0;
  Sink out;
  out.u8(8);
  out.text(kTable);
  out.text(network ? "net4" : "v4");
  const uint32_t keys = chance.below(400);
  out.u32(keys);
  for (uint32_t i = 0; i < keys; i++) put_key(out, chance, network);
  return out.finish();
}

Request sound(Chance& chance) {
  switch (chance.below(14)) {
    case 0:
      return ensure();
    case 1:
      return load(chance);
    case 2:
    case 3:
      return find(chance);
    case 4:
      return named(4, {kTable, chance.below(2) == 0 ? "v4" : "net4"});
    case 5:
      return named(5, {kTable});
    case 6:
      return named(9, {kTable, "v4"});
    case 7:
      return named(10, {kTable});
    case 8:
      return {11};
    case 9:
      return named(12, {kTable});
    case 10:
      return named(13, {kTable});
    case 11:
      return {6};
    default:
      return commit(chance);
  }
}

void damage(Request& request, Chance& chance) {
  for (uint32_t i = chance.below(4); i-- > 0 && !request.empty();) {
    const uint32_t at = chance.below(static_cast<uint32_t>(request.size()));
    const auto place = request.begin() + at;
    switch (chance.below(4)) {
      case 0:
        *place = static_cast<uint8_t>(chance.below(256));
        break;
      case 1:
        request.insert(place, static_cast<uint8_t>(chance.below(256)));
        break;
      case 2:
        request.resize(at);
        break;
      default:
        *place = 255;
    }
  }
}

// As a worker does: a load in steps, and sometimes given up.
Request answer(Engine& engine, Request request, Chance& chance) {
  if (!is_load(request)) return serve(engine, request);
  auto way = read_load(std::move(request));
  if (!way) return encode(refuse("malformed"));
  for (;;) {
    if (chance.below(30) == 0) return give_up(engine, way->next);
    if (auto reply = advance(engine, *way)) return *reply;
    (void)serve(engine, commit(chance));
  }
}

// What the kernel tells is trusted to be well-formed; that lengths are checked all the same shows on damaged messages.
void gather(Chance& chance) {
  Gatherer gatherer;
  gatherer.watch({kTable});
  for (int i = 0; i < 40; i++) {
    std::vector<uint8_t> bytes(20 + chance.below(200));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(chance.below(4) == 0 ? chance.below(256) : chance.below(12));
    nlmsghdr head = {static_cast<uint32_t>(bytes.size()), static_cast<uint16_t>(10 << 8 | chance.below(28)), 0, 0, 0};
    std::memcpy(bytes.data(), &head, sizeof head);
    std::vector<uint64_t> aligned((bytes.size() + 7) / 8);
    std::memcpy(aligned.data(), bytes.data(), bytes.size());
    (void)gatherer.take(reinterpret_cast<const nlmsghdr*>(aligned.data()));
  }
}

int run(double seconds, uint64_t seed) {
  Chance chance(seed);
  std::atomic<size_t> notices = 0;
  Engine engine;
  engine.listen({[&](const Change& change) { return notices += encode(change).size(), true; },
                 [&](const std::string& table) { return notices += encode_lost(table).size(), true; }});
  // Another engine, so that there is somebody to hear of.
  Engine other;
  size_t done = 0;
  size_t refused = 0;
  if (serve(engine, ensure()) != Request{0}) return fprintf(stderr, "the table cannot be made\n"), 1;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    Request request = sound(chance);
    if (chance.below(3) == 0) damage(request, chance);
    // Damage must not lead into another namespace.
    if (!request.empty() && request[0] == 0) continue;
    const Request reply = answer(chance.below(4) == 0 ? other : engine, std::move(request), chance);
    if (reply.empty()) return fprintf(stderr, "an empty answer\n"), 1;
    (reply[0] == 0 ? done : refused)++;
    gather(chance);
  }
  engine.close();
  printf("{\"done\":%zu,\"refused\":%zu,\"notice_bytes\":%zu}\n", done, refused, notices.load());
  return done > 0 && refused > 0 ? 0 : 1;
}

}  // namespace
}  // namespace bartizan::nft

int main(int count, char** words) {
  if (count != 3) return fprintf(stderr, "usage: harness SECONDS SEED\n"), 2;
  return bartizan::nft::run(atof(words[1]), strtoull(words[2], nullptr, 10));
}
