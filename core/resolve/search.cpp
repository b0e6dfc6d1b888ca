// SPDX-License-Identifier: Apache-2.0
#include "core/resolve/search.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "core/resolve/search_front.hpp"

namespace fk::core::search {
namespace {

using Best = Choices::Best;

// Every sub-problem in its one best way.
std::vector<Use> uses_of(const Choices& choices, const Best& best) {
  std::vector<Use> out;
  const std::vector<int64_t> count = choices.instances(best.way);
  for (size_t s = 0; s < count.size(); ++s)
    if (count[s] > 0)
      out.push_back({s, best.way[s], count[s], double(count[s]) * best.value[s],
                     double(count[s]) * best.bytes[s]});
  return out;
}

// What is known of the optimum by putting a price on memory: the cost of a tree that fits (the one
// way of each sub-problem at that price), and a cost that none within the budget is below.
struct Priced {
  double bound = 0, cost = kNotMeasured;
  std::vector<Use> uses;
};
Priced priced(const Choices& choices, double unlimited, int64_t budget) {
  Priced out{unlimited, kNotMeasured, {}};
  const size_t root = choices.problem().root;
  const double room = double(budget);
  double low = 0, high = std::max(unlimited, 1e-300) / std::max(room, 1.0);
  bool fits = false;
  for (int i = 0; i < 80; ++i) {
    const double price = fits ? (low + high) / 2 : high;
    Best b = choices.best(price);
    out.bound = std::max(out.bound, b.value[root] - price * room);
    if (b.bytes[root] > room) {
      (fits ? low : high) = fits ? price : high * 8;
      if (!std::isfinite(high)) break;
      continue;
    }
    fits = true;
    high = price;
    const double cost = b.value[root] - price * b.bytes[root];
    if (cost >= out.cost) continue;
    out.cost = cost;
    out.uses = uses_of(choices, b);
    // With its price the value of an instance is no cost yet.
    for (Use& u : out.uses) u.cost -= price * u.bytes;
  }
  return out;
}

// What a second's work allows: every child of every option joins two fronts, and counts double.
size_t points_for(const Problem& p) {
  if (p.most_points) return p.most_points;
  double joins = 1;
  for (const Sub& s : p.subs)
    for (const Option& o : s.options)
      for (const Child& c : o.children)
        joins += 1 + 2 * std::log2(double(std::max<int64_t>(c.count, 1)));
  return size_t(std::clamp(std::sqrt(1e6 / joins), 8.0, 2000.0));
}

[[noreturn]] void nothing_fits(const Choices& choices, int64_t budget) {
  const double least = choices.least_bytes().bytes[choices.problem().root];
  missing(
      "search: the plan that keeps the least memory keeps {:.0f} bytes, the budget is {}; give at "
      "least that",
      least, budget);
}

std::string phase_missing(const Problem& p, const Option& o) {
  for (Phase phase : {Phase::kPrefill, Phase::kDecode})
    if (p.weights[size_t(phase)] > 0 && o.seconds[size_t(phase)] == kNotMeasured)
      return phase_name(phase);
  return "";
}

std::vector<std::string> left_out(const Choices& choices, const Best& best, size_t sub) {
  std::vector<std::string> out;
  const Problem& p = choices.problem();
  for (size_t i = 0; i < p.subs[sub].options.size(); ++i) {
    const Option& o = p.subs[sub].options[i];
    const auto uses = [&](const Way& w) {
      return std::find(w.decision.option.begin(), w.decision.option.end(), i) !=
             w.decision.option.end();
    };
    const std::vector<Way>& ways = choices.ways(sub);
    if (!o.ineligible.empty()) {
      out.push_back(o.name + ": " + o.ineligible);
    } else if (std::none_of(ways.begin(), ways.end(), uses)) {
      out.push_back(fmt::format("{}: not measured in {}", o.name, phase_missing(p, o)));
    } else {
      for (const Child& c : o.children)
        if (c.count > 0 && best.way[c.sub] == Choices::kNone) {
          out.push_back(fmt::format("{}: nothing can compute its {}", o.name, choices.name(c.sub)));
          break;
        }
    }
  }
  return out;
}

[[noreturn]] void nothing_eligible(const Choices& choices, const Best& best) {
  // The deepest is the cause.
  for (size_t s : choices.order())
    if (best.way[s] == Choices::kNone) {
      const auto why = left_out(choices, best, s);
      missing("search: nothing eligible computes {}{}{}; needed below {}", choices.name(s),
              why.empty() ? ": no implementation is known" : ": ", fmt::join(why, "; "),
              choices.name(choices.problem().root));
    }
  missing("search: nothing eligible");
}

std::vector<Explained> explain(const Choices& choices, const Best& best,
                               const std::vector<Use>& uses) {
  std::vector<Explained> out;
  std::vector<size_t> place(choices.problem().subs.size());
  for (auto s = choices.order().rbegin(); s != choices.order().rend(); ++s) {
    place[*s] = out.size();
    Explained e;
    e.sub = *s;
    e.best_cost = best.value[*s];
    if (best.way[*s] != Choices::kNone) e.best = choices.ways(*s)[best.way[*s]].decision;
    e.has_runner_up = best.runner_up[*s] != Choices::kNone;
    if (e.has_runner_up) {
      e.runner_up = choices.ways(*s)[best.runner_up[*s]].decision;
      e.difference = best.second[*s] - best.value[*s];
    }
    e.left_out = left_out(choices, best, *s);
    out.push_back(std::move(e));
  }
  for (const Use& u : uses) {
    const double n = double(u.instances);
    out[place[u.sub]].chosen.push_back({choices.ways(u.sub)[u.way].decision, u.instances,
                                        u.cost / n, int64_t(std::llround(u.bytes / n))});
  }
  return out;
}

}  // namespace

PerPhase weights_of_shares(const PerPhase& seconds, const PerPhase& shares) {
  PerPhase out{};
  double sum = 0;
  for (size_t p = 0; p < kPhases; ++p) sum += seconds[p] > 0 ? shares[p] : 0;
  for (size_t p = 0; p < kPhases; ++p)
    if (seconds[p] > 0 && sum > 0) out[p] = shares[p] / sum / seconds[p];
  return out;
}

Result solve(const Problem& problem) {
  const Choices choices(problem);
  const Best best = choices.best(0);
  if (best.way[problem.root] == Choices::kNone) nothing_eligible(choices, best);
  Result r;
  r.unlimited = r.bound = r.cost = best.value[problem.root];
  std::vector<Use> uses;
  if (problem.budget && best.bytes[problem.root] > double(*problem.budget)) {
    Fitted fitted = fit(choices, *problem.budget, points_for(problem));
    if (fitted.uses.empty()) nothing_fits(choices, *problem.budget);
    uses = std::move(fitted.uses);
    r.cost = r.bound = fitted.cost;
    r.exact = fitted.exact;
    if (!r.exact) {
      Priced p = priced(choices, r.unlimited, *problem.budget);
      if (p.cost < r.cost) r.cost = p.cost, uses = std::move(p.uses);
      r.bound = std::min(p.bound, r.cost);
    }
  } else {
    uses = uses_of(choices, best);
  }
  for (const Use& u : uses) {
    const Way& w = choices.ways(u.sub)[u.way];
    r.retained_bytes += u.instances * w.bytes;
    for (size_t p = 0; p < kPhases; ++p)
      r.seconds[p] +=
          double(u.instances) * problem.subs[u.sub].options[w.decision.option[p]].seconds[p];
  }
  r.subs = explain(choices, best, uses);
  return r;
}

}  // namespace fk::core::search
