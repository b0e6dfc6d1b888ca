// SPDX-License-Identifier: Apache-2.0
#include "core/resolve/plan_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace fk::core {
namespace {

// "model.layers.12.mlp" -> "model.layers.*.mlp" and 12 (the first number only: deeper ones keep
// theirs).
std::string without_number(const std::string& path, int64_t& number) {
  number = -1;
  std::string out;
  for (size_t start = 0; start <= path.size();) {
    size_t end = std::min(path.find('.', start), path.size());
    std::string part = path.substr(start, end - start);
    bool digits =
        !part.empty() && part.size() < 10 &&
        std::all_of(part.begin(), part.end(), [](unsigned char c) { return std::isdigit(c); });
    if (digits && number < 0) number = std::stoll(part), part = "*";
    out += (start ? "." : "") + part;
    start = end + 1;
  }
  return out;
}

struct Group {
  const Choice* first;
  std::string path;
  int64_t low, high, count = 1;
};

std::vector<Group> group(const Plan& plan) {
  std::vector<Group> groups;
  std::map<std::string, size_t> index;
  for (const Choice& c : plan.choices) {
    int64_t number;
    std::string path = without_number(c.path, number);
    std::string key = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", path, c.task, c.implementation,
                                  c.decode, c.hash, c.reason, c.depth);
    auto [it, fresh] = index.emplace(key, groups.size());
    if (fresh) {
      groups.push_back({&c, path, number, number});
    } else {
      Group& g = groups[it->second];
      ++g.count;
      g.low = std::min(g.low, number);
      g.high = std::max(g.high, number);
    }
  }
  return groups;
}

std::string path_text(const Group& g) {
  std::string p = g.path;
  size_t star = p.find('*');
  if (star == std::string::npos || g.low < 0) return p;
  return p.replace(star, 1,
                   g.low == g.high ? std::to_string(g.low) : fmt::format("{}-{}", g.low, g.high));
}

}  // namespace

std::vector<PlanLine> plan_lines(const Plan& plan) {
  std::vector<PlanLine> out;
  std::vector<std::string> open;  // the path at every depth
  for (const Group& g : group(plan)) {
    std::string full = path_text(g), name = full;
    const size_t depth = size_t(g.first->depth);
    open.resize(std::max(open.size(), depth + 1));
    if (depth > 0 && !open[depth - 1].empty() &&
        (full == open[depth - 1] || full.starts_with(open[depth - 1] + "."))) {
      name = full == open[depth - 1] ? "." : full.substr(open[depth - 1].size() + 1);
    }
    open[depth] = full;
    out.push_back({g.first, name.empty() ? "(root)" : name, g.count});
  }
  return out;
}

}  // namespace fk::core
