#include "notifier.h"

#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace bartizan::nft {

namespace {

// The kernel sends at most 32 KiB at once.
constexpr size_t kReadSize = 64 * 1024;
// A flush of 10,000 elements, told one by one.
constexpr int kReceiveBuffer = 8 * 1024 * 1024;
// How long a loss waits for whoever has no room for it.
constexpr int kOwedMs = 100;

}  // namespace

int Notifier::start() {
  fd_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
  if (fd_ < 0) return errno;
  const int size = kReceiveBuffer;
  if (setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
    (void)setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  // The kernel leaves out a listener without a port id.
  sockaddr_nl own = {};
  own.nl_family = AF_NETLINK;
  int error = ::bind(fd_, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0 ? 0 : errno;
  if (error == 0) error = join(NETLINK_ADD_MEMBERSHIP);
  if (error == 0) {
    wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd_ < 0) error = errno;
  }
  if (error == 0) {
    buffer_.resize(kReadSize);
    stopping_ = false;
    // Signals are for the threads that know what to do with them.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const auto body = [](void* self) -> void* {
      static_cast<Notifier*>(self)->run();
      return nullptr;
    };
    error = pthread_create(&thread_, nullptr, body, this);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error == 0) pthread_setname_np(thread_, "bartizan-nft-on");
  }
  running_ = error == 0;
  if (error != 0) stop();
  return error;
}

void Notifier::stop() {
  if (running_) {
    stopping_ = true;
    wake();
    pthread_join(thread_, nullptr);
    running_ = false;
  }
  if (fd_ >= 0) ::close(fd_);
  if (wake_fd_ >= 0) ::close(wake_fd_);
  fd_ = wake_fd_ = -1;
  watched_.clear();
  owed_.clear();
}

int Notifier::join(int option) const {
  const int group = NFNLGRP_NFTABLES;
  return setsockopt(fd_, SOL_NETLINK, option, &group, sizeof group) == 0 ? 0 : errno;
}

int Notifier::watch(const std::string& table) {
  if (++watched_[table] > 1) return 0;
  {
    const std::lock_guard lock(mutex_);
    tables_.insert(table);
    changed_tables_ = true;
  }
  const int error = running_ ? 0 : start();
  if (error != 0) watched_.clear();
  if (error == 0) wake();
  return error;
}

void Notifier::unwatch(const std::string& table) {
  const auto found = watched_.find(table);
  if (found == watched_.end() || --found->second > 0) return;
  watched_.erase(found);
  {
    const std::lock_guard lock(mutex_);
    tables_.erase(table);
    changed_tables_ = true;
  }
  if (watched_.empty()) stop();
}

void Notifier::mute() {
  if (running_) (void)join(NETLINK_DROP_MEMBERSHIP);
}

void Notifier::unmute() {
  // Refused for want of memory alone: deaf then, and what happens must be taken for lost.
  if (running_ && join(NETLINK_ADD_MEMBERSHIP) != 0) lose();
}

void Notifier::lose() {
  if (!running_) return;
  {
    const std::lock_guard lock(mutex_);
    lost_ = true;
  }
  wake();
}

void Notifier::wake() const {
  const uint64_t one = 1;
  // Full when nobody read it yet, which wakes as well.
  (void)!::write(wake_fd_, &one, sizeof one);
}

void Notifier::run() {
  while (wait()) {
    read();
    tell_losses();
  }
}

bool Notifier::wait() {
  pollfd waits[] = {{fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
  (void)::poll(waits, 2, owed_.empty() ? -1 : kOwedMs);
  uint64_t woken;
  (void)!::read(wake_fd_, &woken, sizeof woken);
  adopt();
  return !stopping_;
}

void Notifier::adopt() {
  const std::lock_guard lock(mutex_);
  if (changed_tables_) {
    told_tables_ = tables_;
    gatherer_.watch(tables_);
    changed_tables_ = false;
  }
  if (lost_) owed_ = told_tables_;
  lost_ = false;
}

void Notifier::read() {
  while (!stopping_) {
    const auto size = ::recv(fd_, buffer_.data(), buffer_.size(), MSG_TRUNC);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != ENOBUFS) return;
    if (size < 0 || size > static_cast<ssize_t>(buffer_.size())) {
      // The queue was full, and what came then is gone.
      gatherer_.forget();
      owed_ = told_tables_;
      continue;
    }
    // What came was sent after the tables were: they must be known by now.
    adopt();
    each_message({buffer_.data(), static_cast<size_t>(size)}, [&](const nlmsghdr* message) { take(message); });
  }
}

void Notifier::take(const nlmsghdr* message) {
  const auto changes = gatherer_.take(message);
  if (!changes || own_.was_port(message->nlmsg_pid)) return;
  for (const Change& change : *changes) {
    if (!owed_.contains(change.table) && !listener_.changed(change)) owed_.insert(change.table);
  }
}

void Notifier::tell_losses() {
  std::erase_if(owed_, [&](const std::string& table) { return !told_tables_.contains(table) || listener_.lost(table); });
}

}  // namespace bartizan::nft
