// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"
#include "core/judge/timing/bench.hpp"
#include "core/judge/timing/floor.hpp"
#include "core/report/parts.hpp"

namespace fk::report {
namespace {

// Cases are made again once, however many implementations were measured on them.
class Works {
 public:
  enum class Outcome { kKnown, kNotRebuilt, kNoWork };
  struct Entry {
    Outcome outcome = Outcome::kNotRebuilt;
    judge::Work work;
  };
  explicit Works(const core::Registry& registry) : registry_(registry) {}

  const Entry& of(const Timed& t) {
    // Sequence lengths of a step are drawn from the seed; without a step it changes nothing.
    const core::TaskSpec* task = registry_.find(t.bar.task);
    const bool drawn = task && !task->step.empty();
    const uint64_t seed = drawn && t.seeds.size() == 1 ? t.seeds[0] : 0;
    const std::string key =
        fmt::format("{}\n{}\n{}\n{}\n{}", t.bar.task, t.bar.case_id, t.init, t.signature, seed);
    auto [at, fresh] = known_.try_emplace(key);
    if (fresh && task && (!drawn || t.seeds.size() == 1)) at->second = entry(*task, t, seed);
    return at->second;
  }

 private:
  Entry entry(const core::TaskSpec& task, const Timed& t, uint64_t seed) const {
    if (!t.signature.empty() && t.signature != fmt::format("{:016x}", task.signature)) return {};
    std::vector<cases::Case> all = judge::bench_cases(task);
    for (cases::Case& c : judge::bench_cases(task, true)) all.push_back(std::move(c));
    for (cases::Case& c : all) {
      if (c.name != t.bar.case_id) continue;
      if (seed) c.seed = seed;
      try {
        const auto problem = cases::Problem::make(registry_, task, c);
        if (!same_init(task, problem, t.init)) return {};
        const auto work = judge::whole_work_of(registry_, problem);
        return work ? Entry{Outcome::kKnown, *work} : Entry{Outcome::kNoWork, {}};
      } catch (const core::Error&) { return {}; }
    }
    return {};
  }
  // A task file's case may have changed since.
  bool same_init(const core::TaskSpec& task, const cases::Problem& p,
                 const std::string& recorded) const {
    if (recorded.empty()) return true;
    const core::Json then = core::Json::parse(recorded, nullptr, false);
    if (!then.is_object()) return false;
    const auto canonical = [&](const core::Json& init) {
      return core::InitValue::from_json(registry_, task, init).to_json();
    };
    return canonical(then) == canonical(p.init_for(p.given->dtype));
  }
  const core::Registry& registry_;
  std::map<std::string, Entry> known_;
};

// Seconds that a call may take: past them a record has no time but a mistake.
constexpr double kShortest = 1e-15, kLongest = 1e9;

double number(const store::Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_number() ? at->get<double>() : 0;
}

}  // namespace

Roofline roofline_of(const core::Registry& registry, const std::vector<Timed>& newest,
                     const std::vector<Ceiling>& ceilings) {
  Roofline out;
  out.ceilings = ceilings;
  Works works(registry);
  for (size_t i = 0; i < newest.size(); ++i) {
    const Bar& b = newest[i].bar;
    if (!(b.seconds > kShortest && b.seconds < kLongest)) {
      ++out.no_time;
      continue;
    }
    const Works::Entry& e = works.of(newest[i]);
    if (e.outcome == Works::Outcome::kNotRebuilt) {
      ++out.not_rebuilt;
    } else if (e.outcome == Works::Outcome::kNoWork || !(e.work.bytes > 0)) {
      ++out.no_work;
    } else if (!(e.work.flops > 0)) {
      ++out.no_flops;
    } else {
      const bool timed = b.baseline_seconds > kShortest && b.baseline_seconds < kLongest;
      const double before = timed ? e.work.flops / b.baseline_seconds : 0;
      out.points.push_back({i, e.work.bytes, e.work.flops, e.work.flops / e.work.bytes,
                            e.work.flops / b.seconds, before});
    }
  }
  return out;
}

std::optional<Ceiling> ceiling_of(const store::RunRecord& r) {
  const store::Json* at = &r.record;
  if (at->is_object() && at->contains("provenance")) at = &(*at)["provenance"];
  if (!at->is_object() || !at->contains("roofline") || !(*at)["roofline"].is_object()) return {};
  const store::Json& roof = (*at)["roofline"];
  const double bytes = number(roof, "bytes_per_s"), flops = number(roof, "flops_per_s");
  if (!(bytes > 0) && !(flops > 0)) return {};
  const auto source = roof.find("source");
  return Ceiling{r.device,
                 source != roof.end() && source->is_string() ? source->get<std::string>() : "",
                 r.uuid, std::max(bytes, 0.0), std::max(flops, 0.0)};
}

}  // namespace fk::report
