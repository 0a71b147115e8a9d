#include "validate.h"

#include <linux/in.h>
#include <linux/netfilter.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <set>

#include "intervals.h"
#include "load.h"

namespace bartizan::nft {

namespace {

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Length of the UTF-8 sequence at `at`, 0 when it is none (overlong forms and surrogates included).
size_t utf8_sequence(const std::string& text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto follows = [&](size_t i, uint8_t low, uint8_t high) { return byte(i) >= low && byte(i) <= high; };
  const uint8_t lead = byte(at);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(at + 1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second = follows(at + 1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    return second && follows(at + 2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second = follows(at + 1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return second && follows(at + 2, 0x80, 0xbf) && follows(at + 3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

// What `nft list` prints between quotes and `nft -f` reads back: no quote, no control character.
bool is_comment(const std::string& text) {
  if (text.size() > kMaxComment) return false;
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<uint8_t>(text[at]);
    const size_t length = utf8_sequence(text, at);
    if (length == 0 || byte < 0x20 || byte == 0x7f || byte == '"') return false;
    at += length;
  }
  return true;
}

bool has_intervals(uint8_t width) { return width == 2 || width == 4 || width == 16; }

Status validate_set(const SetShape& set) {
  if (!is_name(set.name)) return refuse("a set's name must be 1-31 of A-Z a-z 0-9 _");
  if (std::ranges::find(kWidths, set.width) == std::end(kWidths)) return refuse("a set has other keys than ours");
  if (set.interval && !has_intervals(set.width)) return refuse("there are no intervals of these keys");
  if (set.dynamic && ((set.width != 4 && set.width != 16) || set.interval || set.size == 0)) {
    return refuse("a dynamic set holds single addresses and has a size");
  }
  if (set.dynamic && set.counters) return refuse("a dynamic set counts by the rule that fills it");
  if (set.interval && set.size != 0) return refuse("an interval set has no size");
  if (set.size > kMaxSetSize) return refuse("a set's size is at most 16777216");
  return std::nullopt;
}

bool is_family(uint8_t number) { return number == NFPROTO_IPV4 || number == NFPROTO_IPV6; }

// Address, tcp or udp, a port, and nothing in the bytes between.
bool is_joined(const Key& key) {
  const uint8_t* part = key.address.data() + key.width - 8;
  const bool protocol = part[0] == IPPROTO_TCP || part[0] == IPPROTO_UDP;
  const bool padded = part[1] == 0 && part[2] == 0 && part[3] == 0 && part[6] == 0 && part[7] == 0;
  return protocol && padded && (part[4] != 0 || part[5] != 0);
}

bool is_port(const Key& key) {
  const uint16_t first = static_cast<uint16_t>(key.address[0] << 8 | key.address[1]);
  return first != 0 && (key.prefix == kNoPrefix || (key.prefix == kRange && key.last_port > first));
}

Status validate_key(const Key& key, int32_t index) {
  switch (key.width) {
    case 1:
      if (key.prefix == kNoPrefix && is_family(key.address[0])) return std::nullopt;
      return refuse("a family is IPv4 or IPv6", index);
    case 2:
      if (is_port(key)) return std::nullopt;
      return refuse("a port is 1 to 65535, a range goes up", index);
    case 4:
    case 16:
      if (key.prefix == kNoPrefix) return std::nullopt;
      if (key.prefix > key.width * 8) return refuse("a prefix is longer than its address", index);
      if (!is_network(key)) return refuse("a network has host bits set", index);
      return std::nullopt;
    case 12:
    case 24:
      if (key.prefix == kNoPrefix && is_joined(key)) return std::nullopt;
      return refuse("such a key is an address, tcp or udp, and a port", index);
    default:
      return refuse("a key is of another width than those of sets", index);
  }
}

Status validate_op(const Op& op, int32_t index) {
  if (op.kind == OpKind::flush) return std::nullopt;
  if (auto refused = validate_key(op.key, index)) return refused;
  if (op.timeout_ms > kMaxTimeoutMs) return refuse("a timeout is at most 36500 days", index);
  if (op.comment && !is_comment(*op.comment)) {
    return refuse("a comment is at most 128 bytes of UTF-8 without quotes and control characters", index);
  }
  return std::nullopt;
}

Status fits(const Key& key, int32_t index, const SetShape& shape) {
  if (key.width != shape.width) return refuse("the key is not of the set's family", index);
  if (key.width == 2) {
    return key.prefix == kRange && !shape.interval ? refuse("the set takes single ports", index) : Status{};
  }
  if ((key.prefix != kNoPrefix) == shape.interval) return std::nullopt;
  return refuse(shape.interval ? "an interval set takes networks (address/prefix)" : "the set takes single addresses",
                index);
}

// An IPv4-mapped or -compatible address: the packets it means are IPv4 packets, which a set of IPv6 never meets.
bool carries_ipv4(const Key& key) {
  if (key.width != 16 || std::any_of(key.address.begin(), key.address.begin() + 10, [](uint8_t b) { return b != 0; })) {
    return false;
  }
  const Address& a = key.address;
  if (a[10] == 0xff && a[11] == 0xff) return true;
  return a[10] == 0 && a[11] == 0 && (a[12] != 0 || a[13] != 0);
}

// The set is empty before, so all that can stand in an element's way is another one of these.
Status validate_beginning(const DeclaredSet& set) {
  NetworkSet networks({});
  std::set<Address> addresses;
  for (const Op& op : set.beginning) {
    if (op.kind != OpKind::add || op.set != 0) return refuse("a set begins with elements to add");
    auto refused = validate_op(op, -1);
    if (!refused) refused = validate(op, -1, set.shape);
    if (refused) return refused;
    const int clash = set.shape.interval ? networks.apply(op) : addresses.insert(op.key.address).second ? 0 : EEXIST;
    if (clash != 0) return from_errno(clash);
  }
  return std::nullopt;
}

}  // namespace

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kMaxName &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '_'; });
}

Status validate(const Table& table) {
  if (!is_name(table.name)) return refuse("a table's name must be 1-31 of A-Z a-z 0-9 _");
  if (table.sets.size() > kMaxSets) return refuse("a table has at most 512 sets");
  std::set<std::string> names;
  size_t beginnings = 0;
  for (const DeclaredSet& set : table.sets) {
    if (auto refused = validate_set(set.shape)) return refused;
    if (!names.insert(set.shape.name).second) return refuse("two sets have the same name");
    if ((beginnings += set.beginning.size()) > kMaxBeginnings) return refuse("the sets begin with more than 65536 elements");
    if (auto refused = validate_beginning(set)) return refused;
  }
  return validate_chains(table);
}

Status validate(const Batch& batch) {
  if (!is_name(batch.table)) return refuse("a table's name must be 1-31 of A-Z a-z 0-9 _");
  if (batch.ops.size() > kMaxOps) return refuse("a batch has at most 10000 ops");
  if (batch.sets.size() > kMaxSets) return refuse("a batch touches at most 512 sets");
  std::set<std::string> sets;
  for (const std::string& set : batch.sets) {
    if (!is_name(set)) return refuse("a set's name must be 1-31 of A-Z a-z 0-9 _");
    if (!sets.insert(set).second) return refuse("a batch names a set twice");
  }
  for (size_t i = 0; i < batch.ops.size(); i++) {
    const auto index = static_cast<int32_t>(i);
    if (batch.ops[i].set >= batch.sets.size()) return refuse("an op names no set", index);
    if (auto refused = validate_op(batch.ops[i], index)) return refused;
  }
  return std::nullopt;
}

Status validate(const Key& key, int32_t index, const SetShape& shape) {
  if (auto refused = validate_key(key, index)) return refused;
  return fits(key, index, shape);
}

Status validate(const Load& load, const SetShape& shape) {
  if (shape.dynamic) return refuse("the set is filled by a rule alone");
  if (load.width != shape.width) return refuse("the addresses are not of the set's family");
  if (load.networks != shape.interval) {
    return refuse(shape.interval ? "an interval set takes networks: prefixes are missing" : "the set takes no prefixes");
  }
  for (uint32_t i = 0; i < load.count; i++) {
    const auto index = static_cast<int32_t>(i);
    const Key key = key_of(load, i);
    if (auto refused = validate_key(key, index)) return refused;
    if (key.prefix == kNoPrefix && carries_ipv4(key)) return refuse("an address carries an IPv4 address", index);
    const double timeout = timeout_of(load, i);
    if (!(timeout >= 0 && timeout <= static_cast<double>(kMaxTimeoutMs)) || timeout != std::floor(timeout)) {
      return refuse("a timeout is 0 or whole milliseconds up to 36500 days", index);
    }
    if (timeout != 0 && !shape.timeout) return refuse("the set is declared without timeouts", index);
  }
  return std::nullopt;
}

Status validate(const Op& op, int32_t index, const SetShape& shape) {
  if (op.kind == OpKind::flush) return std::nullopt;
  if (auto refused = fits(op.key, index, shape)) return refused;
  if (op.kind == OpKind::remove) return std::nullopt;
  if (shape.dynamic) return refuse("the set is filled by a rule alone", index);
  if (op.timeout_ms != 0 && !shape.timeout) return refuse("the set is declared without timeouts", index);
  return std::nullopt;
}

}  // namespace bartizan::nft
