// nftables of one network namespace. One thread owns an engine; only stop() may be called from another. What changes or
// shows the kernel's state is virtual, so that a door may stand a guard in front of it.
#pragma once

#include "elements.h"

namespace bartizan::nft {

class Engine {
 public:
  Engine();
  virtual ~Engine() = default;

  // Puts the calling thread alone into the namespace: a name under /run/netns or an absolute path. Empty: stays.
  virtual Status enter(const std::string& netns);

  virtual Status ensure(Table table);
  virtual Status drop(const std::string& table);
  virtual Status commit(const Batch& batch);
  virtual Result<std::vector<Element>> list(const std::string& table, const std::string& set);
  virtual Result<std::vector<Counter>> counters(const std::string& table);
  virtual Result<std::vector<Key>> addresses();

  // Gives the sockets back.
  void close() {
    netfilter_.close();
    route_.close();
  }
  // Makes a long dump end early, with `closed`.
  void stop() { stopping_.store(true, std::memory_order_relaxed); }

 protected:
  // Takes the table's chains out of the packets' way, or puts them back; all in it stays. `missing` where there is none.
  Status set_dormant(const std::string& table, bool dormant);
  // What stands, without elements. 0 or an errno; no table is success.
  int read_standing(const std::string& table, Standing& standing);

 private:
  struct Attempt;
  struct Reading;

  int transact(std::optional<uint32_t> generation, const std::function<void(MessageWriter&)>& write);
  int read_generation(uint32_t& generation);
  int read_table(const std::string& table, Standing& standing);
  int read_objects(const std::string& table, const std::function<void(const Attributes&)>& visit);
  int read_counters(const std::string& table, std::vector<Counter>& counters);
  int read_set_shape(const std::string& table, const std::string& set, StandingSet& shape);
  int read_once(const std::string& table, const StandingSet& set, Reading& reading);
  int read_whole(const std::string& table, const StandingSet& set, std::vector<Bound>& bounds);
  int read_elements(const std::string& table, const StandingSet& set, std::vector<Element>& elements);

  // 0 when the op's element is in its set, ENOENT when not.
  int read_element(const Batch& batch, const Op& op);

  Status look_at_sets(const Batch& batch, std::vector<StandingSet>& sets);
  Status look_up(const Batch& batch, Attempt& attempt);
  Status foresee(const Batch& batch, uint16_t set, Attempt& attempt);
  Status send(const Batch& batch, Attempt& attempt, bool& again);
  Status attempt(const Batch& batch, bool look);

  std::atomic<bool> stopping_ = false;
  Netlink netfilter_;
  Netlink route_;
};

}  // namespace bartizan::nft
