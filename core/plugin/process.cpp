// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

extern char** environ;

namespace fk::core {
namespace {

struct Child {
  pid_t pid = -1;
  int output = -1;
};

// An unnamed file takes the output: a pipe would have to be drained while the others run.
Child start(const std::vector<std::string>& command) {
  Child child;
  std::string name = (std::filesystem::temp_directory_path() / "fk-output-XXXXXX").string();
  child.output = mkostemp(name.data(), O_CLOEXEC);
  if (child.output < 0) return child;
  unlink(name.c_str());
  std::vector<char*> argv;
  for (const std::string& a : command) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child.output, 1);
  posix_spawn_file_actions_adddup2(&actions, child.output, 2);
  if (posix_spawnp(&child.pid, argv[0], &actions, nullptr, argv.data(), environ) != 0)
    child.pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

ProcessResult finish(const Child& child, const std::string& program) {
  ProcessResult r;
  int status = 0;
  if (child.pid < 0) {
    r = {127, program + ": cannot be started"};
  } else {
    while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {}
    r.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  if (child.output < 0) return r;
  char buffer[4096];
  lseek(child.output, 0, SEEK_SET);
  for (ssize_t n; (n = read(child.output, buffer, sizeof buffer)) > 0;)
    r.output.append(buffer, size_t(n));
  close(child.output);
  return r;
}

}  // namespace

std::vector<ProcessResult> run_processes(const std::vector<std::vector<std::string>>& commands) {
  std::vector<Child> children;
  for (const auto& c : commands) children.push_back(start(c));
  std::vector<ProcessResult> out;
  for (size_t i = 0; i < children.size(); ++i) out.push_back(finish(children[i], commands[i][0]));
  return out;
}

std::string find_program(const std::string& name) {
  if (name.find('/') != name.npos) return access(name.c_str(), X_OK) == 0 ? name : "";
  const char* path = std::getenv("PATH");
  const std::string all = path ? path : "/usr/bin:/bin";
  for (size_t begin = 0; begin <= all.size();) {
    const size_t end = std::min(all.find(':', begin), all.size());
    const std::string p = all.substr(begin, end - begin) + "/" + name;
    if (access(p.c_str(), X_OK) == 0) return p;
    begin = end + 1;
  }
  return {};
}

}  // namespace fk::core
