// SPDX-License-Identifier: Apache-2.0
#include "core/resolve/search_choices.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/base/error.hpp"

namespace fk::core::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What is not measured in a phase that counts nothing costs nothing.
double weighted(double weight, double seconds) { return weight == 0 ? 0 : weight * seconds; }

}  // namespace

Choices::Choices(const Problem& problem) : problem_(problem), ways_(problem.subs.size()) {
  if (problem.root >= problem.subs.size())
    bad_input("search: the root is sub-problem {} of {}", problem.root, problem.subs.size());
  for (double w : problem.weights)
    if (!(w >= 0) || w == kInfinity) bad_input("search: a weight is {}; expected 0 or more", w);
  std::set<std::tuple<std::string, std::string, std::string, std::string>> keys;
  for (size_t s = 0; s < problem.subs.size(); ++s) {
    const Sub& sub = problem.subs[s];
    if (!keys.emplace(sub.task, sub.init, sub.device, sub.dtype).second)
      bad_input("search: {} is there twice; equal sub-problems are one", name(s));
    for (const Option& o : sub.options) {
      bool good = o.retained_bytes >= 0;
      for (double seconds : o.seconds) good = good && seconds >= 0;
      for (const Child& c : o.children) good = good && c.count >= 0 && c.sub < problem.subs.size();
      if (!good)
        bad_input("search: {} of {}: seconds, bytes and counts are 0 or more, children exist",
                  o.name, name(s));
    }
  }
  find_order();
  for (size_t s : order_) find_ways(s);
}

std::string Choices::name(size_t sub) const {
  const Sub& s = problem_.subs[sub];
  std::string out = s.task;
  for (const std::string* part : {&s.init, &s.device, &s.dtype})
    if (!part->empty()) out += " " + *part;
  return out;
}

// Depth first without recursion: trees may be deep.
void Choices::find_order() {
  enum : char { kNew, kOpen, kDone };
  std::vector<char> state(problem_.subs.size(), kNew);
  struct Frame {
    size_t sub, option = 0, child = 0;
  };
  std::vector<Frame> stack = {{problem_.root}};
  state[problem_.root] = kOpen;
  while (!stack.empty()) {
    Frame& f = stack.back();
    const std::vector<Option>& options = problem_.subs[f.sub].options;
    if (f.option == options.size()) {
      state[f.sub] = kDone;
      order_.push_back(f.sub);
      stack.pop_back();
    } else if (f.child == options[f.option].children.size()) {
      ++f.option, f.child = 0;
    } else {
      const size_t next = options[f.option].children[f.child++].sub;
      if (state[next] == kOpen) bad_input("search: {} is below itself", name(next));
      if (state[next] == kNew) state[next] = kOpen, stack.push_back({next});
    }
  }
}

void Choices::find_ways(size_t sub) {
  const std::vector<Option>& options = problem_.subs[sub].options;
  const double prefill = problem_.weights[size_t(Phase::kPrefill)];
  const double decode = problem_.weights[size_t(Phase::kDecode)];
  const auto add = [&](size_t i, size_t j) {
    const Option &a = options[i], &b = options[j];
    const double cost = weighted(prefill, a.seconds[size_t(Phase::kPrefill)]) +
                        weighted(decode, b.seconds[size_t(Phase::kDecode)]);
    if (cost == kInfinity) return;
    Way w;
    w.decision.option[size_t(Phase::kPrefill)] = i;
    w.decision.option[size_t(Phase::kDecode)] = j;
    w.cost = cost;
    w.bytes = a.retained_bytes + (i == j ? 0 : b.retained_bytes);
    w.children = &a.children;
    ways_[sub].push_back(w);
  };
  for (size_t i = 0; i < options.size(); ++i)
    if (options[i].ineligible.empty()) add(i, i);
  if (prefill == 0 || decode == 0) return;
  for (size_t i = 0; i < options.size(); ++i)
    for (size_t j = 0; j < options.size(); ++j)
      if (i != j && options[i].ineligible.empty() && options[j].ineligible.empty() &&
          options[i].children.empty() && options[j].children.empty())
        add(i, j);
}

Choices::Best Choices::best(double by_cost, double by_bytes) const {
  const size_t n = ways_.size();
  Best b{std::vector<size_t>(n, kNone), std::vector<double>(n, kInfinity),
         std::vector<double>(n, kInfinity), std::vector<double>(n, kInfinity),
         std::vector<size_t>(n, kNone)};
  for (size_t s : order_) {
    for (size_t i = 0; i < ways_[s].size(); ++i) {
      const Way& w = ways_[s][i];
      double value = by_cost * w.cost + by_bytes * double(w.bytes), bytes = double(w.bytes);
      for (const Child& c : *w.children) {
        if (c.count == 0) continue;
        value += double(c.count) * b.value[c.sub];
        bytes += double(c.count) * b.bytes[c.sub];
      }
      if (value == kInfinity) continue;
      const bool first = value < b.value[s] || (value == b.value[s] && bytes < b.bytes[s]);
      if (first) {
        b.second[s] = b.value[s], b.runner_up[s] = b.way[s];
        b.value[s] = value, b.bytes[s] = bytes, b.way[s] = i;
      } else if (value < b.second[s]) {
        b.second[s] = value, b.runner_up[s] = i;
      }
    }
  }
  return b;
}

std::vector<int64_t> Choices::instances(const std::vector<size_t>& way) const {
  std::vector<int64_t> count(ways_.size(), 0);
  count[problem_.root] = 1;
  for (auto s = order_.rbegin(); s != order_.rend(); ++s)
    if (count[*s] > 0)
      for (const Child& c : *ways_[*s][way[*s]].children) count[c.sub] += c.count * count[*s];
  return count;
}

}  // namespace fk::core::search
