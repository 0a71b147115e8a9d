// Chains and rules as the kernel holds them: whose chains it calls, and whether somebody touched ours.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>

#include "digest.h"
#include "engine.h"
#include "validate.h"

namespace bartizan::nft {

namespace {

constexpr int kAttempts = 8;

uint8_t family_of(const nlmsghdr* message) {
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(nfgenmsg))) return 0;
  return static_cast<const nfgenmsg*>(NLMSG_DATA(message))->nfgen_family;
}

// Attributes of an expression that packets change. Of all others the kernel tells what was declared.
bool is_counted(const std::string& expression, uint16_t attribute) {
  if (expression == "counter") return attribute == NFTA_COUNTER_PACKETS || attribute == NFTA_COUNTER_BYTES;
  if (expression == "quota") return attribute == NFTA_QUOTA_CONSUMED;
  return expression == "last";
}

void digest(Digest& into, const Attributes& attributes, uint16_t type) {
  const auto data = attributes.find(type);
  into.number(data ? type : 0u);
  if (data) into.bytes(*data);
}

// The kernel numbers sets without a name of their own anew each time; what they hold is what matters.
bool is_nameless(const std::string& expression, const std::string& set) {
  return expression == "lookup" && set.starts_with("__");
}

void digest_rule(Digest& into, const Attributes& rule, std::vector<std::string>& nameless) {
  digest(into, rule, NFTA_RULE_CHAIN);
  digest(into, rule, NFTA_RULE_USERDATA);
  rule.nested(NFTA_RULE_EXPRESSIONS).each([&](uint16_t, Bytes bytes) {
    const Attributes expression(bytes);
    const std::string name = expression.text(NFTA_EXPR_NAME).value_or("");
    into.text(name);
    const Attributes details = expression.nested(NFTA_EXPR_DATA);
    const std::string set = details.text(NFTA_LOOKUP_SET).value_or("");
    if (is_nameless(name, set)) nameless.push_back(set);
    details.each([&](uint16_t type, Bytes data) {
      if (is_counted(name, type) || (type == NFTA_LOOKUP_SET && is_nameless(name, set))) return;
      into.number(type);
      into.bytes(data);
    });
  });
}

void digest_chain(Digest& into, const Attributes& chain) {
  const StandingChain standing = read_chain(chain);
  into.text(standing.name);
  into.number(standing.is_base ? 1 : 0);
  if (!standing.is_base) return;
  into.number(standing.hook);
  into.number(static_cast<uint32_t>(standing.priority));
  into.number(standing.policy);
  into.text(standing.type);
}

}  // namespace

int Engine::digest_table(const std::string& table, Digest& digest) {
  Standing standing;
  if (const int error = read_table(table, standing)) return error;
  digest.number(standing.dormant ? 1 : 0);
  MessageWriter chains(netfilter_.next_seq());
  chains.begin_nft(NFT_MSG_GETCHAIN, NLM_F_DUMP);
  const int error = netfilter_.dump(chains, [&](const nlmsghdr* message) {
    const Attributes attributes = attributes_of(message, sizeof(nfgenmsg));
    if (attributes.text(NFTA_CHAIN_TABLE) == table) digest_chain(digest, attributes);
  });
  if (error != 0) return error;
  MessageWriter rules(netfilter_.next_seq());
  rules.begin_nft(NFT_MSG_GETRULE, NLM_F_DUMP);
  rules.put_text(NFTA_RULE_TABLE, table);
  std::vector<std::string> nameless;
  const int failed = netfilter_.dump(rules, [&](const nlmsghdr* message) {
    const Attributes attributes = attributes_of(message, sizeof(nfgenmsg));
    if (attributes.text(NFTA_RULE_TABLE) == table) digest_rule(digest, attributes, nameless);
  });
  if (failed != 0) return failed;
  for (const std::string& set : nameless) {
    if (const int error = digest_elements(table, set, digest)) return error;
  }
  return 0;
}

int Engine::digest_elements(const std::string& table, const std::string& set, Digest& digest) {
  MessageWriter out(netfilter_.next_seq());
  out.begin_nft(NFT_MSG_GETSETELEM, NLM_F_DUMP);
  out.put_text(NFTA_SET_ELEM_LIST_TABLE, table);
  out.put_text(NFTA_SET_ELEM_LIST_SET, set);
  std::vector<std::vector<uint8_t>> elements;
  const int error = netfilter_.dump(out, [&](const nlmsghdr* message) {
    attributes_of(message, sizeof(nfgenmsg)).nested(NFTA_SET_ELEM_LIST_ELEMENTS).each([&](uint16_t, Bytes bytes) {
      elements.emplace_back(bytes.begin(), bytes.end());
    });
  });
  std::ranges::sort(elements);
  digest.number(static_cast<uint32_t>(elements.size()));
  for (const auto& element : elements) digest.bytes(element);
  return error;
}

Result<std::string> Engine::fingerprint(const std::string& table) {
  if (!is_name(table)) return refuse("a table's name must be 1-31 of A-Z a-z 0-9 _");
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    uint32_t before = 0;
    uint32_t after = 0;
    Digest digest;
    int error = read_generation(before);
    if (error == 0) error = digest_table(table, digest);
    if (error == EINTR) continue;
    if (error == 0) error = read_generation(after);
    if (error != 0) return from_errno(error);
    if (before == after) return digest.hex();
  }
  return from_errno(EINTR);
}

Result<std::vector<BaseChain>> Engine::base_chains() {
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    std::vector<BaseChain> found;
    MessageWriter out(netfilter_.next_seq());
    out.begin_nft(NFT_MSG_GETCHAIN, NLM_F_DUMP, 0);
    const int error = netfilter_.dump(out, [&](const nlmsghdr* message) {
      const Attributes attributes = attributes_of(message, sizeof(nfgenmsg));
      const StandingChain chain = read_chain(attributes);
      if (!chain.is_base) return;
      const std::string table = attributes.text(NFTA_CHAIN_TABLE).value_or("");
      found.push_back({family_of(message), table, chain.name, chain.hook, chain.priority, chain.policy, chain.type});
    });
    if (error == 0) return found;
    if (error != EINTR) return from_errno(error);
  }
  return from_errno(EINTR);
}

}  // namespace bartizan::nft
