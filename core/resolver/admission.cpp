// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/admission.hpp"

#include "core/base/error.hpp"

namespace fk::resolver {
namespace {

std::vector<Measurer::Remembered> judged(Measurer& measurer, const core::Registry& registry,
                                         const judge::PluginFile& plugin,
                                         const Measurer::Progress& progress) {
  std::vector<Measurer::Remembered> out = measurer.remembered(plugin.hash);
  if (!out.empty()) return out;
  for (const auto& [name, task] : registry.tasks()) {
    if (!judge::may_implement(plugin, name)) continue;
    try {
      for (const judge::Offered& o : measurer.judge().offered(plugin, name)) {
        const auto v =
            measurer.verdict(task, {o.id, o.version, o.hash, o.composite}, false, progress);
        out.push_back({name, o.id, *v});
      }
    } catch (const core::Error& e) {
      out.push_back({name, plugin.name, {false, e.text().substr(0, e.text().find('\n')), ""}});
    }
  }
  return out;
}

}  // namespace

std::vector<Refused> admit(Measurer& measurer, const core::Registry& registry,
                           core::Catalog& catalog, const Measurer::Progress& progress,
                           const std::string& only) {
  std::vector<Refused> out;
  for (const judge::PluginFile& p : measurer.plugins()) {
    if (p.baseline || !p.refusal.empty() || (!only.empty() && p.name != only)) continue;
    bool right = false;
    const auto all = judged(measurer, registry, p, progress);
    for (const auto& r : all) right = right || r.verdict.passed;
    if (right) {
      catalog.add_copy(p.copy, core::Implementation::Kind::kCandidate);
      continue;
    }
    for (const auto& r : all) out.push_back({r.task, r.implementation, r.verdict.text});
  }
  return out;
}

}  // namespace fk::resolver
