// Calls and answers as bytes, the same through every door. Integers are little-endian; a text is a length byte and that
// many bytes of UTF-8. native/nft/wire.ts is the other end; the two change together.
//
//   request  = verb u8, then
//     0 enter      namespace text
//     1 ensure     table text, sets u16 { name text, width u8, flags u8 (1 interval, 2 timeout, 4 counters, 8 dynamic), size u32,
//                    elements u32 { added } },
//                  chains u16 { name text, hook u8 (255 none), priority i32,
//                    rules u16 { matches u8 { match }, counter text, log, verdict u8 (0 drop, 1 accept, 2 goto,
//                      3 jump, 4 return, 5 continue), target text } }
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
//    14 end loads  those asked for before end with `closed`, as when the port is closed
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
//   key      = width u8, prefix u8 (255 none, 254 a range), width bytes, of a range: the last port in 2 bytes more;
//              of width 1 NFPROTO_*, 2 a port, 4 and 16 an address, 12 and 24 address, protocol in 4, port in 4
//   element  = key, flags u8, if 1: timeout u64 ms, if 2: comment text, if 4: packets u64, bytes u64
//   match    = kind u8: 0 iif, 1 saddr, 2 family, 3 daddr, 4 saddr+port: text; 5 nfproto (4, 6), 6 protocol,
//              8 ct (1 invalid, 2 established, 4 related, 8 new): u8; 7 dport: protocol u8, port u16 (0 in the set),
//              set text; 9 syn; 10 icmp: family u8, types u8 { u8 }; 11 local; 12 over: rate, meter text (empty: of
//              all); 13 connections: u32, meter text
//   rate     = packets u32, span u8 (0 second, 1 minute, 2 hour), burst u32
//   log      = kind u8 (0 none, 1 kernel, 2 group), if not 0: level or group u16, prefix text, rate
//   added    = key, timeout u64 (ms, 0 never), commented u8, if 1: comment text
#pragma once

#include "engine.h"

namespace bartizan::nft {

// Carries out one request that is no load. Never throws but for want of memory; a malformed request is refused as
// `invalid`.
std::vector<uint8_t> serve(Engine& engine, Bytes request);

// A load takes many steps, so that others can go between them.
bool is_load(Bytes request);
// Of whoever keeps the loads: no engine is asked.
bool ends_loads(Bytes request);
// Empty when it is malformed.
std::optional<LoadUnderWay> read_load(std::vector<uint8_t> request);
// One step; the answer once it was the last one.
std::optional<std::vector<uint8_t>> advance(Engine& engine, LoadUnderWay& way);
// That request.
std::vector<uint8_t> encode_end_loads();
// The answer to a load that is given up between two steps, when so many keys stand.
std::vector<uint8_t> give_up(Engine& engine, uint32_t loaded);

// Notices.
std::vector<uint8_t> encode(const Change& change);
std::vector<uint8_t> encode_lost(const std::string& table);

// A refusal as bytes, for the doors' own use.
std::vector<uint8_t> encode(const Failure& failure);

}  // namespace bartizan::nft
