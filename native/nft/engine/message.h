// Netlink messages: written into one buffer, read back with every length checked.
#pragma once

#include <linux/netlink.h>

#include <cstring>
#include <string_view>
#include <vector>

#include "types.h"

namespace bartizan::nft {

// Builds a run of netlink messages back to back. Integers of attributes are big-endian, as nf_tables wants them.
class MessageWriter {
 public:
  explicit MessageWriter(uint32_t first_seq) : first_seq_(first_seq), next_seq_(first_seq) {}

  // Starts a message of raw type with a body of fixed size; returns its sequence number.
  uint32_t begin(uint16_t type, uint16_t flags, Bytes header);
  // Starts NFT_MSG_<message> for table family inet.
  uint32_t begin_nft(uint8_t message, uint16_t flags);
  // The same for another family, NFPROTO_*; 0 asks for all of them.
  uint32_t begin_nft(uint8_t message, uint16_t flags, uint8_t family);
  void begin_batch(std::optional<uint32_t> generation);
  void end_batch();

  void put(uint16_t attribute, Bytes data);
  void put_text(uint16_t attribute, std::string_view text);
  void put_u8(uint16_t attribute, uint8_t value) { put(attribute, {&value, 1}); }
  void put_u32(uint16_t attribute, uint32_t value);
  void put_u64(uint16_t attribute, uint64_t value);

  // A nest is closed by giving back what opened it.
  size_t open(uint16_t attribute);
  void close(size_t nest);

  // Attributes that are whole already, a multiple of four bytes.
  void put_whole(Bytes attributes);

  // Bytes written since `nest` was opened; the kernel's limit on an attribute is 65,535.
  size_t length_of(size_t nest) const { return bytes_.size() - nest; }
  // Where the next attribute will stand, counted from its message's header.
  uint32_t offset() const { return static_cast<uint32_t>(bytes_.size() - message_); }
  // Asks for an acknowledgement of the message written last.
  void acknowledge();

  void reserve(size_t size) { bytes_.reserve(size); }
  Bytes bytes() const { return bytes_; }
  uint32_t first_seq() const { return first_seq_; }
  uint32_t last_seq() const { return next_seq_ - 1; }

 private:
  void append(const void* data, size_t size);
  void pad();
  void seal();

  std::vector<uint8_t> bytes_;
  size_t message_ = 0;
  uint32_t first_seq_;
  uint32_t next_seq_;
};

// Attributes of one level, found by type. A malformed run simply ends: the kernel is trusted to be well-formed, the
// lengths are checked all the same.
class Attributes {
 public:
  explicit Attributes(Bytes bytes) : bytes_(bytes) {}

  std::optional<Bytes> find(uint16_t type) const;
  Attributes nested(uint16_t type) const { return Attributes(find(type).value_or(Bytes{})); }
  std::optional<uint32_t> u32(uint16_t type) const;
  std::optional<uint64_t> u64(uint16_t type) const;
  // Without the closing NUL.
  std::optional<std::string> text(uint16_t type) const;

  template <class Visit>
  void each(Visit visit) const {
    Bytes rest = bytes_;
    while (rest.size() >= sizeof(nlattr)) {
      nlattr head;
      std::memcpy(&head, rest.data(), sizeof head);
      if (head.nla_len < sizeof head || head.nla_len > rest.size()) return;
      visit(static_cast<uint16_t>(head.nla_type & NLA_TYPE_MASK), rest.subspan(NLA_HDRLEN, head.nla_len - NLA_HDRLEN));
      const size_t step = NLA_ALIGN(head.nla_len);
      if (step >= rest.size()) return;
      rest = rest.subspan(step);
    }
  }

 private:
  Bytes bytes_;
};

// The attributes of a message behind `header` bytes of fixed body.
Attributes attributes_of(const nlmsghdr* message, size_t header);

}  // namespace bartizan::nft
