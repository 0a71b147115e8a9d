// Journal files are read through mappings, and the kernel answers an access behind the end of a file that was truncated
// meanwhile, or to a block that the disk cannot read, with SIGBUS. On a guarded thread such a page becomes zeros, which the
// library takes for damage; everywhere else the signal does what it did before.
#pragma once

namespace bartizan::journal {

// Guards the calling thread until it ends. Call before the thread touches a journal.
void guard_this_thread();

// Whether this thread met such a page since the last call.
bool took_sigbus();

}  // namespace bartizan::journal
