// A hash to tell whether two readings are the same. Nobody signs with it: who may write rules needs no collision.
#pragma once

#include <cstdio>

#include "types.h"

namespace bartizan::nft {

// Two FNV-1a of 64 bits side by side, the second over every byte's complement.
class Digest {
 public:
  // Every field says how long it is, so that no two sequences of fields look alike.
  void bytes(Bytes data) {
    number(static_cast<uint32_t>(data.size()));
    for (const uint8_t byte : data) add(byte);
  }
  void text(const std::string& text) { bytes({reinterpret_cast<const uint8_t*>(text.data()), text.size()}); }
  void number(uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) add(static_cast<uint8_t>(value >> shift));
  }
  std::string hex() const {
    char text[33];
    (void)snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(one_),
                   static_cast<unsigned long long>(other_));
    return text;
  }

 private:
  void add(uint8_t byte) {
    one_ = (one_ ^ byte) * kPrime;
    other_ = (other_ ^ static_cast<uint8_t>(~byte)) * kPrime ^ other_ >> 29;
  }

  static constexpr uint64_t kPrime = 0x100000001b3;
  uint64_t one_ = 0xcbf29ce484222325;
  uint64_t other_ = 0x84222325cbf29ce4;
};

}  // namespace bartizan::nft
