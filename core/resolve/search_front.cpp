// SPDX-License-Identifier: Apache-2.0
#include "core/resolve/search_front.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace fk::core::search {
namespace {

// How a point came about: two points side by side, or a way with its children's point below it.
// Indices of earlier steps.
constexpr uint32_t kNothing = uint32_t(-1);
struct Step {
  uint32_t a, b;  // b: kNothing for a way
  uint32_t sub, way;
  double cost;
  double bytes;
};

struct Point {
  double cost;
  int64_t bytes;
  uint32_t step;
};
using Front = std::vector<Point>;  // bytes rise, cost falls

class Fronts {
 public:
  Fronts(const Choices& choices, int64_t budget, size_t most)
      : choices_(choices), budget_(budget), most_(most), fronts_(choices.problem().subs.size()) {}

  Fitted solve() {
    for (size_t s : choices_.order()) fronts_[s] = of(s);
    Fitted out;
    out.exact = exact_;
    const Front& root = fronts_[choices_.problem().root];
    if (root.empty()) return out;
    out.cost = root.back().cost;
    out.uses = uses_of(root.back().step);
    return out;
  }

 private:
  struct Candidate {
    double cost;
    int64_t bytes;
    uint32_t a, b;
  };

  // Keeps what nothing is at least as good as. The last bit of a sum is rounding, no gain.
  void prune(std::vector<Candidate>& all) {
    std::sort(all.begin(), all.end(), [](const Candidate& x, const Candidate& y) {
      return x.bytes != y.bytes ? x.bytes < y.bytes : x.cost < y.cost;
    });
    size_t kept = 0;
    for (const Candidate& c : all)
      if (kept == 0 || c.cost < all[kept - 1].cost * (1 - 1e-15)) all[kept++] = c;
    all.resize(kept);
    if (kept <= most_) return;
    exact_ = false;
    for (size_t i = 0; i < most_; ++i) all[i] = all[i * (kept - 1) / (most_ - 1)];
    all.resize(most_);
  }

  Front joined(const Front& x, const Front& y) {
    std::vector<Candidate> all;
    all.reserve(x.size() * y.size());
    for (const Point& p : x)
      for (const Point& q : y) {
        if (p.bytes > budget_ - q.bytes) break;
        all.push_back({p.cost + q.cost, p.bytes + q.bytes, p.step, q.step});
      }
    prune(all);
    Front out;
    for (const Candidate& c : all) {
      out.push_back({c.cost, c.bytes, uint32_t(steps_.size())});
      steps_.push_back({c.a, c.b, 0, 0, c.cost, double(c.bytes)});
    }
    return out;
  }

  // Of `count` instances side by side, each free: by doubling.
  Front times(Front one, int64_t count) {
    Front all;
    for (bool any = false; count > 0; count >>= 1) {
      if (count & 1) all = any ? joined(all, one) : one, any = true;
      if (count > 1) one = joined(one, one);
    }
    return all;
  }

  Front of(size_t sub) {
    std::vector<Candidate> all;
    const std::vector<Way>& ways = choices_.ways(sub);
    for (uint32_t w = 0; w < ways.size(); ++w) {
      Front below = {{0, 0, kNothing}};
      bool first = true;
      for (const Child& c : *ways[w].children) {
        if (c.count == 0) continue;
        Front child = times(fronts_[c.sub], c.count);
        below = first ? std::move(child) : joined(below, child);
        first = false;
      }
      for (const Point& p : below)
        if (ways[w].bytes <= budget_ - p.bytes)
          all.push_back({p.cost + ways[w].cost, p.bytes + ways[w].bytes, p.step, w});
    }
    prune(all);
    Front out;
    for (const Candidate& c : all) {
      out.push_back({c.cost, c.bytes, uint32_t(steps_.size())});
      steps_.push_back({c.a, kNothing, uint32_t(sub), c.b, c.cost, double(c.bytes)});
    }
    return out;
  }

  // Steps name earlier ones only, so that one walk back counts them all.
  std::vector<Use> uses_of(uint32_t last) const {
    std::vector<int64_t> count(size_t(last) + 1, 0);
    std::map<std::pair<size_t, size_t>, Use> uses;
    count[last] = 1;
    for (size_t i = size_t(last) + 1; i-- > 0;) {
      if (count[i] == 0) continue;
      const Step& s = steps_[i];
      if (s.a != kNothing) count[s.a] += count[i];
      if (s.b != kNothing) {
        count[s.b] += count[i];
        continue;
      }
      Use& u = uses.try_emplace({s.sub, s.way}, Use{s.sub, s.way, 0, 0, 0}).first->second;
      u.instances += count[i];
      u.cost += double(count[i]) * s.cost;
      u.bytes += double(count[i]) * s.bytes;
    }
    std::vector<Use> out;
    for (const auto& [key, use] : uses) out.push_back(use);
    return out;
  }

  const Choices& choices_;
  const int64_t budget_;
  const size_t most_;
  bool exact_ = true;
  std::vector<Front> fronts_;
  std::vector<Step> steps_;
};

}  // namespace

Fitted fit(const Choices& choices, int64_t budget, size_t most_points) {
  return Fronts(choices, budget, std::max<size_t>(most_points, 2)).solve();
}

}  // namespace fk::core::search
