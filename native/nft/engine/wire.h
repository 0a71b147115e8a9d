// Calls and answers as bytes, the same through every door. Integers are little-endian; a text is a length byte and that
// many bytes of UTF-8. native/nft/wire.ts is the other end; the two change together.
//
//   request  = verb u8, then
//     0 enter      namespace text
//     1 ensure     table text, sets u16 { name text, width u8, flags u8 (1 interval, 2 timeout), size u32,
//                    elements u32 { added } },
//                  chains u16 { name text, hook u8 (255 none), priority i32,
//                    rules u16 { match u8 (0 iif, 1 saddr, 2 family), verdict u8 (0 drop, 1 accept, 2 goto),
//                      subject text, counter text, target text } }
//     2 drop       table text
//     3 commit     table text, sets u8 { name text }, ops u32 { kind u8, set u8, for add: added, for delete: key }
//     4 list       table text, set text
//     5 counters   table text
//     6 addresses
//   answer   = 0 u8, then what the verb gives
//     list         count u32 { element }
//     counters     count u32 { name text, packets u64, bytes u64 }
//     addresses    count u32 { key }
//   refusal  = code u8, errno i32, op i32 (-1 none), reason text, loaded i32 (-1 none)
//   key      = width u8 (1, 4, 16), prefix u8 (255 none), width bytes; of width 1: NFPROTO_*
//   element  = key, flags u8, if 1: timeout u64 ms, if 2: comment text, if 4: packets u64, bytes u64
//   added    = key, timeout u64 (ms, 0 never), commented u8, if 1: comment text
#pragma once

#include "engine.h"

namespace bartizan::nft {

// Carries out one request. Never throws but for want of memory; a malformed request is refused as `invalid`.
std::vector<uint8_t> serve(Engine& engine, Bytes request);

// A refusal as bytes, for the doors' own use.
std::vector<uint8_t> encode(const Failure& failure);

}  // namespace bartizan::nft
