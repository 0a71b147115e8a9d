#include "types.h"

#include <cerrno>

namespace bartizan::nft {

Code code_of(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return Code::denied;
    case EBUSY:
      return Code::busy;
    // The kernel says ENOTEMPTY of a network that overlaps one in the set.
    case EEXIST:
    case ENOTEMPTY:
      return Code::exists;
    case ENOENT:
      return Code::missing;
    case ENFILE:
    case ENOSPC:
      return Code::full;
    // Answers were lost, or what was read kept changing.
    case ENOBUFS:
    case EINTR:
    case ERESTART:
      return Code::resync;
    // The engine was told to stop in the middle of a dump.
    case ECANCELED:
      return Code::closed;
    default:
      return Code::rejected;
  }
}

}  // namespace bartizan::nft
