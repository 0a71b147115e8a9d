// What a client may ask for, judged without the kernel: infra and what is allowed come before every drop, and no block
// names what must never be cut.
#pragma once

#include <functional>
#include <set>

#include "floor.h"

namespace bartizan::hand {

// A key as something to look up.
using Place = std::pair<Address, uint8_t>;
inline Place place_of(const Key& key) { return {key.address, key.prefix}; }

// How the rules use a set of addresses. One that no rule uses is being filled for a rule to come.
constexpr uint8_t kLets = 1;
constexpr uint8_t kCuts = 2;

// What is known of the table that stands.
struct Uses {
  // Of sets that rules look source addresses up in; both where rules of both kinds do.
  std::map<std::string, uint8_t> sets = {};
  // Of those that let in: the ones that the floor rests on.
  std::set<std::string> guardians = {};
  // Protected keys that sets of the declaration begin with. The rules ahead of them see to it that they cut nobody, and
  // they may be put back.
  std::set<std::pair<std::string, Place>> named = {};
  // Whether any rule drops.
  bool drops = false;
};

// Whether a set holds addresses that come and go with time, the client's own decisions. Told by its shape alone: what the
// rules do with it may change from one declaration to the next.
bool holds_decisions(const nft::SetShape& set);

// The addresses that a set holds for good once the table stands as declared.
using Held = std::function<nft::Result<Ranges>(const nft::DeclaredSet&)>;

// Refused unless on every way of a packet there stand, ahead of the first rule that can drop it: accept from `lo`, from
// sets that hold the whole floor, and from `allowed4` and `allowed6`; and no chain at hook output drops. A set that cuts may begin
// with a protected key only where it holds networks for good, as settings name them.
nft::Result<Uses> judge(const nft::Table& table, const Floor& floor, const std::vector<Key>& own, const Held& held);

// Whether a set cuts or may come to: any but one that only lets in. `uses` is null while nothing is known.
bool may_cut(const std::string& set, const Uses* uses);
nft::Failure protected_key(const Key& key, int32_t index);
// Refused when it leaves a protected key in a set that may cut.
nft::Status judge(const nft::Batch& batch, const Uses* uses, const Floor& floor, const std::vector<Key>& own);

// Whether one of the batch's ops may take away what the floor rests on, in this set (an index into the batch's).
bool may_lessen(const nft::Batch& batch, uint16_t set, const Floor& floor);
// Refused when less of the floor is in the set after the batch than before.
nft::Status judge_lessening(const nft::Batch& batch, uint16_t set, const Floor& floor,
                            const std::vector<nft::Element>& before);

}  // namespace bartizan::hand
