// Bytes in the making, little-endian, as actors/segments/bytes.ts reads them.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace bartizan::blocks {

static_assert(std::endian::native == std::endian::little, "columns are written as they stand in memory");

class Bytes {
 public:
  size_t size() const { return size_; }
  void u8(uint8_t value) { *room(1) = value, size_++; }
  void u16(uint16_t value) { put(&value, sizeof value); }
  void u32(uint32_t value) { put(&value, sizeof value); }

  // Seven bits a byte, the lowest first.
  void varint(uint64_t value) {
    uint8_t* at = room(kLongestVarint);
    uint8_t* const start = at;
    for (; value >= 0x80; value >>= 7) *at++ = static_cast<uint8_t>(value | 0x80);
    *at++ = static_cast<uint8_t>(value);
    size_ += static_cast<size_t>(at - start);
  }

  // A stored number of each value.
  template <class Stored, class Value, class Make>
  void each(std::span<const Value> values, Make&& make) {
    uint8_t* at = room(values.size() * sizeof(Stored));
    for (const Value& value : values) {
      const Stored stored = make(value);
      std::memcpy(at, &stored, sizeof stored);
      at += sizeof stored;
    }
    size_ += values.size() * sizeof(Stored);
  }

  template <class T>
  void raw(std::span<const T> values) {
    put(values.data(), values.size_bytes());
  }

  // Sets a number that was left open; it must have been written.
  void set_u32(size_t at, uint32_t value) {
    assert(at + sizeof value <= size_);
    std::memcpy(&bytes_[at], &value, sizeof value);
  }
  void set_u8(size_t at, uint8_t value) {
    assert(at < size_);
    bytes_[at] = value;
  }

  std::span<const uint8_t> view() const { return {bytes_.data(), size_}; }
  // Begins anew. The memory stays for the next bytes, unless it is more than they are likely to need.
  void clear() {
    size_ = 0;
    if (bytes_.size() > kMostKept) bytes_ = {};
  }

 private:
  static constexpr size_t kLongestVarint = 10;
  static constexpr size_t kLeast = 1 << 12;
  // More than a group of usual messages takes; one of longest lines may be the only one.
  static constexpr size_t kMostKept = 1 << 21;

  // Behind what is written; it must be counted once it is filled.
  uint8_t* room(size_t length) {
    if (bytes_.size() - size_ < length) bytes_.resize(std::max(kLeast, 2 * (size_ + length)));
    return bytes_.data() + size_;
  }

  void put(const void* from, size_t length) {
    if (length == 0) return;
    std::memcpy(room(length), from, length);
    size_ += length;
  }

  // Longer than what is written, so that a byte is put without asking anybody.
  std::vector<uint8_t> bytes_;
  size_t size_ = 0;
};

}  // namespace bartizan::blocks
