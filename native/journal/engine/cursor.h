// A journal cursor taken apart: `s=<id>;i=<hex>;b=<id>;m=<hex>;t=<hex>;x=<hex>`.
#pragma once

#include <cstdint>
#include <string_view>

namespace bartizan::journal {

struct Cursor {
  // 32 hex digits each; they point into the text.
  std::string_view seqnum_id;
  std::string_view boot;
  uint64_t seqnum = 0;
  uint64_t monotonic = 0;
  uint64_t realtime = 0;
  // Of all the entry's fields.
  uint64_t hash = 0;

  // False when a part is missing or malformed.
  static bool parse(std::string_view text, Cursor& cursor);

  // The same entry, perhaps copied to another file (a flush from /run to /var gives it a new sequence number).
  bool is_copy_of(const Cursor& other) const {
    return boot == other.boot && monotonic == other.monotonic && realtime == other.realtime && hash == other.hash;
  }
};

}  // namespace bartizan::journal
