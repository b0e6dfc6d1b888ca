// SPDX-License-Identifier: Apache-2.0
#include "core/cli/eval_sheet.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fk::core {
namespace {

constexpr int kName = 26;

std::string score_cells(const Json& s) {
  const auto n = [&](const char* field) { return s.at(field).get<double>(); };
  return fmt::format(
      "{:>7.1f} {:>7.1f} {:>7.1f}  {:>6.3f} {:>6.3f} {:>6.3f}  {:>6.3f} {:>8.3f} {:>7.1f}",
      n("score"), n("middle"), n("high"), n("speed"), n("pass"), n("coverage"), n("fast_1"),
      n("fast_1.2"), n("sol"));
}

std::string interval_text(const Json& r) {
  return fmt::format("{:.3f}x [{:.3f}, {:.3f}]", r[1].get<double>(), r[0].get<double>(),
                     r[2].get<double>());
}

std::string percent(const Json& share) {
  return fmt::format("{:>5.1f} %", 100 * share.get<double>());
}

std::string row(const std::string& name, const Json& share, const Json& score) {
  return fmt::format("{:<{}} {}  {}\n", name, kName, percent(share), score_cells(score));
}

std::string ids_text(const Json& part) {
  std::string out;
  for (const Json& id : part.value("ids", Json::array()))
    out += " " + id.get<std::string>().substr(0, 8);
  return out.empty() ? out : " " + out;
}

// Of what is not the baselines' own alone: there is nothing else to say.
std::string parts_text(const Json& model) {
  std::string out;
  for (const Json& t : model.at("tasks")) {
    std::string lines;
    for (const Json& p : model.at("parts")) {
      if (p.at("task") != t.at("task") || p.at("code") == "=") continue;
      const std::string head =
          fmt::format("    {:<11} {} {} {} on {}", p.at("code").get<std::string>(),
                      percent(p.at("weight")), p.at("phase").get<std::string>(),
                      p.at("implementation").get<std::string>(), p.at("case").get<std::string>());
      lines += head + (p.contains("ratio") ? " " + interval_text(p.at("ratio")) : "") +
               (p.contains("text") ? ": " + p.at("text").get<std::string>() : "") + ids_text(p) +
               "\n";
    }
    if (lines.empty()) continue;
    out += fmt::format("  {} {}: x {:.3f}, f {:.3f}\n", t.at("task").get<std::string>(),
                       t.at("outcome").get<std::string>(), t.at("speedup").get<double>(),
                       t.at("points").get<double>());
    out += lines;
  }
  return out;
}

std::string in_place_text(const Json& model) {
  if (model.contains("not_run"))
    return fmt::format("  not run, {}\n", model.at("not_run").get<std::string>());
  std::string out;
  for (const Json& w : model.at("in_place").at("workloads")) {
    const std::string name = w.at("workload");
    if (!w.at("measured").get<bool>()) {
      out += fmt::format("  {}: the baselines themselves, 1x\n", name);
      continue;
    }
    out += fmt::format("  {}: {}, prefill {:.3f}x", name, interval_text(w.at("whole")),
                       w.at("prefill")[1].get<double>());
    if (w.contains("decode"))
      out += fmt::format(", decode {:.3f}x", w.at("decode")[1].get<double>());
    out += fmt::format(", {} rounds\n", w.at("rounds").get<size_t>());
  }
  return out;
}

std::string model_text(const Json& m) {
  std::string out = fmt::format(
      "\n{}: {}, {}, plan {}; {:.1f} % of its time by others than the baselines\n",
      m.at("name").get<std::string>(), m.at("config").get<std::string>(),
      m.at("weights").get<std::string>(), m.at("plan_hash").get<std::string>().substr(0, 8),
      100 * m.at("other_share").get<double>());
  out += parts_text(m) + in_place_text(m);
  for (const Json& x : m.at("metrics"))
    out += fmt::format("  {} {}: {}\n", x.at("name").get<std::string>(),
                       x.at("passed").get<bool>() ? "passed" : "FAILED",
                       x.at("text").get<std::string>());
  return out;
}

}  // namespace

std::string eval_sheet(const Json& report) {
  const auto text = [&](const char* field) { return report.at(field).get<std::string>(); };
  std::string out =
      fmt::format("{}: {} on {}\n\n", text("scenario"), text("policy"), text("device"));
  out += fmt::format("{:<{}} {:>7}  {:>7} {:>7} {:>7}  {:>6} {:>6} {:>6}  {:>6} {:>8} {:>7}\n",
                     "tasks", kName, "share", "score", "middle", "high", "speed", "pass", "cover",
                     "fast_1", "fast_1.2", "SOL");
  for (const Json& m : report.at("models")) {
    out += row(
        fmt::format("{} ({})", m.at("name").get<std::string>(), m.at("family").get<std::string>()),
        m.at("weight"), m.at("score"));
    for (const Json& l : m.at("levels"))
      out += row(fmt::format("  level {}", l.at("level").get<int>()), l.at("share"), l);
  }
  if (report.at("families").size() > 1)
    for (const Json& f : report.at("families"))
      out += row("all " + f.at("family").get<std::string>(), f.at("weight"), f.at("score"));
  const Json whole = 1.0;
  out += row("all", whole, report.at("total").at("score"));
  out += "\nmodels in place\n";
  for (const Json& m : report.at("models")) {
    const Json& p = m.at("in_place");
    out += row(m.at("name").get<std::string>(), m.at("weight"), p);
    if (p.contains("speedup")) out.insert(out.size() - 1, "  " + interval_text(p.at("speedup")));
  }
  out += row("all", whole, report.at("total").at("in_place"));
  for (const Json& m : report.at("models")) out += model_text(m);
  out += fmt::format("\n{}; {} judged, {} measured, {} known; {:.1f} s",
                     report.at("passed").get<bool>() ? "passed" : "FAILED",
                     report.at("judged").get<size_t>(), report.at("measured").get<size_t>(),
                     report.at("known").get<size_t>(), report.at("seconds").get<double>());
  if (report.contains("id")) out += "; id " + text("id").substr(0, 8);
  return out + "\n";
}

}  // namespace fk::core
