#include "hand.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "../../nft/engine/cursor.h"
#include "guard.h"
#include "verbs.h"

namespace bartizan::hand {

namespace {

// What a client that does not read its answers is left at the end.
constexpr int64_t kLastFlushMs = 2000;

enum { kListener, kEnding, kWake, kClient, kPolled };

std::vector<uint8_t> with_text(uint8_t verb, const std::string& text) {
  nft::Sink out;
  out.u8(verb);
  out.text(text);
  return out.finish();
}

std::string name_of(const Peer& peer) {
  return "pid " + std::to_string(peer.pid) + " of uid " + std::to_string(peer.uid);
}

}  // namespace

void Hand::poke() const {
  const uint64_t one = 1;
  (void)!::write(ground_.wake, &one, sizeof one);
}

int Hand::run() {
  for (;;) {
    const int error = wait();
    if (error == ECANCELED) break;
    if (error != 0) return error;
  }
  end();
  return 0;
}

// One turn of the loop; ECANCELED when it is time to end.
int Hand::wait() {
  pollfd polled[kPolled] = {{ground_.listener, POLLIN, 0}, {ground_.ending, POLLIN, 0}, {ground_.wake, POLLIN, 0}, {-1, 0, 0}};
  if (client_) {
    const bool full = client_->is_full();
    polled[kClient] = {client_->fd(), static_cast<short>((full ? 0 : POLLIN) | (client_->has_unsent() ? POLLOUT : 0)), 0};
  }
  const int64_t due = next_due();
  const int timeout = due != 0 ? static_cast<int>(std::max<int64_t>(0, due - now_ms())) : -1;
  if (poll(polled, kPolled, timeout) < 0) return errno == EINTR ? 0 : errno;
  if (polled[kEnding].revents != 0) return ECANCELED;
  if (polled[kWake].revents != 0) {
    uint64_t count;
    (void)!::read(ground_.wake, &count, sizeof count);
  }
  keep_time();
  keep_pulse();
  if (client_ && (polled[kClient].revents & POLLOUT)) client_->flush();
  // A client that goes makes room for the next.
  if (client_ && (polled[kClient].revents & (POLLIN | POLLHUP | POLLERR))) hear();
  if (polled[kListener].revents & POLLIN) meet();
  return (polled[kListener].revents & (POLLERR | POLLNVAL)) ? EIO : 0;
}

// When the loop has something to do though nobody asks; 0: never.
int64_t Hand::next_due() const {
  const int64_t guards = guard_ != nullptr && guard_->due() != told_ ? guard_->due() : 0;
  const int64_t pulse = manager_.interval_ms() != 0 ? pulse_due_ : 0;
  return guards != 0 && pulse != 0 ? std::min(guards, pulse) : std::max(guards, pulse);
}

// The manager hears of both threads: a worker that hangs does not answer.
void Hand::keep_pulse() {
  if (manager_.interval_ms() == 0) return;
  if (answered_.exchange(false)) {
    manager_.tell("WATCHDOG=1");
    pulse_due_ = now_ms() + manager_.interval_ms();
  }
  if (pulse_due_ == 0 || now_ms() < pulse_due_) return;
  pulse_due_ = 0;
  worker_.call({kLookAtTime}, [this](std::vector<uint8_t>) {
    answered_ = true;
    poke();
  });
}

void Hand::keep_time() {
  const int64_t due = guard_ != nullptr ? guard_->due() : 0;
  if (due == 0 || due == told_ || now_ms() < due) return;
  told_ = due;
  // A call that is being worked off may put the time off yet.
  worker_.call({kLookAtTime}, [](std::vector<uint8_t>) {});
}

void Hand::tell_worker(uint8_t verb, const std::string& why) {
  worker_.call(with_text(verb, why), [](std::vector<uint8_t>) {});
}

nft::Notifier::Listener Hand::listener() {
  return {[this](const nft::Change& change) { return notify(nft::encode(change)); },
          [this](const std::string& table) { return notify(nft::encode_lost(table)); }};
}

// False while a client has no room: that something was lost is told when it has.
bool Hand::notify(nft::Bytes notice) {
  std::shared_ptr<Client> client;
  {
    const std::lock_guard lock(mutex_);
    client = client_;
  }
  if (!client) return true;
  if (client->is_full()) return false;
  client->send(0, notice);
  return true;
}

void Hand::become(std::shared_ptr<Client> client) {
  const std::lock_guard lock(mutex_);
  client_ = std::move(client);
}

void Hand::meet() {
  Peer peer;
  const int fd = accept_from(ground_.listener, peer);
  if (fd >= 0) greet(fd, peer);
}

void Hand::greet(int fd, const Peer& peer) {
  auto client = std::make_shared<Client>(fd, [this] { poke(); });
  const auto turn_away = [&](nft::Code code, const std::string& why) {
    client->send(0, nft::encode(nft::Failure{code, 0, -1, why}));
    audit_.refused("connection by " + name_of(peer) + ": " + why);
  };
  if (peer.uid != ground_.uid) return turn_away(nft::Code::denied, "only uid " + std::to_string(ground_.uid) + " may ask");
  if (client_) return turn_away(nft::Code::busy, "connected already: " + name_of(peer_));
  nft::Sink hello;
  hello.u8(0);
  hello.u8(kVersion);
  hello.u32(static_cast<uint32_t>(getpid()));
  client->send(0, hello.finish());
  audit_.say(Audit::Level::info, "connected: " + name_of(peer));
  become(std::move(client));
  peer_ = peer;
}

void Hand::hear() {
  const bool stays = client_->receive([&](uint32_t sequence, std::vector<uint8_t> bytes) { ask(sequence, std::move(bytes)); });
  if (!stays) part(client_->error());
}

void Hand::ask(uint32_t sequence, std::vector<uint8_t> bytes) {
  const size_t size = bytes.size();
  client_->began(size);
  worker_.call(std::move(bytes), [this, client = client_, sequence, size](std::vector<uint8_t> answer) {
    const bool was_full = client->is_full();
    client->ended(size);
    client->send(sequence, answer);
    if (was_full) poke();
  });
}

void Hand::part(const std::string& why) {
  if (why.empty()) {
    audit_.say(Audit::Level::info, "gone: " + name_of(peer_));
  } else {
    client_->send(0, nft::encode(nft::refuse(why)));
    audit_.refused("connection of " + name_of(peer_) + " ended: " + why);
  }
  client_->close();
  become(nullptr);
  worker_.end_loads();
  tell_worker(kPart, "the client went away");
}

void Hand::end() {
  tell_worker(kRevert, "the hand was told to end");
  worker_.finish([this](std::vector<uint8_t>) { poke(); });
  worker_.join();
  if (!client_) return;
  const int64_t deadline = now_ms() + kLastFlushMs;
  while (client_->has_unsent() && now_ms() < deadline) {
    pollfd polled = {client_->fd(), POLLOUT, 0};
    poll(&polled, 1, static_cast<int>(deadline - now_ms()));
    client_->flush();
    if (polled.revents & (POLLHUP | POLLERR)) break;
  }
}

}  // namespace bartizan::hand
