#include "userdata.h"

#include <cstring>

namespace bartizan::nft {

namespace {
constexpr uint8_t kComment = 0;
constexpr uint8_t kSetKeyByteOrder = 0;
constexpr uint8_t kSetComment = 7;
constexpr uint32_t kBigEndian = 2;
constexpr uint8_t kElementFlags = 1;
constexpr uint32_t kOpenRange = 1;

// Numbers in these records are in the host's order.
void append_u32(std::vector<uint8_t>& into, uint8_t type, uint32_t value) {
  uint8_t raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  into.insert(into.end(), {type, sizeof value});
  into.insert(into.end(), raw, raw + sizeof raw);
}

std::vector<uint8_t> text_record(uint8_t type, const std::string& text) {
  std::vector<uint8_t> record(2 + text.size() + 1);
  record[0] = type;
  record[1] = static_cast<uint8_t>(text.size() + 1);
  std::memcpy(record.data() + 2, text.data(), text.size());
  return record;
}

std::optional<std::string> text_of(Bytes userdata, uint8_t wanted) {
  while (userdata.size() >= 2) {
    const uint8_t type = userdata[0];
    const size_t length = userdata[1];
    if (length > userdata.size() - 2) return std::nullopt;
    const Bytes value = userdata.subspan(2, length);
    if (type == wanted && length > 0 && value.back() == 0) {
      return std::string(reinterpret_cast<const char*>(value.data()), length - 1);
    }
    userdata = userdata.subspan(2 + length);
  }
  return std::nullopt;
}
}  // namespace

std::vector<uint8_t> comment_record(const std::string& text) { return text_record(kComment, text); }

std::optional<std::string> comment_of(Bytes userdata) { return text_of(userdata, kComment); }

void append_set_comment(std::vector<uint8_t>& userdata, const std::string& text) {
  const auto record = text_record(kSetComment, text);
  userdata.insert(userdata.end(), record.begin(), record.end());
}

std::optional<std::string> set_comment_of(Bytes userdata) { return text_of(userdata, kSetComment); }

std::vector<uint8_t> key_order_record() {
  std::vector<uint8_t> record;
  append_u32(record, kSetKeyByteOrder, kBigEndian);
  return record;
}

void append_open_range(std::vector<uint8_t>& userdata) { append_u32(userdata, kElementFlags, kOpenRange); }

bool is_open_range(Bytes userdata) {
  while (userdata.size() >= 2) {
    const size_t length = userdata[1];
    if (length > userdata.size() - 2) return false;
    uint32_t flags = 0;
    if (userdata[0] == kElementFlags && length == sizeof flags) {
      std::memcpy(&flags, userdata.data() + 2, sizeof flags);
      return (flags & kOpenRange) != 0;
    }
    userdata = userdata.subspan(2 + length);
  }
  return false;
}

}  // namespace bartizan::nft
