// Reading a set whole. The kernel dumps it in chunks and finds its place again by counting elements from the start: a
// hash table that grows between two chunks makes it repeat and leave out some, and an expired element that is taken
// away makes it leave out one. It says nothing of either, so a reading is trusted only as far as it proves itself.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>

#include "engine.h"
#include "pause.h"

namespace bartizan::nft {

namespace {

constexpr int kReadings = 10;

bool before(const Bound& a, const Bound& b) {
  return a.address != b.address ? a.address < b.address : a.is_end && !b.is_end;
}

bool same_place(const Bound& a, const Bound& b) { return a.address == b.address && a.is_end == b.is_end; }

}  // namespace

struct Engine::Reading {
  // Sorted.
  std::vector<Bound> bounds;
  int chunks = 0;

  // Whatever was left out, something else was seen twice.
  bool repeats() const { return std::ranges::adjacent_find(bounds, same_place) != bounds.end(); }
};

int Engine::read_once(const std::string& table, const StandingSet& set, Reading& reading) {
  MessageWriter out(netfilter_.next_seq());
  out.begin_nft(NFT_MSG_GETSETELEM, NLM_F_DUMP);
  out.put_text(NFTA_SET_ELEM_LIST_TABLE, table);
  out.put_text(NFTA_SET_ELEM_LIST_SET, set.shape.name);
  const int error = netfilter_.dump(out, [&](const nlmsghdr* message) {
    read_bounds(attributes_of(message, sizeof(nfgenmsg)), set.shape.width, reading.bounds);
    reading.chunks++;
  });
  std::ranges::sort(reading.bounds, before);
  return error;
}

int Engine::read_whole(const std::string& table, const StandingSet& set, std::vector<Bound>& bounds) {
  std::optional<Reading> previous;
  for (int i = 0; i < kReadings; i++) {
    Reading reading;
    const int error = read_once(table, set, reading);
    if (error != 0 && error != EINTR) return error;
    if (error == EINTR || reading.repeats()) {
      pause_before(i + 1);
      continue;
    }
    if (reading.chunks <= 1 || !set.shape.timeout) {
      bounds = std::move(reading.bounds);
      return 0;
    }
    if (previous && !set.shape.interval) {
      // What one reading left out the other has.
      std::ranges::set_union(reading.bounds, previous->bounds, std::back_inserter(bounds), before);
      return 0;
    }
    // A bound left out would marry the start of one network to the end of another: two readings must agree.
    if (previous && std::ranges::equal(previous->bounds, reading.bounds, same_place)) {
      bounds = std::move(reading.bounds);
      return 0;
    }
    previous = std::move(reading);
  }
  return EINTR;
}

int Engine::read_elements(const std::string& table, const StandingSet& set, std::vector<Element>& elements) {
  std::vector<Bound> bounds;
  const int error = read_whole(table, set, bounds);
  if (error == 0) elements = elements_of(std::move(bounds), set.shape);
  return error;
}

}  // namespace bartizan::nft
