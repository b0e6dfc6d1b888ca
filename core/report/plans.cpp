// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/report/numbers.hpp"
#include "core/report/sections.hpp"

namespace fk::report {
namespace {

void phase(Html& h, const char* name, const std::string& implementation, const std::string& version,
           const std::string& reason) {
  const auto line = h.open("span", {{"class", "choice"}});
  if (*name) h.leaf("i", name, {{"class", "phase"}});
  h.leaf("b", implementation);
  h.text(" " + version + " ");
  h.leaf("small", reason);
}

void node_line(Html& h, const PlanNode& n) {
  {
    const auto name = h.open("span", {{"class", "node"}});
    h.leaf("code", n.name);
    if (n.count > 1) h.leaf("i", fmt::format("×{}", n.count), {{"class", "count"}});
    h.leaf("small", n.task);
  }
  phase(h, n.decode.empty() ? "" : "prefill", n.implementation, n.version, n.reason);
  if (!n.decode.empty()) phase(h, "decode", n.decode, n.decode_version, n.decode_reason);
}

void passed_over(Html& h, const PlanNode& n) {
  if (n.rejected.empty()) return;
  const auto list = h.open("ul", {{"class", "rejected"}});
  for (const std::string& r : n.rejected) h.leaf("li", "passed over: " + r);
}

// The node at `i` and all below it.
void subtree(Html& h, const std::vector<PlanNode>& lines, size_t& i) {
  const PlanNode& n = lines[i++];
  const auto item = h.open("li");
  const bool parent = i < lines.size() && lines[i].depth > n.depth;
  if (!parent && n.rejected.empty()) {
    const auto leaf = h.open("div", {{"class", "leaf"}});
    node_line(h, n);
    return;
  }
  // Open down to the parts of a layer: deeper is for who wants to know.
  constexpr int kOpen = 2;
  const auto details = h.open(
      "details", parent && n.depth < kOpen ? Html::Attributes{{"open", ""}} : Html::Attributes{});
  {
    const auto summary = h.open("summary");
    node_line(h, n);
  }
  passed_over(h, n);
  if (!parent) return;
  const auto children = h.open("ul");
  while (i < lines.size() && lines[i].depth > n.depth) subtree(h, lines, i);
}

// What the parts promised beside what the model gave.
void proof(Html& h, const Proof& p) {
  {
    const Table table(
        h,
        fmt::format("The whole model against the baselines, workload {}{}", p.workload,
                    p.rounds ? fmt::format(", {} rounds", p.rounds) : ", not timed"),
        {"phase", "its parts promise#", "the model gives#", "a step takes#"});
    const auto body = h.open("tbody");
    for (const Proof::Phase& x : p.phases) {
      const auto row = h.open("tr");
      h.leaf("th", x.name, {{"scope", "row"}});
      h.leaf(
          "td", times_text(x.predicted),
          {{"class", "number"}, {"data-head", "promised"}, {"data-sort", sort_key(x.predicted)}});
      {
        const auto cell = h.open(
            "td",
            {{"class", "number"}, {"data-head", "measured"}, {"data-sort", sort_key(x.ratio)}});
        if (x.ratio > 0) {
          h.leaf("b", times_text(x.ratio));
          h.text(" " + interval_text(x.low, x.high));
        }
      }
      const auto cell = h.open(
          "td", {{"class", "number"}, {"data-head", "step"}, {"data-sort", sort_key(x.seconds)}});
      if (x.seconds > 0) {
        h.text(seconds_text(x.seconds));
        h.leaf("small", "baseline " + seconds_text(x.baseline_seconds));
      }
    }
  }
  const auto notes = h.open("ul", {{"class", "notes"}});
  if (p.compared)
    h.leaf("li", fmt::format("Its logits {} with {}: off by {} on average (bound {}), by {} at "
                             "worst (bound {}).",
                             p.agrees ? "agree" : "do not agree", p.against,
                             plain_text(p.mean_error), plain_text(p.mean_bound),
                             plain_text(p.worst_error), plain_text(p.worst_bound)));
  for (const std::string& note : p.notes) h.leaf("li", note);
}

void kept_out(Html& h, const PlanTree& p) {
  if (p.kept_out.empty()) return;
  const Table table(h, "Kept out: better alone, and not in the whole model",
                    {"task", "implementation", "why", "when", "record"});
  const auto body = h.open("tbody");
  for (const KeptOut& k : p.kept_out) {
    const auto row = h.open("tr");
    h.leaf("th", k.task, {{"scope", "row"}});
    h.leaf("td", k.implementation);
    h.leaf("td", k.reason, {{"class", "failure"}});
    h.leaf("td", minute_text(k.time), {{"class", "when"}});
    const auto cell = h.open("td");
    record_id(h, k.id);
  }
}

}  // namespace

void plan_section(Html& h, const Report& r) {
  const auto section = h.open("section", {{"id", "plans"}});
  h.leaf("h2", "Plans");
  if (r.plans.empty()) {
    h.leaf("p", r.head.config.empty() ? "No plans." : "No plan of " + r.head.config + ".",
           {{"class", "none"}});
    return;
  }
  h.leaf("p",
         "Which implementation computes each node, and why: the newest plan of each config that "
         "held in the whole model. Equal layers are one line.");
  bool first = true;
  for (const PlanTree& p : r.plans) {
    const auto details = h.open("details", first ? Html::Attributes{{"class", "plan"}, {"open", ""}}
                                                 : Html::Attributes{{"class", "plan"}});
    first = false;
    {
      const auto summary = h.open("summary");
      h.leaf("b", p.config.empty() ? "(no config)" : p.config);
      h.text(" ");
      record_id(h, p.id);
      std::string more = fmt::format("{} nodes, plan {}", p.nodes, p.hash.substr(0, 8));
      for (const std::string& part :
           {p.policy.empty() ? "" : "policy " + p.policy, p.device, minute_text(p.time)})
        if (!part.empty()) more += ", " + part;
      h.leaf("small", more);
    }
    if (!p.error.empty()) h.leaf("p", "It cannot be read: " + p.error, {{"class", "why"}});
    if (!p.held)
      h.leaf("p", "It did not hold in the whole model: the model is run without what was kept out.",
             {{"class", "why"}});
    if (p.proof) proof(h, *p.proof);
    kept_out(h, p);
    const auto tree = h.open("ul", {{"class", "tree"}});
    for (size_t i = 0; i < p.lines.size();) subtree(h, p.lines, i);
  }
}

}  // namespace fk::report
