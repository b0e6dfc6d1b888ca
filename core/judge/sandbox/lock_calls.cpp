// SPDX-License-Identifier: Apache-2.0
// Two seccomp filters: the first before a plugin is opened, the second, which takes away what
// opening needed, after it. Filters add up and cannot be taken off.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

#include "core/base/sanitized.hpp"
#include "core/judge/sandbox/lock.hpp"

namespace fk::judge {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArch = AUDIT_ARCH_X86_64;
#else
constexpr uint32_t kArch = AUDIT_ARCH_AARCH64;
#endif
constexpr uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;

class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArch, 1, 0));
    code_.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
    // The x32 calls are other numbers for the same things.
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
    code_.push_back(BPF_STMT(BPF_RET | BPF_K, kRefuse));
#endif
  }
  void answer(long call, uint32_t action) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, uint32_t(call), 0, 1));
    code_.push_back(BPF_STMT(BPF_RET | BPF_K, action));
  }
  // Refused when the argument has one of the bits (of its low half), else what follows decides.
  void refuse_bits(long call, int argument, uint32_t bits) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, uint32_t(call), 0, 4));
    load_argument(argument);
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    code_.push_back(BPF_STMT(BPF_RET | BPF_K, kRefuse));
    load(offsetof(seccomp_data, nr));
  }
  // Allowed when the argument is this value, else refused.
  void allow_only(long call, int argument, uint32_t value) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, uint32_t(call), 0, 4));
    load_argument(argument);
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    code_.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    code_.push_back(BPF_STMT(BPF_RET | BPF_K, kRefuse));
  }
  // For all threads of the process.
  SandboxLayer install(const char* name, uint32_t otherwise) {
    code_.push_back(BPF_STMT(BPF_RET | BPF_K, otherwise));
    // Sanitizers map terabytes, read /proc and start helpers: a process with one cannot be locked.
    if (core::kSanitized) return {name, false, "a sanitizer's build"};
    sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    const long r =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    return {name, r == 0, r == 0 ? "" : std::strerror(errno)};
  }

 private:
  void load(size_t offset) {
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, uint32_t(offset)));
  }
  void load_argument(int i) { load(offsetof(seccomp_data, args) + size_t(i) * 8); }
  std::vector<sock_filter> code_;
};

// What computing, opening a library and answering the Judge take.
constexpr long kAllowed[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_lseek,
    SYS_openat,
    SYS_readlinkat,
    SYS_faccessat,
    SYS_getcwd,
    SYS_fcntl,
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_mincore,
    SYS_futex,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_getcpu,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_gettimeofday,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_recvfrom,
    SYS_ppoll,
    SYS_getpid,
    SYS_gettid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getppid,
    SYS_sysinfo,
    SYS_uname,
    SYS_getrandom,
    SYS_getrusage,
    SYS_rt_sigreturn,
    SYS_rt_sigprocmask,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
    SYS_set_robust_list,
    SYS_get_robust_list,
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef SYS_membarrier
    SYS_membarrier,
#endif
#if defined(__x86_64__)
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_poll,
    SYS_time,
    SYS_arch_prctl,
#endif
};

// What the driver of a card calls beside that, once its context and its threads are there. Its
// commands are ioctl; Landlock has left no device that is not the card's. Threads (clone) are not
// among it: the driver starts its own with the context.
constexpr long kDriving[] = {
    SYS_ioctl,
    SYS_mlock,
    SYS_munlock,
    SYS_mbind,
    SYS_get_mempolicy,
    SYS_set_mempolicy,
    SYS_eventfd2,
    SYS_pipe2,
    SYS_getdents64,
    SYS_statfs,
    SYS_fstatfs,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_get_priority_max,
    SYS_sched_get_priority_min,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_dup,
#if defined(__x86_64__)
    SYS_epoll_wait,
    SYS_pipe,
#endif
};

// What only opening a library takes.
constexpr long kOpening[] = {
    SYS_openat, SYS_readlinkat, SYS_faccessat,
#if defined(__x86_64__)
    SYS_open,   SYS_readlink,   SYS_access,
#endif
};

}  // namespace

SandboxLayer restrict_calls(bool card) {
  Filter f;
  f.allow_only(SYS_tgkill, 0, uint32_t(getpid()));  // abort()
  for (long call : kAllowed) f.answer(call, SECCOMP_RET_ALLOW);
  if (card)
    for (long call : kDriving) f.answer(call, SECCOMP_RET_ALLOW);
  f.answer(SYS_seccomp, SECCOMP_RET_ALLOW);  // for the second filter, which takes it away
#ifdef SYS_clone3  // a C library that asks for the newer call must be told that it is not there
  f.answer(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
#endif
  return f.install("seccomp", kRefuse);
}

SandboxLayer restrict_calls_after_load(bool card) {
  Filter f;
  f.refuse_bits(SYS_mmap, 2, PROT_EXEC);
  f.refuse_bits(SYS_mprotect, 2, PROT_EXEC);
  if (!card)
    for (long call : kOpening) f.answer(call, kRefuse);
  f.answer(SYS_seccomp, kRefuse);
  SandboxLayer layer = f.install("seccomp_after_load", SECCOMP_RET_ALLOW);
  // A plugin may have put in a filter of its own meanwhile, by which this one only seems to stand.
  const bool stands = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                           0) == MAP_FAILED &&
                      errno == EPERM;
  if (layer.on && !stands) layer = {layer.name, false, "it does not hold"};
  return layer;
}

}  // namespace fk::judge
