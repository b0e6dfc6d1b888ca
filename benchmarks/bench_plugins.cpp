// SPDX-License-Identifier: Apache-2.0
// 300 plugins opened: manifest, hash, checks, dlopen, entry. At most 50 ms. Every round makes 300
// new files: what is open stays open, and the same bytes would be recognised.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>

#include "core/plugin/content_hash.hpp"
#include "tests/support/task_runner.hpp"

namespace {

namespace fs = std::filesystem;

void open_300_plugins(benchmark::State& state) {
  const fs::path folder = fs::path(FK_BUILD_DIR) / "bench/many";
  const std::string bytes = fk::core::read_file(fs::path(FK_BUILD_DIR) / "bench/empty/empty.so");
  setenv("FK_CACHE_DIR", (folder / "cache").c_str(), 1);
  fk::test::registry();
  int round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    fs::remove_all(folder);
    for (int i = 0; i < 300; ++i) {
      const fs::path one = folder / "plugins" / std::to_string(i);
      fs::create_directories(one);
      std::ofstream(one / "plugin.yaml") << "name: empty\nversion: 1.0.0\nlibrary: "
                                            "empty.so\nlanguage: cxx\ntasks: [silu_and_mul]\n";
      std::ofstream(one / "empty.so", std::ios::binary) << bytes << "tail " << round << " " << i;
    }
    ++round;
    if (state.range(0)) {  // the copies are in the cache already
      fk::core::Catalog warm(fk::test::registry());
      warm.add_folder(folder / "plugins", fk::core::Implementation::Kind::kCandidate);
    }
    state.ResumeTiming();
    fk::core::Catalog c(fk::test::registry());
    c.add_folder(folder / "plugins", fk::core::Implementation::Kind::kCandidate);
    if (c.implementations("silu_and_mul").size() != 600)
      state.SkipWithError("not all plugins were taken");
  }
  fs::remove_all(folder);
}
BENCHMARK(open_300_plugins)
    ->ArgName("cached")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(5)
    ->UseRealTime();

}  // namespace
