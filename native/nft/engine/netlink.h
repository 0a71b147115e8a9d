// A netlink socket used by one thread. The kernel works a request off inside send(2) and queues the answers before it
// returns, so nothing here ever waits: an empty queue where an answer is due means that the answer was lost.
#pragma once

#include <linux/netlink.h>

#include <atomic>
#include <functional>

#include "message.h"

namespace bartizan::nft {

// One NLMSG_ERROR of a refused message.
struct Refusal {
  uint32_t seq;
  int error;
  // Of the attribute at fault, counted from the message's header; 0 where the kernel did not say.
  uint32_t offset;
};

struct Verdicts {
  // The transport's own trouble: 0, ENOBUFS when answers were lost, or what send and recv said.
  int error = 0;
  // In the order of the messages. Any of them means that the kernel undid the whole batch.
  std::vector<Refusal> refusals;
};

// The errno of NLMSG_ERROR or NLMSG_DONE as a positive number.
int error_of(const nlmsghdr* message);

// The messages of one datagram.
template <class Visit>
void each_message(Bytes datagram, Visit visit) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
    if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > datagram.size()) return;
    visit(message);
    const size_t step = NLMSG_ALIGN(message->nlmsg_len);
    if (step >= datagram.size()) return;
    datagram = datagram.subspan(step);
  }
}

class Netlink {
 public:
  // `stopping` turned true ends a long dump with ECANCELED.
  Netlink(int protocol, const std::atomic<bool>& stopping) : protocol_(protocol), stopping_(stopping) {}
  ~Netlink() { close(); }
  Netlink(const Netlink&) = delete;
  Netlink& operator=(const Netlink&) = delete;

  // Opens on first use; 0 or an errno. After trouble the socket is closed and the next call starts clean.
  int open();
  void close();

  uint32_t next_seq() const { return seq_; }
  // Whether the kernel names this socket, or one that it was before, by this port id. For any thread.
  bool was_port(uint32_t id) const;

  // Sends a whole batch whose last message but the end asks for an acknowledgement (`acknowledged`).
  Verdicts transact(const MessageWriter& batch, uint32_t acknowledged);

  using Visit = std::function<void(const nlmsghdr*)>;
  // One request answered by one message. 0 or an errno.
  int get(const MessageWriter& request, const Visit& visit);
  // Several requests in one go. Each is answered by one message, an NLMSG_ERROR or what was asked for, which names its
  // sequence number. 0, or an errno of the transport.
  int get_all(const MessageWriter& requests, const Visit& visit);
  // A dump; EINTR when it was not of one generation and must be read again.
  int dump(const MessageWriter& request, const Visit& visit);

 private:
  int send(const MessageWriter& messages);
  // Reads one datagram into buffer_; its size, 0 when the queue is empty, or -errno.
  long receive();
  int lost(int error);

  void remember_port();

  // As many as trouble may have closed while a notification was on its way.
  static constexpr size_t kPorts = 8;
  std::array<std::atomic<uint32_t>, kPorts> ports_ = {};
  size_t opened_ = 0;
  int protocol_;
  const std::atomic<bool>& stopping_;
  int fd_ = -1;
  uint32_t seq_ = 1;
  std::vector<uint8_t> buffer_;
};

}  // namespace bartizan::nft
