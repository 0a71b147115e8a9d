#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine.h"

namespace bartizan::nft {

namespace {

constexpr size_t kMaxPath = 255;

bool is_namespace_name(const std::string& text) {
  return text != "." && text != ".." && text.find('/') == std::string::npos;
}

}  // namespace

Status Engine::enter(const std::string& netns) {
  if (netns.empty()) return std::nullopt;
  const bool is_path = netns.front() == '/';
  if (netns.size() > kMaxPath || netns.find('\0') != std::string::npos || (!is_path && !is_namespace_name(netns))) {
    return refuse("a network namespace is a name under /run/netns or an absolute path");
  }
  const std::string path = is_path ? netns : "/run/netns/" + netns;
  // Not to hang on a path that turns out to be a FIFO.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return from_errno(errno);
  // Of this thread alone: the kernel keeps the namespace per task.
  const int error = ::setns(fd, CLONE_NEWNET) == 0 ? 0 : errno;
  ::close(fd);
  return error == 0 ? Status{} : from_errno(error);
}

}  // namespace bartizan::nft
