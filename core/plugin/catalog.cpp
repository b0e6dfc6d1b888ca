// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/catalog.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/plugin/cache.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/plugin/library.hpp"
#include "core/plugin/load_host.hpp"

namespace fk::core {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> task_names(const Registry& registry) {
  std::vector<std::string> names;
  for (const auto& [name, spec] : registry.tasks()) names.push_back(name);
  return names;
}

// Why an implementation cannot be taken; empty when it can.
std::string check_impl(const fk_impl& m, const Registry& registry) {
  if (!FK_HAS(&m, forward))
    return fmt::format("its fk_impl is {} bytes long, {} are needed", m.struct_size,
                       offsetof(fk_impl, on_step));
  for (const auto& [pointer, what] :
       {std::pair{reinterpret_cast<const void*>(m.create), "create"},
        std::pair{reinterpret_cast<const void*>(m.destroy), "destroy"},
        std::pair{reinterpret_cast<const void*>(m.forward), "forward"}})
    if (!pointer) return fmt::format("{} is NULL", what);
  if (to_string(m.name).empty()) return "it has no name";
  const std::string task = to_string(m.task);
  const TaskSpec* spec = registry.find(task);
  if (!spec)
    return fmt::format("unknown task \"{}\"{}", task, did_you_mean(task, task_names(registry)));
  if (m.signature != spec->signature)
    return fmt::format(
        "built with another signature of {}\n  plugin:   {}\n  registry: {}\nrebuild the plugin "
        "against this registry",
        task, to_string(m.signature_text), spec->signature_text);
  return {};
}

// The manifest and the descriptor must agree; returns what does not.
std::string disagreement(const Manifest& manifest, const fk_plugin& plugin) {
  const auto differ = [](const char* key, const std::string& ours, const std::string& theirs) {
    return ours == theirs ? std::string()
                          : fmt::format("plugin.yaml says {} \"{}\", the library says \"{}\"", key,
                                        ours, theirs);
  };
  std::string text = differ("name", manifest.name, to_string(plugin.name));
  if (text.empty()) text = differ("version", manifest.version, to_string(plugin.version));
  return text;
}

}  // namespace

struct Catalog::Impl {
  const Registry* registry;
  SourceBuilder builder;
  std::deque<Implementation> all;
  std::map<std::string, std::vector<const Implementation*>, std::less<>> by_task;
  std::map<std::string, std::string> opened;  // content hash -> file
  std::vector<Refusal> refusals;

  void load(const fs::path& so, const Manifest* manifest, Implementation::Kind kind);
  void take(const fk_plugin& plugin, const fs::path& so, const std::string& hash,
            const Manifest* manifest, Implementation::Kind kind);
  void add_plugin_folder(const fs::path& yaml, Implementation::Kind kind);
  void walk(const fs::path& folder, Implementation::Kind kind);
  void refuse(const std::string& plugin, const fs::path& file, const std::string& reason) {
    refusals.push_back({plugin, "", "", file.string(), reason});
  }
};

void Catalog::Impl::take(const fk_plugin& plugin, const fs::path& so, const std::string& hash,
                         const Manifest* manifest, Implementation::Kind kind) {
  const std::string name = to_string(plugin.name);
  std::set<std::string> implemented;
  std::set<std::pair<std::string, std::string>> seen;
  for (size_t i = 0; i < plugin.impl_count; ++i) {
    const fk_impl* m = plugin.impls[i];
    if (!m) {
      refuse(name, so, fmt::format("implementation {} is NULL", i));
      continue;
    }
    std::string reason = check_impl(*m, *registry);
    const std::string task = to_string(m->task), impl = to_string(m->name);
    implemented.insert(task);
    if (reason.empty() && !seen.insert({task, impl}).second)
      reason =
          fmt::format("two implementations of {} are called \"{}\"; the first is kept", task, impl);
    if (!reason.empty()) {
      refusals.push_back({name, impl, task, so.string(), reason});
      continue;
    }
    if (kind == Implementation::Kind::kBaseline && name == "reference")
      kind = Implementation::Kind::kReference;
    all.push_back({m, name, impl, to_string(m->version), hash, kind, so.string()});
    by_task[task].push_back(&all.back());
  }
  if (!manifest) return;
  for (const std::string& task : manifest->tasks)
    if (!implemented.contains(task))
      refusals.push_back({name, "", task, so.string(),
                          "plugin.yaml lists this task, the library does not implement it"});
}

