// nftables of one network namespace. One thread owns an engine; only stop() may be called from another. What changes or
// shows the kernel's state is virtual, so that a door may stand a guard in front of it.
#pragma once

#include "digest.h"
#include "load.h"
#include "notifier.h"

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
  virtual Result<std::vector<std::optional<Element>>> find(const std::string& table, const std::string& set,
                                                           const std::vector<Key>& keys);
  // Empty where the kernel does not tell.
  virtual Result<std::optional<uint32_t>> count(const std::string& table, const std::string& set);
  virtual Result<std::string> fingerprint(const std::string& table);
  virtual Result<std::vector<BaseChain>> base_chains();

  // One step of a load: looks at it whole, then a chunk at a time, until it is done or fails. Between its first step and
  // its end nothing else is loaded; every other call may come between.
  virtual Status load(LoadUnderWay& way);
  // Once it is done, failed, or given up.
  void end_load();

  // Before anything is watched.
  void listen(Notifier::Listener listener) { notifier_.listen(std::move(listener)); }
  virtual Status watch(const std::string& table);
  virtual Status unwatch(const std::string& table);

  // Gives the sockets back and ends the watches.
  void close() {
    notifier_.stop();
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
  // One set's. 0 or an errno.
  int read_set_shape(const std::string& table, const std::string& set, StandingSet& shape);
  // Tells whoever watches that anything may have changed.
  void tell_lost() { notifier_.lose(); }

 private:
  struct Attempt;
  struct Reading;

  int transact(std::optional<uint32_t> generation, const std::function<void(MessageWriter&)>& write);
  int read_generation(uint32_t& generation);
  int read_table(const std::string& table, Standing& standing);
  int read_objects(const std::string& table, const std::function<void(const Attributes&)>& visit);
  int read_counters(const std::string& table, std::vector<Counter>& counters);
  int read_once(const std::string& table, const StandingSet& set, Reading& reading);
  int read_whole(const std::string& table, const StandingSet& set, std::vector<Bound>& bounds);
  int read_elements(const std::string& table, const StandingSet& set, std::vector<Element>& elements);

  // 0 when the op's element is in its set, ENOENT when not.
  int read_element(const Batch& batch, const Op& op);
  // What each key is answered with, in their order.
  int ask(const std::string& table, const StandingSet& set, std::span<const Key> keys,
          std::vector<std::optional<Bound>>& answers);
  int digest_table(const std::string& table, Digest& digest);
  int digest_elements(const std::string& table, const std::string& set, Digest& digest);

  Verdicts transact(const MessageWriter& batch, uint32_t acknowledged);
  void mute();

  Status begin(LoadUnderWay& way);
  Status load_chunk(LoadUnderWay& way, uint32_t from, uint32_t to);
  Status send_keys(LoadUnderWay& way, uint32_t from, uint32_t to);
  Status commit_keys(const LoadUnderWay& way, uint32_t from, uint32_t to);
  Status look_up(const LoadUnderWay& way, uint32_t from, uint32_t to, std::vector<bool>& skip);
  Status work_out(LoadUnderWay& way, uint32_t from, uint32_t to, std::vector<bool>& skip);

  Status look_at_sets(const Batch& batch, std::vector<StandingSet>& sets);
  Status look_up(const Batch& batch, Attempt& attempt);
  Status foresee(const Batch& batch, uint16_t set, Attempt& attempt);
  Status send(const Batch& batch, Attempt& attempt, bool& again);
  Status attempt(const Batch& batch, bool look);

  std::atomic<bool> stopping_ = false;
  Netlink netfilter_;
  Netlink route_;
  Notifier notifier_;
  // While muted: the generation up to which every change is known to be ours.
  std::optional<uint32_t> ours_;
  bool overtaken_ = false;
};

}  // namespace bartizan::nft
