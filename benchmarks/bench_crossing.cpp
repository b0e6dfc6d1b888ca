// SPDX-License-Identifier: Apache-2.0
// One crossing from a composite through the host into a kernel and back: at most 15 ns
// (items_per_second is crossings).
#include <benchmark/benchmark.h>

#include <filesystem>

#include "core/runtime/thread_pool.hpp"
#include "tests/support/task_runner.hpp"

namespace {

using namespace fk::test;  // NOLINT: a benchmark is a program of its own

const fk::core::Catalog& plugins() {
  static const fk::core::Catalog c = [] {
    fk::core::Catalog c(registry());
    c.add_file(std::filesystem::path(FK_BUILD_DIR) / "bench/empty/empty.so",
               fk::core::Implementation::Kind::kCandidate);
    return c;
  }();
  return c;
}

void crossing(benchmark::State& state, fk::core::LayerOptions layers) {
  TaskOptions options;
  options.pins = {"silu_and_mul=empty/hundred", "silu_and_mul@act=empty/one"};
  options.layers = layers;
  TaskRunner runner("silu_and_mul", Json::object(), {}, options, plugins());
  const Array x(kF32, {1, 2}, {1, 2});
  Array y(kF32, {1, 1});
  fk::core::StructValue args = fk::core::StructValue::args(runner.model().task());
  args.set("x", x.tensor());
  args.set("y", y.tensor());
  for (auto _ : state) runner.model().run(nullptr, args.data());
  state.SetItemsProcessed(state.iterations() * 101);
}
BENCHMARK_CAPTURE(crossing, layers_off, fk::core::LayerOptions{});
BENCHMARK_CAPTURE(crossing, timed, fk::core::LayerOptions{.time = true});
BENCHMARK_CAPTURE(crossing, validated, fk::core::LayerOptions{.validate = true});

void parallel_region(benchmark::State& state) {
  const fk::core::ThreadPool pool(int(state.range(0)));
  const fk_threads* t = pool.service();
  for (auto _ : state)
    t->parallel_for(
        t, 64, [](void*, int64_t b, int64_t e, int32_t) { benchmark::DoNotOptimize(e - b); },
        nullptr);
}
BENCHMARK(parallel_region)->Arg(1)->Arg(2)->UseRealTime();

}  // namespace
