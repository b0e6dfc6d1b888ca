// SPDX-License-Identifier: Apache-2.0
#include "core/cli/judge_flags.hpp"

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/cli/captured_flags.hpp"
#include "core/plugin/candidate_builder.hpp"

namespace fk::core {
namespace fs = std::filesystem;
namespace {

judge::JudgeOptions options(const JudgeFlags& f, const Paths& paths,
                            const judge::CapturedCases& captured) {
  std::error_code ignored;
  judge::JudgeOptions o;
  o.runner.program = fs::read_symlink("/proc/self/exe", ignored).parent_path() / "fk-runner";
  o.runner.registry = paths.registry;
  o.runner.threads = f.threads;
  o.plugins = paths.plugins;
  o.deadline = f.deadline;
  o.only = f.only;
  o.captured = captured;
  o.seed = f.seed;
  if (!fs::exists(o.runner.program))
    missing("{}: not there; it is built with fk", o.runner.program.string());
  return o;
}

SourceBuilder builder() {
  try {
    return CandidateBuilder(Sdk::of_this_process(),
                            [](const std::string& line) { fmt::print(stderr, "{}\n", line); })
        .builder();
  } catch (const Error& e) {
    return [text = e.text()](const Manifest&) -> fs::path { missing("{}", text); };
  }
}

bool is_called(const std::string& id, const std::string& name) {
  return name.empty() || id == name || id.substr(0, id.find('/')) == name;
}

}  // namespace

void JudgeFlags::add_to(CLI::App& app) {
  app.add_option("--case", only, "one case by its name, or all below a name that ends in /");
  app.add_option(
         "--cases", cases,
         "calls that a model made: a folder that `fk-run --capture` wrote. A check asks them "
         "beside the task's own cases, a measurement instead of them")
      ->type_name("DIR");
  app.add_option("--seed", seed, "of every case, to see one again (0: new numbers)");
  app.add_option("--candidates", candidates, "one more folder with candidates")->type_name("DIR");
  app.add_option("--deadline", deadline, "seconds a Runner has for one answer")
      ->check(CLI::PositiveNumber);
  app.add_option("--threads", threads, "CPU threads of a Runner")->check(CLI::PositiveNumber);
  app.add_flag("--json", json, "as JSON, one line an implementation");
}

Court::Court(const JudgeFlags& f)
    : paths(find_paths()),
      registry(Registry::load(shown(paths.registry))),
      captured(f.cases.empty() ? judge::CapturedCases() : read_cases(f.cases, registry)),
      judge(registry, options(f, paths, captured)),
      plugins(judge::plugin_files(paths.plugins, true)) {
  for (const std::string& folder : f.candidates) {
    if (!fs::is_directory(folder)) bad_input("--candidates {}: no such folder", folder);
    paths.candidates.push_back(folder);
  }
  for (const fs::path& folder : paths.candidates)
    for (judge::PluginFile& p : judge::plugin_files(folder, false, builder()))
      plugins.push_back(std::move(p));
}

std::vector<Subject> subjects(Court& court, const std::string& task, const std::string& name) {
  court.registry.task(task);
  std::vector<Subject> out;
  std::vector<std::string> known;
  for (const judge::PluginFile& p : court.plugins) {
    const bool named = !name.empty() && is_called(p.name, name.substr(0, name.find('/')));
    if (!p.refusal.empty() && (named || !p.baseline))
      fmt::print(stderr, "left out: {}: {}\n", shown(p.so.empty() ? p.yaml : p.so).string(),
                 p.refusal);
    if (!judge::may_implement(p, task)) continue;
    try {
      for (const judge::Offered& o : court.judge.offered(p, task)) {
        known.push_back(o.id);
        if (is_called(o.id, name)) out.push_back({&p, task, o.id});
      }
    } catch (const Error& e) {
      fmt::print(stderr, "left out: {}: {}\n", shown(p.so).string(), e.text());
    }
  }
  if (out.empty() && !name.empty())
    bad_input("no implementation of {} is called \"{}\"{}; there are: {}", task, name,
              did_you_mean(name, known), fmt::join(known, ", "));
  return out;
}

}  // namespace fk::core
