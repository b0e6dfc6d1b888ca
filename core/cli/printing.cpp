// SPDX-License-Identifier: Apache-2.0
#include "core/cli/printing.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

#include "core/base/dtype.hpp"
#include "core/resolve/plan_lines.hpp"

namespace fk::core {

std::string plan_text(const Plan& plan) {
  const std::vector<PlanLine> lines = plan_lines(plan);
  const auto name = [](const PlanLine& l) {
    return std::string(size_t(l.first->depth) * 2, ' ') + l.name;
  };
  const auto implementation = [](const PlanLine& l) {
    const Choice& c = *l.first;
    std::string text = c.implementation + " " + c.version;
    if (!c.decode.empty()) text += fmt::format(", decode: {} {}", c.decode, c.decode_version);
    return text;
  };
  size_t path_width = 0, task_width = 0, impl_width = 0;
  for (const PlanLine& l : lines) {
    path_width = std::max(path_width, name(l).size());
    task_width = std::max(task_width, l.first->task.size());
    impl_width = std::max(impl_width, implementation(l).size());
  }
  std::string out = fmt::format("plan {} ({} nodes)\n", plan.hash(), plan.choices.size());
  for (const PlanLine& l : lines) {
    out += fmt::format("  {:{}}  {:{}}  {:>5}  {:{}}  {}\n", name(l), path_width, l.first->task,
                       task_width, l.count > 1 ? "x" + std::to_string(l.count) : "",
                       implementation(l), impl_width, l.first->reason);
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
