#include "ranges.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "../../nft/engine/intervals.h"

namespace bartizan::hand {

namespace {

// The next address or the one before; false where the space ends.
bool increment(Address& address, uint8_t width) {
  for (int i = width - 1; i >= 0; i--) {
    if (++address[static_cast<size_t>(i)] != 0) return true;
  }
  return false;
}

bool decrement(Address& address, uint8_t width) {
  for (int i = width - 1; i >= 0; i--) {
    if (address[static_cast<size_t>(i)]-- != 0) return true;
  }
  return false;
}

std::string text_of(const Address& address, uint8_t width) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(width == 4 ? AF_INET : AF_INET6, address.data(), text, sizeof text);
  return text;
}

}  // namespace

Range range_of(const Key& key) {
  Range range = {key.address, key.address};
  if (key.prefix == nft::kNoPrefix) return range;
  for (size_t at = key.prefix; at < size_t{key.width} * 8; at++) {
    range.last[at / 8] |= static_cast<uint8_t>(0x80 >> at % 8);
  }
  return range;
}

void Ranges::add(Range range) {
  auto next = last_by_first_.upper_bound(range.first);
  if (next != last_by_first_.begin()) {
    const auto before = std::prev(next);
    Address behind = before->second;
    if (before->second >= range.first || (increment(behind, width_) && behind == range.first)) {
      range.first = before->first;
      range.last = std::max(range.last, before->second);
      next = last_by_first_.erase(before);
    }
  }
  Address behind = range.last;
  const bool is_top = !increment(behind, width_);
  while (next != last_by_first_.end() && (is_top || next->first <= behind)) {
    if (next->second > range.last) {
      range.last = next->second;
      behind = range.last;
      if (!increment(behind, width_)) {
        last_by_first_.erase(next, last_by_first_.end());
        break;
      }
    }
    next = last_by_first_.erase(next);
  }
  last_by_first_[range.first] = range.last;
}

bool Ranges::remove(const Range& range) {
  bool removed = false;
  auto at = last_by_first_.upper_bound(range.first);
  if (at != last_by_first_.begin()) at = std::prev(at);
  while (at != last_by_first_.end() && at->first <= range.last) {
    const Range there = {at->first, at->second};
    if (there.last < range.first) {
      ++at;
      continue;
    }
    removed = true;
    at = last_by_first_.erase(at);
    if (there.first < range.first) {
      Address end = range.first;
      decrement(end, width_);
      last_by_first_[there.first] = end;
    }
    if (there.last > range.last) {
      Address begin = range.last;
      increment(begin, width_);
      last_by_first_[begin] = there.last;
      break;
    }
  }
  return removed;
}

bool Ranges::remove(const Ranges& others) {
  bool removed = false;
  for (const auto& [first, last] : others.last_by_first_) removed = remove(Range{first, last}) || removed;
  return removed;
}

bool Ranges::holds(const Range& range) const {
  const auto behind = last_by_first_.upper_bound(range.first);
  return behind != last_by_first_.begin() && std::prev(behind)->second >= range.last;
}

bool Ranges::meets(const Range& range) const {
  const auto behind = last_by_first_.upper_bound(range.last);
  return behind != last_by_first_.begin() && std::prev(behind)->second >= range.first;
}

std::vector<Key> Ranges::gaps_in(const Range& range) const {
  Ranges gaps(width_);
  gaps.add(range);
  auto at = last_by_first_.upper_bound(range.first);
  if (at != last_by_first_.begin()) at = std::prev(at);
  for (; at != last_by_first_.end() && at->first <= range.last; ++at) gaps.remove(Range{at->first, at->second});
  std::vector<nft::Bound> bounds;
  for (const auto& [first, last] : gaps.last_by_first_) {
    bounds.push_back({.address = first});
    Address behind = last;
    if (increment(behind, width_)) bounds.push_back({.address = behind, .is_end = true});
  }
  std::vector<Key> keys;
  for (const nft::Element& network : nft::networks_of(std::move(bounds), width_)) keys.push_back(network.key);
  return keys;
}

std::string text_of(const Range& range, uint8_t width) {
  const std::string first = text_of(range.first, width);
  return range.first == range.last ? first : first + "-" + text_of(range.last, width);
}

std::optional<Key> parse_key(const std::string& text) {
  const size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  Key key;
  key.width = address.find(':') == std::string::npos ? 4 : 16;
  if (inet_pton(key.width == 4 ? AF_INET : AF_INET6, address.c_str(), key.address.data()) != 1) return std::nullopt;
  if (slash == std::string::npos) return key;
  const char* begin = text.data() + slash + 1;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(begin, end, key.prefix);
  if (error != std::errc{} || stopped != end || key.prefix > key.width * 8 || !nft::is_network(key)) return std::nullopt;
  return key;
}

}  // namespace bartizan::hand
