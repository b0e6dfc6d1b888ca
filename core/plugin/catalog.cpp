// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/catalog.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/plugin/discovery.hpp"
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
  BaselineOrder order;

  void load(const Found&, Implementation::Kind kind);
  void take(const fk_plugin&, const Found&, Implementation::Kind kind);
  void refuse(const std::string& plugin, const fs::path& file, const std::string& reason) {
    refusals.push_back({plugin, "", "", file.string(), reason});
  }
  void refuse(const Found& f, const fs::path& file, const std::string& reason) {
    refuse(f.name, file, reason);
    if (f.manifest) refusals.back().tasks = f.manifest->tasks;
  }
};

void Catalog::Impl::take(const fk_plugin& plugin, const Found& f, Implementation::Kind kind) {
  const fs::path& so = f.so;
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
    all.push_back({m, name, impl, to_string(m->version), f.hash, kind, so.string()});
    by_task[task].push_back(&all.back());
  }
  if (!f.manifest) return;
  for (const std::string& task : f.manifest->tasks)
    if (!implemented.contains(task))
      refusals.push_back({name, "", task, so.string(),
                          "plugin.yaml lists this task, the library does not implement it"});
}

// Opens what was found and inspected.
void Catalog::Impl::load(const Found& f, Implementation::Kind kind) {
  if (!f.refusal.empty()) return refuse(f, f.so.empty() ? f.yaml : f.so, f.refusal);
  if (const auto known = opened.find(f.hash); known != opened.end())
    return refuse(f, f.so, fmt::format("the same file as {}, which is loaded", known->second));
  try {
    const fk_plugin* plugin = open_library(f.copy);
    if (f.manifest)
      if (const std::string text = disagreement(*f.manifest, *plugin); !text.empty())
        return refuse(f, f.so, text);
    opened.emplace(f.hash, f.so.string());
    take(*plugin, f, kind);
  } catch (const std::exception& e) { refuse(f, f.so, e.what()); }
}

Catalog::Catalog(const Registry& registry) : impl_(std::make_shared<Impl>()) {
  impl_->registry = &registry;
}

void Catalog::use_builder(SourceBuilder builder) { impl_->builder = std::move(builder); }

void Catalog::add_folder(const fs::path& folder, Implementation::Kind kind) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return impl_->refuse("", folder, "no such folder");
  try {
    for (const Found& f : discover(folder, impl_->builder)) impl_->load(f, kind);
    const fs::path order = folder / "order.yaml";
    if (kind != Implementation::Kind::kCandidate && fs::exists(order))
      impl_->order = BaselineOrder::read(order);
  } catch (const std::exception& e) { impl_->refuse("", folder, e.what()); }
}

void Catalog::add_file(const fs::path& so, Implementation::Kind kind) {
  Found f{so.stem().string(), so.parent_path() / "plugin.yaml", so, {}, {}, {}, {}};
  std::error_code error;
  try {
    if (fs::exists(f.yaml, error))
      if (Manifest m = Manifest::read(f.yaml); m.library == so.filename().string()) {
        f.name = m.name;
        f.manifest = std::move(m);
      }
  } catch (const Error& e) { return impl_->refuse(f, f.yaml, e.text()); }
  f.inspect();
  impl_->load(f, kind);
}

void Catalog::add_copy(const fs::path& copy, Implementation::Kind kind) {
  Found f{copy.stem().string(), {}, copy, {}, {}, copy, {}};
  try {
    const std::string bytes = read_file(copy);
    const std::span data(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    f.hash = hash_bytes(data);
    check_library(data);
  } catch (const Error& e) { f.refusal = e.text(); }
  impl_->load(f, kind);
}

std::vector<const Implementation*> Catalog::implementations(std::string_view task) const {
  const auto it = impl_->by_task.find(task);
  return it == impl_->by_task.end() ? std::vector<const Implementation*>() : it->second;
}

const std::vector<Refusal>& Catalog::refusals() const { return impl_->refusals; }
void Catalog::use_order(BaselineOrder order) { impl_->order = std::move(order); }
const BaselineOrder& Catalog::order() const { return impl_->order; }
const Registry& Catalog::registry() const { return *impl_->registry; }

}  // namespace fk::core
