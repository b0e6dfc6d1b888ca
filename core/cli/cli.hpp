// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace fk::core {

// The program `fk`. Called as fk-run, fk-list, ... it takes the command from its name. Returns the
// exit code: 0 ok, 1 a check failed, 2 bad usage or input, 3 missing dependency or device.
int cli_main(int argc, char** argv);

// Each takes the words after its name ("fk run ..." -> run_command) and returns the exit code;
// throws Error.
using Words = std::vector<std::string>;
int run_command(const Words&);
int list_command(const Words&);
int describe_command(const Words&);
int new_command(const Words&);
int tokenize_command(const Words&);
int score_command(const Words&);
int bench_command(const Words&);
int bench_task_command(const Words&);  // its first word is the task
int check_command(const Words&);
int resolve_command(const Words&);
int eval_command(const Words&);
int results_command(const Words&);
int compare_command(const Words&);
int history_command(const Words&);
int report_command(const Words&);

}  // namespace fk::core
