#include "row-judge.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "../../lines/engine/reader.h"

namespace bartizan::windows {
namespace {

// What stands in a key of 64 bits where an IPv6 network has its first half; as in core/detect/trail/keys.ts.
constexpr int32_t kIsV4 = 0xffff;
// Pairs of user and host that are remembered; both may be an attacker's choice.
constexpr size_t kMostAccounts = 512;

// Of a canonical dotted quad, as 32 bits; of anything else, any.
int32_t quad_of(std::string_view text) {
  uint32_t quad = 0, octet = 0;
  for (const char byte : text) {
    if (byte == '.') {
      quad = (quad << 8) | octet;
      octet = 0;
    } else {
      octet = octet * 10 + static_cast<uint32_t>(byte - '0');
    }
  }
  return static_cast<int32_t>((quad << 8) | octet);
}

std::u16string widened(std::string_view text) { return {text.begin(), text.end()}; }

// The first bits of a word.
int32_t masked(uint32_t word, uint32_t bits) { return static_cast<int32_t>(bits == 0 ? 0 : word & (~0u << (32 - bits))); }

// The first half of an IPv6 address; of anything else, any.
std::array<uint32_t, 2> half_of(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> written{};
  if (text.size() >= written.size()) return {};
  std::ranges::copy(text, written.begin());
  std::array<uint32_t, 4> words{};
  if (inet_pton(AF_INET6, written.data(), words.data()) != 1) return {};
  return {ntohl(words[0]), ntohl(words[1])};
}

std::string v6_text(const Key& half) {
  const std::array<uint32_t, 4> words = {htonl(static_cast<uint32_t>(half.high)), htonl(static_cast<uint32_t>(half.low)), 0, 0};
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, words.data(), text.data(), text.size());
  return text.data();
}

std::string v4_text(const Key& address) {
  const auto quad = static_cast<uint32_t>(address.low);
  return std::to_string(quad >> 24) + "." + std::to_string((quad >> 16) & 255) + "." + std::to_string((quad >> 8) & 255) + "." + std::to_string(quad & 255);
}

}  // namespace

// Of what is no address, any.
Key RowJudge::source_of(std::string_view text, bool is_v6) const {
  if (!is_v6) return {kIsV4, masked(static_cast<uint32_t>(quad_of(text)), settings_.v4_bits)};
  const auto [first, second] = half_of(text);
  const uint32_t bits = settings_.v6_bits;
  return {masked(first, std::min(32u, bits)), masked(second, bits > 32 ? bits - 32 : 0)};
}

void RowJudge::learn(std::string_view text) {
  const bool is_v6 = text.find(':') != text.npos;
  Told told{widened(text.substr(0, settings_.longest)), 0, source_of(text, is_v6), is_v6, 0};
  told.hash = hash_of(told.text);
  const auto user = std::find(settings_.users.begin(), settings_.users.end(), told.text);
  if (user != settings_.users.end()) told.user = static_cast<uint8_t>(user - settings_.users.begin() + 1);
  told_.push_back(std::move(told));
}

void RowJudge::forget() {
  told_ = std::vector<Told>(1);
  accounts_.clear();
}

bool RowJudge::is_sound(const uint32_t* row) const {
  if (row[lines::kAction] >= settings_.fates.size()) return false;
  return std::max({row[lines::kUser], row[lines::kHost], row[lines::kAddress]}) < told_.size();
}

std::optional<size_t> RowJudge::run(const RowRun& run) {
  has_completed_ = false;
  for (auto& completed : completed_) completed.clear();
  Entry entry;
  entry.source = {run.source, hash_of(run.source)};
  entry.provenance = run.provenance;
  const auto held_together = [this] {
    double bytes = 0;
    for (size_t i = 0; i < streams_.size(); i++) bytes += held(i);
    return bytes;
  };
  const double most = held_together() + run.room;
  for (size_t at = run.from; at < run.to; at += lines::kFields) {
    const uint32_t* row = run.rows.data() + at;
    if (!is_sound(row)) return std::nullopt;
    const Fate fate = settings_.fates[row[lines::kAction]];
    if (fate == Fate::passed) continue;
    entry.at = std::min(run.began + row[lines::kMoment], run.latest);
    entry.offset = run.offset + row[lines::kStart];
    entry.port = static_cast<uint16_t>(row[lines::kPort]);
    entry.weight = std::max(row[lines::kRepeats], 1u);
    if (judge(row, entry) || fate == Fate::shared || held_together() > most) return at + lines::kFields;
  }
  return run.to;
}

bool RowJudge::judge(const uint32_t* row, Entry& entry) {
  const Told& user = told_[row[lines::kUser]];
  const size_t unknown = (row[lines::kFlags] & lines::kUserUnknown) != 0 ? 1 : 0;
  const size_t kind = (row[lines::kAction] * 2 + unknown) * (settings_.users.size() + 1) + user.user;
  for (size_t i = 0; i < streams_.size(); i++) {
    const StreamOfRows& stream = streams_[i];
    completed_[i].clear();
    entry.traits = stream.traits[kind];
    if (entry.traits == 0 || !key_of(stream, row, entry)) continue;
    stream.windows->step(entry, completed_[i]);
    if (!completed_[i].empty()) has_completed_ = true;
  }
  return has_completed_;
}

// @returns false when the line has no such key
bool RowJudge::key_of(const StreamOfRows& stream, const uint32_t* row, Entry& entry) {
  const uint32_t address = row[lines::kAddress], user = row[lines::kUser];
  const Told& peer = told_[address];
  const bool is_whole = settings_.v4_bits == 32 && !peer.is_v6;
  // Where a source is more than an address, the address tells a connection.
  entry.peer = is_whole || address == 0 ? Hashed{} : told(address);
  if (!stream.by_account) {
    if (address == 0) return false;
    entry.key = peer.source;
    entry.value = user == 0 ? Hashed{} : told(user);
    return true;
  }
  if (user == 0) return false;
  const Named& account = account_of(user, row[lines::kHost]);
  entry.name = {account.text, account.hash};
  if (address == 0) entry.value = {};
  else if (is_whole) entry.value = told(address);
  else entry.value = {network_of(peer.source).text, network_.hash};
  return true;
}

// The user on the host.
const RowJudge::Named& RowJudge::account_of(uint32_t user, uint32_t host) {
  const uint64_t pair = (static_cast<uint64_t>(user) << 32) | host;
  const auto known = accounts_.find(pair);
  if (known != accounts_.end()) return known->second;
  if (accounts_.size() >= kMostAccounts) accounts_.clear();
  Named named{told_[user].text, 0};
  if (host != 0) named.text += u"@" + told_[host].text;
  named.hash = hash_of(named.text);
  return accounts_.emplace(pair, std::move(named)).first->second;
}

// As `SourceKeys.text` of core/detect/trail/keys.ts has it.
const RowJudge::Named& RowJudge::network_of(const Key& source) {
  const bool is_v4 = source.high == kIsV4;
  std::string text = is_v4 ? v4_text(source) : v6_text(source) + "/" + std::to_string(settings_.v6_bits);
  if (is_v4 && settings_.v4_bits < 32) text += "/" + std::to_string(settings_.v4_bits);
  network_ = {widened(text), 0};
  network_.hash = hash_of(network_.text);
  return network_;
}

}  // namespace bartizan::windows
