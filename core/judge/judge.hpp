// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>

#include "core/judge/case_list.hpp"
#include "core/judge/oracle.hpp"
#include "core/judge/record.hpp"
#include "core/judge/runner_process.hpp"

namespace fk::judge {

// Calls of a model, asked beside the task files' cases, by task.
struct CapturedCases {
  std::string from;  // the folder, for the command that asks again
  std::map<std::string, std::vector<cases::Case>> by_task;
};

struct JudgeOptions {
  RunnerOptions runner;
  std::filesystem::path plugins;  // of the baselines; the reference is one
  double deadline = 10;           // seconds for one answer of a Runner
  bool gate = true;
  CapturedCases captured;
  std::string only;   // a case by name; all its kin by a prefix that ends in '/'
  uint64_t seed = 0;  // repeats a judgement or a measurement; 0: the system's entropy
};

// Owns the random numbers, the inputs, the right answers and the verdict. What is judged runs in
// another process, which gets inputs that it cannot write, and gives bytes; nothing that it says
// counts. One thread.
class Judge {
 public:
  // Keeps a reference to the registry.
  Judge(const core::Registry&, JudgeOptions);
  ~Judge();

  // The implementations of a task in a plugin, which is opened once. Throws Error with the reason
  // when it cannot be, RunnerFailure when opening it ends the Runner.
  std::vector<Offered> offered(const PluginFile&, const std::string& task);

  // One implementation on every case. Never throws for what the plugin does.
  using OnCase = std::function<void(const CaseResult&, size_t done, size_t all)>;
  CheckRecord check(const PluginFile&, const std::string& task, const std::string& implementation,
                    const OnCase& on_case = {});

  const core::Registry& registry() const { return registry_; }
  const JudgeOptions& options() const { return options_; }
  const Oracle& oracle() const { return oracle_; }
  // Baselines that a composite may be made of: none for an operation.
  std::vector<PluginFile> companions(const PluginFile&, int level) const;
  // What all random numbers of a judgement or a measurement come from; to be asked for when its
  // plugins are open.
  uint64_t seed() const;

 private:
  const core::Registry& registry_;
  const JudgeOptions options_;
  const Oracle oracle_;
  std::map<std::string, std::vector<Offered>> offered_;  // by the plugin's hash
};

// "fk check silu_and_mul --impl mine/fast --case odd/float32 --seed 7"
std::string reproduce_command(const std::string& task, const std::string& implementation,
                              const std::string& case_name, uint64_t seed,
                              fk_device device = {FK_CPU, 0});

}  // namespace fk::judge
