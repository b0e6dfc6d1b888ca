// SPDX-License-Identifier: Apache-2.0
// Numbers of a workload: what follows from its times, as JSON and as a line for people.
#include <algorithm>

#include "core/cli/bench_model.hpp"

namespace fk::core {
namespace {

using Kind = Workload::Kind;

Json percentiles(std::vector<double> v) {
  if (v.empty()) return nullptr;
  return {{"p50", quantile(v, 0.5)}, {"p90", quantile(v, 0.9)}, {"p99", quantile(v, 0.99)}};
}

Json batch_json(const BatchTime& b) {
  return {{"new", b.new_tokens},
          {"seconds", b.seconds},
          {"steps", b.steps},
          {"preemptions", b.preemptions},
          {"prompt_tokens", b.prompt_tokens},
          {"generated_tokens", b.generated_tokens},
          {"engine_seconds", b.step_seconds},
          {"wait_seconds", b.wait_seconds},
          {"device_seconds", b.device_seconds},
          {"bytes", b.cost.bytes},
          {"flops", b.cost.flops}};
}

// All batches of a list as one.
BatchTime total(const std::vector<BatchTime>& all) {
  BatchTime t;
  for (const BatchTime& b : all) {
    t.seconds += b.seconds;
    t.steps += b.steps;
    t.preemptions += b.preemptions;
    t.prompt_tokens += b.prompt_tokens;
    t.generated_tokens += b.generated_tokens;
    t.step_seconds += b.step_seconds;
    t.wait_seconds += b.wait_seconds;
    t.device_seconds += b.device_seconds;
    t.cost += b.cost;
    t.roof_seconds += b.roof_seconds;
    t.decode_host_us.insert(t.decode_host_us.end(), b.decode_host_us.begin(),
                            b.decode_host_us.end());
    t.ttft_ms.insert(t.ttft_ms.end(), b.ttft_ms.begin(), b.ttft_ms.end());
    t.itl_ms.insert(t.itl_ms.end(), b.itl_ms.begin(), b.itl_ms.end());
  }
  return t;
}

double median(const std::vector<BatchTime>& all, double BatchTime::*which) {
  std::vector<double> v;
  for (const BatchTime& b : all) v.push_back(b.*which);
  return quantile(v, 0.5);
}

// What the additional steps of kSteps cost: `fewer` taken off, times by their medians. Elsewhere
// the sum as it is.
BatchTime net_of(const WorkloadResult& r, BatchTime t) {
  if (r.fewer.empty()) return t;
  const BatchTime fewer = total(r.fewer);
  t.steps -= fewer.steps;
  t.cost.bytes -= fewer.cost.bytes;
  t.cost.flops -= fewer.cost.flops;
  t.roof_seconds -= fewer.roof_seconds;
  for (double BatchTime::*which : {&BatchTime::seconds, &BatchTime::device_seconds,
                                   &BatchTime::step_seconds, &BatchTime::wait_seconds})
    t.*which = double(r.runs.size()) * (median(r.runs, which) - median(r.fewer, which));
  return t;
}

// A ratio that means something, else null.
Json share(double part, double whole, bool known = true) {
  return known && whole > 0 && part > 0 ? Json(part / whole) : Json(nullptr);
}

Json times(const std::vector<BatchTime>& batches, double unit) {
  Json out = Json::array();
  for (const BatchTime& b : batches) out.push_back(b.seconds * unit);
  return out;
}

void add_times(const WorkloadResult& r, const BatchTime& sum, double rate, Json& out) {
  const Workload& w = r.workload;
  const double median = r.median_seconds(r.runs), requests = double(w.requests);
  out["seconds"] = median;
  out["total_tok_s"] = requests * double(w.prompt + w.tokens) / median;
  out["output_tok_s"] = requests * double(w.tokens) / median;
  switch (w.kind) {
    case Kind::kThroughput: break;
    case Kind::kSteps: {
      const double step = r.seconds_per_step();
      out["times_a_s"] = times(r.fewer, 1);
      out["times_b_s"] = times(r.runs, 1);
      out["ms_per_step"] = step * 1e3;
      out["decode_tok_s"] = share(requests, step);
      break;
    }
    case Kind::kPrefill:
      out["times_ms"] = times(r.runs, 1e3);
      out["median_ms"] = median * 1e3;
      break;
    case Kind::kLong: {
      std::vector<double> speed;
      for (const BatchTime& b : r.runs) {
        double ms = 0;
        for (double itl : b.itl_ms) ms += itl;
        if (ms > 0) speed.push_back(double(b.itl_ms.size()) / ms * 1e3);
      }
      out["decode_tok_s"] = speed.empty() ? Json(nullptr) : Json(quantile(speed, 0.5));
      out["ms_per_step"] = speed.empty() ? Json(nullptr) : Json(1e3 / quantile(speed, 0.5));
      break;
    }
    case Kind::kLatency: out["rate"] = rate; break;
  }
  // All at once, a first token tells of the queue alone; a single new token has no next one.
  out["ttft_ms"] = w.kind == Kind::kThroughput ? Json(nullptr) : percentiles(sum.ttft_ms);
  out["itl_ms"] = percentiles(sum.itl_ms);
}

}  // namespace

Json result_json(const WorkloadResult& r, const CostModel& costs, const Roofline& roof, bool gpu,
                 double rate) {
  const Workload& w = r.workload;
  Json out = {{"name", w.text},
              {"kind", w.kind_name()},
              {"requests", w.requests},
              {"prompt", w.prompt},
              {"new", w.fewer ? Json({w.fewer, w.tokens}) : Json(w.tokens)}};
  const BatchTime sum = total(r.runs), net = net_of(r, sum);
  add_times(r, sum, rate, out);
  out["steps"] = sum.steps;
  out["preemptions"] = sum.preemptions;
  // On the CPU the device's work happens inside the step.
  const double host = net.step_seconds - net.wait_seconds - (gpu ? 0 : net.device_seconds);
  out["host_ms_per_step"] = share(host * 1e3, double(net.steps));
  out["decode_host_us"] = gpu ? percentiles(sum.decode_host_us) : Json(nullptr);
  out["wait_ms_per_step"] = gpu ? share(net.wait_seconds * 1e3, double(net.steps)) : Json(nullptr);
  out["device_ms_per_step"] = share(net.device_seconds * 1e3, double(net.steps));
  out["device_busy"] = share(net.device_seconds, net.seconds, gpu);
  const bool bytes = costs.has_bytes(), flops = costs.has_flops();
  out["bytes_per_step"] = share(net.cost.bytes, double(net.steps), bytes);
  out["flops_per_step"] = share(net.cost.flops, double(net.steps), flops);
  const double moved = net.seconds * roof.bytes_per_s, done = net.seconds * roof.flops_per_s;
  out["bandwidth_share"] = share(net.cost.bytes, moved, bytes);
  out["flops_share"] = share(net.cost.flops, done, flops);
  out["roofline_share"] =
      share(net.roof_seconds, net.seconds, bytes && flops && moved > 0 && done > 0);
  out["runs"] = Json::array();
  for (const BatchTime& b : r.fewer) out["runs"].push_back(batch_json(b));
  for (const BatchTime& b : r.runs) out["runs"].push_back(batch_json(b));
  return out;
}

namespace {

std::string number(const Json& j, const char* form = "{:.2f}") {
  return j.is_number() ? fmt::format(fmt::runtime(form), j.get<double>()) : "-";
}

std::string percent(const Json& j) {
  return j.is_number() ? fmt::format("{:.1f}", 100 * j.get<double>()) : "-";
}

std::string middle(const Json& j) {  // p50/p99
  return j.is_object() ? number(j["p50"]) + "/" + number(j["p99"]) : "-";
}

std::string line(const std::string& name, const std::string (&columns)[9]) {
  std::string out = fmt::format("{:<24}", name);
  constexpr int kWidths[] = {10, 10, 9, 18, 18, 8, 7, 8, 8};
  for (size_t i = 0; i < 9; ++i) out += fmt::format(" {:>{}}", columns[i], kWidths[i]);
  return out;
}

}  // namespace

std::string result_head() {
  return line("workload", {"tok/s", "output", "ms/step", "TTFT p50/p99 ms", "ITL p50/p99 ms",
                           "host ms", "busy %", "TB/s %", "roof %"});
}

std::string result_line(const Json& r) {
  return line(r["name"], {number(r["total_tok_s"], "{:.0f}"), number(r["output_tok_s"], "{:.0f}"),
                          r.contains("ms_per_step") ? number(r["ms_per_step"], "{:.3f}") : "-",
                          middle(r["ttft_ms"]), middle(r["itl_ms"]),
                          number(r["host_ms_per_step"], "{:.3f}"), percent(r["device_busy"]),
                          percent(r["bandwidth_share"]), percent(r["roofline_share"])});
}

}  // namespace fk::core
