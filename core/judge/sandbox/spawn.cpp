// SPDX-License-Identifier: Apache-2.0
#include "core/judge/sandbox/spawn.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/base/error.hpp"

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

namespace fk::judge {
namespace {

constexpr int kSocket = 3;
struct MountAttributes {  // struct mount_attr, which not every C library has
  uint64_t set, clear, propagation, userns;
};
constexpr uint64_t kReadOnly = 1;  // MOUNT_ATTR_RDONLY

struct Attempt {
  uint64_t flags;
  const char* names[6];
};
// From everything to nothing: user namespaces may be forbidden, and root may do without them.
constexpr Attempt kAttempts[] = {
    {CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS,
     {"user_namespace", "pid_namespace", "network_namespace", "mount_namespace", "ipc_namespace"}},
    {CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS,
     {"pid_namespace", "network_namespace", "mount_namespace", "ipc_namespace"}},
    {0, {}},
};

// Between clone and exec the child must not allocate: everything it needs is made before.
struct Child {
  std::string uid_map, gid_map;
  int socket = -1, null = -1;
  uint64_t flags = 0;
  std::vector<char*> argv, envp;
  bool card = false;
  char steps[8] = "---";  // read-only mounts, hidden /proc, killed first when memory runs out
};

bool write_file(const char* path, const char* text, size_t size) {
  const int d = open(path, O_WRONLY | O_CLOEXEC);
  if (d < 0) return false;
  const bool done = write(d, text, size) == ssize_t(size);
  close(d);
  return done;
}

[[noreturn]] void run_child(Child& c) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setsid();
  if (c.flags & CLONE_NEWUSER) {
    write_file("/proc/self/setgroups", "deny", 4);
    write_file("/proc/self/uid_map", c.uid_map.data(), c.uid_map.size());
    write_file("/proc/self/gid_map", c.gid_map.data(), c.gid_map.size());
    prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
  if (write_file("/proc/self/oom_score_adj", "1000", 4)) c.steps[2] = '+';
  if (c.flags & CLONE_NEWNS) {
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (!c.card &&
        mount("none", "/proc", "tmpfs", MS_RDONLY | MS_NOEXEC | MS_NOSUID, "size=4k") == 0)
      c.steps[1] = '+';
    const MountAttributes all{kReadOnly, 0, 0, 0};
    if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &all, sizeof all) == 0)
      c.steps[0] = '+';
    // A card's driver reads /proc and writes its threads' names there: one of this process alone.
    if (c.card)
      c.steps[1] = mount("proc", "/proc", "proc", MS_NOEXEC | MS_NOSUID | MS_NODEV, nullptr) == 0
                       ? '+'
                       : 'c';
  }
  for (int i = 0; i < 3; ++i) dup2(c.null, i);
  // The socket may be number 3 already, and then must lose its close-on-exec flag.
  if (c.socket == kSocket)
    fcntl(kSocket, F_SETFD, 0);
  else
    dup2(c.socket, kSocket);
  if (syscall(SYS_close_range, kSocket + 1, ~0u, 0) != 0)
    for (int i = kSocket + 1; i < 4096; ++i) close(i);
  if (chdir("/") != 0) _exit(126);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(c.argv[0], c.argv.data(), c.envp.data());
  _exit(127);
}

pid_t clone_child(Child& c) {
  const long pid = syscall(SYS_clone, c.flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) run_child(c);
  return pid_t(pid);
}

}  // namespace

Spawned spawn(const SpawnOptions& options) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    core::missing("no socket for a Runner: {}", std::strerror(errno));
  Child child;
  child.uid_map = fmt::format("{0} {0} 1", geteuid());
  child.gid_map = fmt::format("{0} {0} 1", getegid());
  child.card = options.card;
  child.socket = ends[1];
  child.null = open("/dev/null", O_RDWR | O_CLOEXEC);
  child.argv = {const_cast<char*>(options.program.c_str()), child.steps, nullptr};
  for (const std::string& e : options.environment)
    child.envp.push_back(const_cast<char*>(e.c_str()));
  child.envp.push_back(nullptr);
  Spawned out;
  std::string why = "not asked for";
  const Attempt* got = nullptr;
  for (const Attempt& a : kAttempts) {
    if (a.flags != 0 && !options.namespaces) continue;
    child.flags = a.flags;
    out.pid = clone_child(child);
    if (out.pid > 0) {
      got = &a;
      break;
    }
    why = std::strerror(errno);
  }
  close(ends[1]);
  close(child.null);
  if (!got) {
    close(ends[0]);
    core::missing("a Runner cannot be started: {}", why);
  }
  out.socket = ends[0];
  for (const char* name : kAttempts[0].names) {
    if (!name) break;
    bool on = false;
    for (const char* n : got->names) on = on || (n && std::strcmp(n, name) == 0);
    out.layers.push_back({name, on, on ? "" : why});
  }
  return out;
}

int reap(int pid) {
  if (pid <= 0) return 0;
  kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return status;
}

int wait_briefly(int pid, int milliseconds) {
  for (int i = 0; i <= milliseconds; ++i) {
    siginfo_t info{};  // left to be reaped, so that the number stays ours
    if (waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
      return info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
    usleep(1000);
  }
  return -1;
}

std::string exit_text(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace fk::judge
