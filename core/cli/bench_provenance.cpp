// SPDX-License-Identifier: Apache-2.0
// Where numbers come from, so that they can be taken again.
#include <sys/utsname.h>

#include <ctime>
#include <thread>

#include "core/base/dtype.hpp"
#include "core/cli/bench_model.hpp"
#include "core/cli/printing.hpp"

namespace fk::core {
namespace {

// Copies and 8192-cubed matrix products of 16-bit numbers as measured on the cards: what a kernel
// can hope for, not what a data sheet says.
struct Card {
  const char* name;
  double terabytes, teraflops;
};
constexpr Card kCards[] = {{"NVIDIA H200", 4.3, 790}, {"NVIDIA H100 80GB HBM3", 3.0, 798}};

std::string now_utc() {
  const std::time_t t = std::time(nullptr);
  std::tm tm{};
  gmtime_r(&t, &tm);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm)};
}

// Null for what is not known.
Json known(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json device_json(const Device& d) {
  const Device::Memory m = d.memory();
  // The engine keeps what it once took, so that what is taken at the end is the most there was.
  Json out = {{"id", device_text(d.id())},
              {"name", d.name()},
              {"sm", d.sm()},
              {"memory_bytes", m.total},
              {"peak_memory_bytes", d.is_cpu() ? peak_memory_bytes() : m.total - m.free}};
  for (const auto& [name, value] : d.facts()) out[name] = value;
  if (!d.is_cpu()) out["kernel_module"] = known(record::first_line("/proc/driver/nvidia/version"));
  return out;
}

Json sampler_json(const Plan& plan) {
  Json out = Json::array();
  for (const Choice& c : plan.choices) out.push_back(c.task + "=" + c.implementation);
  return out;
}

// How often each implementation was chosen: the plan in a few lines.
Json implementations_json(const Plan& plan) {
  std::map<std::string, int64_t> counts;
  for (const Choice& c : plan.choices) {
    ++counts[c.task + "=" + c.implementation];
    if (!c.decode.empty()) ++counts[c.task + ":decode=" + c.decode];
  }
  return counts;
}

}  // namespace

record::Machine machine_of(const Session& s, CausalLm& lm) {
  const int cores = int(std::thread::hardware_concurrency());
  return record::machine_of(lm.model().device()->id(),
                            s.build.threads > 0 ? s.build.threads : cores,
                            s.workspace.paths().root);
}

RooflineChoice roofline_of(const BenchFlags& f, const Device& device, fk_dtype run_dtype) {
  double terabytes = f.bandwidth, teraflops = f.tflops;
  std::string card;
  for (const Card& c : kCards) {
    if (device.is_cpu() || !device.name().starts_with(c.name)) continue;
    card = c.name;
    if (!f.bandwidth) terabytes = c.terabytes;
    if (!f.tflops && run_dtype.bits == 16) teraflops = c.teraflops;
  }
  RooflineChoice out{{terabytes * 1e12, teraflops * 1e12}, ""};
  auto part = [&](double value, bool given, const char* unit) {
    if (value > 0)
      out.source += fmt::format("{}{:g} {} ({})", out.source.empty() ? "" : " and ", value, unit,
                                given ? "given" : card + " as measured");
  };
  part(terabytes, f.bandwidth > 0, "TB/s");
  part(teraflops, f.tflops > 0, "TFLOP/s");
  return out;
}

Json provenance(const BenchFlags& f, const Words& words, const Session& s, const CausalLm& engine,
                const RooflineChoice& roof) {
  auto& lm = const_cast<CausalLm&>(engine);
  Model& model = lm.model();
  const EngineOptions& o = lm.options();
  utsname system{};
  uname(&system);
  Json out = {{"program", "fk bench model"}, {"version", FK_VERSION}};
  out["git_revision"] = known(record::harness_revision(s.workspace.paths().root));
  out["date"] = now_utc();
  out["words"] = words;
  out["config"] = f.model.config;
  out["model"] = s.assets.config.model;
  out["weights"] = s.assets.weights_text;
  out["dtype"] = dtype_name(s.build.dtype);
  out["init"] = model.init().to_json();
  out["plan_hash"] = model.plan().hash();
  out["implementations"] = implementations_json(model.plan());
  out["sampler"] = sampler_json(lm.sampler().plan());
  out["options"] = {{"block_size", o.block_size},
                    {"num_blocks", o.num_blocks},
                    {"max_model_len", o.max_model_len},
                    {"max_num_seqs", o.max_num_seqs},
                    {"max_num_batched_tokens", o.max_num_batched_tokens},
                    {"gpu_memory_utilization", o.gpu_memory_utilization},
                    {"enforce_eager", o.enforce_eager},
                    {"policy", f.model.policy},
                    {"pins", f.model.pins},
                    {"layers", f.model.layers},
                    {"threads", s.build.threads},
                    {"seed", f.seed},
                    {"requests", f.requests},
                    {"repeats", f.repeats},
                    {"rate", f.rate}};
  out["device"] = device_json(*model.device());
  out["state_bytes"] = model.state_bytes();
  out["weight_bytes"] = model.weight_bytes();
  out["scratch_bytes"] = model.scratch_bytes();
  out["retained_bytes"] = model.retained_bytes();
  out["host"] = {{"processor", known(record::processor_name())},
                 {"cores", std::thread::hardware_concurrency()},
                 {"system", std::string(system.sysname) + " " + system.release}};
  out["roofline"] = {{"bytes_per_s", roof.roofline.bytes_per_s},
                     {"flops_per_s", roof.roofline.flops_per_s},
                     {"source", roof.source}};
  return out;
}

}  // namespace fk::core
