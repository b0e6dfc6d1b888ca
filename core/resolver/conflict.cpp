// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/conflict.hpp"

#include <algorithm>
#include <map>

#include "core/base/error.hpp"

namespace fk::resolver {
namespace {

using core::Phase;
using namespace core::search;

constexpr size_t kPrefill = size_t(Phase::kPrefill), kDecode = size_t(Phase::kDecode);

// What a build without these options could cost; infinity where nothing is left.
double cost_without(Problem problem, const std::vector<GivenUp>& given_up) {
  for (const GivenUp& g : given_up)
    for (size_t p = 0; p < kPhases; ++p)
      if (g.phases[p]) problem.subs[g.sub].options[g.option].seconds[p] = kNotMeasured;
  try {
    return solve(problem).cost;
  } catch (const core::Error&) { return kNotMeasured; }
}

}  // namespace

std::optional<Conflict> find_conflict(const Problem& problem, const Result& found,
                                      const core::Plan& plan) {
  std::map<std::pair<std::string, std::string>, std::vector<const core::Choice*>> built;
  for (const core::Choice& c : plan.choices) built[{c.task, c.init}].push_back(&c);
  for (const Explained& e : found.subs) {
    const Sub& sub = problem.subs[e.sub];
    const auto nodes = built.find({sub.task, sub.init});
    if (nodes == built.end()) continue;
    for (const Explained::Chosen& c : e.chosen) {
      if (c.instances == 0) continue;
      const std::string& prefill = sub.options[c.decision.option[kPrefill]].name;
      const std::string& decode = sub.options[c.decision.option[kDecode]].name;
      const auto is_it = [&](const core::Choice* n) {
        return n->implementation == prefill &&
               (n->decode.empty() ? n->implementation : n->decode) == decode;
      };
      if (std::any_of(nodes->second.begin(), nodes->second.end(), is_it)) continue;
      Conflict out{e.sub, c.decision.option[kPrefill], "a build has something else in its place"};
      const core::Choice& node = *nodes->second.front();
      if (node.implementation == prefill) out.option = c.decision.option[kDecode];
      for (const std::string& why : node.rejected)
        if (why.starts_with(sub.options[out.option].name + ": ")) out.why = why;
      return out;
    }
  }
  return std::nullopt;
}

std::vector<GivenUp> settle(const Problem& problem, const Result& found, const Conflict& conflict,
                            const std::vector<size_t>& decode) {
  const std::vector<GivenUp> parent = {{conflict.sub, conflict.option, {true, true}}};
  std::vector<GivenUp> children;
  for (const Child& child : problem.subs[conflict.sub].options[conflict.option].children)
    for (const Explained& e : found.subs) {
      if (e.sub != child.sub) continue;
      for (const Explained::Chosen& c : e.chosen)
        for (size_t p = 0; p < kPhases; ++p)
          if (const size_t option = c.decision.option[p];
              option != (p == kDecode ? decode[e.sub] : 0)) {
            children.push_back({e.sub, option, {}});
            children.back().phases[p] = true;
          }
    }
  if (children.empty() || cost_without(problem, parent) < cost_without(problem, children))
    return parent;
  return children;
}

}  // namespace fk::resolver
