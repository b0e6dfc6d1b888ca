// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/discovery.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "core/base/error.hpp"
#include "core/plugin/cache.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/plugin/library.hpp"

namespace fk::core {
namespace fs = std::filesystem;
namespace {

void walk(const fs::path& folder, std::vector<Found>& out) {
  if (fs::exists(folder / "plugin.yaml")) {
    out.push_back({folder.filename().string(), folder / "plugin.yaml", {}, {}, {}, {}, {}});
    return;
  }
  std::vector<fs::directory_entry> entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry);
  std::sort(entries.begin(), entries.end());
  for (const fs::directory_entry& e : entries) {
    const fs::path& p = e.path();
    if (p.filename().string().starts_with('.')) continue;
    if (e.is_directory())
      walk(p, out);
    else if (p.extension() == ".so")
      out.push_back({p.stem().string(),
                     {},
                     p,
                     {},
                     {},
                     {},
                     "no plugin.yaml beside it: write one with name, version and library"});
  }
}

void prepare(Found& f, const SourceBuilder& builder) {
  if (!f.refusal.empty()) return;
  try {
    f.manifest = Manifest::read(f.yaml);
  } catch (const std::exception& e) {
    f.refusal = e.what();
    return;
  }
  f.name = f.manifest->name;
  if (!f.manifest->library.empty()) {
    f.so = f.manifest->folder() / f.manifest->library;
  } else if (builder) {
    try {
      f.so = builder(*f.manifest);
    } catch (const std::exception& e) { f.refusal = e.what(); }
  } else {
    f.refusal = "it has sources and nothing here builds them; give a prebuilt \"library\"";
  }
  if (f.refusal.empty()) f.inspect();
}

}  // namespace

void Found::inspect() {
  try {
    const std::string bytes = read_file(so);
    const std::span data(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    hash = hash_bytes(data);
    check_library(data);
    copy = cached_copy(data, hash, name);
  } catch (const std::exception& e) { refusal = e.what(); }
}

std::vector<Found> discover(const fs::path& folder, const SourceBuilder& builder) {
  std::vector<Found> found;
  walk(folder, found);
  const size_t worth_a_thread = builder ? 1 : 16;
  const size_t threads = std::min<size_t>(
      {4, std::max(1u, std::thread::hardware_concurrency()), 1 + found.size() / worth_a_thread});
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i; (i = next++) < found.size();) prepare(found[i], builder);
  };
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& t : others) t.join();
  return found;
}

}  // namespace fk::core
