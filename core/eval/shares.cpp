// SPDX-License-Identifier: Apache-2.0
#include "core/eval/shares.hpp"

#include <map>
#include <set>
#include <tuple>

namespace fk::eval {
namespace {

using core::Choice;
using core::Phase;

Computed computed(const Choice& c, Phase phase) {
  if (phase == Phase::kDecode && !c.decode.empty()) return {c.decode, c.decode_hash};
  return {c.implementation, c.hash};
}

using NodeKey = std::tuple<std::string, std::string, std::string>;
NodeKey key_of(const Choice& c) { return {c.path, c.task, c.init}; }

}  // namespace

std::vector<Share> shares_of(const core::Plan& baseline, const core::Plan& evaluated,
                             const std::vector<resolver::Call>& calls) {
  std::map<NodeKey, const Choice*> there;
  for (const Choice& c : evaluated.choices) there[key_of(c)] = &c;
  // Of every node the one that does its work: itself, or what stands above it.
  std::vector<size_t> above, doer;
  std::map<std::pair<std::string, std::string>, std::vector<size_t>> nodes;
  for (size_t i = 0; i < baseline.choices.size(); ++i) {
    const Choice& c = baseline.choices[i];
    while (!above.empty() && baseline.choices[above.back()].depth >= c.depth) above.pop_back();
    doer.push_back(above.empty() || there.count(key_of(c)) ? i : doer[above.back()]);
    above.push_back(i);
    nodes[{c.task, c.init}].push_back(i);
  }
  std::map<std::pair<size_t, Phase>, double> seconds;
  for (const resolver::Call& call : calls) {
    const auto at = nodes.find({call.task, call.init});
    if (at == nodes.end()) continue;  // not of the model, such as the sampler
    for (size_t i : at->second)
      seconds[{doer[i], call.phase}] +=
          call.own_seconds * double(call.calls) / double(at->second.size());
  }
  std::vector<Share> out;
  for (const resolver::Call& call : calls) {
    const auto at = nodes.find({call.task, call.init});
    if (at == nodes.end()) continue;
    const size_t begin = out.size();
    for (size_t i : at->second) {
      if (doer[i] != i) continue;
      const Choice& c = baseline.choices[i];
      const auto other = there.find(key_of(c));
      const Computed is = computed(other == there.end() ? c : *other->second, call.phase),
                     was = computed(c, call.phase);
      size_t k = begin;
      while (k < out.size() && !(out[k].evaluated == is && out[k].baseline == was)) ++k;
      if (k == out.size())
        out.push_back({call.given, call.task, call.init, c.path, call.phase, was, is, 0, 0});
      out[k].seconds += seconds[{i, call.phase}];
      ++out[k].nodes;
    }
  }
  return out;
}

}  // namespace fk::eval
