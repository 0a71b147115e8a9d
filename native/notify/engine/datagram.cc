#include "datagram.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bartizan::notify {

int Sender::send(std::string_view path, const uint8_t* bytes, size_t length) {
  if (closed_) return EBADF;
  sockaddr_un address = {};
  // A path needs room for its NUL; an abstract name has its length instead.
  const bool abstract = !path.empty() && path.front() == '@';
  const size_t room = sizeof(address.sun_path) - (abstract ? 0 : 1);
  if (path.size() < 2 || path.size() > room || (!abstract && path.front() != '/')) return EINVAL;
  if (path.find('\0') != std::string_view::npos) return EINVAL;
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path.data(), path.size());
  if (abstract) address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  if (fd_ < 0) fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return errno;
  for (;;) {
    if (sendto(fd_, bytes, length, MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), size) >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

void Sender::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  closed_ = true;
}

}  // namespace bartizan::notify
