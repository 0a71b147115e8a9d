// Reading and writing the wire's little-endian fields.
#pragma once

#include <endian.h>

#include <cstring>

#include "types.h"

namespace bartizan::nft {

// Reads past the end give zeros and leave the cursor broken, so that one check at the end of a request is enough.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : rest_(bytes) {}

  uint8_t u8() { return read<uint8_t>(); }
  uint16_t u16() { return le16toh(read<uint16_t>()); }
  uint32_t u32() { return le32toh(read<uint32_t>()); }
  uint64_t u64() { return le64toh(read<uint64_t>()); }
  std::string text() {
    const Bytes bytes = take(u8());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  Bytes take(size_t size) {
    if (size > rest_.size()) {
      broken_ = true;
      return {};
    }
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  bool broken() const { return broken_; }
  void spoil() { broken_ = true; }
  // Nothing missing, nothing left over.
  bool spent() const { return !broken_ && rest_.empty(); }
  size_t left() const { return rest_.size(); }

 private:
  template <class Number>
  Number read() {
    Number value = 0;
    const Bytes bytes = take(sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  Bytes rest_;
  bool broken_ = false;
};

class Sink {
 public:
  void u8(uint8_t value) { bytes_.push_back(value); }
  void u16(uint16_t value) { write(htole16(value)); }
  void u32(uint32_t value) { write(htole32(value)); }
  void u64(uint64_t value) { write(htole64(value)); }
  void text(const std::string& text) {
    const size_t length = std::min<size_t>(text.size(), 255);
    u8(static_cast<uint8_t>(length));
    bytes_.insert(bytes_.end(), text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
  }
  void raw(Bytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void reserve(size_t size) { bytes_.reserve(size); }
  std::vector<uint8_t> finish() { return std::move(bytes_); }

 private:
  template <class Number>
  void write(Number value) {
    uint8_t raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes_.insert(bytes_.end(), raw, raw + sizeof raw);
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace bartizan::nft
