// Datagrams to AF_UNIX sockets, which Node cannot send: sd_notify(3) and the journal's native protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bartizan::notify {

// One unbound, non-blocking socket. Not thread-safe; the receiver sees this process's credentials.
class Sender {
 public:
  Sender() = default;
  ~Sender() { close(); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Sends one datagram, or nothing of it, and never waits. A path that begins with '@' is an abstract address.
  // 0 or an errno: EAGAIN when the receiver's queue is full, EMSGSIZE, ENOENT or ECONNREFUSED without a receiver,
  // EINVAL for a path that no address can hold, EBADF after close.
  int send(std::string_view path, const uint8_t* bytes, size_t length);
  void close();

 private:
  int fd_ = -1;
  bool closed_ = false;
};

}  // namespace bartizan::notify
