#include "changes.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "elements.h"
#include "userdata.h"

namespace bartizan::nft {

namespace {

enum class Subject { other, table, chain, rule, set, elements, generation };

Subject subject_of(uint8_t message) {
  switch (message) {
    case NFT_MSG_NEWTABLE:
    case NFT_MSG_DELTABLE:
      return Subject::table;
    case NFT_MSG_NEWCHAIN:
    case NFT_MSG_DELCHAIN:
      return Subject::chain;
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
    case NFT_MSG_NEWOBJ:
    case NFT_MSG_DELOBJ:
    case NFT_MSG_NEWFLOWTABLE:
    case NFT_MSG_DELFLOWTABLE:
      return Subject::rule;
    case NFT_MSG_NEWSET:
    case NFT_MSG_DELSET:
      return Subject::set;
    case NFT_MSG_NEWSETELEM:
    case NFT_MSG_DELSETELEM:
      return Subject::elements;
    case NFT_MSG_NEWGEN:
      return Subject::generation;
    default:
      return Subject::other;
  }
}

// Every one of these messages names its table in the first attribute, and sets and elements their set in the second.
constexpr uint16_t kTable = NFTA_TABLE_NAME;
constexpr uint16_t kSet = NFTA_SET_NAME;
static_assert(kTable == NFTA_CHAIN_TABLE && kTable == NFTA_RULE_TABLE && kTable == NFTA_SET_TABLE);
static_assert(kTable == NFTA_SET_ELEM_LIST_TABLE && kSet == NFTA_SET_ELEM_LIST_SET && kTable == NFTA_OBJ_TABLE);

uint8_t width_of(Bytes elements) {
  uint8_t width = 0;
  Attributes(elements).each([&](uint16_t, Bytes bytes) {
    const auto key = Attributes(bytes).nested(NFTA_SET_ELEM_KEY).find(NFTA_DATA_VALUE);
    if (key && width == 0) width = static_cast<uint8_t>(std::min<size_t>(key->size(), 255));
  });
  return width;
}

bool reaches_top(Bytes elements) {
  bool open = false;
  Attributes(elements).each([&](uint16_t, Bytes bytes) {
    const auto userdata = Attributes(bytes).find(NFTA_SET_ELEM_USERDATA);
    open = open || (userdata && is_open_range(*userdata));
  });
  return open;
}

}  // namespace

void Gatherer::forget() {
  changes_.clear();
  deleted_.clear();
  deletions_ = 0;
  elsewhere_ = false;
}

Change& Gatherer::change_of(const std::string& table) {
  Change& change = changes_[table];
  change.table = table;
  return change;
}

void Gatherer::take_elements(const Attributes& attributes, bool deleted) {
  const std::string table = attributes.text(kTable).value_or("");
  const std::string set = attributes.text(kSet).value_or("");
  Change& change = change_of(table);
  change.sets.insert(set);
  if (!deleted) return;
  const auto elements = attributes.find(NFTA_SET_ELEM_LIST_ELEMENTS);
  const uint8_t width = elements ? width_of(*elements) : 0;
  // A network is two of these, so that at least the promised number of elements is named.
  if ((width != 1 && width != 4 && width != 16) || deletions_ >= 2 * kMaxGone) {
    change.all = false;
    return;
  }
  Deleted& into = deleted_[{table, set}];
  into.width = width;
  const size_t before = into.bounds.size();
  read_bounds(attributes, width, into.bounds);
  for (size_t i = before; i < into.bounds.size(); i++) into.ranges = into.ranges || into.bounds[i].is_end;
  into.ranges = into.ranges || reaches_top(*elements);
  deletions_ += into.bounds.size() - before;
}

std::vector<Change> Gatherer::finish(const Attributes& generation) {
  if (elsewhere_) {
    for (const std::string& table : tables_) change_of(table).elsewhere = true;
  }
  for (auto& [where, deleted] : deleted_) {
    SetShape shape;
    shape.width = deleted.width;
    shape.interval = deleted.ranges;
    Change& change = change_of(where.first);
    for (Element& element : elements_of(std::move(deleted.bounds), shape)) {
      if (change.gone.size() < kMaxGone) {
        change.gone.push_back({where.second, element.key});
      } else {
        change.all = false;
      }
    }
  }
  std::vector<Change> told;
  for (auto& [table, change] : changes_) {
    change.pid = generation.u32(NFTA_GEN_PROC_PID).value_or(0);
    change.program = generation.text(NFTA_GEN_PROC_NAME).value_or("");
    if (change.is_any()) told.push_back(std::move(change));
  }
  forget();
  return told;
}

std::optional<std::vector<Change>> Gatherer::take(const nlmsghdr* message) {
  if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES) return std::nullopt;
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(nfgenmsg))) return std::nullopt;
  const auto type = static_cast<uint8_t>(message->nlmsg_type & 0xff);
  const Subject subject = subject_of(type);
  const Attributes attributes = attributes_of(message, sizeof(nfgenmsg));
  if (subject == Subject::generation) return finish(attributes);
  if (subject == Subject::other) return std::nullopt;
  const uint8_t family = static_cast<const nfgenmsg*>(NLMSG_DATA(message))->nfgen_family;
  const std::string table = attributes.text(kTable).value_or("");
  if (family != NFPROTO_INET || !tables_.contains(table)) {
    elsewhere_ = elsewhere_ || subject == Subject::chain || subject == Subject::table;
    return std::nullopt;
  }
  if (subject == Subject::table) change_of(table).tables = true;
  if (subject == Subject::chain || subject == Subject::rule) change_of(table).rules = true;
  if (subject == Subject::set) change_of(table).sets.insert(attributes.text(kSet).value_or(""));
  if (subject == Subject::elements) take_elements(attributes, type == NFT_MSG_DELSETELEM);
  return std::nullopt;
}

}  // namespace bartizan::nft
