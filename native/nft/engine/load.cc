#include "load.h"

#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "engine.h"
#include "pause.h"
#include "validate.h"

namespace bartizan::nft {

namespace {

constexpr uint32_t kSmallestChunk = 500;
// A transaction on an interval set costs as much as the set is large, so small ones only add up.
constexpr uint32_t kSmallestChunkOfNetworks = 2'500;
// Fewer elements are told sooner than the group is left.
constexpr uint32_t kWorthMuting = 1'000;
constexpr double kAimMs = 4;
constexpr size_t kIdText = 36;
// As in elements.cc: below what an attribute can say of its length.
constexpr size_t kListLimit = 60'000;

double milliseconds_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// nft's comment record with the UUID as text: type, length, text, NUL.
std::array<uint8_t, kIdText + 3> id_record(const uint8_t* id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<uint8_t, kIdText + 3> record = {};
  record[1] = kIdText + 1;
  size_t at = 2;
  for (size_t i = 0; i < kIdBytes; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) record[at++] = '-';
    record[at++] = static_cast<uint8_t>(kDigits[id[i] >> 4]);
    record[at++] = static_cast<uint8_t>(kDigits[id[i] & 15]);
  }
  return record;
}

// One element built in place: 200 ns less than through a writer that keeps every length right all the time.
class ElementBytes {
 public:
  ElementBytes(const Load& load, const SetShape& shape) : load_(load), shape_(shape) {}

  // The bound at `address` with what key `index` carries; an end bound carries nothing.
  Bytes start(uint32_t index, const Address& address) {
    begin();
    key(address);
    const auto timeout = static_cast<uint64_t>(timeout_of(load_, index));
    if (timeout != 0) {
      const uint64_t big = htobe64(timeout);
      attribute(NFTA_SET_ELEM_TIMEOUT, &big, sizeof big);
    }
    if (!load_.ids.empty()) {
      const auto record = id_record(load_.ids.data() + index * kIdBytes);
      attribute(NFTA_SET_ELEM_USERDATA, record.data(), record.size());
    }
    return whole();
  }

  Bytes end(const Address& address) {
    begin();
    const uint32_t flags = htobe32(NFT_SET_ELEM_INTERVAL_END);
    attribute(NFTA_SET_ELEM_FLAGS, &flags, sizeof flags);
    key(address);
    return whole();
  }

 private:
  void begin() { size_ = sizeof(nlattr); }

  void key(const Address& address) {
    const auto length = static_cast<uint16_t>(2 * sizeof(nlattr) + shape_.width);
    head(length, NFTA_SET_ELEM_KEY | NLA_F_NESTED);
    attribute(NFTA_DATA_VALUE, address.data(), shape_.width);
  }

  void head(uint16_t length, uint16_t type) {
    const nlattr attribute = {length, type};
    std::memcpy(bytes_.data() + size_, &attribute, sizeof attribute);
    size_ += sizeof attribute;
  }

  void attribute(uint16_t type, const void* data, size_t size) {
    head(static_cast<uint16_t>(sizeof(nlattr) + size), type);
    std::memcpy(bytes_.data() + size_, data, size);
    const size_t padded = NLA_ALIGN(size);
    std::memset(bytes_.data() + size_ + size, 0, padded - size);
    size_ += padded;
  }

  Bytes whole() {
    const nlattr outer = {static_cast<uint16_t>(size_), NFTA_LIST_ELEM | NLA_F_NESTED};
    std::memcpy(bytes_.data(), &outer, sizeof outer);
    return Bytes(bytes_).first(size_);
  }

  const Load& load_;
  const SetShape& shape_;
  // Heads, flags, 16 bytes of key, a timeout and an id: 92.
  std::array<uint8_t, 96> bytes_ = {};
  size_t size_ = 0;
};

}  // namespace

Key key_of(const Load& load, uint32_t index) {
  Key key;
  key.width = load.width;
  key.prefix = load.networks ? load.prefixes[index] : kNoPrefix;
  std::memcpy(key.address.data(), load.keys.data() + static_cast<size_t>(index) * load.width, load.width);
  return key;
}

