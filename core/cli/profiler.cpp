// SPDX-License-Identifier: Apache-2.0
#include "core/cli/profiler.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "core/base/error.hpp"
#include "core/cli/prompts.hpp"
#include "core/plugin/process.hpp"

extern char** environ;

namespace fk::core {
namespace {

// As a shell takes it.
std::string shell_text(const Words& command) {
  std::string out;
  for (const std::string& w : command) {
    const bool plain = !w.empty() && w.find_first_of(" \t\n'\"\\$*?[](){}<>|&;#~`!") == w.npos;
    out += (out.empty() ? "" : " ") + (plain ? w : "'" + w + "'");
  }
  return out;
}

// What ncu says in its log where it may not or cannot read counters.
void refuse_counters(const std::string& log, const std::string& otherwise) {
  if (log.find("ERR_NVGPUCTRPERM") != log.npos)
    missing(
        "--profile ncu: this user may not read the GPU's performance counters (ERR_NVGPUCTRPERM); "
        "run it as root, let the driver's administrator set "
        "NVreg_RestrictProfilingToAdminUsers=0, in a container add the capability SYS_ADMIN, or "
        "{}",
        otherwise);
  const size_t at = log.find("Failed to initialize the profiler");
  if (at != log.npos)
    missing(
        "--profile ncu: there is no access to the GPU's performance counters here ({}): the "
        "driver's profiling library cannot be used, as in some sandboxes; {}",
        log.substr(at, log.find('\n', at) - at), otherwise);
}

// Who is asked to end while a profiler runs ends it and what it started: they keep a card's memory.
volatile sig_atomic_t g_asked = 0;
class Ended {
 public:
  Ended() {
    g_asked = 0;
    struct sigaction note {};
    note.sa_handler = [](int signal) { g_asked = signal; };
    for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &note, &before_[i]);
  }
  ~Ended() {
    for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  // Of the process, which leads a group of its own.
  int code_of(pid_t pid) const {
    int status = 0;
    for (bool told = false; waitpid(pid, &status, WNOHANG) == 0;) {
      if (g_asked && !told) told = kill(-pid, g_asked) == 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (g_asked) return 128 + g_asked;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction before_[3];
};

}  // namespace

// The clocks stay as they are.
Words ncu_command(const NcuJob& job) {
  Words out = {"ncu",
               "--target-processes",
               "all",
               "--clock-control",
               "none",
               "--graph-profiling",
               "node",
               "--nvtx",
               "--nvtx-include",
               std::string(kMeasureRange) + "/"};
  if (!job.launches.empty()) out.insert(out.end(), {"--launch-count", job.launches});
  for (const std::string& s : job.sections) out.insert(out.end(), {"--section", s});
  out.insert(out.end(), {"--metrics", "gpu__time_duration.sum", "--print-units", "base", "--csv",
                         "--page", "raw", "--log-file", job.out + ".csv"});
  if (job.keep_report) out.insert(out.end(), {"--force-overwrite", "--export", job.out});
  return out;
}

void need_profiler(const std::string& tool, const std::string& otherwise) {
  if (find_program(tool).empty())
    missing(
        "--profile {}: there is no {} on PATH; it comes with the CUDA toolkit (Nsight {}), often "
        "in /usr/local/cuda/bin; {}",
        tool, tool, tool == "nsys" ? "Systems" : "Compute", otherwise);
}

std::string this_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

int run_profiler(const Words& command, const std::string& report, bool quiet) {
  std::filesystem::remove(report);  // an old one is no result
  fmt::print(stderr, "{}\n", shell_text(command));
  std::vector<char*> argv;
  for (const std::string& w : command) argv.push_back(const_cast<char*>(w.c_str()));
  argv.push_back(nullptr);
  const Ended ended;
  pid_t pid = 0;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (quiet) posix_spawn_file_actions_adddup2(&actions, 2, 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  const int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error) missing("{}: cannot be started", command[0]);
  return ended.code_of(pid);
}

int run_ncu(const Words& command, const std::string& log, bool quiet,
            const std::string& otherwise) {
  const int code = run_profiler(command, log, quiet);
  const bool wrote = std::filesystem::exists(log);
  if (wrote) refuse_counters(read_input(log), otherwise);
  if (code == 0 && !wrote) missing("--profile ncu: ncu wrote no {}", log);
  return code;
}

}  // namespace fk::core
