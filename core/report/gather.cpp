// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/report/parts.hpp"
#include "core/report/report.hpp"

namespace fk::report {
namespace {

using store::Json;

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& p : parts) out += p + '\n';
  return out;
}

// {"sm": 1980, "mem": 2619} as "sm 1980, mem 2619".
std::string clocks_text(const Json& clocks) {
  std::string out;
  if (clocks.is_object())
    for (const auto& [name, value] : clocks.items())
      out += (out.empty() ? "" : ", ") + name + " " +
             (value.is_string() ? value.get<std::string>()
                                : value.dump(-1, ' ', false, Json::error_handler_t::replace));
  return out;
}

Timed timed(const store::Measurement& m, const Ids& ids) {
  Timed t;
  t.bar = {
      ids.of(m.uuid), m.time,  m.task,     m.implementation,   m.hash,   m.baseline,  m.case_id,
      m.bucket,       m.dtype, m.l2_state, m.context,          m.device, m.driver,    m.code,
      m.text,         m.level, m.seconds,  m.baseline_seconds, m.ratio,  m.ratio_low, m.ratio_high};
  t.version = m.version, t.revision = m.revision, t.init = m.init, t.signature = m.signature;
  if (m.seeds.is_array())
    for (const Json& s : m.seeds)
      if (s.is_number_integer()) t.seeds.push_back(s.get<uint64_t>());
  return t;
}

Judgement judgement(const store::Verdict& v, const Ids& ids) {
  return {ids.of(v.uuid), v.time,     v.task,  v.implementation, v.hash,   v.version, v.context,
          v.device,       v.code,     v.text,  v.case_id,        v.tensor, v.level,   v.bad_index,
          v.passed,       v.expected, v.found, v.error,          v.bound,  v.coverage};
}

// The newest of what has the same key; records come oldest first.
template <class T, class Key>
std::vector<T> newest(const std::vector<T>& all, const Key& key) {
  std::map<std::string, size_t> last;
  for (size_t i = 0; i < all.size(); ++i) last[joined(key(all[i]))] = i;
  std::vector<T> out;  // in the order of the keys
  for (const auto& [k, i] : last) out.push_back(all[i]);
  return out;
}

}  // namespace

Ids::Ids(std::vector<std::string> uuids) {
  std::sort(uuids.begin(), uuids.end());
  for (size_t i = 1; i < uuids.size(); ++i) {
    const auto [a, b] =
        std::mismatch(uuids[i - 1].begin(), uuids[i - 1].end(), uuids[i].begin(), uuids[i].end());
    length_ = std::max(length_, size_t(a - uuids[i - 1].begin()) + 1);
  }
}

Report gather(store::Store& store, const core::Registry& registry, const Options& o) {
  Report out;
  out.head.store = std::filesystem::path(store.path()).filename().string();
  out.head.written = store::now_utc();
  out.head.since = o.since, out.head.config = o.config;

  // Ids must be unique in the whole store, `since` or not.
  std::vector<std::string> uuids;
  std::map<std::pair<std::string, std::string>, Machine> machines;
  std::set<std::string> harness;
  const auto heading = [&](const auto& r, int64_t& count, const Json& clocks) {
    uuids.push_back(r.uuid);
    if (r.time < o.since) return false;
    ++count;
    out.head.last = std::max(out.head.last, r.time);
    if (out.head.first.empty() || r.time < out.head.first) out.head.first = r.time;
    if (!r.harness.empty()) harness.insert(r.harness);
    if (r.device.empty()) return true;
    Machine& m = machines[{r.device, r.driver}];
    m.device = r.device, m.driver = r.driver, ++m.records;
    if (!clocks.empty()) m.clocks = clocks_text(clocks);
    return true;
  };
  std::vector<store::Measurement> measurements;
  std::vector<store::Verdict> verdicts;
  std::map<std::string, std::vector<store::PlanRecord>> plans;      // of a config
  std::map<std::string, std::pair<std::string, Ceiling>> ceilings;  // time, the newest of a device
  store.each<store::Measurement>({}, [&](const store::Measurement& m) {
    if (!heading(m, out.head.measurements, m.clocks)) return;
    measurements.push_back(m);
    measurements.back().samples = Json();
  });
  store.each<store::Verdict>({}, [&](const store::Verdict& v) {
    if (!heading(v, out.head.verdicts, {})) return;
    verdicts.push_back(v);
    verdicts.back().record = Json();
  });
  store.each<store::PlanRecord>({}, [&](const store::PlanRecord& p) {
    if (!heading(p, out.head.plans, {}) || (!o.config.empty() && p.config != o.config)) return;
    plans[p.config].push_back(p);
  });
  store.each<store::RunRecord>({}, [&](const store::RunRecord& r) {
    if (!heading(r, out.head.runs, {})) return;
    const auto c = ceiling_of(r);
    if (!c) return;
    auto& [time, last] = ceilings[r.device];
    if (r.time >= time) time = r.time, last = *c;
  });
  for (auto& [key, m] : machines) out.head.machines.push_back(m);
  out.head.harness.assign(harness.begin(), harness.end());

  // They come in the order in which this store got them; imported ones are older than they stand.
  const auto by_time = [](const auto& a, const auto& b) { return a.time < b.time; };
  std::stable_sort(measurements.begin(), measurements.end(), by_time);
  std::stable_sort(verdicts.begin(), verdicts.end(), by_time);

  const Ids ids(std::move(uuids));
  std::vector<Timed> all;
  for (const store::Measurement& m : measurements) all.push_back(timed(m, ids));
  std::vector<Judgement> judgements;
  for (const store::Verdict& v : verdicts) judgements.push_back(judgement(v, ids));
  judgements = newest(judgements, [](const Judgement& j) {
    return std::vector{j.task, j.implementation, j.hash, j.device, j.context};
  });
  const std::vector<Timed> last = newest(all, [](const Timed& t) {
    const Bar& b = t.bar;
    return std::vector{b.task,     b.device, b.case_id,  b.implementation, b.dtype,
                       b.l2_state, b.bucket, b.baseline, b.context};
  });
  for (const Timed& t : last) out.bars.push_back(t.bar);
  std::vector<Ceiling> known;
  for (auto& [device, c] : ceilings) {
    known.push_back(c.second);
    known.back().id = ids.of(c.second.id);
  }
  out.roofline = roofline_of(registry, last, known);
  for (auto& [config, records] : plans) {
    std::stable_sort(records.begin(), records.end(), by_time);
    out.plans.push_back(plan_tree(records, ids));
  }
  out.lineages = lineages_of(all, judgements);
  out.sheets = sheets_of(registry, last, judgements);
  out.judgements = std::move(judgements);
  return out;
}

}  // namespace fk::report
