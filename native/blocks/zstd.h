// zstd as Node brings it: its symbols are there for addons, its header is not. This is of the stable part of its interface.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <vector>

extern "C" {
struct ZSTD_CCtx_s;
ZSTD_CCtx_s* ZSTD_createCCtx(void);
size_t ZSTD_freeCCtx(ZSTD_CCtx_s* context);
size_t ZSTD_CCtx_setParameter(ZSTD_CCtx_s* context, int parameter, int value);
size_t ZSTD_compress2(ZSTD_CCtx_s* context, void* to, size_t room, const void* from, size_t length);
size_t ZSTD_compressBound(size_t length);
unsigned ZSTD_isError(size_t code);
const char* ZSTD_getErrorName(size_t code);
}

namespace bartizan::blocks {

// Makes frames, each by itself. What making one needs is kept for the next: for a group of a block, making it anew is much
// of the work.
class Zstd {
 public:
  Zstd() : context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
  }

  // The frame of the bytes, until the next is asked for; nothing where that would be as long as they are. Throws where zstd
  // cannot.
  std::span<const uint8_t> frame_of(std::span<const uint8_t> raw, int level) {
    const size_t bound = ZSTD_compressBound(raw.size());
    if (frame_.size() < bound || frame_.size() > std::max(bound, kMostKept)) frame_ = std::vector<uint8_t>(bound);
    done(ZSTD_CCtx_setParameter(context_.get(), kLevel, level));
    const size_t length = done(ZSTD_compress2(context_.get(), frame_.data(), frame_.size(), raw.data(), raw.size()));
    if (length >= raw.size()) return {};
    return {frame_.data(), length};
  }

 private:
  static constexpr int kLevel = 100;
  // Room for a frame that stays for smaller ones; what a large one needed goes with the next.
  static constexpr size_t kMostKept = 1 << 20;

  static size_t done(size_t code) {
    if (ZSTD_isError(code) != 0) throw std::runtime_error(ZSTD_getErrorName(code));
    return code;
  }

  struct Free {
    void operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }
  };

  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  std::vector<uint8_t> frame_;
};

}  // namespace bartizan::blocks
