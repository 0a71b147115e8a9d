// Where clients come in: the socket the service manager hands over, or one of the hand's own.
#pragma once

#include <sys/types.h>

#include <string>

namespace bartizan::hand {

// What a file descriptor is, or why there is none.
struct Opened {
  int fd = -1;
  std::string error = {};
};

// The one socket of LISTEN_FDS, where LISTEN_PID is this process; -1 without an error where there is none.
Opened activated();
// Binds a path, in the place of a socket that nobody listens at; only `owner` may connect.
Opened bound(const std::string& path, uid_t owner);

struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
};

// A connection that does not block, or -1.
int accept_from(int listener, Peer& peer);

}  // namespace bartizan::hand
