// One connection: frames in, frames out.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "../../nft/engine/types.h"

namespace bartizan::hand {

class Client {
 public:
  // Owns `fd`, which must not block. `stuck` is called where not all could be sent at once, on whatever thread sent.
  Client(int fd, std::function<void()> stuck) : fd_(fd), stuck_(std::move(stuck)) {}
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  using Request = std::function<void(uint32_t sequence, std::vector<uint8_t> bytes)>;
  // Reads what has arrived and hands whole requests on. False when the connection is to end: `error()` says why, empty
  // where the client went by itself.
  bool receive(const Request& request);
  const std::string& error() const { return error_; }

  // From any thread; goes nowhere once the connection is closed.
  void send(uint32_t sequence, nft::Bytes bytes);
  // Sends on what had to wait.
  void flush();
  bool has_unsent();
  // Whether the client lets enough of its answers pile up that nothing more is read from it.
  bool is_full();

  void began(size_t bytes) { under_way_.fetch_add(bytes, std::memory_order_relaxed); }
  void ended(size_t bytes) { under_way_.fetch_sub(bytes, std::memory_order_relaxed); }

  int fd() const { return fd_; }
  void close();

 private:
  bool take_frames(const Request& request);
  size_t put(nft::Bytes head, nft::Bytes body);

  std::mutex mutex_;
  int fd_;
  std::function<void()> stuck_;
  std::vector<uint8_t> in_;
  std::vector<uint8_t> out_;
  size_t sent_ = 0;
  // Bytes of requests handed on and not answered.
  std::atomic<size_t> under_way_ = 0;
  std::string error_;
};

}  // namespace bartizan::hand