void Catalog::Impl::load(const fs::path& so, const Manifest* manifest, Implementation::Kind kind) {
  const std::string name = manifest ? manifest->name : so.stem().string();
  try {
    const std::string bytes = read_file(so);
    const std::span data(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    const std::string hash = hash_bytes(data);
    if (const auto known = opened.find(hash); known != opened.end())
      return refuse(name, so, fmt::format("the same file as {}, which is loaded", known->second));
    check_library(data);
    const fk_plugin* plugin = open_library(cached_copy(data, hash, name));
    if (manifest)
      if (const std::string text = disagreement(*manifest, *plugin); !text.empty())
        return refuse(name, so, text);
    opened.emplace(hash, so.string());
    take(*plugin, so, hash, manifest, kind);
  } catch (const Error& e) { refuse(name, so, e.text()); } catch (const std::exception& e) {
    refuse(name, so, e.what());
  }
}

void Catalog::Impl::add_plugin_folder(const fs::path& yaml, Implementation::Kind kind) {
  std::string name = yaml.parent_path().filename().string();
  try {
    const Manifest manifest = Manifest::read(yaml);
    name = manifest.name;
    if (!manifest.library.empty())
      return load(manifest.folder() / manifest.library, &manifest, kind);
    if (!builder)
      bad_input("it has sources and nothing here builds them; give a prebuilt \"library\"");
    load(builder(manifest), &manifest, kind);
  } catch (const Error& e) { refuse(name, yaml, e.text()); }
}

void Catalog::Impl::walk(const fs::path& folder, Implementation::Kind kind) {
  if (fs::exists(folder / "plugin.yaml")) return add_plugin_folder(folder / "plugin.yaml", kind);
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  for (const fs::path& p : entries) {
    if (p.filename().string().starts_with('.')) continue;
    if (fs::is_directory(p))
      walk(p, kind);
    else if (p.extension() == ".so")
      refuse(p.stem().string(), p,
             "no plugin.yaml beside it: write one with name, version and library");
  }
}

Catalog::Catalog(const Registry& registry) : impl_(std::make_shared<Impl>()) {
  impl_->registry = &registry;
}

void Catalog::use_builder(SourceBuilder builder) { impl_->builder = std::move(builder); }

void Catalog::add_folder(const fs::path& folder, Implementation::Kind kind) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return impl_->refuse("", folder, "no such folder");
  try {
    impl_->walk(folder, kind);
  } catch (const fs::filesystem_error& e) { impl_->refuse("", folder, e.what()); }
}

void Catalog::add_file(const fs::path& so, Implementation::Kind kind) {
  const fs::path yaml = so.parent_path() / "plugin.yaml";
  std::error_code error;
  if (!fs::exists(yaml, error)) return impl_->load(so, nullptr, kind);
  try {
    const Manifest manifest = Manifest::read(yaml);
    impl_->load(so, manifest.library == so.filename().string() ? &manifest : nullptr, kind);
  } catch (const Error& e) { impl_->refuse(so.stem().string(), yaml, e.text()); }
}

std::vector<const Implementation*> Catalog::implementations(std::string_view task) const {
  const auto it = impl_->by_task.find(task);
  return it == impl_->by_task.end() ? std::vector<const Implementation*>() : it->second;
}

const std::vector<Refusal>& Catalog::refusals() const { return impl_->refusals; }
const Registry& Catalog::registry() const { return *impl_->registry; }

}  // namespace fk::core
