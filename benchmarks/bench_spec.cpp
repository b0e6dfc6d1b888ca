// SPDX-License-Identifier: Apache-2.0
// Reading a registry of 600 task files; the goal is <= 100 ms.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/spec/registry.hpp"

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& p) {
  std::stringstream s;
  s << std::ifstream(p).rdbuf();
  return s.str();
}

// The repository's own tasks, repeated under other names until there are `count`.
fs::path make_registry(int count) {
  const fs::path root = fs::temp_directory_path() / ("fk_bench_spec_" + std::to_string(count));
  fs::remove_all(root);
  fs::create_directories(root);
  fs::copy(FK_SOURCE_DIR "/registry/structs", root / "structs");
  fs::copy(FK_SOURCE_DIR "/registry/tasks", root / "tasks", fs::copy_options::recursive);
  std::vector<fs::path> files;
  for (const auto& e : fs::recursive_directory_iterator(root / "tasks"))
    if (e.path().extension() == ".yaml") files.push_back(e.path());
  std::sort(files.begin(), files.end());
  for (int i = int(files.size()); i < count; ++i) {
    const fs::path& from = files[size_t(i) % files.size()];
    const std::string old = from.stem().string(), name = old + "_" + std::to_string(i);
    std::string text = read(from);
    text.replace(text.find("task: " + old), 6 + old.size(), "task: " + name);
    std::ofstream(from.parent_path() / (name + ".yaml")) << text;
  }
  return root;
}

void load(benchmark::State& state) {
  const int count = int(state.range(0));
  const fs::path root = make_registry(count);
  size_t tasks = 0;
  for (auto _ : state) tasks = fk::core::Registry::load(root).tasks().size();
  if (tasks != size_t(count)) state.SkipWithError("another number of tasks than written");
  fs::remove_all(root);
}
BENCHMARK(load)->Arg(600)->Unit(benchmark::kMillisecond);

}  // namespace
