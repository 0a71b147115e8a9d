#include "row-judge.h"

#include <algorithm>

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

}  // namespace

void RowJudge::learn(std::string_view text) {
  Told told{widened(text.substr(0, settings_.longest)), 0, quad_of(text), 0};
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
  const bool is_whole = settings_.v4_bits == 32;
  const int32_t source = is_whole ? told_[address].quad : static_cast<int32_t>(static_cast<uint32_t>(told_[address].quad) & (~0u << (32 - settings_.v4_bits)));
  // Where a source is more than an address, the address tells a connection.
  entry.peer = is_whole || address == 0 ? Hashed{} : told(address);
  if (!stream.by_account) {
    if (address == 0) return false;
    entry.key = {kIsV4, source};
    entry.value = user == 0 ? Hashed{} : told(user);
    return true;
  }
  if (user == 0) return false;
  const Named& account = account_of(user, row[lines::kHost]);
  entry.name = {account.text, account.hash};
  if (address == 0) entry.value = {};
  else if (is_whole) entry.value = told(address);
  else entry.value = {network_of(source).text, network_.hash};
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

const RowJudge::Named& RowJudge::network_of(int32_t quad) {
  const auto bits = static_cast<uint32_t>(quad);
  const std::string text = std::to_string(bits >> 24) + "." + std::to_string((bits >> 16) & 255) + "." + std::to_string((bits >> 8) & 255) + "." +
                           std::to_string(bits & 255) + "/" + std::to_string(settings_.v4_bits);
  network_ = {widened(text), 0};
  network_.hash = hash_of(network_.text);
  return network_;
}

}  // namespace bartizan::windows
