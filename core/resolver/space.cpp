// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/space.hpp"

#include <map>
#include <set>

#include "core/base/error.hpp"
#include "core/resolve/policy_chooser.hpp"

namespace fk::resolver {
namespace {

using core::Choice;
using core::Implementation;
using core::Plan;
using core::Resolved;
using Key = Resolved::Key;

class Finder {
 public:
  Finder(const core::Catalog& catalog, const std::string& model, const core::Json& init,
         core::BuildOptions build)
      : catalog_(catalog), model_(model), init_(init), build_(std::move(build)) {
    build_.dry = true;
    build_.layers = {};
    build_.replay = nullptr;
    build_.policy.kind = core::Policy::Kind::kBest;
  }

  Space run() {
    space_.baseline = take({});
    space_.root = 0;
    for (SubProblem& sub : space_.subs) sub.in_baseline = true;
    // Tasks of level 1 have nothing below them: trying one for each at once is as good as singly.
    for (bool more = true; more;) {
      more = false;
      std::map<size_t, Resolved> together;  // by the number of entries that reach needs
      std::vector<std::pair<size_t, size_t>> tried;
      for (size_t s = 0; s < space_.subs.size(); ++s) {
        const SubProblem& sub = space_.subs[s];
        if (sub.level != 1 || !sub.reach.subs.empty()) continue;
        if (const size_t a = untried(sub); a < sub.alternatives.size()) {
          together[0] = with(together[0], sub, sub.alternatives[a], "tried");
          tried.emplace_back(s, a);
        }
      }
      if (!tried.empty()) {
        take(together[0]);
        for (auto [s, a] : tried) settle(s, a);
        more = true;
        continue;
      }
      for (size_t s = 0; s < space_.subs.size() && !more; ++s) {
        const size_t a = untried(space_.subs[s]);
        if (a == space_.subs[s].alternatives.size()) continue;
        take(with(space_.subs[s].reach, space_.subs[s], space_.subs[s].alternatives[a], "tried"));
        settle(s, a);
        more = true;
      }
    }
    return std::move(space_);
  }

 private:
  static size_t untried(const SubProblem& sub) {
    size_t a = 0;
    while (a < sub.alternatives.size() &&
           (sub.alternatives[a].built || !sub.alternatives[a].refused.empty()))
      ++a;
    return a;
  }
  void settle(size_t s, size_t a) {
    Alternative& alternative = space_.subs[s].alternatives[a];
    if (alternative.built) return;
    const auto why = refused_.find({s, alternative.implementation->id()});
    alternative.refused = why == refused_.end() ? "a build with it has no such node" : why->second;
  }

  Plan take(const Resolved& resolved) {
    core::BuildOptions o = build_;
    o.policy.resolved = std::make_shared<Resolved>(resolved);
    const auto model = core::Model::build(catalog_, nullptr, model_, init_, o);
    const Plan& plan = model->plan();
    ++space_.builds;
    const std::vector<size_t> subs = subs_of(plan, resolved);
    for (size_t i = 0; i < plan.choices.size(); ++i) look(plan, subs, i);
    return plan;
  }

  // The sub-problem of every node; new ones are entered.
  std::vector<size_t> subs_of(const Plan& plan, const Resolved& reach) {
    std::vector<size_t> out;
    for (const Choice& c : plan.choices) {
      const Key key{c.task, c.init};
      const auto known = index_.find(key);
      if (known != index_.end()) {
        out.push_back(known->second);
        continue;
      }
      out.push_back(space_.subs.size());
      index_[key] = out.back();
      space_.subs.push_back(sub_of(c, reach));
    }
    return out;
  }

  SubProblem sub_of(const Choice& c, const Resolved& reach) const {
    SubProblem sub;
    sub.task = c.task;
    sub.init = c.init;
    sub.path = c.path;
    sub.reach = reach;
    if (const core::TaskSpec* spec = catalog_.registry().find(c.task)) sub.level = spec->level;
    const auto add = [&](const std::string& id, const std::string& hash) {
      for (const Implementation* i : catalog_.implementations(c.task))
        if (i->id() == id && i->hash == hash) sub.alternatives.push_back({i});
    };
    add(c.implementation, c.hash);
    if (!c.decode.empty()) {
      sub.decode = sub.alternatives.size();
      add(c.decode, c.decode_hash);
    }
    for (const Implementation* i : catalog_.implementations(c.task)) {
      bool known = i->kind == Implementation::Kind::kReference;
      for (const Alternative& a : sub.alternatives) known = known || a.implementation == i;
      if (!known) sub.alternatives.push_back({i});
    }
    return sub;
  }

  void look(const Plan& plan, const std::vector<size_t>& subs, size_t at) {
    const Choice& c = plan.choices[at];
    SubProblem& sub = space_.subs[subs[at]];
    for (Alternative& a : sub.alternatives) {
      const bool is_it =
          a.implementation->id() == c.implementation && a.implementation->hash == c.hash;
      const bool decodes =
          a.implementation->id() == c.decode && a.implementation->hash == c.decode_hash;
      if (decodes) a.built = true;
      if (!is_it || a.built) continue;
      a.built = true;
      if (c.decode.empty()) a.retained_bytes = int64_t(c.retained_bytes);
      std::map<size_t, int64_t> children;
      for (size_t k = at + 1; k < plan.choices.size() && plan.choices[k].depth > c.depth; ++k)
        if (plan.choices[k].depth == c.depth + 1) ++children[subs[k]];
      for (auto [child, count] : children) a.children.push_back({child, count});
    }
    for (const std::string& r : c.rejected)
      if (const size_t colon = r.find(": "); colon != r.npos)
        refused_[{subs[at], r.substr(0, colon)}] = r.substr(colon + 2);
  }

  const core::Catalog& catalog_;
  const std::string& model_;
  const core::Json& init_;
  core::BuildOptions build_;
  Space space_;
  std::map<Key, size_t> index_;
  std::map<std::pair<size_t, std::string>, std::string> refused_;
};

}  // namespace

size_t Space::find(const std::string& task, const std::string& init) const {
  size_t i = 0;
  while (i < subs.size() && (subs[i].task != task || subs[i].init != init)) ++i;
  return i;
}

Space find_space(const core::Catalog& catalog, const std::string& model, const core::Json& init,
                 core::BuildOptions build) {
  return Finder(catalog, model, init, std::move(build)).run();
}

Resolved with(Resolved reach, const SubProblem& sub, const Alternative& a,
              const std::string& reason) {
  reach.subs[{sub.task, sub.init}] = {
      {a.implementation->id(), a.implementation->hash, reason, "", "", "", 0}};
  return reach;
}

}  // namespace fk::resolver
