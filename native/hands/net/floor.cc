#include "floor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <sstream>

namespace bartizan::hand {

namespace {

// 10,000 networks are some 200 kB.
constexpr size_t kMaxFile = 1 << 20;

// Who could change the file could cut what it protects.
std::optional<std::string> distrust(const struct stat& file) {
  if (!S_ISREG(file.st_mode)) return "is no regular file";
  if (file.st_uid != 0 && file.st_uid != geteuid()) return "must belong to root";
  if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "may be written to by others than its owner";
  if (file.st_size > static_cast<off_t>(kMaxFile)) return "is larger than 1 MiB";
  return std::nullopt;
}

std::optional<std::string> read_file(const std::string& path, std::string& text) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return strerror(errno);
  struct stat file = {};
  std::optional<std::string> trouble;
  if (fstat(fd, &file) != 0) trouble = strerror(errno);
  if (!trouble) trouble = distrust(file);
  char buffer[4096];
  while (!trouble) {
    const ssize_t size = ::read(fd, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) trouble = strerror(errno);
    if (size <= 0) break;
    text.append(buffer, static_cast<size_t>(size));
    if (text.size() > kMaxFile) trouble = "is larger than 1 MiB";
  }
  ::close(fd);
  return trouble;
}

std::string trimmed(const std::string& line) {
  const std::string text = line.substr(0, line.find('#'));
  const size_t from = text.find_first_not_of(" \t\r");
  return from == std::string::npos ? "" : text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

}  // namespace

Floor::Floor() {
  // Routers ask for neighbours from these, and hosts for duplicates of their address.
  for (const char* network : {"fe80::/10", "::/128"}) add(*parse_key(network));
  loopback4_.add(range_of(*parse_key("127.0.0.0/8")));
  loopback6_.add(range_of(*parse_key("::1")));
}

std::optional<std::string> Floor::read(const std::string& path) {
  std::string text;
  if (const auto trouble = read_file(path, text)) return path + ": " + *trouble;
  std::istringstream lines(text);
  size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    number++;
    const std::string entry = trimmed(line);
    if (entry.empty()) continue;
    const auto network = parse_key(entry);
    if (!network) return path + ":" + std::to_string(number) + ": not an address or a network in CIDR form: " + entry;
    add(*network);
  }
  return std::nullopt;
}

void Floor::add(const Key& network) { (network.width == 4 ? four_ : six_).add(range_of(network)); }

bool Floor::is_protected(const Key& key, const std::vector<Key>& own) const {
  if (key.width != 4 && key.width != 16) return false;
  const Range range = range_of(key);
  if (let_in(key.width).holds(range) || (key.width == 4 ? loopback4_ : loopback6_).holds(range)) return true;
  // A network is wider than an address of ours, unless it is that address alone.
  return range.first == range.last && std::ranges::any_of(own, [&](const Key& each) {
    return each.width == key.width && each.address == range.first;
  });
}

}  // namespace bartizan::hand
