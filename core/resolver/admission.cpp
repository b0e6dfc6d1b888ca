// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/admission.hpp"

#include "core/base/error.hpp"

namespace fk::resolver {
namespace {

struct Candidate {
  const judge::PluginFile* file;
  std::vector<Measurer::Remembered> all;
  std::vector<Measurer::Asked> open;  // nothing is remembered of these
};

Candidate look_at(Measurer& measurer, const core::Registry& registry,
                  const judge::PluginFile& plugin) {
  Candidate c{&plugin, measurer.remembered(plugin.hash), {}};
  if (!c.all.empty()) return c;
  for (const auto& [name, task] : registry.tasks()) {
    if (!judge::may_implement(plugin, name)) continue;
    try {
      for (const judge::Offered& o : measurer.judge().offered(plugin, name))
        c.open.push_back({&task, {o.id, o.version, o.hash, o.composite}});
    } catch (const core::Error& e) {
      c.all.push_back({name, plugin.name, {false, e.text().substr(0, e.text().find('\n')), ""}});
    }
  }
  return c;
}

}  // namespace

std::vector<Refused> admit(Measurer& measurer, const core::Registry& registry,
                           core::Catalog& catalog, const Measurer::Progress& progress,
                           const std::string& only) {
  std::vector<Candidate> candidates;
  std::vector<Measurer::Asked> open;
  for (const judge::PluginFile& p : measurer.plugins()) {
    if (p.baseline || !p.refusal.empty() || (!only.empty() && p.name != only)) continue;
    candidates.push_back(look_at(measurer, registry, p));
    open.insert(open.end(), candidates.back().open.begin(), candidates.back().open.end());
  }
  measurer.judge(open, progress);
  std::vector<Refused> out;
  for (Candidate& c : candidates) {
    for (const auto& [task, i] : c.open)
      c.all.push_back({task->name, i.id, *measurer.verdict(*task, i, false, progress)});
    bool right = false;
    for (const auto& r : c.all) right = right || r.verdict.passed;
    if (right) {
      catalog.add_copy(c.file->copy, core::Implementation::Kind::kCandidate);
      continue;
    }
    for (const auto& r : c.all) out.push_back({r.task, r.implementation, r.verdict.text});
  }
  return out;
}

}  // namespace fk::resolver
