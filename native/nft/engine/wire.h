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
//     7 load       table text, set text, width u8, flags u8 (1 prefixes, 2 timeouts, 4 ids), keys u32,
//                    keys * width bytes, if 1: keys u8, if 2: keys f64 (ms, 0 never), if 4: keys * 16 bytes (UUID)
//     8 find       table text, set text, keys u32 { key }
//     9 count      table text, set text
//    10 fingerprint  table text
//    11 base chains
//    12 watch      table text
//    13 unwatch    table text; as often as it was watched
//   answer   = 0 u8, then what the verb gives
//     list         count u32 { element }
//     counters     count u32 { name text, packets u64, bytes u64 }
//     addresses    count u32 { key }
//     find         count u32 { found u8, if 1: element }
//     count        known u8, if 1: count u32
//     fingerprint  text
//     base chains  count u32 { family u8 (NFPROTO_*), table text, name text, hook u32, priority i32,
//                    policy u8 (0 drop, 1 accept), type text }
//   notice   = kind u8, unasked, of a watched table
//     0 changed    table text, pid u32, program text, flags u8 (1 table, 2 rules, 4 elsewhere, 8 all gone are named),
//                    sets u32 { name text }, gone u32 { set text, key }
//     1 lost       table text
//   refusal  = code u8, errno i32, op i32 (-1 none), reason text, loaded i32 (-1 none)
//   key      = width u8 (1, 4, 16), prefix u8 (255 none), width bytes; of width 1: NFPROTO_*
//   element  = key, flags u8, if 1: timeout u64 ms, if 2: comment text, if 4: packets u64, bytes u64
//   added    = key, timeout u64 (ms, 0 never), commented u8, if 1: comment text
#pragma once

#include "engine.h"

namespace bartizan::nft {

// Carries out one request that is no load. Never throws but for want of memory; a malformed request is refused as
// `invalid`.
std::vector<uint8_t> serve(Engine& engine, Bytes request);

// A load takes many steps, so that others can go between them.
bool is_load(Bytes request);
// Empty when it is malformed.
std::optional<LoadUnderWay> read_load(std::vector<uint8_t> request);
// One step; the answer once it was the last one.
std::optional<std::vector<uint8_t>> advance(Engine& engine, LoadUnderWay& way);
// The answer to a load that is given up between two steps, when so many keys stand.
std::vector<uint8_t> give_up(Engine& engine, uint32_t loaded);

// Notices.
std::vector<uint8_t> encode(const Change& change);
std::vector<uint8_t> encode_lost(const std::string& table);

// A refusal as bytes, for the doors' own use.
std::vector<uint8_t> encode(const Failure& failure);

}  // namespace bartizan::nft
