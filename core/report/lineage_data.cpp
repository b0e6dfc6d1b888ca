// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/report/parts.hpp"

namespace fk::report {
namespace {

struct Build {
  const Timed* first;
  std::map<std::string, const Timed*> cases;  // the newest of each
};

using Builds = std::vector<std::pair<std::string, Build>>;  // by hash, oldest first

// No time, no place in a mean.
bool is_speed(const Bar& b) {
  return std::isfinite(b.low) && std::isfinite(b.ratio) && std::isfinite(b.high) && b.low > 0 &&
         b.ratio > 0 && b.high > 0 && b.code != "REFUSED";
}

// Cases that every build was measured on.
std::set<std::string> common_cases(const Builds& builds) {
  std::set<std::string> out;
  for (const auto& [name, t] : builds.front().second.cases) out.insert(name);
  for (const auto& build : builds)
    std::erase_if(out, [&](const std::string& name) { return !build.second.cases.count(name); });
  return out;
}

Version version_of(const std::string& hash, const Build& b, const std::set<std::string>& common) {
  Version v;
  v.hash = hash, v.version = b.first->version, v.revision = b.first->revision;
  v.first = b.first->bar.time;
  double low = 0, middle = 0, high = 0;
  for (const auto& [name, t] : b.cases) {
    if (!common.empty() && !common.count(name)) continue;
    low += std::log(t->bar.low), middle += std::log(t->bar.ratio), high += std::log(t->bar.high);
    v.cases.push_back(t->bar.case_id);
    v.ids.push_back(t->bar.id);
  }
  const double n = double(v.cases.size());
  v.low = std::exp(low / n), v.ratio = std::exp(middle / n), v.high = std::exp(high / n);
  return v;
}

}  // namespace

std::vector<Lineage> lineages_of(const std::vector<Timed>& all,
                                 const std::vector<Judgement>& judgements) {
  struct Key {
    std::string task, implementation, device, baseline;
    auto operator<=>(const Key&) const = default;
  };
  std::map<Key, Builds> families;
  for (const Timed& t : all) {
    if (!is_speed(t.bar) || of_versions(t.bar)) continue;
    Builds& builds = families[{t.bar.task, t.bar.implementation, t.bar.device, t.bar.baseline}];
    auto at = std::find_if(builds.begin(), builds.end(),
                           [&](const auto& b) { return b.first == t.bar.hash; });
    if (at == builds.end()) at = builds.insert(at, {t.bar.hash, {&t, {}}});
    const Bar& b = t.bar;
    at->second.cases[b.case_id + '\n' + b.bucket + '\n' + b.dtype + '\n' + b.context] = &t;
  }
  std::vector<Lineage> out;
  for (const auto& [key, builds] : families) {
    Lineage l{key.task, key.implementation, key.device, key.baseline, true, {}};
    const std::set<std::string> common = common_cases(builds);
    l.same_cases = !common.empty();
    for (const auto& [hash, b] : builds) {
      Version v = version_of(hash, b, common);
      const Judgement* last = nullptr;
      for (const Judgement& j : judgements)
        if (j.task == key.task && j.implementation == key.implementation && j.hash == hash &&
            j.device == key.device && (!last || last->time <= j.time))
          last = &j;
      if (last) v.verdict = last->passed ? "pass" : last->code, v.verdict_id = last->id;
      l.versions.push_back(std::move(v));
    }
    out.push_back(std::move(l));
  }
  return out;
}

}  // namespace fk::report
