// SPDX-License-Identifier: Apache-2.0
#include "core/record/record.hpp"

#include <algorithm>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/judge/cases/problem.hpp"
#include "core/judge/timing/floor.hpp"
#include "core/plugin/content_hash.hpp"

namespace fk::record {
namespace {

core::Json canonical(const core::Registry& registry, const core::TaskSpec& task,
                     const core::Json& fields) {
  const auto value = core::InitValue::from_json(registry, task, fields);
  core::Json out = value.to_json();
  for (const auto& [name, json] : value.pending_instances())
    for (const core::Field& f : task.init)
      if (f.name == name) out[name] = canonical(registry, registry.task(f.of), json);
  return out;
}

// Of the sources that a plugin was built from: a baseline's are this fk's.
std::string revision_of(const Machine& machine, const judge::PluginFile& plugin) {
  if (plugin.baseline) return machine.harness;
  return plugin.yaml.empty() ? "" : source_revision(plugin.yaml.parent_path());
}

}  // namespace

std::string signature_text(const core::TaskSpec& task) {
  return fmt::format("{:016x}", task.signature);
}

std::string context_of(const std::vector<judge::PluginFile>& companions) {
  if (companions.empty()) return "";
  std::vector<std::string> texts;
  for (const judge::PluginFile& p : companions) texts.push_back(p.name + "@" + p.hash);
  std::sort(texts.begin(), texts.end());
  core::ContentHash hash;
  for (const std::string& t : texts) hash.add(t);
  return hash.hex();
}

std::string canonical_init(const core::Registry& registry, const core::TaskSpec& task,
                           const cases::Case& c) {
  const cases::Problem p{&task, &c, c.init, {}, {}};
  return canonical(registry, task, p.init_for(c.dtype)).dump();
}

std::string bucket_of(const core::TaskSpec& task, const cases::Case& c) {
  if (c.decode || c.name.find("decode") != c.name.npos) return "decode";
  return !task.step.empty() || c.name.find("prefill") != c.name.npos ? "prefill" : "";
}

std::string case_set_of(const core::Registry& registry, const core::TaskSpec& task,
                        const judge::CheckRecord& r) {
  core::ContentHash hash;
  hash.add(signature_text(task));
  const auto odd = registry.folder() / "odd" / (task.name + ".yaml");
  hash.add(std::filesystem::exists(odd) ? core::read_file(odd) : "");
  hash.add(r.seed_given ? "given numbers" : "drawn numbers");
  for (const judge::CaseResult& c : r.cases)
    if (!c.hidden) hash.add(c.name);
  return hash.hex();
}

store::Measurement measurement(const Machine& machine, const core::Registry& registry,
                               const core::TaskSpec& task, const cases::Case& c,
                               const judge::Contestant& candidate,
                               const judge::Contestant& baseline, const judge::BenchResult& r,
                               const std::string& context) {
  store::Measurement m;
  m.task = task.name;
  m.level = task.level;
  m.signature = signature_text(task);
  m.init = canonical_init(registry, task, c);
  m.implementation = candidate.implementation;
  m.hash = candidate.plugin->hash;
  m.version = candidate.version;
  m.revision = revision_of(machine, *candidate.plugin);
  m.baseline = baseline.implementation;
  m.baseline_hash = baseline.plugin->hash;
  m.case_id = c.name;
  m.bucket = bucket_of(task, c);
  m.dtype = core::dtype_name(c.dtype);
  m.context = context;
  m.device = machine.device;
  m.driver = machine.driver;
  m.clocks = machine.clocks;
  // On the CPU slots are picked at random out of more than a cache holds.
  m.l2_state = r.l2_state.empty() ? "cold" : r.l2_state;
  m.code = r.code;
  m.text = r.text;
  m.seconds = r.candidate.p50;
  m.baseline_seconds = r.baseline.p50;
  m.ratio = r.speedup.middle;
  m.ratio_low = r.speedup.low;
  m.ratio_high = r.speedup.high;
  m.samples = r.samples;
  m.seeds = r.seeds;
  m.harness = machine.harness;
  m.retained_bytes = r.retained_bytes;
  return m;
}

std::vector<tracking::Metric> rates(const core::Registry& registry, const core::TaskSpec& task,
                                    cases::Case c, const judge::BenchResult& r) {
  if (!(r.candidate.p50 > 0)) return {};
  if (!task.step.empty() && r.seeds.size() == 1) c.seed = r.seeds[0];
  std::vector<tracking::Metric> out;
  try {
    const auto work = judge::whole_work_of(registry, cases::Problem::make(registry, task, c));
    if (!work) return {};
    if (work->bytes > 0) out.push_back({"bytes_per_s", work->bytes / r.candidate.p50});
    if (work->flops > 0) out.push_back({"flops_per_s", work->flops / r.candidate.p50});
  } catch (const core::Error&) {}  // a shape that cannot be evaluated
  return out;
}

store::Verdict verdict(const Machine& machine, const core::Registry& registry,
                       const core::TaskSpec& task, const judge::PluginFile& plugin,
                       const judge::CheckRecord& r, const std::string& context) {
  store::Verdict v;
  v.task = task.name;
  v.level = task.level;
  v.signature = signature_text(task);
  v.implementation = r.implementation;
  v.hash = plugin.hash;
  v.version = r.version;
  v.revision = revision_of(machine, plugin);
  v.case_set = case_set_of(registry, task, r);
  v.context = context;
  v.device = machine.device;
  v.driver = machine.driver;
  v.passed = r.passed();
  v.code = v.passed ? "pass" : r.refusal.empty() ? "unsupported" : "refused";
  v.text = r.refusal;
  for (const judge::CaseResult& c : r.cases) {
    if (!c.failed()) continue;
    v.code = c.code;
    v.text = c.text;
    if (c.hidden) break;  // nothing about its shape
    v.case_id = c.name;
    v.tensor = c.tensor;
    v.bad_index = int64_t(c.index);
    v.expected = c.expected, v.found = c.found, v.error = c.error, v.bound = c.bound;
    break;
  }
  v.coverage = r.coverage;
  v.record = r.to_json();
  v.seeds = r.seeds;
  v.harness = machine.harness;
  return v;
}

}  // namespace fk::record
