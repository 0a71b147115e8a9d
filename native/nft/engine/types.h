// What the engine is told and what it answers. No Node types anywhere under engine/: every door shares it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace bartizan::nft {

using Bytes = std::span<const uint8_t>;

// The values travel in replies (wire.h): append, never renumber.
enum class Code : uint8_t {
  denied = 1,
  busy = 2,
  exists = 3,
  missing = 4,
  full = 5,
  resync = 6,
  invalid = 7,
  closed = 8,
  rejected = 9,
};

struct Failure {
  Code code = Code::rejected;
  // 0 when the engine refused before the kernel was asked.
  int error = 0;
  // Index of the op at fault, -1 where nobody said.
  int32_t op = -1;
  // Said only where the engine itself refused; errnos are put into words by the caller.
  std::string reason = {};
  // Of a load: keys from the first on that were worked off; -1 for anything else.
  int32_t loaded = -1;
};

// Success is the empty optional.
using Status = std::optional<Failure>;

template <class V>
class Result {
 public:
  Result(V value) : held_(std::move(value)) {}
  Result(Failure failure) : held_(std::move(failure)) {}
  bool ok() const { return std::holds_alternative<V>(held_); }
  V& value() { return std::get<V>(held_); }
  const Failure& failure() const { return std::get<Failure>(held_); }

 private:
  std::variant<V, Failure> held_;
};

// How an errno of the kernel reads in the port's vocabulary.
Code code_of(int error);
inline Failure from_errno(int error, int32_t op = -1) { return {code_of(error), error, op, {}, -1}; }
inline Failure refuse(std::string why, int32_t op = -1) { return {Code::invalid, 0, op, std::move(why), -1}; }

constexpr size_t kMaxName = 31;
constexpr size_t kMaxInterface = 15;
constexpr size_t kMaxComment = 128;
constexpr uint32_t kMaxOps = 10'000;
constexpr uint32_t kMaxSetSize = 16'777'216;
// Looked up in one call, 3 us each.
constexpr uint32_t kMaxFound = 10'000;
constexpr size_t kIdBytes = 16;
// A hundred years: core/base/time.ts LONGEST.
constexpr uint64_t kMaxTimeoutMs = 36'500ULL * 86'400'000ULL;
constexpr size_t kMaxSets = 512;
constexpr size_t kMaxChains = 64;
// Of one chain, and of all: a transaction must fit the socket's buffer.
constexpr size_t kMaxRules = 1024;
constexpr size_t kMaxAllRules = 8192;
constexpr size_t kMaxMatches = 16;
// Conditions of all rules, and those of them that the kernel keeps a set without a name for: to name one it looks at all
// others.
constexpr size_t kMaxAllMatches = 65'536;
constexpr size_t kMaxTypeLists = 256;
constexpr size_t kMaxTypes = 64;
constexpr size_t kMaxPrefix = 63;
// Of packets, bursts and connections.
constexpr uint32_t kMaxCount = 1'000'000;
// How long a bucket may take to fill.
constexpr uint64_t kMaxFillSeconds = 86'400;
// Chains that a packet may go on to one behind the other: what the kernel keeps room for.
constexpr size_t kMaxJumps = 15;
// Ways through all chains. The kernel walks each when rules are loaded.
constexpr size_t kMaxWays = 65'536;
// That the sets of one declaration begin with, all together: a transaction must fit the socket's buffer.
constexpr size_t kMaxBeginnings = 65'536;

// Bytes of a key, by which the kinds of sets are told apart: 1 the packet's own family as NFPROTO_*, 2 a port, 4 and 16
// addresses, 12 and 24 address . protocol . port, each part filling four bytes.
constexpr uint8_t kWidths[] = {1, 2, 4, 12, 16, 24};
constexpr uint8_t kMaxWidth = 24;

struct SetShape {
  std::string name;
  uint8_t width = 4;
  bool interval = false;
  bool timeout = false;
  // 0: not declared.
  uint32_t size = 0;
  // A rule fills it with the sources that it counts.
  bool dynamic = false;
  // Each element counts what found it.
  bool counters = false;
  // What that rule allows, in words. Elements keep the limit they were made with, so one that allows another is another.
  std::string meter = {};
};

// A token bucket that begins full.
struct Rate {
  uint32_t packets = 1;
  // 1, 60 or 3600.
  uint32_t seconds = 1;
  uint32_t burst = 1;
};

