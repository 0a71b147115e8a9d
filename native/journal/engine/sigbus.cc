#include "sigbus.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

namespace bartizan::journal {

namespace {

// Initial-exec: a handler must not be the first to allocate a thread's copy.
__attribute__((tls_model("initial-exec"))) thread_local volatile sig_atomic_t guarded = 0;
__attribute__((tls_model("initial-exec"))) thread_local volatile sig_atomic_t met = 0;

struct sigaction before = {};
uintptr_t page_size = 0;

void pass_on(int signal, siginfo_t* info, void* context) {
  if ((before.sa_flags & SA_SIGINFO) != 0 && before.sa_sigaction != nullptr) {
    before.sa_sigaction(signal, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(signal);
  } else if (const bool sent = info->si_code <= 0; !sent || before.sa_handler == SIG_DFL) {
    // Of an access: returning repeats it, which then ends the process as it would have without us.
    ::signal(SIGBUS, SIG_DFL);
    if (sent) raise(SIGBUS);
  }
}

void on_sigbus(int signal, siginfo_t* info, void* context) {
  if (guarded == 0 || info->si_code != BUS_ADRERR) return pass_on(signal, info, context);
  const int kept = errno;
  const auto page = reinterpret_cast<uintptr_t>(info->si_addr) & ~(page_size - 1);
  void* zeros = mmap(reinterpret_cast<void*>(page), page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  errno = kept;
  if (zeros == MAP_FAILED) return pass_on(signal, info, context);
  met = 1;
}

}  // namespace

void guard_this_thread() {
  static std::once_flag once;
  std::call_once(once, [] {
    page_size = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action = {};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &before);
  });
  guarded = 1;
}

bool took_sigbus() {
  const bool took = met != 0;
  met = 0;
  return took;
}

}  // namespace bartizan::journal
