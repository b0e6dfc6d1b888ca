// SPDX-License-Identifier: Apache-2.0
#include "core/judge/plugin_file.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/plugin/cache.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/plugin/discovery.hpp"

namespace fk::judge {

std::vector<PluginFile> plugin_files(const std::filesystem::path& folder, bool baseline,
                                     const core::SourceBuilder& builder) {
  std::vector<PluginFile> out;
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    core::missing("{}: no such folder with plugins", folder.string());
  for (const core::Found& f : core::discover(folder, builder))
    out.push_back({f.name, f.hash, f.so, f.copy, f.yaml, baseline, f.refusal,
                   f.manifest ? f.manifest->opens : std::vector<std::string>()});
  return out;
}

std::vector<PluginFile> cached_plugins(const std::string& name, const std::string& hash) {
  std::vector<PluginFile> out;
  const std::string begin = name + "-" + hash;
  std::error_code none;
  for (const auto& e :
       std::filesystem::directory_iterator(core::cache_folder() / "plugins", none)) {
    const std::string stem = e.path().stem().string();
    // "mine-3f2a...": not of a plugin that is called mine-3f.
    if (e.path().extension() != ".so" || !stem.starts_with(begin) ||
        stem.find('-', name.size() + 1) != stem.npos)
      continue;
    core::Found f;
    f.name = name;
    f.so = e.path();
    f.inspect();
    if (f.refusal.empty() && stem != name + "-" + f.hash)
      f.refusal = "its content is not the one of its name";
    out.push_back({f.name, f.hash, f.so, f.copy, {}, false, f.refusal, {}});
  }
  std::sort(out.begin(), out.end(),
            [](const PluginFile& a, const PluginFile& b) { return a.hash < b.hash; });
  return out;
}

bool may_implement(const PluginFile& p, const std::string& task) {
  return p.refusal.empty() && core::read_file(p.so).find(task) != std::string::npos;
}

}  // namespace fk::judge
