// Bytes in the making, little-endian, as actors/segments/bytes.ts reads them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace bartizan::blocks {

static_assert(std::endian::native == std::endian::little, "columns are written as they stand in memory");

class Bytes {
 public:
  size_t size() const { return bytes_.size(); }
  void u8(uint8_t value) { bytes_.push_back(value); }
  void u16(uint16_t value) { put(&value, sizeof value); }
  void u32(uint32_t value) { put(&value, sizeof value); }

  // Seven bits a byte, the lowest first.
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<uint8_t>(value));
  }

  template <class T>
  void raw(std::span<const T> values) {
    put(values.data(), values.size_bytes());
  }

  // Sets a number that was left open; it must have been written.
  void set_u32(size_t at, uint32_t value) { std::memcpy(&bytes_[at], &value, sizeof value); }
  void set_u8(size_t at, uint8_t value) { bytes_[at] = value; }

  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  void put(const void* from, size_t length) {
    const auto* start = static_cast<const uint8_t*>(from);
    bytes_.insert(bytes_.end(), start, start + length);
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace bartizan::blocks
