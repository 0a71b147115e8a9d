#include "confine.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

namespace bartizan::hand {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the system call filter knows x86_64 and aarch64"
#endif

// Sockets are checked by their family besides.
constexpr long kAllowed[] = {
    SYS_read,          SYS_write,        SYS_close,          SYS_recvfrom,     SYS_sendto,       SYS_recvmsg,
    SYS_sendmsg,       SYS_bind,         SYS_setsockopt,     SYS_getsockopt,   SYS_getsockname,  SYS_accept4,
    SYS_ppoll,         SYS_futex,        SYS_mmap,           SYS_munmap,       SYS_mremap,       SYS_mprotect,
    SYS_madvise,       SYS_brk,          SYS_exit,           SYS_exit_group,   SYS_rt_sigreturn, SYS_rt_sigaction,
    SYS_rt_sigprocmask, SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep, SYS_getpid,       SYS_gettid,
    SYS_tgkill,        SYS_getrandom,    SYS_sched_yield,    SYS_restart_syscall, SYS_clone,     SYS_clone3,
    SYS_rseq,          SYS_set_robust_list, SYS_prctl,       SYS_shutdown,     SYS_eventfd2,     SYS_fcntl,
#if defined(__x86_64__)
    SYS_poll,
#endif
};

std::string trouble(const char* what) { return std::string(what) + ": " + strerror(errno); }

sock_filter load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

}  // namespace

std::string drop_capabilities() {
  // Where the bounding set cannot be made smaller, no_new_privs below makes it meaningless.
  for (int capability = 0; capability <= CAP_LAST_CAP; capability++) {
    if (capability != CAP_NET_ADMIN) (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) return trouble("ambient capabilities");
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return trouble("capget");
  __user_cap_data_struct kept[2] = {};
  kept[0].permitted = kept[0].effective = data[0].permitted & (1u << CAP_NET_ADMIN);
  if (syscall(SYS_capset, &header, kept) != 0) return trouble("capset");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return trouble("no_new_privs");
#ifndef __SANITIZE_ADDRESS__
  // The leak checker looks at its own process from outside.
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
  return {};
}

std::string filter_system_calls() {
  std::vector<sock_filter> code = {
      load(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      load(offsetof(seccomp_data, nr)),
  };
  for (const long call : kAllowed) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  const std::vector<sock_filter> sockets = {
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(SYS_socket), 0, 3),
      load(offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
  };
  code.insert(code.end(), sockets.begin(), sockets.end());
  const sock_fprog program = {static_cast<unsigned short>(code.size()), code.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) return trouble("seccomp");
  return {};
}

}  // namespace bartizan::hand
