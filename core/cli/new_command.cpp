// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "core/base/error.hpp"
#include "core/cli/flags.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/workspace.hpp"
#include "core/plugin/scaffold.hpp"

namespace fk::core {
namespace {

void print_written(const Written& files, bool json, const std::string& next) {
  if (json) {
    Json out = {{"files", Json::array()}};
    for (const auto& f : files) out["files"].push_back(f.string());
    fmt::print("{}\n", json_line(out));
    return;
  }
  for (const auto& f : files) fmt::print("wrote {}\n", shown(f).string());
  fmt::print("{}", next);
}

int new_candidate_command(const Words& words) {
  CLI::App app{
      "Writes candidates/<task>/<name>/: a plugin that builds and passes at once, with the "
      "baseline's body to start from.",
      "fk new candidate"};
  std::string task, name, folder;
  bool cuda = false, json = false;
  app.add_option("task", task, "the task it computes; `fk list` shows them")->required();
  app.add_option("name", name, "its name: letters, digits and _")->required();
  app.add_option("--candidates", folder, "folder to write into")->type_name("DIR");
  app.add_flag("--cuda", cuda, "in CUDA: <name>.cu, built with nvcc");
  app.add_flag("--json", json, "as JSON");
  if (!parse_flags(app, words)) return 0;
  Paths paths = find_paths();
  Registry registry = Registry::load(paths.registry);
  std::filesystem::path into =
      folder.empty() ? paths.root / "candidates" : std::filesystem::path(folder);
  Written files = new_candidate(registry, task, name, into, paths.root / "baselines",
                                cuda ? Manifest::Language::kCuda : Manifest::Language::kCxx);
  print_written(
      files, json,
      fmt::format("next: edit it, then\n  fk run --config {} --pin {}={} --prompt \"Hello\"{}{}\n"
                  "fk run builds it whenever it changed.\n",
                  shown(paths.root / "configs/llama.yaml").string(), task, name,
                  cuda ? " --device cuda:0" : "", folder.empty() ? "" : " --candidates " + folder));
  return 0;
}

int new_task_command(const Words& words) {
  CLI::App app{
      "Writes registry/tasks/L<level>/<name>.yaml and a baseline for it, small but complete, to be "
      "edited.",
      "fk new task"};
  std::string name;
  int level = 1;
  bool json = false;
  app.add_option("name", name, "snake_case, as the production module is called")->required();
  app.add_option("--level", level, "1 operation, 2 fusion, 3 block, 4 model")
      ->check(CLI::Range(1, 4))
      ->capture_default_str();
  app.add_flag("--json", json, "as JSON");
  if (!parse_flags(app, words)) return 0;
  Paths paths = find_paths();
  Registry registry = Registry::load(paths.registry);
  print_written(new_task(registry, name, level, paths.root), json,
                "next: edit them, build (`make build`), and look at `fk describe " + name + "`\n");
  return 0;
}

}  // namespace

int new_command(const Words& words) {
  Words rest(words.begin() + (words.empty() ? 0 : 1), words.end());
  if (!words.empty() && words[0] == "candidate") return new_candidate_command(rest);
  if (!words.empty() && words[0] == "task") return new_task_command(rest);
  constexpr const char* kUsage =
      "usage: fk new candidate TASK NAME [--cuda] a plugin in candidates/TASK/NAME/\n"
      "       fk new task NAME [--level N]        a task in registry/tasks/ with its baseline\n";
  if (!words.empty() && (words[0] == "--help" || words[0] == "-h")) {
    fmt::print("{}", kUsage);
    return 0;
  }
  bad_input(
      "{}\n{}",
      words.empty() ? "new what?" : fmt::format("'{}' is neither candidate nor task", words[0]),
      kUsage);
}

}  // namespace fk::core
