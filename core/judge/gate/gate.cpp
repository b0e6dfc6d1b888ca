// SPDX-License-Identifier: Apache-2.0
#include "core/judge/gate/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/judge/gate/card_code.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/plugin/elf_file.hpp"

namespace fk::judge {
namespace {

struct Group {
  const char* what;
  std::vector<std::string_view> names;
};

// What no kernel needs. Their versions with underscores and "64" count too.
const std::vector<Group>& forbidden() {
  static const std::vector<Group> groups = {
      {"starts threads or processes",
       {"pthread_create", "thrd_create", "fork", "vfork", "clone", "clone3", "posix_spawn",
        "posix_spawnp", "execve", "execv", "execvp", "execl", "execlp", "fexecve", "system",
        "popen", "daemon",
        "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_"
        "deleteIS1_EEPFvvE"}},
      {"ends or signals processes",
       {"kill", "tgkill", "tkill", "killpg", "raise", "exit", "_exit", "_Exit", "quick_exit",
        "atexit", "on_exit", "alarm", "setitimer", "timer_create"}},
      {"handles signals",
       {"signal", "sigaction", "sigaltstack", "sigprocmask", "pthread_sigmask", "sigqueue",
        "signalfd"}},
      {"changes what its process may do", {"prctl", "arch_prctl", "seccomp"}},
      {"reads or writes other memory", {"ptrace", "process_vm_readv", "process_vm_writev"}},
      {"changes what memory may be",
       {"mprotect", "pkey_mprotect", "mremap", "memfd_create", "shm_open", "shmat", "shmget",
        "remap_file_pages"}},
      {"looks through loaded libraries",
       {"dlopen", "dlmopen", "dlsym", "dlvsym", "dladdr", "dladdr1", "dlinfo", "_r_debug"}},
      {"talks to the network or other processes",
       {"socket", "connect", "bind", "listen", "accept", "send", "sendto", "sendmsg", "recv",
        "recvfrom", "recvmsg", "pipe", "pipe2", "mq_open", "getaddrinfo"}},
      {"jumps across calls",
       {"setjmp", "_setjmp", "__sigsetjmp", "longjmp", "siglongjmp", "__longjmp_chk", "swapcontext",
        "makecontext"}},
      {"changes the environment or the clock",
       {"setenv", "unsetenv", "putenv", "clearenv", "clock_settime", "settimeofday", "adjtimex",
        "sched_setaffinity", "sched_setscheduler", "setpriority", "setrlimit", "mlockall"}},
      {"looks at the stack of its caller", {"backtrace", "backtrace_symbols"}},
  };
  return groups;
}

// Odd for a kernel, and no crime.
const std::vector<Group>& odd() {
  static const std::vector<Group> groups = {
      {"opens files",
       {"open", "openat", "fopen", "fdopen", "freopen", "creat", "opendir", "readlink", "stat",
        "access", "unlink", "rename", "mkdir"}},
      {"writes to descriptors", {"write", "pwrite", "writev", "dup", "dup2", "close", "fcntl"}},
      {"reads clocks",
       {"clock_gettime", "gettimeofday", "time", "clock", "nanosleep", "clock_nanosleep", "usleep",
        "sleep"}},
      {"reads the environment", {"getenv", "secure_getenv", "environ", "__environ"}},
      {"maps memory itself", {"mmap", "munmap", "madvise"}},
      // What comes of them is seccomp's to say.
      {"makes system calls of its own, as a C++ library does that is linked into it",
       {"syscall", "ioctl"}},
      {"draws random numbers", {"rand", "random", "getrandom", "getentropy"}},
      {"looks through loaded libraries", {"dl_iterate_phdr"}},
  };
  return groups;
}

// open64, __open_2 and openat@GLIBC: the name that is meant.
std::string_view plain(std::string_view symbol) {
  symbol = symbol.substr(0, symbol.find('@'));
  if (symbol.ends_with("64") && !symbol.starts_with("_ZN")) symbol.remove_suffix(2);
  return symbol;
}

const Group* group_of(const std::vector<Group>& groups, std::string_view symbol) {
  for (const Group& g : groups)
    if (std::find(g.names.begin(), g.names.end(), symbol) != g.names.end() ||
        std::find(g.names.begin(), g.names.end(), plain(symbol)) != g.names.end())
      return &g;
  return nullptr;
}

// Libraries that kernels are made with; their own code is not looked at.
constexpr std::string_view kLibraries[] = {
    "libc.so",   "libm.so",    "libstdc++.so",   "libgcc_s.so", "ld-linux",
    "libc++.so", "libgomp.so", "libopenblas.so", "libdnnl.so",  "libcudart.so",
    "libcublas", "libcudnn",   "libnccl.so",     "libnvrtc.so", "libcufft.so"};

// Shown of every plugin with kernels for a card. Memory of their own that they can write is where
// answers could be kept; honest ones count blocks in it.
void show_card_code(const std::filesystem::path& file, std::string_view bytes, GateReport& report) {
  const CardCode code = card_code(bytes);
  if (!code.any()) return;
  std::string text;
  for (int sm : code.machine) text += fmt::format("{}sm_{}", text.empty() ? "" : ", ", sm);
  for (int sm : code.ptx) text += fmt::format("{}PTX {}", text.empty() ? "" : ", ", sm);
  report.flags.push_back("holds kernels for " + text);
  if (const auto r = card_resources(file)) {
    report.flags.push_back(
        fmt::format("its {} kernels use up to {} registers and {} bytes of stack", r->kernels,
                    r->most_registers, r->most_stack));
    if (r->global_bytes > 0)
      report.flags.push_back(
          fmt::format("its kernels keep {} bytes of their own on the card", r->global_bytes));
  } else {
    report.flags.push_back(
        "its kernels' registers, stack and global memory are unknown: no cuobjdump");
  }
}

}  // namespace

GateReport inspect_library(const std::filesystem::path& file) {
  const std::string bytes = core::read_file(file);
  const core::ElfFile elf =
      core::ElfFile::parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  GateReport report;
  for (const std::string& symbol : elf.imports) {
    if (const Group* g = group_of(forbidden(), symbol))
      report.refusals.push_back(fmt::format("imports {}: a plugin that {}", symbol, g->what));
    else if (const Group* g = group_of(odd(), symbol))
      report.flags.push_back(fmt::format("imports {}: it {}", symbol, g->what));
  }
  for (const std::string& library : elf.needed)
    if (std::none_of(std::begin(kLibraries), std::end(kLibraries),
                     [&](std::string_view known) { return library.starts_with(known); }))
      report.flags.push_back(fmt::format("is linked with {}", library));
  // frame_dummy of the tool chain is one.
  if (elf.constructors > 1)
    report.flags.push_back(
        fmt::format("runs {} constructors when it is opened", elf.constructors - 1));
  if (elf.system_calls > 0)
    report.flags.push_back(
        fmt::format("holds {} system call instructions (or data like them)", elf.system_calls));
  show_card_code(file, bytes, report);
  if (elf.writable_code) report.refusals.push_back("a segment is writable and executable");
  return report;
}

}  // namespace fk::judge
