// SPDX-License-Identifier: Apache-2.0
#include "core/cli/judge_flags.hpp"

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/cli/candidate_sources.hpp"
#include "core/cli/captured_flags.hpp"
#include "core/cli/model_flags.hpp"
#include "core/record/record.hpp"
#include "core/resolve/selector.hpp"

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
  o.runner.device = parse_device(f.device);
  for (const std::string& layer : f.without) {
    o.runner.namespaces &= layer != "namespaces";
    o.runner.landlock &= layer != "landlock";
    o.runner.seccomp &= layer != "seccomp";
  }
  o.plugins = paths.plugins;
  o.deadline = f.deadline;
  o.only = f.only;
  o.captured = captured;
  o.seed = f.seed;
  if (!fs::exists(o.runner.program))
    missing("{}: not there; it is built with fk", o.runner.program.string());
  return o;
}

bool is_called(const std::string& id, const std::string& name) {
  return name.empty() || id == name || id.substr(0, id.find('/')) == name;
}

}  // namespace

void JudgeFlags::add_to(CLI::App& app) {
  app.add_option("--case", only, "one case by its name, or all whose names begin with it and a /");
  app.add_option(
         "--cases", cases,
         "calls that a model made: a folder that `fk-run --capture` wrote. A check asks them "
         "beside the task's own cases, a measurement instead of them")
      ->type_name("DIR");
  app.add_option("--seed", seed, "of every case, to see one again (0: new numbers)");
  app.add_option("--candidates", candidates, "one more folder with candidates")->type_name("DIR");
  app.add_option("--deadline", deadline, "seconds a Runner has for one answer")
      ->check(CLI::PositiveNumber);
  app.add_option("--device", device, "where it runs: cpu or cuda:N")->type_name("DEVICE");
  app.add_option("--without", without, "leave out a layer of the sandbox, to see what it breaks")
      ->check(CLI::IsMember({"namespaces", "landlock", "seccomp"}));
  app.add_option("--threads", threads, "CPU threads of a Runner")->check(CLI::PositiveNumber);
  app.add_flag("--json", json, "as JSON, one line an implementation");
}

Court::Court(const JudgeFlags& f)
    : paths(find_paths()),
      registry(Registry::load(shown(paths.registry))),
      captured(f.cases.empty() ? judge::CapturedCases() : read_cases(f.cases, registry)),
      judge(registry, options(f, paths, captured)) {
  for (judge::PluginFile& p : judge::plugin_files(paths.plugins, true))
    plugins.push_back(std::move(p));
  for (const std::string& folder : f.candidates) {
    if (!fs::is_directory(folder)) bad_input("--candidates {}: no such folder", folder);
    paths.candidates.push_back(folder);
  }
  for (const fs::path& folder : paths.candidates)
    for (judge::PluginFile& p : judge::plugin_files(folder, false, candidate_sources()))
      plugins.push_back(std::move(p));
}

const record::Machine& Court::machine() {
  if (!machine_)
    machine_ = record::machine_of(judge.options().runner.device, judge.options().runner.threads,
                                  paths.root);
  return *machine_;
}

std::string Subject::context(const Court& court) const {
  if (!composite) return "";
  return record::context_of(court.judge.companions(*plugin, court.registry.task(task).level));
}

std::vector<Subject> subjects(Court& court, const std::string& task, const std::string& name) {
  court.registry.task(task);
  const Selector selector = Selector::parse(name);
  const std::string called =
      selector.name.empty() ? selector.plugin : selector.plugin + "/" + selector.name;
  std::vector<Subject> out;
  std::vector<std::string> known;
  const auto look_at = [&](const judge::PluginFile& p) {
    const bool named = !name.empty() && p.name == selector.plugin;
    if (!p.refusal.empty() && (named || !p.baseline)) say_left_out(p.file(), p.refusal, named);
    if (!judge::may_implement(p, task)) return;
    try {
      for (const judge::Offered& o : court.judge.offered(p, task)) {
        known.push_back(o.id);
        if (is_called(o.id, called) && p.hash.starts_with(selector.hash))
          out.push_back({&p, task, o.id, o.version, o.composite});
      }
    } catch (const Error& e) { say_left_out(p.file(), e.text(), true); }
  };
  for (const judge::PluginFile& p : court.plugins) look_at(p);
  if (out.empty() && !selector.hash.empty())
    for (judge::PluginFile& p : judge::cached_plugins(selector.plugin, selector.hash))
      look_at(court.plugins.emplace_back(std::move(p)));
  if (out.empty() && !selector.hash.empty())
    bad_input("no version {} of {} is there for {}, in the folders of plugins or in the cache",
              selector.hash, called, task);
  if (out.empty() && !name.empty())
    bad_input("no implementation of {} is called \"{}\"{}; there are: {}", task, name,
              did_you_mean(name, known), fmt::join(known, ", "));
  return out;
}

}  // namespace fk::core
