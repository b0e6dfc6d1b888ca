// SPDX-License-Identifier: Apache-2.0
#include "core/resolver/measurer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>

#include "core/judge/case_list.hpp"
#include "core/record/record.hpp"

namespace fk::resolver {
namespace {

constexpr size_t kMostAsked = 3;  // measurements of one thing that leave it open
constexpr double kWide = 0.05;    // half the interval of one that does
// Judges at a time, and cores for each: most of what they do is one thread's.
constexpr size_t kMostJudges = 6, kCoresOfJudge = 2;

Measurer::Verdict from_record(const store::Verdict& v) {
  Measurer::Verdict out;
  out.passed = v.passed;
  out.id = v.uuid;
  if (v.passed) return out;
  const std::string first = v.text.substr(0, v.text.find('\n'));
  out.text = v.case_id.empty() ? fmt::format("{}: {}", v.code, first)
                               : fmt::format("{} at case {}: {}", v.code, v.case_id, first);
  return out;
}

Measurer::Timing from_record(const store::Measurement& m, bool again) {
  Measurer::Timing t;
  t.seconds = m.seconds, t.baseline_seconds = m.baseline_seconds;
  t.speedup = {m.ratio_low, m.ratio, m.ratio_high};
  t.code = m.code, t.text = m.text, t.id = m.uuid;
  t.open = again && is_open(m);
  return t;
}

std::string key_of(const core::TaskSpec& task, const Measurer::Named& i) {
  return fmt::format("{} {} {}", task.name, i.id, i.hash);
}

}  // namespace

bool is_busy(const std::string& text) { return text.starts_with("clock:"); }

bool is_open(const store::Measurement& m) {
  if (m.code == "REFUSED") return is_busy(m.text);
  return m.code == "AMBG" && m.ratio_high - m.ratio_low > 2 * kWide * m.ratio;
}

std::string Measurer::Timing::summary() const {
  if (too_large) return text;
  if (code == "REFUSED" || code == "unsupported") return fmt::format("{}: {}", code, text);
  std::string from = cases > 1 ? fmt::format("{} cases", cases) : "";
  if (!id.empty()) from += (from.empty() ? "" : ", ") + id.substr(0, 8);
  return fmt::format("{:.3g}x [{:.3g}, {:.3g}]{}", speedup.middle, speedup.low, speedup.high,
                     from.empty() ? "" : " (" + from + ")");
}

Measurer::Measurer(Court court) : court_(std::move(court)) {}

const judge::PluginFile* Measurer::file_of(const Named& i) const {
  for (const judge::PluginFile& p : court_.plugins)
    if (p.hash == i.hash && p.refusal.empty()) return &p;
  return nullptr;
}

const std::vector<store::Measurement>& Measurer::measurements(const std::string& task) {
  const auto known = measurements_.find(task);
  if (known != measurements_.end() || !store()) return measurements_[task];
  store::Filter f;
  f.task = task;
  return measurements_[task] = store()->find<store::Measurement>(f);
}

const std::vector<store::Verdict>& Measurer::verdicts(const std::string& task) {
  const auto known = verdicts_.find(task);
  if (known != verdicts_.end() || !store()) return verdicts_[task];
  store::Filter f;
  f.task = task;
  return verdicts_[task] = store()->find<store::Verdict>(f);
}

// Of a check that leaves nothing out: one of some cases is no verdict here.
std::string Measurer::full_case_set(const core::TaskSpec& task) {
  std::string& set = case_sets_[task.name];
  if (!set.empty()) return set;
  judge::CheckRecord all;
  for (const judge::JudgedCase& c : judge::judged_cases(
           court_.judge.registry(), task, [] { return uint64_t{1}; },
           court_.judge.options().runner.device.type != FK_CPU)) {
    judge::CaseResult& r = all.cases.emplace_back();
    r.name = c.given.name;
    r.hidden = c.hidden;
  }
  return set = record::case_set_of(court_.judge.registry(), task, all);
}

bool Measurer::counts(const core::TaskSpec& task, const store::Verdict& v) {
  return v.case_set == full_case_set(task) && v.signature == record::signature_text(task) &&
         v.device == court_.machine.device;
}

std::vector<Measurer::Remembered> Measurer::remembered(const std::string& hash) {
  std::vector<Remembered> out;
  if (!store()) return out;
  store::Filter f;
  f.hash = hash;
  for (const store::Verdict& v : store()->find<store::Verdict>(f))
    if (const core::TaskSpec* task = court_.judge.registry().find(v.task);
        task && v.hash == hash && counts(*task, v))
      out.push_back({v.task, v.implementation, from_record(v)});
  return out;
}

// Of a composite: what it may be made of.
std::string Measurer::context_of(const core::TaskSpec& task, const Named& i,
                                 const judge::PluginFile& file) const {
  return i.composite ? record::context_of(court_.judge.companions(file, task.level)) : "";
}

const store::Verdict* Measurer::find(const core::TaskSpec& task, const Named& i,
                                     const std::string& context) {
  const auto& all = verdicts(task.name);
  for (auto v = all.rbegin(); v != all.rend(); ++v)
    if (v->implementation == i.id && v->hash == i.hash && v->context == context && counts(task, *v))
      return &*v;
  return nullptr;
}

store::Verdict Measurer::keep(const core::TaskSpec& task, const judge::PluginFile& file,
                              const judge::CheckRecord& record, const std::string& context) {
  ++judged_;
  store::Verdict v =
      record::verdict(court_.machine, court_.judge.registry(), task, file, record, context);
  v.uuid = court_.recorder.add(v);
  laps_.add(fmt::format("judging {} {}", task.name, record.implementation), record.seconds);
  if (store())
    verdicts_.erase(task.name);
  else
    verdicts_[task.name].push_back(v);
  return v;
}

std::optional<Measurer::Verdict> Measurer::verdict(const core::TaskSpec& task, const Named& i,
                                                   bool look, const Progress& progress) {
  const judge::PluginFile* file = file_of(i);
  if (!file) return Verdict{false, "its plugin is not among the judge's", ""};
  const std::string context = context_of(task, i, *file);
  if (const store::Verdict* v = find(task, i, context)) {
    if (!fresh_.erase(key_of(task, i))) ++known_;
    return from_record(*v);
  }
  if (look) return std::nullopt;
  const auto on_case = [&](const judge::CaseResult&, size_t done, size_t count) {
    if (progress)
      progress(fmt::format("judging {} {}: case {} of {}", task.name, i.id, done, count));
  };
  return from_record(
      keep(task, *file, court_.judge.check(*file, task.name, i.id, on_case), context));
}

void Measurer::judge(const std::vector<Asked>& asked, const Progress& progress) {
  struct Open {
    const core::TaskSpec* task;
    const Named* implementation;
    const judge::PluginFile* file;
    std::string context;
  };
  std::vector<Open> open;
  std::set<std::string> seen;
  for (const auto& [task, i] : asked) {
    const judge::PluginFile* file = file_of(i);
    if (!file || !seen.insert(key_of(*task, i)).second) continue;
    std::string context = context_of(*task, i, *file);
    if (!find(*task, i, context)) open.push_back({task, &i, file, std::move(context)});
  }
  const size_t cores = std::thread::hardware_concurrency(),
               most = court_.judges ? court_.judges : cores / kCoresOfJudge,
               judges = std::min({open.size(), kMostJudges, most});
  if (judges < 2) return;  // verdict() does it
  std::mutex mutex;        // of all but the judging
  size_t next = 0, done = 0;
  std::exception_ptr error;
  const auto work = [&] {
    try {
      judge::Judge own(court_.judge.registry(), court_.judge.options());
      while (true) {
        std::unique_lock lock(mutex);
        if (next == open.size() || error) return;
        const Open& o = open[next++];
        lock.unlock();
        const auto on_case = [&](const judge::CaseResult&, size_t at, size_t count) {
          const std::lock_guard alone(mutex);
          if (progress)
            progress(fmt::format("judging {} implementations, {} done; {} {}: case {} of {}",
                                 open.size(), done, o.task->name, o.implementation->id, at, count));
        };
        const judge::CheckRecord record =
            own.check(*o.file, o.task->name, o.implementation->id, on_case);
        lock.lock();
        ++done;
        keep(*o.task, *o.file, record, o.context);
        fresh_.insert(key_of(*o.task, *o.implementation));
      }
    } catch (...) {
      const std::lock_guard alone(mutex);
      if (!error) error = std::current_exception();
    }
  };
  // A Runner dies with the thread that started it: each is its own thread's from start to end.
  std::vector<std::thread> threads;
  for (size_t i = 0; i < judges; ++i) threads.emplace_back(work);
  for (std::thread& t : threads) t.join();
  if (error) std::rethrow_exception(error);
}

std::optional<Measurer::Timing> Measurer::timing(const core::TaskSpec& task, const cases::Case& c,
                                                 const Named& candidate, const Named& baseline,
                                                 bool look, const Progress& progress) {
  const judge::PluginFile *a = file_of(candidate), *b = file_of(baseline);
  if (!a || !b) return Timing{0, 0, {}, "unsupported", "its plugin is not among the judge's", ""};
  const std::string context = context_of(task, candidate, *a);
  const auto& all = measurements(task.name);
  size_t asked = 0;  // and left open
  for (auto m = all.rbegin(); m != all.rend(); ++m)
    if (m->implementation == candidate.id && m->hash == candidate.hash &&
        m->baseline == baseline.id && m->baseline_hash == baseline.hash && m->case_id == c.name &&
        m->signature == record::signature_text(task) && m->context == context &&
        m->device == court_.machine.device &&
        (m->seconds <= 0 ||
         judge::is_timed_so(m->l2_state, court_.judge.options().runner.device))) {
      // Who only looks takes what is known of the race, and of a busy machine nothing.
      if (is_open(*m) && (!look || is_busy(m->text)) && ++asked < kMostAsked) continue;
      ++known_;
      return from_record(*m, asked < kMostAsked);
    }
  if (look) return std::nullopt;
  if (const std::string why = too_large(task, c); !why.empty()) {
    Timing none{0, 0, {}, "unsupported", "too large to be judged: " + why, ""};
    none.too_large = true;
    return none;
  }
  ++measured_;
  if (progress)
    progress(fmt::format("measuring {} {} against {} on {}", task.name, candidate.id, baseline.id,
                         c.name));
  laps_.restart();
  const judge::Contestant first{a, candidate.id, candidate.version},
      second{b, baseline.id, baseline.version};
  const judge::BenchResult r =
      judge::bench_case(court_.judge, task.name, c, first, second, court_.bench);
  store::Measurement m = record::measurement(court_.machine, court_.judge.registry(), task, c,
                                             first, second, r, context);
  m.uuid = court_.recorder.add(m, record::rates(court_.judge.registry(), task, c, r));
  laps_(fmt::format("measuring {} {}", task.name, candidate.id));
  if (store()) {
    measurements_.erase(task.name);
  } else {
    measurements_[task.name].push_back(m);
  }
  if (is_open(m) && asked == 0)  // whatever it was may be over
    return timing(task, c, candidate, baseline, look, progress);
  return from_record(m, asked + 1 < kMostAsked);
}

}  // namespace fk::resolver
