// The wire of the net hand, beside what native/nft/engine/wire.h says. native/nft/hand/link.ts is the other end.
//
//   frame    = length u32 (of what follows), sequence u32, then a request, an answer or a notice of wire.h
//   hello    = the first frame of a connection, sequence 0: 0 u8, version u8, pid u32; or a refusal, and the end
//   notice   = a later frame of sequence 0
//
//   request  = or one of these, which the hand itself works off
//     240 arm      window u32, ms: until then, and from each loss on, what is lost is put back unless `settle` comes
//     241 settle   what was lost is given up for good; refused only where it has been put back
//     242 revert, 243 part, 244 look at the time   of the hand's own: a client that sends them is refused
#pragma once

#include <cstddef>
#include <cstdint>

namespace bartizan::hand {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kArm = 240;
constexpr uint8_t kSettle = 241;
constexpr uint8_t kRevert = 242;
constexpr uint8_t kPart = 243;
constexpr uint8_t kLookAtTime = 244;

constexpr bool is_own(uint8_t verb) { return verb >= kRevert && verb <= kLookAtTime; }

constexpr size_t kMaxFrame = 64 << 20;
constexpr uint32_t kMaxWindowMs = 60'000;

}  // namespace bartizan::hand
