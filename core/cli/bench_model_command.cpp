// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fstream>

#include "core/base/error.hpp"
#include "core/cli/bench_model.hpp"
#include "core/cli/nvtx_range.hpp"
#include "core/cli/printing.hpp"
#include "core/cli/profiler.hpp"
#include "core/cli/progress.hpp"

namespace fk::core {

void BenchFlags::add_to(CLI::App& app) {
  model.add_to(app);
  app.add_option("--workload", workload,
                 "what to measure, with commas: throughput:P/N, steps:BxP:A-N, prefill:P, "
                 "long:CONTEXT, latency:P/N (P tokens of prompt, N new ones, B requests), or a "
                 "kind alone for its defaults; default: all defaults that fit")
      ->type_name("LIST");
  app.add_option("--requests", requests, "requests of throughput and latency")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 31))
      ->type_name("N");
  app.add_option("--repeats", repeats, "measurements of steps, prefill and long")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  app.add_option("--rate", rate, "requests a second of latency, at random (Poisson)")
      ->check(CLI::PositiveNumber)
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--seed", seed, "of prompts and arrivals")->type_name("S")->capture_default_str();
  app.add_option("--bandwidth", bandwidth,
                 "TB/s that the device moves at most, for shares of a roofline; default: what a "
                 "card known by name was seen to do")
      ->check(CLI::PositiveNumber)
      ->type_name("X");
  app.add_option("--tflops", tflops, "TFLOP/s at most, likewise")
      ->check(CLI::PositiveNumber)
      ->type_name("X");
  app.add_flag("--json", json, "one JSON object on stdout in place of the table");
  app.add_option("--out", out, "write the JSON to a file, anew after every workload")
      ->type_name("FILE");
  app.add_option("--profile", profile,
                 "nsys or ncu: run under the profiler and print the hottest kernels and tasks")
      ->type_name("TOOL");
  app.add_option("--profile-out", profile_out,
                 "where the profiler writes: a path without ending; default: that of --out, or "
                 "fk_profile")
      ->type_name("FILE");
  store.add_to(app);
}

namespace {

void write(const std::string& file, const Json& all) {
  std::ofstream o(file);
  o << all.dump(1, ' ', false, Json::error_handler_t::replace) << "\n";
  if (!o.flush()) bad_input("--out {}: cannot be written", file);
}

// What the profiled command measures goes through the profiler, not into files of its own.
Words without_output_flags(const Words& words) {
  Words out;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string flag = words[i].substr(0, words[i].find('='));
    if (flag != "--profile" && flag != "--profile-out" && flag != "--out" && flag != "--json")
      out.push_back(words[i]);
    else if (flag != "--json" && flag == words[i])
      ++i;  // its value
  }
  return out;
}

void size_by_flags(const BenchFlags& f, Workload& w) {
  const bool stream = w.kind == Workload::Kind::kThroughput || w.kind == Workload::Kind::kLatency;
  if (f.requests && stream) w.requests = f.requests;
  if (f.repeats && !stream) w.repeats = f.repeats;
}

void print_summary(const Json& all) {
  const Json& p = all["provenance"];
  const Json& d = p["device"];
  fmt::print("\n{}, plan {}, {} weights, {}\n", p["model"].get<std::string>(),
             p["plan_hash"].get<std::string>(), p["dtype"].get<std::string>(),
             p["weights"].get<std::string>());
  fmt::print("{}; memory at most {} of {}; {}\n", d["name"].get<std::string>(),
             bytes_text(d["peak_memory_bytes"].get<size_t>()),
             bytes_text(d["memory_bytes"].get<size_t>()), p["date"].get<std::string>());
  const std::string source = p["roofline"]["source"];
  fmt::print("{}\n", source.empty() ? "no roofline: --bandwidth and --tflops give it"
                                    : "share of a roofline of " + source);
  fmt::print("host: ms a step inside the engine without waiting for the device\n");
  if (all.contains("id")) fmt::print("id {}\n", store::short_id(all["id"].get<std::string>()));
}

// The record's id, or "".
std::string add(record::Recorder& recorder, const Words& words, const Session& s, CausalLm& lm,
                const Json& all) {
  if (!recorder.on()) return "";
  const Json& p = all["provenance"];
  const record::Machine m = machine_of(s, lm);
  store::RunRecord r;
  r.command = {"fk", "bench", "model"};
  for (const std::string& w : words) r.command.push_back(w);
  r.config = p["config"];
  r.plan_hash = p["plan_hash"];
  r.device = m.device;
  r.driver = m.driver;
  r.record = all;
  r.harness = m.harness;
  return recorder.add(r);
}

