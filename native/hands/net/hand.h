// The loop: one thread for connections and time, the engine's own for the kernel.
#pragma once

#include "../../nft/engine/worker.h"
#include "audit.h"
#include "client.h"
#include "door.h"
#include "manager.h"

namespace bartizan::hand {

class Guard;

class Hand {
 public:
  // What the hand lives on. The descriptors are owned by the caller.
  struct Ground {
    int listener = -1;
    // Turns readable when the hand is to end.
    int ending = -1;
    // An eventfd that threads poke.
    int wake = -1;
    uid_t uid = 0;
  };

  // `guard` belongs to the worker; null where nothing is guarded.
  Hand(const Ground& ground, nft::Worker& worker, const Guard* guard, Audit& audit, ServiceManager& manager)
      : ground_(ground), worker_(worker), guard_(guard), audit_(audit), manager_(manager) {}

  // What the worker is to tell of others' changes; before it starts.
  nft::Notifier::Listener listener();

  // Until it is told to end, or an errno. What was asked before is worked off; what is not settled is put back.
  int run();

 private:
  int wait();
  void meet();
  void greet(int fd, const Peer& peer);
  void hear();
  void ask(uint32_t sequence, std::vector<uint8_t> bytes);
  void part(const std::string& why);
  void tell_worker(uint8_t verb, const std::string& why);
  bool notify(nft::Bytes notice);
  void become(std::shared_ptr<Client> client);
  int64_t next_due() const;
  void keep_time();
  void keep_pulse();
  void end();
  void poke() const;

  const Ground ground_;
  nft::Worker& worker_;
  const Guard* guard_;
  Audit& audit_;
  ServiceManager& manager_;
  // Written by the hand's thread, read by the notifier's.
  std::mutex mutex_;
  std::shared_ptr<Client> client_;
  Peer peer_;
  // The deadline for which the worker was told to look at the time.
  int64_t told_ = 0;
  // When the manager is to hear again that both threads live. 0: not while the worker is being asked.
  int64_t pulse_due_ = 1;
  std::atomic<bool> answered_ = false;
};

}  // namespace bartizan::hand
