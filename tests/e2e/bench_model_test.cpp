// SPDX-License-Identifier: Apache-2.0
// `fk bench model`: what it prints, what its JSON holds, what it refuses.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

Outcome bench(const Folder& f, std::vector<std::string> words) {
  words.insert(words.begin(), {"model", "--config", tiny_config(f), "--device", "cpu"});
  return start("fk-bench", words);
}

void expect_refused(const Outcome& o, int code, const std::string& message) {
  EXPECT_EQ(o.code, code);
  EXPECT_EQ(o.err, message + "\n");
  EXPECT_EQ(o.out, "");
}

TEST(BenchModel, JsonHasNumbersAndWhereTheyComeFrom) {
  Folder f;
  const std::string file = f / "numbers.json";
  Outcome o = bench(f, {"--json", "--out", file, "--requests", "5", "--rate", "500", "--repeats",
                        "2", "--bandwidth", "0.02", "--tflops", "0.05", "--workload",
                        "throughput:16/8,steps:2x8:2-10,prefill:32,long:64,latency:8/4,long"});
  ASSERT_EQ(o.code, 0) << o.err;
  const Json all = o.lines().at(0);
  EXPECT_EQ(Json::parse(std::ifstream(file)), all);

  const Json& p = all["provenance"];
  for (const char* name :
       {"version", "git_revision", "date", "words", "config", "model", "weights", "dtype", "init",
        "plan_hash", "implementations", "sampler", "options", "device", "host", "roofline"})
    EXPECT_TRUE(p.contains(name)) << name;
  EXPECT_EQ(p["device"]["id"], "cpu");
  EXPECT_GT(p["device"]["peak_memory_bytes"], 0);
  EXPECT_EQ(p["options"]["max_num_seqs"], 4);
  EXPECT_EQ(p["roofline"]["source"], "0.02 TB/s (given) and 0.05 TFLOP/s (given)");

  ASSERT_EQ(all["workloads"].size(), 5u);
  for (const Json& w : all["workloads"]) {
    for (const char* name : {"name",
                             "kind",
                             "requests",
                             "prompt",
                             "new",
                             "seconds",
                             "total_tok_s",
                             "output_tok_s",
                             "ttft_ms",
                             "itl_ms",
                             "steps",
                             "preemptions",
                             "host_ms_per_step",
                             "decode_host_us",
                             "wait_ms_per_step",
                             "device_ms_per_step",
                             "device_busy",
                             "bytes_per_step",
                             "flops_per_step",
                             "bandwidth_share",
                             "flops_share",
                             "roofline_share",
                             "runs"})
      EXPECT_TRUE(w.contains(name)) << w["name"] << " " << name;
    EXPECT_TRUE(w["device_busy"].is_null());
    EXPECT_GT(w["bytes_per_step"], 0);
  }
  const Json& throughput = all["workloads"][0];
  EXPECT_EQ(throughput["requests"], 5);
  EXPECT_EQ(throughput["runs"][0]["generated_tokens"], 40);
  EXPECT_EQ(throughput["runs"][0]["prompt_tokens"], 80);
  EXPECT_TRUE(throughput["ttft_ms"].is_null());
  const Json& steps = all["workloads"][1];
  EXPECT_EQ(steps["new"], Json({2, 10}));
  EXPECT_EQ(steps["times_a_s"].size(), 2u);
  EXPECT_EQ(steps["times_b_s"].size(), 2u);
  EXPECT_TRUE(steps.contains("ms_per_step"));
  EXPECT_EQ(all["workloads"][2]["times_ms"].size(), 2u);
  EXPECT_GT(all["workloads"][3]["decode_tok_s"], 0);
  EXPECT_GT(all["workloads"][4]["ttft_ms"]["p99"], 0);
  ASSERT_EQ(all["left_out"].size(), 3u);
  EXPECT_EQ(all["left_out"][0]["name"], "long:8192");
  EXPECT_EQ(all["left_out"][0]["reason"], "needs a context of 8192 tokens, the engine has 128");
}

TEST(BenchModel, PeopleGetATable) {
  Folder f;
  Outcome o = bench(f, {"--workload", "prefill:16,steps:1x8:1-5"});
  ASSERT_EQ(o.code, 0) << o.err;
  for (const char* text : {"workload ", "\nprefill:16 ", "\nsteps:1x8:1-5 ", "plan ",
                           "no roofline: --bandwidth and --tflops give it"})
    EXPECT_NE(o.out.find(text), std::string::npos) << text << "\n" << o.out;
  EXPECT_EQ(start("fk", {"bench", "model", "--help"}).code, 0);
}

TEST(BenchModel, WhatMakesNoSenseIsRefused) {
  Folder f;
  expect_refused(
      start("fk-bench", {}), 2,
      "fk-bench: say what to measure: a task, model or load; e.g. fk bench rms_norm, fk bench "
      "model --config "
      "configs/llama.yaml");
  expect_refused(start("fk", {"bench", "mdel"}), 2,
                 "fk bench: cannot measure 'mdel' (did you mean 'model'?); expected a task or one "
                 "of model, load");
  expect_refused(bench(f, {"--workload", "prefil:16"}), 2,
                 "fk-bench: --workload prefil:16: unknown kind 'prefil' (did you mean 'prefill'?); "
                 "expected some of throughput, steps, prefill, long, latency");
  expect_refused(bench(f, {"--workload", "long:8192"}), 2,
                 "fk-bench: --workload long:8192: needs a context of 8192 tokens, the engine has "
                 "128");
  expect_refused(bench(f, {"--workload", "steps:9x8:1-2"}), 2,
                 "fk-bench: --workload steps:9x8:1-2: needs 9 sequences at once, max_num_seqs is "
                 "4");
  expect_refused(bench(f, {"--profile", "nsy"}), 2,
                 "fk-bench: --profile nsy: expected nsys or ncu (did you mean 'nsys'?)");
  expect_refused(bench(f, {"--wrkload", "x"}), 2,
                 "fk-bench: unknown flag --wrkload (did you mean '--workload'?); `fk bench model "
                 "--help` lists them all");
  expect_refused(bench(f, {"--out", "/nowhere/x", "--workload", "prefill:8", "--json"}), 2,
                 "fk-bench: --out /nowhere/x: cannot be written");
}

}  // namespace
}  // namespace fk::test