double timeout_of(const Load& load, uint32_t index) {
  if (load.timeouts.empty()) return 0;
  uint64_t raw;
  std::memcpy(&raw, load.timeouts.data() + static_cast<size_t>(index) * sizeof raw, sizeof raw);
  raw = le64toh(raw);
  double timeout;
  std::memcpy(&timeout, &raw, sizeof timeout);
  return timeout;
}

Op as_op(const Load& load, uint32_t index) {
  Op op;
  op.key = key_of(load, index);
  op.timeout_ms = static_cast<uint64_t>(timeout_of(load, index));
  if (load.ids.empty()) return op;
  const auto record = id_record(load.ids.data() + static_cast<size_t>(index) * kIdBytes);
  op.comment = std::string(reinterpret_cast<const char*>(record.data()) + 2, kIdText);
  return op;
}

void write_keys(MessageWriter& out, const Load& load, const SetShape& shape, uint32_t from, uint32_t to,
                const std::vector<bool>& skip, std::vector<Mark>& marks) {
  // What is there is no refusal in a set without timeouts: the kernel keeps it as it is.
  const uint16_t flags = NLM_F_CREATE | (shape.timeout || shape.interval ? NLM_F_EXCL : 0);
  ElementBytes element(load, shape);
  size_t list = 0;
  for (uint32_t i = from; i < to; i++) {
    if (!skip.empty() && skip[i - from]) continue;
    if (list == 0 || out.length_of(list) >= kListLimit) {
      if (list != 0) out.close(list);
      out.begin_nft(NFT_MSG_NEWSETELEM, flags);
      out.put_text(NFTA_SET_ELEM_LIST_TABLE, load.table);
      out.put_text(NFTA_SET_ELEM_LIST_SET, load.set);
      list = out.open(NFTA_SET_ELEM_LIST_ELEMENTS);
    }
    const Key key = key_of(load, i);
    marks.push_back({out.last_seq(), out.offset(), i});
    out.put_whole(element.start(i, key.address));
    const auto end = shape.interval ? end_of(key) : std::nullopt;
    if (!end) continue;
    marks.push_back({out.last_seq(), out.offset(), i});
    out.put_whole(element.end(*end));
  }
  if (list != 0) out.close(list);
}

Status Engine::begin(LoadUnderWay& way) {
  const Load& load = way.load;
  if (!is_name(load.table) || !is_name(load.set)) return refuse("a name must be 1-31 of A-Z a-z 0-9 _");
  if (const int error = read_set_shape(load.table, load.set, way.set)) return from_errno(error);
  if (!is_ours(way.set)) return refuse("the set is none of plain addresses or networks");
  if (auto refused = validate(load, way.set.shape)) return refused;
  way.begun = true;
  if (load.count >= kWorthMuting) mute();
  return std::nullopt;
}

// As a batch of ops, which knows how to go on where something is there already.
Status Engine::commit_keys(const LoadUnderWay& way, uint32_t from, uint32_t to) {
  Batch batch = {way.load.table, {way.load.set}, {}};
  batch.ops.reserve(to - from);
  for (uint32_t i = from; i < to; i++) batch.ops.push_back(as_op(way.load, i));
  Status failed = commit(batch);
  if (failed && failed->op >= 0) failed->op += static_cast<int32_t>(from);
  return failed;
}

// Marks what the set holds already, and what comes twice.
Status Engine::look_up(const LoadUnderWay& way, uint32_t from, uint32_t to, std::vector<bool>& skip) {
  constexpr uint32_t kRound = 256;
  skip.assign(to - from, false);
  std::set<Address> seen;
  std::vector<std::optional<Bound>> answers;
  std::vector<Key> keys;
  for (uint32_t at = from; at < to; at += kRound) {
    keys.clear();
    for (uint32_t i = at; i < std::min(at + kRound, to); i++) keys.push_back(key_of(way.load, i));
    if (const int error = ask(way.load.table, way.set, keys, answers)) return from_errno(error);
    for (uint32_t i = 0; i < keys.size(); i++) {
      skip[at - from + i] = answers[i].has_value() || !seen.insert(keys[i].address).second;
    }
  }
  return std::nullopt;
}

