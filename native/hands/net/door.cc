#include "door.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace bartizan::hand {

namespace {

// SD_LISTEN_FDS_START
constexpr int kFirst = 3;
constexpr int kBacklog = 8;

Opened failed(const std::string& what) { return {-1, what + ": " + strerror(errno)}; }

bool is_listening(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1;
}

bool is_unix_stream(int fd) {
  int domain = 0;
  int type = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return false;
  size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && domain == AF_UNIX && type == SOCK_STREAM;
}

// Somebody who listens is not to be thrown out; what a dead hand left behind is.
bool is_answered(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const bool answered = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN;
  close(fd);
  return answered;
}

}  // namespace

Opened activated() {
  const char* pid = getenv("LISTEN_PID");
  const char* count = getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || strtol(pid, nullptr, 10) != getpid()) return {};
  if (strcmp(count, "1") != 0) return {-1, "the service manager must hand over one socket"};
  if (!is_unix_stream(kFirst) || !is_listening(kFirst)) return {-1, "what was handed over is no listening AF_UNIX stream"};
  if (fcntl(kFirst, F_SETFD, FD_CLOEXEC) != 0 || fcntl(kFirst, F_SETFL, O_NONBLOCK) != 0) return failed("the socket");
  return {kFirst};
}

Opened bound(const std::string& path, uid_t owner) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return {-1, "a socket's path has 1-107 bytes"};
  std::memcpy(address.sun_path, path.data(), path.size());
  if (is_answered(address)) return {-1, path + ": another hand listens there"};
  struct stat there = {};
  if (lstat(path.c_str(), &there) == 0 && S_ISSOCK(there.st_mode)) unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed("socket");
  // Nobody else can connect between bind and chmod.
  const mode_t before = umask(0177);
  const int error = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  umask(before);
  if (error != 0 || (owner != geteuid() && chown(path.c_str(), owner, static_cast<gid_t>(-1)) != 0) ||
      listen(fd, kBacklog) != 0) {
    const Opened trouble = failed(path);
    close(fd);
    return trouble;
  }
  return {fd};
}

int accept_from(int listener, Peer& peer) {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return -1;
  ucred credentials = {};
  socklen_t size = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    close(fd);
    return -1;
  }
  peer = {credentials.pid, credentials.uid};
  return fd;
}

}  // namespace bartizan::hand
