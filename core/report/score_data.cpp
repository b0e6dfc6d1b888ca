// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/judge/timing/bench.hpp"
#include "core/report/parts.hpp"
#include "core/score/score.hpp"

namespace fk::report {
namespace {

std::string plugin_of(const std::string& implementation) {
  return implementation.substr(0, implementation.find('/'));
}

// What one plugin has for one task: the implementation measured last, by the hash it had then.
struct Entry {
  std::string implementation, hash, context;
  std::map<std::string, const Bar*> cases;
  const Judgement* verdict = nullptr;
};

// A card's have names of their own.
std::vector<cases::Case> cases_of(const core::TaskSpec& task, const Entry& e) {
  std::vector<cases::Case> cards = judge::bench_cases(task, true);
  const bool card = std::any_of(cards.begin(), cards.end(),
                                [&](const cases::Case& c) { return e.cases.contains(c.name); });
  return card ? cards : judge::bench_cases(task);
}

// A task without a passed verdict is one that failed; a case that was not measured is one that is
// not supported.
score::Operator operator_of(const core::TaskSpec& task, const Entry* e) {
  score::Operator o{task.name, 1, {}};
  if (!e) return o;
  for (const cases::Case& c : cases_of(task, *e)) {
    if (c.weight <= 0) continue;
    score::CaseResult r;
    r.id = c.name, r.weight = c.weight;
    const auto at = e->cases.find(c.name);
    r.supported = at != e->cases.end() && at->second->code != "unsupported";
    r.passed = e->verdict && e->verdict->passed;
    if (r.supported) {
      const Bar& b = *at->second;
      const bool timed = b.ratio > 0 && std::isfinite(b.ratio) && b.low <= b.ratio &&
                         b.ratio <= b.high && b.baseline_seconds > 0 &&
                         std::isfinite(b.baseline_seconds);
      r.passed = r.passed && timed && b.code != "REFUSED";
      r.ratio_low = b.low, r.ratio = b.ratio, r.ratio_high = b.high;
      r.baseline_seconds = b.baseline_seconds;
    }
    o.cases.push_back(r);
  }
  return o;
}

bool counts(const core::TaskSpec& task) {
  for (const cases::Case& c : judge::bench_cases(task))
    if (c.weight > 0) return true;
  return false;
}

Sheet sheet_of(const std::string& plugin, const std::string& device, int64_t level,
               const std::vector<const core::TaskSpec*>& tasks,
               const std::map<std::string, Entry>& entries) {
  std::vector<score::Operator> operators;
  for (const core::TaskSpec* t : tasks) {
    const auto at = entries.find(t->name);
    operators.push_back(operator_of(*t, at == entries.end() ? nullptr : &at->second));
  }
  const score::Score s = score::score(operators);
  Sheet out{plugin,     device, level,   s.score, s.middle,  s.high,
            s.coverage, s.pass, s.speed, s.sol,   s.fast(1), int64_t(tasks.size()),
            {}};
  for (const score::OperatorScore& o : s.operators) {
    const auto at = entries.find(o.task);
    if (at == entries.end()) continue;
    const Entry& e = at->second;
    SheetLine line{o.task,     score::outcome_name(o.outcome),
                   o.why,      e.implementation,
                   o.coverage, o.speedup,
                   o.points,   o.sol,
                   {}};
    if (!e.verdict)
      line.why = "no verdict on this build";
    else if (!e.verdict->passed)
      line.why = e.verdict->code;
    if (e.verdict) line.ids.push_back(e.verdict->id);
    for (const auto& [name, b] : e.cases) line.ids.push_back(b->id);
    out.lines.push_back(std::move(line));
  }
  return out;
}

}  // namespace

std::vector<Sheet> sheets_of(const core::Registry& registry, const std::vector<Timed>& newest,
                             const std::vector<Judgement>& judgements) {
  std::map<int64_t, std::vector<const core::TaskSpec*>> levels;
  for (const auto& [name, task] : registry.tasks())
    if (counts(task)) levels[task.level].push_back(&task);
  struct Key {
    std::string plugin, device;
    int64_t level;
    auto operator<=>(const Key&) const = default;
  };
  std::map<Key, std::map<std::string, Entry>> plugins;
  std::vector<const Timed*> by_time;
  for (const Timed& t : newest)
    if (registry.find(t.bar.task) && !of_versions(t.bar)) by_time.push_back(&t);
  std::stable_sort(by_time.begin(), by_time.end(),
                   [](const Timed* a, const Timed* b) { return a->bar.time < b->bar.time; });
  for (const Timed* t : by_time) {
    const Bar& b = t->bar;
    if (b.case_id.starts_with("captured/")) continue;  // a score is of the task file's cases
    const Key key{plugin_of(b.implementation), b.device, registry.task(b.task).level};
    Entry& e = plugins[key][b.task];
    if (e.implementation != b.implementation || e.hash != b.hash || e.context != b.context)
      e = {b.implementation, b.hash, b.context, {}};
    // Of several baselines the best is the one to beat: the one that leaves the smallest ratio.
    const Bar*& kept = e.cases[b.case_id];
    if (!kept || kept->baseline == b.baseline || !(kept->ratio < b.ratio)) kept = &b;
  }
  std::vector<Sheet> out;
  for (auto& [key, entries] : plugins) {
    bool judged = false;
    for (auto& [task, e] : entries)
      for (const Judgement& j : judgements)
        if (j.task == task && j.implementation == e.implementation && j.hash == e.hash &&
            j.context == e.context && j.device == key.device)
          e.verdict = &j, judged = true;
    // Nothing that could count: times alone are no score.
    if (judged && levels.count(key.level))
      out.push_back(sheet_of(key.plugin, key.device, key.level, levels[key.level], entries));
  }
  return out;
}

}  // namespace fk::report
