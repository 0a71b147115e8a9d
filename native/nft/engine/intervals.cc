#include "intervals.h"

#include <algorithm>
#include <cerrno>

namespace bartizan::nft {

namespace {

bool bit(const Address& address, int at) { return (address[at / 8] >> (7 - at % 8) & 1) != 0; }

// The highest address with `prefix` bits in common.
Address last_of(Address address, uint8_t width, int prefix) {
  for (int at = prefix; at < width * 8; at++) address[at / 8] |= static_cast<uint8_t>(0x80 >> at % 8);
  return address;
}

// One more or less, inside `width` bytes; false when it wraps.
bool increment(Address& address, uint8_t width) {
  for (int i = width - 1; i >= 0; i--) {
    if (++address[i] != 0) return true;
  }
  return false;
}

void decrement(Address& address, uint8_t width) {
  for (int i = width - 1; i >= 0; i--) {
    if (address[i]-- != 0) return;
  }
}

Address port(uint16_t number) {
  return {static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
}

// The shortest prefix that starts at `first` and stays at or below `last`.
uint8_t widest(const Address& first, const Address& last, uint8_t width) {
  int prefix = width * 8;
  while (prefix > 0 && !bit(first, prefix - 1) && last_of(first, width, prefix - 1) <= last) prefix--;
  return static_cast<uint8_t>(prefix);
}

// Ports have no prefixes: one range, or a single port.
Element port_range(const Bound& start, const Address& last) {
  const auto number = static_cast<uint16_t>(last[0] << 8 | last[1]);
  const bool single = start.address == last;
  const Key key = {2, single ? kNoPrefix : kRange, start.address, single ? uint16_t{0} : number};
  return {key, start.timeout_ms, start.comment, start.tally};
}

void split(const Bound& start, const Address& last, uint8_t width, std::vector<Element>& into) {
  if (width == 2) return into.push_back(port_range(start, last));
  Address first = start.address;
  for (;;) {
    const uint8_t prefix = widest(first, last, width);
    into.push_back({{width, prefix, first, 0}, start.timeout_ms, start.comment, start.tally});
    first = last_of(first, width, prefix);
    if (first >= last || !increment(first, width)) return;
  }
}

}  // namespace

bool is_network(const Key& key) {
  for (int at = key.prefix; at < key.width * 8; at++) {
    if (bit(key.address, at)) return false;
  }
  return true;
}

Address last_of(const Key& key) {
  if (key.prefix == kRange) return port(key.last_port);
  return last_of(key.address, key.width, key.prefix == kNoPrefix ? key.width * 8 : key.prefix);
}

std::optional<Address> end_of(const Key& network) {
  Address end = last_of(network);
  if (!increment(end, network.width)) return std::nullopt;
  return end;
}

std::vector<Element> networks_of(std::vector<Bound> bounds, uint8_t width) {
  // Where one range ends and the next begins, the end comes first.
  std::ranges::sort(bounds, [](const Bound& a, const Bound& b) {
    return a.address != b.address ? a.address < b.address : a.is_end && !b.is_end;
  });
  std::vector<Element> networks;
  for (size_t i = 0; i < bounds.size(); i++) {
    if (bounds[i].is_end) continue;
    Address last = last_of({}, width, 0);
    if (i + 1 < bounds.size()) {
      last = bounds[i + 1].address;
      decrement(last, width);
    }
    split(bounds[i], last, width, networks);
  }
  return networks;
}

NetworkSet::NetworkSet(const std::vector<Element>& elements) {
  for (const Element& element : elements) {
    last_by_first_[element.key.address] = last_of(element.key);
  }
}

int NetworkSet::apply(const Op& op) {
  if (op.kind == OpKind::flush) {
    last_by_first_.clear();
    return 0;
  }
  const Address& first = op.key.address;
  const Address last = last_of(op.key);
  const auto same = last_by_first_.find(first);
  const bool there = same != last_by_first_.end() && same->second == last;
  if (op.kind == OpKind::remove) {
    if (!there) return ENOENT;
    last_by_first_.erase(same);
    return 0;
  }
  if (there) return EEXIST;
  const auto after = last_by_first_.upper_bound(last);
  if (after != last_by_first_.begin() && std::prev(after)->second >= first) return ENOTEMPTY;
  last_by_first_.emplace(first, last);
  return 0;
}

}  // namespace bartizan::nft
