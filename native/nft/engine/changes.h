// What the kernel tells of others' transactions, gathered message by message.
#pragma once

#include <map>
#include <set>
#include <string>

#include "intervals.h"
#include "message.h"

namespace bartizan::nft {

// Elements named of those that were deleted in one transaction.
constexpr size_t kMaxGone = 1'000;

struct GoneElement {
  std::string set;
  Key key;
};

// One transaction, as far as it concerns one table.
struct Change {
  std::string table;
  uint32_t pid = 0;
  std::string program = {};
  // The table itself, its chains or rules, chains of other tables.
  bool tables = false;
  bool rules = false;
  bool elsewhere = false;
  std::set<std::string> sets = {};
  std::vector<GoneElement> gone = {};
  // Whether `gone` names every deleted element.
  bool all = true;

  bool is_any() const { return tables || rules || elsewhere || !sets.empty(); }
};

class Gatherer {
 public:
  void watch(std::set<std::string> tables) { tables_ = std::move(tables); }

  // Takes one message in. Once it ends a transaction: what the transaction did, a change for each table concerned.

  std::optional<std::vector<Change>> take(const nlmsghdr* message);
  // Forgets the transaction under way: some of it was lost.
  void forget();

 private:
  struct Deleted {
    std::vector<Bound> bounds;
    uint8_t width = 0;
    // Ranges, not single addresses.
    bool ranges = false;
  };

  void take_elements(const Attributes& attributes, bool deleted);
  Change& change_of(const std::string& table);
  std::vector<Change> finish(const Attributes& generation);

  std::set<std::string> tables_;
  std::map<std::string, Change> changes_;
  // By table and set.
  std::map<std::pair<std::string, std::string>, Deleted> deleted_;
  size_t deletions_ = 0;
  bool elsewhere_ = false;
};

}  // namespace bartizan::nft
