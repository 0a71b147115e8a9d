// A listener to what others do to the tables of a namespace: a socket and a thread of its own, beside the engine's.
#pragma once

#include <pthread.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>

#include "changes.h"
#include "netlink.h"

namespace bartizan::nft {

class Notifier {
 public:
  // Told on the notifier's thread. False: no room now; the loss will be told as soon as there is.
  struct Listener {
    std::function<bool(const Change&)> changed;
    std::function<bool(const std::string& table)> lost;
  };

  // Transactions of `own` are not told.
  explicit Notifier(const Netlink& own) : own_(own) {}
  ~Notifier() { stop(); }
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Before anything is watched.
  void listen(Listener listener) { listener_ = std::move(listener); }

  // Of the thread that is in the namespace. 0 or an errno; a table is watched as often as it was asked for.
  int watch(const std::string& table);
  void unwatch(const std::string& table);
  bool is_watching() const { return !watched_.empty(); }

  // Leaves the kernel's group, so that it builds no messages for us, and comes back.
  void mute();
  // Tells everybody that something was lost.
  void lose();
  void unmute();

  void stop();

 private:
  int start();
  int join(int option) const;
  void run();
  // False when the thread should end.
  bool wait();
  // Takes over what the engine's thread asked for.
  void adopt();
  void read();
  void take(const nlmsghdr* message);
  void tell_losses();
  void wake() const;

  const Netlink& own_;
  Listener listener_;
  // Of the engine's thread.
  std::map<std::string, unsigned> watched_;
  int fd_ = -1;
  int wake_fd_ = -1;
  bool running_ = false;
  pthread_t thread_ = {};
  // Between the threads.
  std::mutex mutex_;
  std::set<std::string> tables_;
  bool changed_tables_ = false;
  bool lost_ = false;
  std::atomic<bool> stopping_ = false;
  // Of the notifier's thread.
  Gatherer gatherer_;
  std::set<std::string> told_tables_;
  std::set<std::string> owed_;
  std::vector<uint8_t> buffer_;
};

}  // namespace bartizan::nft
