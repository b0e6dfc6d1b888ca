// SPDX-License-Identifier: Apache-2.0
// The registry parsed (600 task files: at most 100 ms) and Llama-3.1-8B built dry (32 layers: at most 100 ms).
#include <benchmark/benchmark.h>

#include <filesystem>

#include "core/plugin/cache.hpp"
#include "core/plugin/content_hash.hpp"
#include "tests/support/task_runner.hpp"

namespace {

namespace fs = std::filesystem;

void parse_600_tasks(benchmark::State& state) {
  const fs::path folder = fs::path(FK_BUILD_DIR) / "bench/registry", source = fs::path(FK_SOURCE_DIR) / "registry";
  fs::remove_all(folder);
  fs::create_directories(folder);
  fs::copy(source / "structs", folder / "structs", fs::copy_options::recursive);
  int count = 0;
  for (int copy = 0; count < 600; ++copy)
    for (const auto& e : fs::recursive_directory_iterator(source / "tasks")) {
      if (e.path().extension() != ".yaml" || count == 600) continue;
      std::string text = fk::core::read_file(e.path());
      if (copy > 0) {
        const std::string name = "task: " + e.path().stem().string();
        text.replace(text.find(name), name.size(), name + "_" + std::to_string(copy));
      }
      const std::string file = e.path().stem().string() + (copy > 0 ? "_" + std::to_string(copy) : "") + ".yaml";
      fk::core::write_atomically(folder / "tasks" / e.path().parent_path().filename() / file,
                                 std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
      ++count;
    }
  for (auto _ : state)
    if (fk::core::Registry::load(folder).tasks().size() != 600) state.SkipWithError("not all tasks were read");
}
BENCHMARK(parse_600_tasks)->Unit(benchmark::kMillisecond);

void dry_build_llama_8b(benchmark::State& state) {
  const fk::core::Json init{{"vocab_size", 128256},     {"hidden_size", 4096},       {"intermediate_size", 14336},
                            {"num_hidden_layers", 32},  {"num_attention_heads", 32}, {"num_key_value_heads", 8},
                            {"rms_norm_eps", 1e-5},     {"max_position_embeddings", 131072}, {"rope_theta", 500000.0},
                            {"rope_type", "llama3"},    {"rope_factor", 8.0}};
  fk::core::BuildOptions options;
  options.dry = true;
  options.dtype = fk::test::kBf16;
  options.dims = {{"num_blocks", 100}, {"block_size", 16}};
  fk::test::catalog();
  for (auto _ : state) {
    const auto model = fk::core::Model::build(fk::test::catalog(), nullptr, "llama", init, options);
    state.counters["nodes"] = double(model->plan().choices.size());
  }
}
BENCHMARK(dry_build_llama_8b)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
