// SPDX-License-Identifier: Apache-2.0
// Llama-3.1-8B built dry (32 layers): at most 100 ms.
#include <benchmark/benchmark.h>

#include "tests/support/task_runner.hpp"

namespace {

void dry_build_llama_8b(benchmark::State& state) {
  const fk::core::Json init{{"vocab_size", 128256},       {"hidden_size", 4096},
                            {"intermediate_size", 14336}, {"num_hidden_layers", 32},
                            {"num_attention_heads", 32},  {"num_key_value_heads", 8},
                            {"rms_norm_eps", 1e-5},       {"max_position_embeddings", 131072},
                            {"rope_theta", 500000.0},     {"rope_type", "llama3"},
                            {"rope_factor", 8.0}};
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
