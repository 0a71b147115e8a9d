// Giving the kernel time for what it does beside a call.
#pragma once

#include <time.h>

#include <algorithm>

namespace bartizan::nft {

// 1, 2, 4 ... 256 ms: a hash table that grows is done after some milliseconds.
inline void pause_before(int attempt) {
  const timespec length = {0, 1'000'000L << std::min(attempt - 1, 8)};
  nanosleep(&length, nullptr);
}

}  // namespace bartizan::nft
