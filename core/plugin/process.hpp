// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace fk::core {

struct ProcessResult {
  int exit_code = -1;
  std::string output;
};  // stdout and stderr together; 128 + n for signal n

// Runs all commands at once, without a shell, and waits for them. A program that does not exist
// gives exit code 127.
std::vector<ProcessResult> run_processes(const std::vector<std::vector<std::string>>& commands);

// The program's path as a shell would find it; empty when there is none.
std::string find_program(const std::string& name);

}  // namespace fk::core
