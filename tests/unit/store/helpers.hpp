// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "core/store/store.hpp"
#include "tests/support/temp_folder.hpp"

namespace fk::store {

using Folder = test::TempFolder;

// The body in a process of its own: 0 when it returns, 1 when it throws. _exit: nothing of this
// process's is run twice.
template <class F>
pid_t start(F&& body) {
  const pid_t child = fork();
  if (child != 0) return child;
  int code = 0;
  try {
    body();
  } catch (const std::exception& e) {
    fprintf(stderr, "%s\n", e.what());
    code = 1;
  }
  _exit(code);
}
inline int wait_for(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

inline Measurement measurement(const std::string& task, const std::string& implementation,
                               double seconds = 1e-6) {
  Measurement m;
  m.task = task;
  m.level = 1;
  m.signature = "0123456789abcdef";
  m.init = R"({"d":64})";
  m.implementation = implementation;
  m.hash = "aabbccddeeff00112233445566778899";
  m.baseline = "cpu/cpu";
  m.case_id = "llama/decode/float32";
  m.dtype = "float32";
  m.device = "a CPU";
  m.code = "FAST";
  m.seconds = seconds;
  m.baseline_seconds = 2 * seconds;
  m.ratio = 2, m.ratio_low = 1.9, m.ratio_high = 2.1;
  m.samples = Json::parse("[[0,1e-6,2e-6],[1,1.1e-6,2.1e-6]]");
  m.seeds = {18446744073709551615ull};
  return m;
}

}  // namespace fk::store
