// SPDX-License-Identifier: Apache-2.0
#include "core/judge/plugin_file.hpp"

#include "core/base/error.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/plugin/discovery.hpp"

namespace fk::judge {

std::vector<PluginFile> plugin_files(const std::filesystem::path& folder, bool baseline,
                                     const core::SourceBuilder& builder) {
  std::vector<PluginFile> out;
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    core::missing("{}: no such folder with plugins", folder.string());
  for (core::Found& f : core::discover(folder)) {
    if (f.refusal.empty() && f.so.empty()) {
      if (builder) {
        try {
          f.so = builder(*f.manifest);
          f.inspect();
        } catch (const core::Error& e) { f.refusal = e.text(); }
      } else {
        f.refusal = "it has sources and nothing here builds them";
      }
    }
    out.push_back({f.name, f.hash, f.so, f.copy, f.yaml, baseline, f.refusal});
  }
  return out;
}

bool may_implement(const PluginFile& p, const std::string& task) {
  return p.refusal.empty() && core::read_file(p.so).find(task) != std::string::npos;
}

}  // namespace fk::judge
