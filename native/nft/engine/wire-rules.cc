#include "wire-rules.h"

namespace bartizan::nft {

namespace {

constexpr uint8_t kNoLog = 0;
constexpr uint8_t kToGroup = 2;
constexpr uint32_t kSeconds[] = {1, 60, 3600};

// An enumerator that `last` closes.
template <class Enum>
Enum one_of(Cursor& in, Enum last) {
  const uint8_t value = in.u8();
  if (value <= static_cast<uint8_t>(last)) return static_cast<Enum>(value);
  in.spoil();
  return last;
}

Rate read_rate(Cursor& in) {
  Rate rate;
  rate.packets = in.u32();
  const uint8_t unit = in.u8();
  if (unit < std::size(kSeconds)) rate.seconds = kSeconds[unit];
  else in.spoil();
  rate.burst = in.u32();
  return rate;
}

void read_types(Cursor& in, std::vector<uint8_t>& types) {
  const Bytes bytes = in.take(in.u8());
  types.assign(bytes.begin(), bytes.end());
}

Match read_match(Cursor& in) {
  Match match;
  match.kind = one_of(in, MatchKind::connections);
  switch (match.kind) {
    case MatchKind::iif:
    case MatchKind::saddr:
    case MatchKind::family:
    case MatchKind::daddr:
    case MatchKind::saddr_port:
      match.subject = in.text();
      break;
    case MatchKind::nfproto:
    case MatchKind::protocol:
    case MatchKind::ct:
      match.number = in.u8();
      break;
    case MatchKind::dport:
      match.number = in.u8();
      match.port = in.u16();
      match.subject = in.text();
      break;
    case MatchKind::icmp:
      match.number = in.u8();
      read_types(in, match.types);
      break;
    case MatchKind::over:
      match.rate = read_rate(in);
      match.subject = in.text();
      break;
    case MatchKind::connections:
      match.limit = in.u32();
      match.subject = in.text();
      break;
    case MatchKind::syn:
    case MatchKind::local:
      break;
  }
  return match;
}

std::optional<Log> read_log(Cursor& in) {
  const uint8_t kind = in.u8();
  if (kind > kToGroup) in.spoil();
  if (kind == kNoLog) return std::nullopt;
  Log log;
  log.to_group = kind == kToGroup;
  log.target = in.u16();
  log.prefix = in.text();
  log.rate = read_rate(in);
  return log;
}

}  // namespace

Rule read_rule(Cursor& in) {
  Rule rule;
  const uint8_t matches = in.u8();
  if (matches > kMaxMatches) in.spoil();
  for (uint8_t i = 0; i < matches && !in.broken(); i++) rule.when.push_back(read_match(in));
  rule.counter = in.text();
  rule.log = read_log(in);
  rule.verdict = one_of(in, Verdict::go_on);
  rule.target = in.text();
  return rule;
}

}  // namespace bartizan::nft
