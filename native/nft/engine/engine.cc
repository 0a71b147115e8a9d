#include "engine.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cerrno>
#include <map>

#include "rule.h"
#include "validate.h"

namespace bartizan::nft {

namespace {

// How often a reading that others disturbed, or a transaction that others overtook, is taken up again.
constexpr int kAttempts = 8;

}  // namespace

Engine::Engine() : netfilter_(NETLINK_NETFILTER, stopping_), route_(NETLINK_ROUTE, stopping_), notifier_(netfilter_) {}

int Engine::read_generation(uint32_t& generation) {
  MessageWriter out(netfilter_.next_seq());
  out.begin_nft(NFT_MSG_GETGEN, 0);
  const int error = netfilter_.get(out, [&](const nlmsghdr* message) {
    generation = attributes_of(message, sizeof(nfgenmsg)).u32(NFTA_GEN_ID).value_or(0);
  });
  // A kernel without nf_tables knows no such subsystem.
  return error == EINVAL ? EOPNOTSUPP : error;
}

int Engine::read_table(const std::string& table, Standing& standing) {
  MessageWriter out(netfilter_.next_seq());
  out.begin_nft(NFT_MSG_GETTABLE, 0);
  out.put_text(NFTA_TABLE_NAME, table);
  return netfilter_.get(out, [&](const nlmsghdr* message) {
    const uint32_t flags = attributes_of(message, sizeof(nfgenmsg)).u32(NFTA_TABLE_FLAGS).value_or(0);
    standing.table = true;
    standing.dormant = (flags & NFT_TABLE_F_DORMANT) != 0;
  });
}

int Engine::read_standing(const std::string& table, Standing& standing) {
  const int there = read_table(table, standing);
  if (there != 0) return there == ENOENT ? 0 : there;
  MessageWriter sets(netfilter_.next_seq());
  sets.begin_nft(NFT_MSG_GETSET, NLM_F_DUMP);
  sets.put_text(NFTA_SET_TABLE, table);
  const int error = netfilter_.dump(sets, [&](const nlmsghdr* message) {
    const Attributes attributes = attributes_of(message, sizeof(nfgenmsg));
    if (attributes.text(NFTA_SET_TABLE) == table) standing.sets.push_back(read_set(attributes));
  });
  if (error != 0) return error;
  MessageWriter chains(netfilter_.next_seq());
  chains.begin_nft(NFT_MSG_GETCHAIN, NLM_F_DUMP);
  const int failed = netfilter_.dump(chains, [&](const nlmsghdr* message) {
    const Attributes attributes = attributes_of(message, sizeof(nfgenmsg));
    if (attributes.text(NFTA_CHAIN_TABLE) == table) standing.chains.push_back(read_chain(attributes));
  });
  if (failed != 0) return failed;
  return read_objects(table, [&](const Attributes& object) { standing.objects.push_back(read_object(object)); });
}

int Engine::read_objects(const std::string& table, const std::function<void(const Attributes&)>& visit) {
  MessageWriter out(netfilter_.next_seq());
  out.begin_nft(NFT_MSG_GETOBJ, NLM_F_DUMP);
  out.put_text(NFTA_OBJ_TABLE, table);
  return netfilter_.dump(out, [&](const nlmsghdr* message) {
    const Attributes attributes = attributes_of(message, sizeof(nfgenmsg));
    if (attributes.text(NFTA_OBJ_TABLE) == table) visit(attributes);
  });
}

// One transaction; with a generation the kernel refuses it (ERESTART) when somebody changed its tables since.
int Engine::transact(std::optional<uint32_t> generation, const std::function<void(MessageWriter&)>& write) {
  MessageWriter out(netfilter_.next_seq());
  out.begin_batch(generation);
  write(out);
  out.acknowledge();
  const uint32_t last = out.last_seq();
  out.end_batch();
  const Verdicts verdicts = transact(out, last);
  return verdicts.refusals.empty() ? verdicts.error : verdicts.refusals.front().error;
}

Status Engine::ensure(Table table) {
  if (auto refused = validate(table)) return refused;
  note_meters(table);
  int error = 0;
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    uint32_t generation = 0;
    Standing standing;
    error = read_generation(generation);
    if (error == 0) error = read_standing(table.name, standing);
    if (error == EINTR) continue;
    if (error != 0) break;
    const bool early = !standing.dormant && begins_sets(table, standing);
    error = transact(generation, [&](MessageWriter& out) {
      // Waking a table and remaking its chains is more than the kernel takes in one transaction.
      if (standing.dormant || early) write_table_itself(out, table.name);
      if (early) write_beginnings(out, table, standing);
      if (!standing.dormant && !early) write_table(out, table, standing);
    });
    if (error == 0 && !standing.dormant && !early) return std::nullopt;
    if (error != 0 && error != ERESTART) break;
  }
  return from_errno(error);
}

