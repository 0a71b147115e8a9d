#include "netlink.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace bartizan::nft {

namespace {

// The kernel fills at most 32 KiB of a dump at a time; a larger read costs nothing.
constexpr size_t kReadSize = 64 * 1024;
// 10,000 elements with comments are 2.5 MB; 10,000 refusals occupy 13 MB of kernel memory.
constexpr int kSendBuffer = 8 * 1024 * 1024;
constexpr int kReceiveBuffer = 16 * 1024 * 1024;

void enlarge(int fd, int forced, int polite, int size) {
  // Without CAP_NET_ADMIN the forced form is refused; what the host grants must do then.
  if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) != 0) {
    (void)setsockopt(fd, SOL_SOCKET, polite, &size, sizeof size);
  }
}

Refusal refusal_of(const nlmsghdr* message) {
  // With NETLINK_CAP_ACK the answer repeats the header alone, unless the flag says that the body is there too.
  size_t behind = sizeof(nlmsgerr);
  if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(nlmsgerr)) && !(message->nlmsg_flags & NLM_F_CAPPED)) {
    nlmsgerr head;
    std::memcpy(&head, NLMSG_DATA(message), sizeof head);
    if (head.msg.nlmsg_len > sizeof(nlmsghdr)) behind += NLMSG_ALIGN(head.msg.nlmsg_len) - sizeof(nlmsghdr);
  }
  uint32_t offset = 0;
  if (message->nlmsg_flags & NLM_F_ACK_TLVS) {
    const auto data = attributes_of(message, behind).find(NLMSGERR_ATTR_OFFS);
    if (data && data->size() == sizeof offset) std::memcpy(&offset, data->data(), sizeof offset);
  }
  return {message->nlmsg_seq, error_of(message), offset};
}

}  // namespace

int error_of(const nlmsghdr* message) {
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(int))) return 0;
  int error;
  std::memcpy(&error, NLMSG_DATA(message), sizeof error);
  return error < 0 ? -error : error;
}

int Netlink::open() {
  if (fd_ >= 0) return 0;
  fd_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol_);
  if (fd_ < 0) return errno;
  enlarge(fd_, SO_SNDBUFFORCE, SO_SNDBUF, kSendBuffer);
  enlarge(fd_, SO_RCVBUFFORCE, SO_RCVBUF, kReceiveBuffer);
  const int on = 1;
  (void)setsockopt(fd_, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  (void)setsockopt(fd_, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  buffer_.resize(kReadSize);
  remember_port();
  return 0;
}

void Netlink::remember_port() {
  sockaddr_nl own = {};
  own.nl_family = AF_NETLINK;
  // Binds to a port id of the kernel's choice, as the first send would.
  if (::bind(fd_, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) return;
  socklen_t size = sizeof own;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size) != 0) return;
  if (!was_port(own.nl_pid)) ports_[opened_++ % kPorts].store(own.nl_pid, std::memory_order_relaxed);
}

bool Netlink::was_port(uint32_t id) const {
  return id != 0 && std::ranges::any_of(ports_, [&](const auto& each) { return each.load(std::memory_order_relaxed) == id; });
}

void Netlink::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

int Netlink::lost(int error) {
  close();
  return error;
}

int Netlink::send(const MessageWriter& messages) {
  if (const int error = open()) return error;
  seq_ = messages.last_seq() + 1;
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  const Bytes bytes = messages.bytes();
  for (;;) {
    const auto sent = ::sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
    if (sent == static_cast<ssize_t>(bytes.size())) return 0;
    if (sent >= 0) return lost(EIO);
    if (errno != EINTR) return lost(errno);
  }
}

long Netlink::receive() {
  for (;;) {
    const auto size = ::recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (size > static_cast<ssize_t>(buffer_.size())) {
      // Larger than any answer the kernel is known to give. It is gone from the queue.
      return -ENOBUFS;
    }
    if (size >= 0) return size;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
  }
}

Verdicts Netlink::transact(const MessageWriter& batch, uint32_t acknowledged) {
  Verdicts verdicts;
  const uint32_t first = batch.first_seq();
  if ((verdicts.error = send(batch)) != 0) return verdicts;
  bool answered = false;
  int trouble = 0;
  for (;;) {
    const long size = receive();
    if (size == 0) break;
    if (size < 0) {
      trouble = static_cast<int>(-size);
      if (trouble == ENOBUFS) continue;  // Reading on empties what arrived before the overflow.
      break;
    }
    each_message({buffer_.data(), static_cast<size_t>(size)}, [&](const nlmsghdr* message) {
      const bool ours = message->nlmsg_seq - first <= batch.last_seq() - first;
      if (message->nlmsg_type != NLMSG_ERROR || !ours) return;
      if (error_of(message) != 0) verdicts.refusals.push_back(refusal_of(message));
      answered = answered || message->nlmsg_seq == acknowledged;
    });
  }
  // A refusal read is proof that the kernel undid the batch, whatever else was lost on the way.
  if (!verdicts.refusals.empty()) {
    if (trouble != 0) close();
  } else if (trouble != 0 || !answered) {
    verdicts.error = lost(trouble != 0 ? trouble : ENOBUFS);
  }
  return verdicts;
}

int Netlink::get(const MessageWriter& request, const Visit& visit) {
  if (const int error = send(request)) return error;
  int outcome = ENOBUFS;
  for (;;) {
    const long size = receive();
    if (size == 0) return outcome == ENOBUFS ? lost(ENOBUFS) : outcome;
    if (size < 0) return lost(static_cast<int>(-size));
    each_message({buffer_.data(), static_cast<size_t>(size)}, [&](const nlmsghdr* message) {
      if (message->nlmsg_seq != request.last_seq()) return;
      if (message->nlmsg_type == NLMSG_ERROR) {
        outcome = error_of(message);
      } else {
        outcome = 0;
        visit(message);
      }
    });
  }
}

int Netlink::get_all(const MessageWriter& requests, const Visit& visit) {
  if (const int error = send(requests)) return error;
  const uint32_t wanted = requests.last_seq() - requests.first_seq() + 1;
  uint32_t answered = 0;
  while (answered < wanted) {
    const long size = receive();
    if (size <= 0) return lost(size == 0 ? ENOBUFS : static_cast<int>(-size));
    each_message({buffer_.data(), static_cast<size_t>(size)}, [&](const nlmsghdr* message) {
      if (message->nlmsg_seq - requests.first_seq() >= wanted) return;
      answered++;
      visit(message);
    });
  }
  return 0;
}

int Netlink::dump(const MessageWriter& request, const Visit& visit) {
  if (const int error = send(request)) return error;
  bool interrupted = false;
  std::optional<int> done;
  while (!done) {
    if (stopping_.load(std::memory_order_relaxed)) return lost(ECANCELED);
    const long size = receive();
    if (size <= 0) return lost(size == 0 ? ENOBUFS : static_cast<int>(-size));
    each_message({buffer_.data(), static_cast<size_t>(size)}, [&](const nlmsghdr* message) {
      if (message->nlmsg_seq != request.last_seq()) return;
      interrupted = interrupted || (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
        done = error_of(message);
      } else {
        visit(message);
      }
    });
  }
  return *done == 0 && interrupted ? EINTR : *done;
}

}  // namespace bartizan::nft
