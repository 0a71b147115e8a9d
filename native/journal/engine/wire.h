// Calls and answers as bytes. Integers are little-endian, a text is a u32 length and that many bytes.
// native/journal/wire.ts is the other end; the two change together.
//
//   request = verb u32, then
//     1 open    source u32 (0 system, 1 directory, 2 files), paths list, fields list, groups u32 { matches pairs },
//               exclude u32 { marks pairs }, max value u32
//     2 seek    target u32 (0 head, 1 tail, 2 cursor, 3 realtime, 4 boot), text, at u64 (microseconds)
//     3 read    entries u32, bytes u32
//     4 wait    milliseconds u32
//     5 files
//   list = count u32 { text }, pairs = count u32 { field text, value text }
//   answer  = 0 u32, then what the verb gives
//     seek      exact u32, before text, next text (cursors; empty: none)
//     read      a batch (batch.h)
//     wait      u32 (0 nothing, 1 appended, 2 invalidated)
//     files     readable u32, refused u32 { path text, errno u32 }
//   refusal = kind u32 (types.h), errno u32, reason text
#pragma once

#include "journal.h"

namespace bartizan::journal {

// Carries out one request; a wait also ends when `wake` becomes readable. Throws for want of memory alone.
std::vector<uint8_t> serve(Journal& journal, const std::vector<uint8_t>& request, int wake);

std::vector<uint8_t> encode(const Failure& failure);

}  // namespace bartizan::journal