// The values travel in requests (wire.h): append, never renumber.
enum class MatchKind : uint8_t {
  iif = 0,
  saddr = 1,
  // The packet's NFPROTO_* in a set of width 1.
  family = 2,
  daddr = 3,
  saddr_port = 4,
  nfproto = 5,
  protocol = 6,
  dport = 7,
  ct = 8,
  syn = 9,
  icmp = 10,
  local = 11,
  over = 12,
  connections = 13,
};

struct Match {
  MatchKind kind = MatchKind::iif;
  // Interface name, or the set looked up or filled; empty where there is none.
  std::string subject = {};
  // 4 or 6 of nfproto and icmp, IPPROTO_* of protocol and dport, NF_CT_STATE_* bits of ct.
  uint8_t number = 0;
  // Of dport; 0: it is looked up.
  uint16_t port = 0;
  // Of icmp.
  std::vector<uint8_t> types = {};
  // Of over.
  Rate rate = {};
  // Of connections: how many are too many, less one.
  uint32_t limit = 0;
};

struct Log {
  std::string prefix;
  bool to_group = false;
  // nflog group, or level of the kernel's log.
  uint16_t target = 0;
  Rate rate = {};
};

enum class Verdict : uint8_t { drop = 0, accept = 1, go_to = 2, jump = 3, go_back = 4, go_on = 5 };

struct Rule {
  std::vector<Match> when = {};
  // Empty: not counted.
  std::string counter = {};
  std::optional<Log> log = {};
  Verdict verdict = Verdict::drop;
  // Where a packet goes on; empty unless the verdict says so.
  std::string target = {};
};

// NF_INET_* of a chain that packets come to only by a rule.
constexpr uint8_t kNoHook = 255;

struct Chain {
  std::string name;
  // NF_INET_*: prerouting 0, input 1, forward 2, output 3; or kNoHook.
  uint8_t hook = 0;
  int32_t priority = 0;
  std::vector<Rule> rules = {};
};

// Network order; whatever a key is of uses the first bytes, the rest stays zero.
using Address = std::array<uint8_t, kMaxWidth>;

constexpr uint8_t kNoPrefix = 255;
// In a prefix's place: the key is a range of ports.
constexpr uint8_t kRange = 254;

struct Key {
  uint8_t width = 4;
  // kNoPrefix for a single key.
  uint8_t prefix = kNoPrefix;
  Address address = {};
  // Of a range.
  uint16_t last_port = 0;
};

enum class OpKind : uint8_t { add = 0, remove = 1, flush = 2 };

struct Op {
  OpKind kind = OpKind::add;
  // Index into Batch::sets.
  uint16_t set = 0;
  Key key = {};
  // 0: never.
  uint64_t timeout_ms = 0;
  std::optional<std::string> comment = {};
};

struct DeclaredSet {
  SetShape shape;
  // What it holds from the moment it is made; each op adds.
  std::vector<Op> beginning = {};
};

struct Table {
  std::string name;
  std::vector<DeclaredSet> sets;
  std::vector<Chain> chains;
};

struct Batch {
  std::string table;
  std::vector<std::string> sets;
  std::vector<Op> ops;
};

// Keys side by side, as they came through the door; the columns point into `held`.
struct Load {
  std::string table;
  std::string set;
  uint8_t width = 4;
  bool networks = false;
  uint32_t count = 0;
  // width bytes a key.
  Bytes keys = {};
  // One a key where they are networks.
  Bytes prefixes = {};
  // A little-endian double a key: whole ms to live, 0 never; or none at all.
  Bytes timeouts = {};
  // A UUID a key, or none at all.
  Bytes ids = {};
  std::vector<uint8_t> held = {};
};

// A base chain of any table.
struct BaseChain {
  uint8_t family = 0;
  std::string table;
  std::string name;
  uint32_t hook = 0;
  int32_t priority = 0;
  uint32_t policy = 0;
  std::string type;
};

// What a counter counted.
struct Tally {
  uint64_t packets = 0;
  uint64_t bytes = 0;
};

struct Element {
  Key key = {};
  // Time left, empty: never.
  std::optional<uint64_t> timeout_ms = {};
  std::optional<std::string> comment = {};
  std::optional<Tally> tally = {};
};

struct Counter {
  std::string name;
  uint64_t packets = 0;
  uint64_t bytes = 0;
};

}  // namespace bartizan::nft
