// SPDX-License-Identifier: Apache-2.0
#include "core/cli/report.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "core/base/dtype.hpp"

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

std::string plan_text(const Plan& plan) {
  std::vector<Group> groups = group(plan);
  size_t path_width = 0, task_width = 0, impl_width = 0;
  // A node shows what its path adds to its parent's; "." when that is nothing.
  std::vector<std::string> names, open;
  for (const Group& g : groups) {
    std::string full = path_text(g), name = full;
    size_t depth = size_t(g.first->depth);
    open.resize(std::max(open.size(), depth + 1));
    if (depth > 0 && !open[depth - 1].empty() &&
        (full == open[depth - 1] || full.starts_with(open[depth - 1] + "."))) {
      name = full == open[depth - 1] ? "." : full.substr(open[depth - 1].size() + 1);
    }
    open[depth] = full;
    names.push_back(std::string(depth * 2, ' ') + (name.empty() ? "(root)" : name));
  }
  auto implementation = [](const Group& g) {
    const Choice& c = *g.first;
    std::string text = c.implementation + " " + c.version;
    if (!c.decode.empty()) text += fmt::format(", decode: {} {}", c.decode, c.decode_version);
    return text;
  };
  for (size_t i = 0; i < groups.size(); ++i) {
    const Group& g = groups[i];
    path_width = std::max(path_width, names[i].size());
    task_width = std::max(task_width, g.first->task.size());
    impl_width = std::max(impl_width, implementation(g).size());
  }
  std::string out = fmt::format("plan {} ({} nodes)\n", plan.hash(), plan.choices.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    const Group& g = groups[i];
    out += fmt::format("  {:{}}  {:{}}  {:>5}  {:{}}  {}\n", names[i], path_width, g.first->task,
                       task_width, g.count > 1 ? "x" + std::to_string(g.count) : "",
                       implementation(g), impl_width, g.first->reason);
  }
  return out;
}

Json plan_json(const Plan& plan) {
  Json nodes = Json::array();
  for (const Choice& c : plan.choices) {
    nodes.push_back({{"path", c.path},
                     {"task", c.task},
                     {"depth", c.depth},
                     {"implementation", c.implementation},
                     {"decode", c.decode},
                     {"version", c.version},
                     {"hash", c.hash},
                     {"reason", c.reason},
                     {"rejected", c.rejected}});
  }
  return {{"hash", plan.hash()}, {"nodes", nodes}};
}

namespace {
template <class Uses>
Json uses_json(const Uses& uses) {
  Json out = Json::array();
  for (const auto& u : uses) {
    out.push_back(
        {{"path", u.path}, {"shape", u.shape}, {"dtype", dtype_name(u.dtype)}, {"bytes", u.bytes}});
  }
  return out;
}
}  // namespace

Json params_json(const Plan& p) { return uses_json(p.params); }
Json states_json(const Plan& p) { return uses_json(p.states); }

std::string bytes_text(size_t n) {
  if (n < 1000) return fmt::format("{} B", n);
  double v = double(n) / 1e3;
  for (const char* unit : {"kB", "MB", "GB"}) {
    if (v < 999.95 || unit[0] == 'G') return fmt::format("{:.1f} {}", v, unit);
    v /= 1e3;
  }
  return "";
}

size_t peak_memory_bytes() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return size_t(u.ru_maxrss) * 1024;
}

std::string json_line(const Json& j) {
  return j.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fk::core
