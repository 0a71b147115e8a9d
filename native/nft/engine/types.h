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
// A hundred years: core/base/time.ts LONGEST.
constexpr uint64_t kMaxTimeoutMs = 36'500ULL * 86'400'000ULL;
constexpr size_t kMaxSets = 512;
constexpr size_t kMaxChains = 16;
constexpr size_t kMaxRules = 256;
// That the sets of one declaration begin with, all together: a transaction must fit the socket's buffer.
constexpr size_t kMaxBeginnings = 65'536;

struct SetShape {
  std::string name;
  // Bytes of a key: 4 (IPv4), 16 (IPv6), or 1: the packet's own family as NFPROTO_*.
  uint8_t width = 4;
  bool interval = false;
  bool timeout = false;
  // 0: not declared.
  uint32_t size = 0;
};

// `family` looks the packet's NFPROTO_* up in a set of width 1.
enum class Match : uint8_t { iif = 0, saddr = 1, family = 2 };
enum class Verdict : uint8_t { drop = 0, accept = 1, go_to = 2 };

struct Rule {
  Match match = Match::iif;
  Verdict verdict = Verdict::drop;
  // Interface name, or the set looked up.
  std::string subject;
  // Empty: not counted.
  std::string counter;
  // Where a packet goes on and does not come back from; empty unless the verdict says so.
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

// Network order; IPv4 uses the first four bytes, the rest stays zero.
using Address = std::array<uint8_t, 16>;

constexpr uint8_t kNoPrefix = 255;

struct Key {
  uint8_t width = 4;
  // kNoPrefix for a single address.
  uint8_t prefix = kNoPrefix;
  Address address = {};
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
