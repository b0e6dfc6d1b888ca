// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/sanitized.hpp"
#include "core/judge/sandbox/lock.hpp"

namespace fk::judge {
namespace {

SandboxLayer result(const char* name, bool on) {
  return {name, on, on ? "" : std::strerror(errno)};
}

// Of headers that may be older than the kernel: every right of ABI 1, and those of later ones.
constexpr uint64_t kExecute = 1 << 0, kWriteFile = 1 << 1, kReadFile = 1 << 2, kReadFolder = 1 << 3,
                   kTruncate = 1 << 14,  // from ABI 3 on
    kCommands = 1 << 15;                 // ioctl, from ABI 5 on
constexpr uint64_t kAllFiles[] = {
    0, (1u << 13) - 1, (1u << 14) - 1, (1u << 15) - 1, (1u << 15) - 1, (1u << 16) - 1};

struct RuleSet {  // landlock_ruleset_attr of ABI 6
  uint64_t files = 0, network = 0, scoped = 0;
};

bool allow(int rules, const std::filesystem::path& path, uint64_t device_rights = 0) {
  const int d = open(path.c_str(), O_PATH | O_CLOEXEC);
  if (d < 0) return true;  // what is not there need not be read
  struct stat s {};
  fstat(d, &s);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = kExecute | kReadFile | (S_ISDIR(s.st_mode) ? kReadFolder : 0);
  if (device_rights)
    rule.allowed_access = kReadFile | device_rights | (S_ISDIR(s.st_mode) ? kReadFolder : 0);
  rule.parent_fd = d;
  const bool done =
      syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  close(d);
  return done;
}

}  // namespace

SandboxLayers drop_privileges() {
  struct {
    uint32_t version = 0x20080522;  // _LINUX_CAPABILITY_VERSION_3
    int pid = 0;
  } head;
  struct {
    uint32_t effective = 0, permitted = 0, inheritable = 0;
  } none[2];
  SandboxLayers out;
  out.push_back(result("no_capabilities", syscall(SYS_capset, &head, none) == 0));
  out.push_back(result("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0));
  // Dropping capabilities clears what was asked for at the start.
  prctl(PR_SET_PDEATHSIG, 9);
  return out;
}

SandboxLayer restrict_files(const std::vector<std::filesystem::path>& readable,
                            const std::vector<std::filesystem::path>& devices) {
  if (core::kSanitized) return {"landlock", false, "a sanitizer's build"};
  const long abi =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) return result("landlock", false);
  RuleSet rules;
  rules.files = kAllFiles[abi > 5 ? 5 : abi];
  if (abi >= 4) rules.network = 3;  // bind, connect
  if (abi >= 6) rules.scoped = 3;   // abstract sockets, signals
  const size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  const int d = int(syscall(SYS_landlock_create_ruleset, &rules, size, 0));
  if (d < 0) return result("landlock", false);
  bool done = true;
  for (const auto& path : readable) done = allow(d, path) && done;
  for (const auto& path : devices)
    done = allow(d, path, kWriteFile | (abi >= 3 ? kTruncate : 0) | (abi >= 5 ? kCommands : 0)) &&
           done;
  done = done && syscall(SYS_landlock_restrict_self, d, 0) == 0;
  const int error = errno;
  close(d);
  errno = error;
  return result("landlock", done);
}

SandboxLayer limit_resources(size_t address_space, size_t descriptors) {
  const auto set = [](auto what, rlim_t value) {
    const rlimit r{value, value};
    return setrlimit(what, &r) == 0;
  };
  bool done = set(RLIMIT_CORE, 0) && set(RLIMIT_FSIZE, 0) && set(RLIMIT_NOFILE, descriptors);
  if (address_space && !core::kSanitized) done = set(RLIMIT_AS, address_space) && done;
  return result("rlimits", done);
}

}  // namespace fk::judge
