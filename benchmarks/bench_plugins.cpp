// SPDX-License-Identifier: Apache-2.0
// 300 plugins opened: manifest, hash, checks, dlopen, entry. At most 50 ms. One round a run: what
// is open stays open, and dlopen looks through all of it. Run one variant at a time, some seconds
// apart (ext4 is slow to make files just after many were deleted).
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/plugin/cache.hpp"
#include "core/plugin/content_hash.hpp"
#include "tests/support/task_runner.hpp"

namespace {

namespace fs = std::filesystem;

void open_300_plugins(benchmark::State& state) {
  const fs::path folder =
      fs::path(FK_BUILD_DIR) / fmt::format("bench/many-{}-{}", getpid(), state.range(0));
  const std::string bytes = fk::core::read_file(fs::path(FK_BUILD_DIR) / "bench/empty/empty.so");
  setenv("FK_CACHE_DIR", (folder / "cache").c_str(), 1);
  fk::test::registry();
  int round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (int i = 0; i < 300; ++i) {
      const fs::path one = folder / "plugins" / std::to_string(i);
      fs::create_directories(one);
      std::ofstream(one / "plugin.yaml") << "name: empty\nversion: 1.0.0\nlibrary: "
                                            "empty.so\nlanguage: cxx\ntasks: [silu_and_mul]\n";
      const std::string own = fmt::format("{}tail {} {}", bytes, round, i);
      std::ofstream(one / "empty.so", std::ios::binary) << own;
      const std::span data(reinterpret_cast<const uint8_t*>(own.data()), own.size());
      if (state.range(0)) fk::core::cached_copy(data, fk::core::hash_bytes(data), "empty");
    }
    ++round;
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
    ->Iterations(1)
    ->UseRealTime();

}  // namespace