// Reads what an interval set holds, once, and works the chunk out against it.
Status Engine::work_out(LoadUnderWay& way, uint32_t from, uint32_t to, std::vector<bool>& skip) {
  if (!way.standing) {
    if (const int error = read_generation(way.generation)) return from_errno(error);
    std::vector<Element> elements;
    if (const int error = read_elements(way.load.table, way.set, elements)) return from_errno(error);
    way.standing.emplace(elements);
  }
  skip.assign(to - from, false);
  for (uint32_t i = from; i < to; i++) {
    const int error = way.standing->apply(as_op(way.load, i));
    if (error != 0 && error != EEXIST) return from_errno(error, static_cast<int32_t>(i));
    skip[i - from] = error == EEXIST;
  }
  return std::nullopt;
}

// One transaction with keys [from, to).
Status Engine::send_keys(LoadUnderWay& way, uint32_t from, uint32_t to) {
  std::vector<bool> skip;
  const bool interval = way.set.shape.interval;
  if (way.looks) {
    if (auto failed = interval ? work_out(way, from, to, skip) : look_up(way, from, to, skip)) return failed;
    if (std::ranges::find(skip, false) == skip.end()) return std::nullopt;
  }
  MessageWriter out(netfilter_.next_seq());
  out.reserve((to - from) * (interval ? 140 : 96) + 256);
  const bool pinned = way.looks && interval;
  out.begin_batch(pinned ? std::optional(way.generation) : std::nullopt);
  std::vector<Mark> marks;
  marks.reserve((to - from) * (interval ? 2 : 1));
  write_keys(out, way.load, way.set.shape, from, to, skip, marks);
  out.acknowledge();
  const uint32_t last = out.last_seq();
  out.end_batch();
  const Verdicts verdicts = transact(out, last);
  if (verdicts.refusals.empty()) {
    if (verdicts.error == 0 && pinned && ++way.generation == 0) way.generation = 1;
    return verdicts.error == 0 ? Status{} : from_errno(verdicts.error);
  }
  const Refusal& first = verdicts.refusals.front();
  const auto key = op_of(marks, first);
  return from_errno(first.error, key ? static_cast<int32_t>(*key) : -1);
}

// One chunk, however often others come between.
Status Engine::load_chunk(LoadUnderWay& way, uint32_t from, uint32_t to) {
  constexpr int kAttempts = 8;
  Status failed;
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    failed = send_keys(way, from, to);
    if (failed && failed->error == EBUSY) {
      pause_before(attempt + 1);
      continue;
    }
    if (!failed || (failed->error != EEXIST && failed->error != ERESTART)) return failed;
    if (failed->error == EEXIST && way.looks && !way.set.shape.interval) return commit_keys(way, from, to);
    way.looks = true;
    way.standing.reset();
  }
  return failed;
}

Status Engine::load(LoadUnderWay& way) {
  if (!way.begun) return begin(way);
  const uint32_t from = way.next;
  uint32_t to = std::min(way.load.count, from + way.chunk);
  // The kernel does not pair what has no end: such a network goes by itself, worked out beforehand.
  const bool interval = way.set.shape.interval;
  const auto is_open = [&](uint32_t i) { return !end_of(key_of(way.load, i)).has_value(); };
  const bool alone = interval && is_open(from);
  if (alone) to = from + 1;
  for (uint32_t i = from + 1; interval && i < to; i++) {
    if (is_open(i)) to = i;
  }
  const double start = milliseconds_now();
  Status failed = alone ? commit_keys(way, from, to) : load_chunk(way, from, to);
  if (failed) {
    failed->loaded = static_cast<int32_t>(from);
    return failed;
  }
  if (alone) way.standing.reset();
  way.next = to;
  const uint32_t sent = to - from;
  // A chunk cut short says little about the kernel's speed.
  if (sent == way.chunk) {
    const double fitting = sent * kAimMs / std::max(milliseconds_now() - start, 0.01);
    const double smallest = interval ? kSmallestChunkOfNetworks : kSmallestChunk;
    way.chunk = static_cast<uint32_t>(std::clamp<double>(fitting, smallest, kMaxOps));
  }
  return std::nullopt;
}

}  // namespace bartizan::nft