Status Engine::drop(const std::string& table) {
  if (!is_name(table)) return refuse("a table's name must be 1-31 of A-Z a-z 0-9 _");
  const int error = transact(std::nullopt, [&](MessageWriter& out) {
    out.begin_nft(NFT_MSG_DELTABLE, 0);
    out.put_text(NFTA_TABLE_NAME, table);
  });
  if (error == 0 || error == ENOENT) return std::nullopt;
  return from_errno(error);
}

// The kernel keeps counters in the order they were made; the rules know the declared one.
int Engine::read_counters(const std::string& table, std::vector<Counter>& counters) {
  std::vector<std::string> order;
  MessageWriter out(netfilter_.next_seq());
  out.begin_nft(NFT_MSG_GETRULE, NLM_F_DUMP);
  out.put_text(NFTA_RULE_TABLE, table);
  const int error = netfilter_.dump(out, [&](const nlmsghdr* message) {
    const Attributes attributes = attributes_of(message, sizeof(nfgenmsg));
    if (attributes.text(NFTA_RULE_TABLE) != table) return;
    if (auto counter = counter_in(attributes)) order.push_back(std::move(*counter));
  });
  if (error != 0) return error;
  std::map<std::string, Counter> held;
  const int failed = read_objects(table, [&](const Attributes& object) {
    if (auto counter = read_counter(object)) held.emplace(counter->name, *counter);
  });
  if (failed != 0) return failed;
  for (const std::string& name : order) {
    const auto counter = held.find(name);
    // Shared, and told already; or gone since the rules were read, and then the next look knows.
    if (counter == held.end()) continue;
    counters.push_back(std::move(counter->second));
    held.erase(counter);
  }
  return 0;
}

Result<std::vector<Counter>> Engine::counters(const std::string& table) {
  if (!is_name(table)) return refuse("a table's name must be 1-31 of A-Z a-z 0-9 _");
  int error = 0;
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    Standing standing;
    if ((error = read_table(table, standing)) != 0) break;
    std::vector<Counter> counters;
    error = read_counters(table, counters);
    if (error == 0) return counters;
    if (error != EINTR) break;
  }
  return from_errno(error);
}

int Engine::read_set_shape(const std::string& table, const std::string& set, StandingSet& shape) {
  MessageWriter out(netfilter_.next_seq());
  out.begin_nft(NFT_MSG_GETSET, 0);
  out.put_text(NFTA_SET_TABLE, table);
  out.put_text(NFTA_SET_NAME, set);
  return netfilter_.get(
      out, [&](const nlmsghdr* message) { shape = read_set(attributes_of(message, sizeof(nfgenmsg))); });
}

int Engine::read_element(const Batch& batch, const Op& op) {
  MessageWriter out(netfilter_.next_seq());
  write_question(out, batch.table, batch.sets[op.set], op.key);
  return netfilter_.get(out, [](const nlmsghdr*) {});
}

Result<std::vector<Element>> Engine::list(const std::string& table, const std::string& set) {
  if (!is_name(table) || !is_name(set)) return refuse("a name must be 1-31 of A-Z a-z 0-9 _");
  StandingSet shape;
  if (const int error = read_set_shape(table, set, shape)) return from_errno(error);
  if (!is_ours(shape)) return refuse("the set is none of plain addresses or networks");
  std::vector<Element> elements;
  if (const int error = read_elements(table, shape, elements)) return from_errno(error);
  return elements;
}

}  // namespace bartizan::nft
