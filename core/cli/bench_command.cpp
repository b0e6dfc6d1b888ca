// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/cli/bench_model.hpp"
#include "core/cli/cli.hpp"

namespace fk::core {
namespace {

// What `fk bench` can measure: its first word.
struct Subject {
  const char* name;
  int (*run)(const Words&);
  const char* help;
};
constexpr Subject kSubjects[] = {
    {"model", bench_model_command, "a causal language model under load: throughput, latency"},
    {"load", bench_load_command, "weights from files to the device, beside disk and bus"},
};

}  // namespace

int bench_command(const Words& words) {
  std::vector<std::string> names;
  for (const Subject& s : kSubjects) names.push_back(s.name);
  if (words.empty())
    bad_input(
        "say what to measure: a task, {}; e.g. fk bench rms_norm, fk bench model --config "
        "configs/llama.yaml",
        fmt::join(names, " or "));
  if (words[0] == "--help" || words[0] == "-h") {
    fmt::print("usage: fk bench SUBJECT [flags]; every subject explains itself with --help\n\n");
    fmt::print("  {:<8}{}\n", "TASK", "implementations of a task, each against the best baseline");
    for (const Subject& s : kSubjects) fmt::print("  {:<8}{}\n", s.name, s.help);
    return 0;
  }
  for (const Subject& s : kSubjects)
    if (words[0] == s.name) return s.run(Words(words.begin() + 1, words.end()));
  if (const std::string near = did_you_mean(words[0], names); !near.empty())
    bad_input("cannot measure '{}'{}; expected a task or one of {}", words[0], near,
              fmt::join(names, ", "));
  return bench_task_command(words);
}

}  // namespace fk::core
