#include "wire.h"

#include <algorithm>

#include "wire-rules.h"

namespace bartizan::nft {

namespace {

enum class Verb : uint8_t {
  enter = 0,
  ensure = 1,
  drop = 2,
  commit = 3,
  list = 4,
  counters = 5,
  addresses = 6,
  load = 7,
  find = 8,
  count = 9,
  fingerprint = 10,
  base_chains = 11,
  watch = 12,
  unwatch = 13,
  end_loads = 14,
};

constexpr uint8_t kInterval = 1;
constexpr uint8_t kTimeout = 2;
constexpr uint8_t kCounters = 4;
constexpr uint8_t kDynamic = 8;
constexpr uint8_t kHasTimeout = 1;
constexpr uint8_t kHasComment = 2;
constexpr uint8_t kHasTally = 4;
constexpr uint8_t kPrefixes = 1;
constexpr uint8_t kTimeouts = 2;
constexpr uint8_t kIds = 4;

Failure malformed() { return refuse("the request is malformed"); }

Key read_key(Cursor& in) {
  Key key;
  key.width = in.u8();
  key.prefix = in.u8();
  if (std::ranges::find(kWidths, key.width) == std::end(kWidths)) {
    in.spoil();
    return key;
  }
  std::ranges::copy(in.take(key.width), key.address.begin());
  if (key.prefix == kRange) {
    const Bytes last = in.take(2);
    if (key.width != 2 || last.size() != 2) in.spoil();
    else key.last_port = static_cast<uint16_t>(last[0] << 8 | last[1]);
  }
  return key;
}

// An element's key, time to live and comment.
void read_added(Cursor& in, Op& op) {
  op.key = read_key(in);
  op.timeout_ms = in.u64();
  const uint8_t commented = in.u8();
  if (commented > 1) in.spoil();
  if (commented == 1) op.comment = in.text();
}

DeclaredSet read_declared_set(Cursor& in) {
  DeclaredSet set;
  set.shape.name = in.text();
  set.shape.width = in.u8();
  const uint8_t flags = in.u8();
  if ((flags & ~(kInterval | kTimeout | kCounters | kDynamic)) != 0) in.spoil();
  set.shape.interval = (flags & kInterval) != 0;
  set.shape.timeout = (flags & kTimeout) != 0;
  set.shape.counters = (flags & kCounters) != 0;
  set.shape.dynamic = (flags & kDynamic) != 0;
  set.shape.size = in.u32();
  const uint32_t elements = in.u32();
  set.beginning.reserve(std::min<size_t>({elements, kMaxBeginnings + 1, in.left()}));
  for (uint32_t i = 0; i < elements && !in.broken() && set.beginning.size() <= kMaxBeginnings; i++) {
    read_added(in, set.beginning.emplace_back());
  }
  return set;
}

Chain read_declared_chain(Cursor& in, size_t& rules_left) {
  Chain chain;
  chain.name = in.text();
  chain.hook = in.u8();
  chain.priority = static_cast<int32_t>(in.u32());
  const uint16_t rules = in.u16();
  if (rules > rules_left) in.spoil();
  rules_left -= std::min<size_t>(rules, rules_left);
  for (uint16_t i = 0; i < rules && !in.broken(); i++) chain.rules.push_back(read_rule(in));
  return chain;
}

Table read_declared_table(Cursor& in) {
  Table table;
  table.name = in.text();
  const uint16_t sets = in.u16();
  for (uint16_t i = 0; i < sets && !in.broken(); i++) table.sets.push_back(read_declared_set(in));
  const uint16_t chains = in.u16();
  size_t rules_left = kMaxAllRules;
  for (uint16_t i = 0; i < chains && !in.broken(); i++) table.chains.push_back(read_declared_chain(in, rules_left));
  return table;
}

Op read_op(Cursor& in) {
  Op op;
  const uint8_t kind = in.u8();
  if (kind > 2) in.spoil();
  op.kind = static_cast<OpKind>(kind);
  op.set = in.u16();
  if (op.kind == OpKind::flush) return op;
  if (op.kind == OpKind::remove) {
    op.key = read_key(in);
  } else {
    read_added(in, op);
  }
  return op;
}

Batch read_batch(Cursor& in) {
  Batch batch;
  batch.table = in.text();
  const uint16_t sets = in.u16();
  for (uint16_t i = 0; i < sets && !in.broken(); i++) batch.sets.push_back(in.text());
  const uint32_t ops = in.u32();
  batch.ops.reserve(std::min<size_t>({ops, kMaxOps + 1, in.left()}));
  for (uint32_t i = 0; i < ops && !in.broken() && batch.ops.size() <= kMaxOps; i++) batch.ops.push_back(read_op(in));
  return batch;
}

std::vector<Key> read_keys(Cursor& in) {
  const uint32_t count = in.u32();
  std::vector<Key> keys;
  keys.reserve(std::min<size_t>({count, kMaxFound + 1, in.left()}));
  for (uint32_t i = 0; i < count && !in.broken() && keys.size() <= kMaxFound; i++) keys.push_back(read_key(in));
  return keys;
}

void write_key(Sink& out, const Key& key) {
  out.u8(key.width);
  out.u8(key.prefix);
  out.raw(Bytes(key.address).first(key.width));
  if (key.prefix != kRange) return;
  out.u8(static_cast<uint8_t>(key.last_port >> 8));
  out.u8(static_cast<uint8_t>(key.last_port));
}

void write(Sink& out, const Element& element) {
  write_key(out, element.key);
  out.u8(static_cast<uint8_t>((element.timeout_ms ? kHasTimeout : 0) | (element.comment ? kHasComment : 0) |
                              (element.tally ? kHasTally : 0)));
  if (element.timeout_ms) out.u64(*element.timeout_ms);
  if (element.comment) out.text(*element.comment);
  if (!element.tally) return;
  out.u64(element.tally->packets);
  out.u64(element.tally->bytes);
}

void write(Sink& out, const std::optional<Element>& found) {
  out.u8(found ? 1 : 0);
  if (found) write(out, *found);
}

void write(Sink& out, const BaseChain& chain) {
  out.u8(chain.family);
  out.text(chain.table);
  out.text(chain.name);
  out.u32(chain.hook);
  out.u32(static_cast<uint32_t>(chain.priority));
  out.u8(chain.policy == 0 ? 0 : 1);
  out.text(chain.type);
}

void write(Sink& out, const Counter& counter) {
  out.text(counter.name);
  out.u64(counter.packets);
  out.u64(counter.bytes);
}

void write(Sink& out, const Key& address) { write_key(out, address); }

template <class Item>
std::vector<uint8_t> encode(Result<std::vector<Item>> result) {
  if (!result.ok()) return encode(result.failure());
  Sink out;
  out.reserve(result.value().size() * 24 + 8);
  out.u8(0);
  out.u32(static_cast<uint32_t>(result.value().size()));
  for (const Item& item : result.value()) write(out, item);
  return out.finish();
}

std::vector<uint8_t> encode(Result<std::optional<uint32_t>> count) {
  if (!count.ok()) return encode(count.failure());
  Sink out;
  out.u8(0);
  out.u8(count.value() ? 1 : 0);
  if (count.value()) out.u32(*count.value());
  return out.finish();
}

std::vector<uint8_t> encode(Result<std::string> text) {
  if (!text.ok()) return encode(text.failure());
  Sink out;
  out.u8(0);
  out.text(text.value());
  return out.finish();
}

std::vector<uint8_t> encode(const Status& status) {
  if (status) return encode(*status);
  return {0};
}

}  // namespace

std::vector<uint8_t> encode(const Failure& failure) {
  Sink out;
  out.u8(static_cast<uint8_t>(failure.code));
  out.u32(static_cast<uint32_t>(failure.error));
  out.u32(static_cast<uint32_t>(failure.op));
  out.text(failure.reason);
  out.u32(static_cast<uint32_t>(failure.loaded));
  return out.finish();
}

std::vector<uint8_t> serve(Engine& engine, Bytes request) {
  Cursor in(request);
  switch (static_cast<Verb>(in.u8())) {
    case Verb::enter: {
      const std::string netns = in.text();
      return encode(in.spent() ? engine.enter(netns) : malformed());
    }
    case Verb::ensure: {
      Table table = read_declared_table(in);
      return encode(in.spent() ? engine.ensure(std::move(table)) : malformed());
    }
    case Verb::drop: {
      const std::string table = in.text();
      return encode(in.spent() ? engine.drop(table) : malformed());
    }
    case Verb::commit: {
      const Batch batch = read_batch(in);
      return encode(in.spent() ? engine.commit(batch) : malformed());
    }
    case Verb::list: {
      const std::string table = in.text();
      const std::string set = in.text();
      return in.spent() ? encode(engine.list(table, set)) : encode(malformed());
    }
    case Verb::counters: {
      const std::string table = in.text();
      return in.spent() ? encode(engine.counters(table)) : encode(malformed());
    }
    case Verb::addresses:
      return in.spent() ? encode(engine.addresses()) : encode(malformed());
    case Verb::find: {
      const std::string table = in.text();
      const std::string set = in.text();
      const std::vector<Key> keys = read_keys(in);
      return in.spent() ? encode(engine.find(table, set, keys)) : encode(malformed());
    }
    case Verb::count: {
      const std::string table = in.text();
      const std::string set = in.text();
      return in.spent() ? encode(engine.count(table, set)) : encode(malformed());
    }
    case Verb::fingerprint: {
      const std::string table = in.text();
      return in.spent() ? encode(engine.fingerprint(table)) : encode(malformed());
    }
    case Verb::base_chains:
      return in.spent() ? encode(engine.base_chains()) : encode(malformed());
    case Verb::watch: {
      const std::string table = in.text();
      return encode(in.spent() ? engine.watch(table) : malformed());
    }
    case Verb::unwatch: {
      const std::string table = in.text();
      return encode(in.spent() ? engine.unwatch(table) : malformed());
    }
    case Verb::load:
    case Verb::end_loads:
      break;
  }
  return encode(malformed());
}

bool is_load(Bytes request) { return !request.empty() && request[0] == static_cast<uint8_t>(Verb::load); }

bool ends_loads(Bytes request) { return request.size() == 1 && request[0] == static_cast<uint8_t>(Verb::end_loads); }

std::vector<uint8_t> encode_end_loads() { return {static_cast<uint8_t>(Verb::end_loads)}; }

std::optional<LoadUnderWay> read_load(std::vector<uint8_t> request) {
  LoadUnderWay way;
  Load& load = way.load;
  // The columns point into the bytes, which stay where they are when the vector is moved.
  load.held = std::move(request);
  Cursor in(load.held);
  in.u8();
  load.table = in.text();
  load.set = in.text();
  load.width = in.u8();
  const uint8_t flags = in.u8();
  load.count = in.u32();
  if ((load.width != 4 && load.width != 16) || flags > (kPrefixes | kTimeouts | kIds) || load.count > kMaxSetSize) {
    return std::nullopt;
  }
  const size_t count = load.count;
  load.networks = (flags & kPrefixes) != 0;
  load.keys = in.take(count * load.width);
  if (load.networks) load.prefixes = in.take(count);
  if ((flags & kTimeouts) != 0) load.timeouts = in.take(count * sizeof(double));
  if ((flags & kIds) != 0) load.ids = in.take(count * kIdBytes);
  if (!in.spent()) return std::nullopt;
  return way;
}

std::optional<std::vector<uint8_t>> advance(Engine& engine, LoadUnderWay& way) {
  const Status failed = engine.load(way);
  if (!failed && !way.is_done()) return std::nullopt;
  engine.end_load();
  return encode(failed);
}

std::vector<uint8_t> give_up(Engine& engine, uint32_t loaded) {
  engine.end_load();
  return encode(Failure{Code::closed, 0, -1, {}, static_cast<int32_t>(loaded)});
}

std::vector<uint8_t> encode(const Change& change) {
  Sink out;
  out.u8(0);
  out.text(change.table);
  out.u32(change.pid);
  out.text(change.program);
  out.u8(static_cast<uint8_t>((change.tables ? 1 : 0) | (change.rules ? 2 : 0) | (change.elsewhere ? 4 : 0) |
                              (change.all ? 8 : 0)));
  out.u32(static_cast<uint32_t>(change.sets.size()));
  for (const std::string& set : change.sets) out.text(set);
  out.u32(static_cast<uint32_t>(change.gone.size()));
  for (const GoneElement& gone : change.gone) {
    out.text(gone.set);
    write_key(out, gone.key);
  }
  return out.finish();
}

std::vector<uint8_t> encode_lost(const std::string& table) {
  Sink out;
  out.u8(1);
  out.text(table);
  return out.finish();
}

}  // namespace bartizan::nft
