// SipHash-1-3, keyed by chance: who chooses texts cannot choose which collide. A hash of a few bits of state is no such
// thing, whatever it begins with: names can be made that collide for every beginning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>

namespace bartizan {

struct SipKey {
  uint64_t first;
  uint64_t second;

  // Another one in every process.
  static const SipKey& of_process() {
    static const SipKey key = [] {
      std::random_device chance;
      const auto number = [&] { return (static_cast<uint64_t>(chance()) << 32) | chance(); };
      const uint64_t first = number();
      return SipKey{first, number()};
    }();
    return key;
  }
};

inline uint64_t sip_hash(std::span<const std::byte> bytes, const SipKey& key) {
  uint64_t a = key.first ^ 0x736f6d6570736575u, b = key.second ^ 0x646f72616e646f6du;
  uint64_t c = key.first ^ 0x6c7967656e657261u, d = key.second ^ 0x7465646279746573u;
  const auto turned = [](uint64_t value, int by) { return (value << by) | (value >> (64 - by)); };
  const auto round = [&] {
    a += b, b = turned(b, 13) ^ a, a = turned(a, 32);
    c += d, d = turned(d, 16) ^ c;
    a += d, d = turned(d, 21) ^ a;
    c += b, b = turned(b, 17) ^ c, c = turned(c, 32);
  };
  const auto take = [&](uint64_t word) {
    d ^= word;
    round();
    a ^= word;
  };
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    take(word);
  }
  uint64_t last = static_cast<uint64_t>(bytes.size()) << 56;
  for (size_t i = 0; at + i < bytes.size(); i++) last |= static_cast<uint64_t>(bytes[at + i]) << (8 * i);
  take(last);
  c ^= 0xff;
  round(), round(), round();
  return a ^ b ^ c ^ d;
}

}  // namespace bartizan
