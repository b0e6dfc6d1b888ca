// SPDX-License-Identifier: Apache-2.0
// `fk check` and its Runners killed at random moments: no process, no shared memory, no file and no
// lock is left, and the next one works. FK_KILLS says how often (6).
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "core/base/sanitized.hpp"
#include "tests/judge/court.hpp"
#include "tests/support/temp_folder.hpp"

extern char** environ;

namespace fk::judge {
namespace {

std::set<std::string> shared_memory() {
  std::set<std::string> names;
  for (const auto& e : std::filesystem::directory_iterator("/dev/shm"))
    names.insert(e.path().filename().string());
  return names;
}

std::vector<int> children_of(int pid) {
  std::ifstream in(fmt::format("/proc/{0}/task/{0}/children", pid));
  std::vector<int> out;
  for (int child = 0; in >> child;) out.push_back(child);
  return out;
}

// `said`: where what it says on stderr goes; "": to this process's.
pid_t start_check(const std::string& task, const std::string& said = "") {
  std::vector<std::string> words = {
      FK_BUILD_DIR "/bin/fk", "check", task, "--impl", "cpu", "--quiet", "--no-store"};
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  if (!said.empty())
    posix_spawn_file_actions_addopen(&actions, 2, said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = -1;
  EXPECT_EQ(posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

// Orphans come to this process, so that none can hide.
class Kill : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    const char* text = std::getenv("FK_KILLS");
    if (text) kills_ = std::stoi(text);
    // Builds the tree's candidates, whose compilers would outlive a Judge.
    ASSERT_EQ(exit_code(start_check("tanh")), 0);
    before_ = shared_memory();
  }
  void TearDown() override { prctl(PR_SET_CHILD_SUBREAPER, 0); }

  void wait_a_moment() {
    usleep(useconds_t(std::uniform_int_distribution<int>(0, 600000)(random_)));
  }
  static bool all_gone_within(int milliseconds) {
    for (int i = 0; i < milliseconds; ++i) {
      int status = 0;
      while (waitpid(-1, &status, WNOHANG) > 0) {}
      if (waitpid(-1, &status, WNOHANG) < 0) return true;  // no child at all
      usleep(1000);
    }
    return false;
  }
  static int exit_code(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void expect_nothing_left() {
    EXPECT_TRUE(all_gone_within(core::kSanitized ? 20000 : 5000)) << "a process is left";
    EXPECT_EQ(shared_memory(), before_);
  }

  std::mt19937 random_{std::random_device()()};
  std::set<std::string> before_;
  int kills_ = 6;
};

TEST_F(Kill, AKilledJudgeLeavesNothing) {
  for (int i = 0; i < kills_; ++i) {
    const pid_t judge = start_check("silu_and_mul");
    wait_a_moment();
    kill(judge, SIGKILL);
    expect_nothing_left();
  }
  EXPECT_EQ(exit_code(start_check("tanh")), 0) << "what comes after finds something in its way";
}

TEST_F(Kill, AKilledRunnerCostsItsCaseAndLeavesNothing) {
  const test::TempFolder folder;
  const std::string said = folder / "said";
  int killed = 0, found = 0;
  for (int i = 0; i < kills_; ++i) {
    const pid_t judge = start_check("silu_and_mul", said);
    wait_a_moment();
    for (int runner : children_of(judge)) killed += kill(runner, SIGKILL) == 0;
    const int code = exit_code(judge);
    EXPECT_TRUE(code == 0 || code == 1 || code == 2) << code;  // 2: it was still being listed
    // One that was looking into another plugin is no failure of this one; that is said.
    std::stringstream text;
    text << std::ifstream(said).rdbuf();
    found += code != 0 || text.str().find("signal 9") != std::string::npos;
    expect_nothing_left();
  }
  EXPECT_LE(found, killed) << "a failure that nobody caused";
  if (killed > 0) { EXPECT_GE(found, 1) << "of " << killed << " Runners that were lost"; }
}

}  // namespace
}  // namespace fk::judge