// Every workload in turn; what does not fit is left out when nobody asked for it.
void measure(const BenchFlags& f, const std::vector<Workload>& workloads, CausalLm& lm,
             const Session& session, const RooflineChoice& roof, Json& all) {
  std::unique_ptr<Progress> progress;
  WorkloadRunner::Options o;
  o.seed = f.seed;
  o.rate = f.rate;
  o.roofline = roof.roofline;
  o.progress = [&](double done) {
    if (progress) progress->update(done);
  };
  WorkloadRunner runner(lm, session.workspace.registry(), session.build.dtype, std::move(o));
  const bool gpu = !lm.model().device()->is_cpu();
  for (const Workload& w : workloads)
    if (auto reason = w.optional ? std::nullopt : runner.refusal(w))
      bad_input("--workload {}: {}", w.text, *reason);
  runner.warm_up();
  all["cost_ignores"] = runner.costs().ignored();
  if (!f.json) fmt::print("{}\n", result_head());
  NvtxRange range(kMeasureRange);
  for (const Workload& w : workloads) {
    if (auto reason = runner.refusal(w)) {
      all["left_out"].push_back({{"name", w.text}, {"reason", *reason}});
      if (!f.json) fmt::print("{:<24} left out: {}\n", w.text, *reason);
      continue;
    }
    progress = std::make_unique<Progress>("measuring " + w.text);
    Json result = result_json(runner.run(w), runner.costs(), roof.roofline, gpu, f.rate);
    progress.reset();
    if (!f.json) fmt::print("{}\n", result_line(result));
    std::fflush(stdout);
    all["workloads"].push_back(std::move(result));
    if (!f.out.empty()) write(f.out, all);
  }
}

}  // namespace

int bench_model_command(const Words& words) {
  CLI::App app{"Measures a causal language model under load.", "fk bench model"};
  BenchFlags f;
  f.add_to(app);
  app.footer(
      "\nexamples:\n"
      "  fk bench model --config configs/llama_3_1_8b.yaml --device cuda:0 --out numbers.json\n"
      "  fk bench model --config configs/llama.yaml --workload steps:1x64:1-32,prefill:128\n"
      "  fk bench model --config configs/llama_3_1_8b.yaml --workload latency --rate 20\n"
      "  fk bench model --config configs/llama_3_1_8b.yaml --workload steps:1x512:1-16 --profile "
      "nsys\n\n"
      "exit codes: 0 ok, 1 a check failed, 2 bad usage or input, 3 missing dependency or device\n");
  if (!parse_flags(app, words)) return 0;
  std::vector<Workload> workloads = parse_workloads(f.workload);
  for (Workload& w : workloads) size_by_flags(f, w);
  if (!f.profile.empty()) return run_profiled(f, without_output_flags(words));
  Session session(f.model, false);
  if (session.assets.config.engine == Config::Engine::kEncoder)
    bad_input("--config {}: an encoder; `fk bench model` measures causal language models",
              f.model.config);
  if (!f.out.empty() && !std::ofstream(f.out, std::ios::app))  // said now, not after the measuring
    bad_input("--out {}: cannot be written", f.out);
  record::Recorder recorder = f.store.recorder();
  auto lm = session.causal_lm(TextOptions{});  // ids alone: text is not part of what is measured
  const RooflineChoice roof = roofline_of(f, *lm->model().device(), session.build.dtype);
  Json all = {{"provenance", provenance(f, words, session, *lm, roof)},
              {"workloads", Json::array()},
              {"left_out", Json::array()}};
  measure(f, workloads, *lm, session, roof, all);
  if (all["workloads"].empty())
    bad_input("--workload {}: none fits the engine; `fk bench model --help` shows how to write one",
              f.workload.empty() ? "(all)" : f.workload);
  // Memory that was needed is known now.
  all["provenance"] = provenance(f, words, session, *lm, roof);
  if (const std::string id = add(recorder, words, session, *lm, all); !id.empty()) all["id"] = id;
  if (!f.out.empty()) write(f.out, all);
  if (f.json)
    fmt::print("{}\n", json_line(all));
  else
    print_summary(all);
  return 0;
}

}  // namespace fk::core
