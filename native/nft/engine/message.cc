#include "message.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>

namespace bartizan::nft {

namespace {
constexpr uint8_t kZeros[NLMSG_ALIGNTO] = {};

nfgenmsg nfnetlink_header(uint8_t family, uint16_t resource) { return {family, NFNETLINK_V0, htons(resource)}; }

Bytes as_bytes(const nfgenmsg& header) { return {reinterpret_cast<const uint8_t*>(&header), sizeof header}; }
}  // namespace

void MessageWriter::append(const void* data, size_t size) {
  const auto* from = static_cast<const uint8_t*>(data);
  bytes_.insert(bytes_.end(), from, from + size);
}

void MessageWriter::pad() { append(kZeros, NLMSG_ALIGN(bytes_.size()) - bytes_.size()); }

// Keeps the length of the message under way right after every append.
void MessageWriter::seal() {
  pad();
  const auto length = static_cast<uint32_t>(bytes_.size() - message_);
  std::memcpy(bytes_.data() + message_ + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

uint32_t MessageWriter::begin(uint16_t type, uint16_t flags, Bytes header) {
  message_ = bytes_.size();
  const nlmsghdr head = {0, type, static_cast<uint16_t>(flags | NLM_F_REQUEST), next_seq_, 0};
  append(&head, sizeof head);
  append(header.data(), header.size());
  seal();
  return next_seq_++;
}

uint32_t MessageWriter::begin_nft(uint8_t message, uint16_t flags) {
  return begin_nft(message, flags, NFPROTO_INET);
}

uint32_t MessageWriter::begin_nft(uint8_t message, uint16_t flags, uint8_t family) {
  const auto header = nfnetlink_header(family, 0);
  return begin(static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message), flags, as_bytes(header));
}

void MessageWriter::begin_batch(std::optional<uint32_t> generation) {
  const auto header = nfnetlink_header(AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  begin(NFNL_MSG_BATCH_BEGIN, 0, as_bytes(header));
  if (generation) put_u32(NFNL_BATCH_GENID, *generation);
}

void MessageWriter::end_batch() {
  const auto header = nfnetlink_header(AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  begin(NFNL_MSG_BATCH_END, 0, as_bytes(header));
}

void MessageWriter::put(uint16_t attribute, Bytes data) {
  const nlattr head = {static_cast<uint16_t>(NLA_HDRLEN + data.size()), attribute};
  append(&head, sizeof head);
  append(data.data(), data.size());
  seal();
}

void MessageWriter::put_text(uint16_t attribute, std::string_view text) {
  const nlattr head = {static_cast<uint16_t>(NLA_HDRLEN + text.size() + 1), attribute};
  append(&head, sizeof head);
  append(text.data(), text.size());
  append(kZeros, 1);
  seal();
}

void MessageWriter::put_u32(uint16_t attribute, uint32_t value) {
  const uint32_t big = htonl(value);
  put(attribute, {reinterpret_cast<const uint8_t*>(&big), sizeof big});
}

void MessageWriter::put_u64(uint16_t attribute, uint64_t value) {
  const uint64_t big = htobe64(value);
  put(attribute, {reinterpret_cast<const uint8_t*>(&big), sizeof big});
}

void MessageWriter::put_whole(Bytes attributes) {
  append(attributes.data(), attributes.size());
  seal();
}

size_t MessageWriter::open(uint16_t attribute) {
  const size_t nest = bytes_.size();
  put(static_cast<uint16_t>(attribute | NLA_F_NESTED), {});
  return nest;
}

void MessageWriter::close(size_t nest) {
  const auto length = static_cast<uint16_t>(length_of(nest));
  std::memcpy(bytes_.data() + nest + offsetof(nlattr, nla_len), &length, sizeof length);
}

void MessageWriter::acknowledge() {
  uint16_t flags;
  uint8_t* at = bytes_.data() + message_ + offsetof(nlmsghdr, nlmsg_flags);
  std::memcpy(&flags, at, sizeof flags);
  flags |= NLM_F_ACK;
  std::memcpy(at, &flags, sizeof flags);
}

std::optional<Bytes> Attributes::find(uint16_t type) const {
  std::optional<Bytes> found;
  each([&](uint16_t each_type, Bytes data) {
    if (each_type == type && !found) found = data;
  });
  return found;
}

std::optional<uint32_t> Attributes::u32(uint16_t type) const {
  const auto data = find(type);
  if (!data || data->size() != sizeof(uint32_t)) return std::nullopt;
  uint32_t big;
  std::memcpy(&big, data->data(), sizeof big);
  return ntohl(big);
}

std::optional<uint64_t> Attributes::u64(uint16_t type) const {
  const auto data = find(type);
  if (!data || data->size() != sizeof(uint64_t)) return std::nullopt;
  uint64_t big;
  std::memcpy(&big, data->data(), sizeof big);
  return be64toh(big);
}

std::optional<std::string> Attributes::text(uint16_t type) const {
  const auto data = find(type);
  if (!data) return std::nullopt;
  const auto* chars = reinterpret_cast<const char*>(data->data());
  return std::string(chars, strnlen(chars, data->size()));
}

Attributes attributes_of(const nlmsghdr* message, size_t header) {
  const size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(header);
  if (message->nlmsg_len < skip) return Attributes({});
  return Attributes(Bytes(reinterpret_cast<const uint8_t*>(message), message->nlmsg_len).subspan(skip));
}

}  // namespace bartizan::nft
