#include "client.h"

#include <endian.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "verbs.h"

namespace bartizan::hand {

namespace {

constexpr size_t kHead = 8;
constexpr size_t kSequence = 4;
// Read at once: what a call needs, or, in the midst of a large request, as much as there is.
constexpr size_t kPiece = 16 * 1024;
constexpr size_t kLargePiece = 1024 * 1024;
constexpr size_t kMaxUnderWay = 4 * kMaxFrame;
constexpr size_t kMaxUnsent = kMaxFrame;

uint32_t u32_at(const std::vector<uint8_t>& bytes, size_t at) {
  uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return le32toh(value);
}

}  // namespace

bool Client::receive(const Request& request) {
  const size_t before = in_.size();
  const size_t piece = before < kPiece ? kPiece : kLargePiece;
  in_.resize(before + piece);
  const ssize_t size = ::recv(fd_, in_.data() + before, piece, MSG_DONTWAIT);
  const int trouble = size < 0 ? errno : 0;
  in_.resize(before + static_cast<size_t>(size > 0 ? size : 0));
  if (size == 0) return false;
  if (size < 0) {
    if (trouble == EAGAIN || trouble == EWOULDBLOCK || trouble == EINTR) return true;
    error_ = strerror(trouble);
    return false;
  }
  return take_frames(request);
}

bool Client::take_frames(const Request& request) {
  size_t at = 0;
  while (in_.size() - at >= kHead) {
    const size_t length = u32_at(in_, at);
    if (length <= kSequence || length > kMaxFrame) {
      error_ = "a frame of " + std::to_string(length) + " bytes";
      return false;
    }
    if (in_.size() - at < sizeof(uint32_t) + length) break;
    const uint32_t sequence = u32_at(in_, at + sizeof(uint32_t));
    const auto begin = in_.begin() + static_cast<std::ptrdiff_t>(at + kHead);
    std::vector<uint8_t> bytes(begin, begin + static_cast<std::ptrdiff_t>(length - kSequence));
    if (sequence == 0 || is_own(bytes.front())) {
      error_ = "a request that is the hand's own";
      return false;
    }
    at += sizeof(uint32_t) + length;
    request(sequence, std::move(bytes));
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(at));
  if (in_.empty() && in_.capacity() > 4 * kLargePiece) in_.shrink_to_fit();
  return true;
}

// How much went out at once.
size_t Client::put(nft::Bytes head, nft::Bytes body) {
  iovec pieces[2] = {{const_cast<uint8_t*>(head.data()), head.size()}, {const_cast<uint8_t*>(body.data()), body.size()}};
  msghdr message = {};
  message.msg_iov = pieces;
  message.msg_iovlen = 2;
  for (;;) {
    const ssize_t size = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size >= 0) return static_cast<size_t>(size);
    // Where the connection is broken the reading side finds out.
    if (errno != EINTR) return 0;
  }
}

void Client::send(uint32_t sequence, nft::Bytes bytes) {
  std::array<uint8_t, kHead> head;
  const uint32_t fields[2] = {htole32(static_cast<uint32_t>(bytes.size() + kSequence)), htole32(sequence)};
  std::memcpy(head.data(), fields, sizeof fields);
  bool waits = false;
  {
    const std::lock_guard lock(mutex_);
    if (fd_ < 0) return;
    const size_t gone = out_.empty() ? put(head, bytes) : 0;
    if (gone < kHead) out_.insert(out_.end(), head.begin() + static_cast<std::ptrdiff_t>(gone), head.end());
    const size_t body = gone < kHead ? 0 : gone - kHead;
    out_.insert(out_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(body), bytes.end());
    waits = !out_.empty();
  }
  if (waits) stuck_();
}

void Client::flush() {
  const std::lock_guard lock(mutex_);
  if (fd_ < 0) return;
  while (sent_ < out_.size()) {
    const size_t gone = put(nft::Bytes(out_).subspan(sent_), {});
    if (gone == 0) return;
    sent_ += gone;
  }
  out_.clear();
  out_.shrink_to_fit();
  sent_ = 0;
}

bool Client::has_unsent() {
  const std::lock_guard lock(mutex_);
  return !out_.empty();
}

bool Client::is_full() {
  const std::lock_guard lock(mutex_);
  return out_.size() - sent_ > kMaxUnsent || under_way_.load(std::memory_order_relaxed) > kMaxUnderWay;
}

void Client::close() {
  const std::lock_guard lock(mutex_);
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace bartizan::hand
