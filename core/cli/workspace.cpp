// SPDX-License-Identifier: Apache-2.0
#include "core/cli/workspace.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/base/error.hpp"
#include "core/cli/candidate_sources.hpp"

namespace fk::core {
namespace fs = std::filesystem;

fs::path shown(const fs::path& p) {
  std::error_code ignored;
  fs::path r = p.lexically_proximate(fs::current_path(ignored));
  return r.empty() || r.string().starts_with("../..") ? p : r;
}

Paths find_paths() {
  std::error_code ignored;
  fs::path bin = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  fs::path prefix = bin.parent_path();
  Paths p;
  bool installed = fs::exists(prefix / "share/fastkernels/registry");
  p.root = installed ? prefix / "share/fastkernels" : fs::path(FK_SOURCE_DIR);
  p.plugins = installed ? prefix / "lib/fastkernels/plugins" : prefix / "plugins";
  if (const char* root = std::getenv("FK_ROOT")) p.root = root;
  if (const char* plugins = std::getenv("FK_PLUGINS")) p.plugins = plugins;
  p.registry = p.root / "registry";
  p.packages = p.root / "third_party/models";
  if (fs::exists(p.root / "candidates")) p.candidates.push_back(shown(p.root / "candidates"));
  if (const char* more = std::getenv("FK_CANDIDATES")) {
    std::string list = more;
    for (size_t start = 0; start <= list.size();) {
      size_t end = std::min(list.find(':', start), list.size());
      if (end > start) p.candidates.push_back(list.substr(start, end - start));
      start = end + 1;
    }
  }
  return p;
}

Workspace::Workspace(Candidates candidates, const std::vector<std::string>& more)
    : paths_(find_paths()) {
  if (!fs::exists(paths_.registry))
    missing("{}: no registry there; set FK_ROOT to the source tree", paths_.registry.string());
  registry_ = std::make_unique<Registry>(Registry::load(shown(paths_.registry)));
  catalog_ = std::make_unique<Catalog>(*registry_);
  if (!fs::is_directory(paths_.plugins)) {
    missing("{}: no plugins there; build them (`make build`) or set FK_PLUGINS",
            paths_.plugins.string());
  }
  catalog_->add_folder(paths_.plugins, Implementation::Kind::kBaseline);
  if (candidates == Candidates::kIgnore) return;
  for (const std::string& folder : more) {
    if (!fs::is_directory(folder)) bad_input("--candidates {}: no such folder", folder);
    paths_.candidates.push_back(folder);
  }
  if (candidates == Candidates::kLater) return;
  catalog_->use_builder(candidate_sources());
  size_t before = catalog_->refusals().size();
  for (const fs::path& f : paths_.candidates)
    catalog_->add_folder(f, Implementation::Kind::kCandidate);
  const auto& refusals = catalog_->refusals();
  for (size_t i = before; i < refusals.size(); ++i)
    say_left_out(refusals[i].file, refusals[i].reason);
}

bool Workspace::has_candidates() const {
  std::error_code ignored;
  for (const fs::path& folder : paths_.candidates)
    for (auto it = fs::recursive_directory_iterator(folder, ignored);
         !ignored && it != fs::recursive_directory_iterator(); it.increment(ignored))
      if (it->path().filename() == "plugin.yaml") return true;
  return false;
}

}  // namespace fk::core
