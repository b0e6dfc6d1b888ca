// SPDX-License-Identifier: Apache-2.0
// What `fk` sends, as a real server gives it back, beside what the same commands print.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <set>

#include "core/store/store.hpp"
#include "core/tracking/client.hpp"
#include "tests/tracking/server.hpp"

namespace fk::test {
namespace {

namespace fs = std::filesystem;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Tracking : testing::Test {
  static void SetUpTestSuite() { server = std::make_unique<MlflowServer>(); }
  static void TearDownTestSuite() { server.reset(); }
  void TearDown() override {
    if (HasFailure()) std::cout << server->log() << std::endl;
  }
  void SetUp() override {
    ASSERT_EQ(server->failure(), "");
    experiment = testing::UnitTest::GetInstance()->current_test_info()->name();
    environment = server->environment(experiment);
    environment.push_back("FK_STORE=" + store);
  }

  Outcome fk(const std::vector<std::string>& words) const {
    const auto begin = std::chrono::steady_clock::now();
    Outcome o = start("fk", words, "", environment);
    took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return o;
  }
  Outcome bench(const std::vector<std::string>& more = {"--case", "odd/"}) const {
    std::vector<std::string> words = {
        "bench",    "silu_and_mul", "--impl",    "cpu", "--against", "reference",
        "--budget", "0.1",          "--threads", "1",   "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return fk(words);
  }
  Json runs() const { return server->runs(experiment); }
  void set(const std::string& name, const std::string& value) {
    for (std::string& v : environment)
      if (v.starts_with(name + "=")) v = name + "=" + value;
  }

  static std::unique_ptr<MlflowServer> server;
  Folder f;
  std::string store = f / "store.db", experiment;
  std::vector<std::string> environment;
  mutable double took = 0;
};
std::unique_ptr<MlflowServer> Tracking::server;

// The run of an experiment that has no parent, and it alone.
Json only_parent(const Json& runs) {
  Json found;
  for (const Json& r : runs)
    if (!r["tags"].contains("mlflow.parentRunId")) {
      EXPECT_TRUE(found.is_null()) << "two parents";
      found = r;
    }
  EXPECT_FALSE(found.is_null()) << "no parent among " << runs.size();
  return found;
}

// Every number of some JSON is a metric of its path; how many there were.
size_t expect_numbers(const Json& found, const Json& metrics, const std::string& path = "") {
  if (found.is_number()) {
    std::string name = path;
    for (char& c : name)
      if (c == '=' || c == ',') c = '_';  // which no name may have
    EXPECT_EQ(metrics.value(name, Json()), found) << path;
    return 1;
  }
  if (!found.is_structured()) return 0;
  size_t count = 0;
  std::set<std::string> used;
  for (const auto& [key, value] : found.items()) {
    std::string name = key;
    if (found.is_array() && value.is_object()) {
      const std::string task = value.value("task", ""), case_id = value.value("case", "");
      std::string called = value.value("name", "");
      if (called.empty()) called = task + (task.empty() || case_id.empty() ? "" : "/") + case_id;
      if (!called.empty() && !used.count(called)) name = called;
    }
    used.insert(name);
    count += expect_numbers(value, metrics, path.empty() ? name : path + "/" + name);
  }
  return count;
}

TEST_F(Tracking, BenchOfATaskIsARunWithOneBelowItForEveryCase) {
  // The store knows the version before: of another build of the plugin.
  store::Measurement old;
  old.task = "silu_and_mul", old.implementation = "cpu/cpu", old.hash = "0123456789abcdef";
  old.case_id = "odd/float32", old.ratio = 1;
  store::Store(store).add(old);

  const Outcome o = bench({});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.err, "");
  std::vector<Json> printed = o.lines();
  Json all = runs();
  ASSERT_GE(printed.size(), 2u);
  ASSERT_EQ(all.size(), printed.size() + 1);

  Json parent = only_parent(all);
  EXPECT_EQ(parent["name"], "fk bench silu_and_mul");
  EXPECT_EQ(parent["status"], "FINISHED");
  EXPECT_EQ(parent["tags"]["mlflow.source.name"],
            "fk bench silu_and_mul --impl cpu --against reference --budget 0.1 "
            "--threads 1 --json");
  EXPECT_EQ(parent["params"]["task"], "silu_and_mul");
  EXPECT_EQ(parent["params"]["budget"], "0.1");

  for (Json& line : printed) {
    Json run;
    for (Json& r : all)
      if (r["tags"].value("fk.record", "") == line["id"]) run = r;
    ASSERT_FALSE(run.is_null()) << line["case"];
    EXPECT_EQ(run["name"], "cpu/cpu " + line["case"].get<std::string>());
    EXPECT_EQ(run["status"], "FINISHED");
    EXPECT_GT(run["took_ms"], 0);
    Json m = run["metrics"], p = run["params"], t = run["tags"];
    EXPECT_EQ(t["mlflow.parentRunId"], parent["id"]);
    EXPECT_EQ(m["ratio"], line["speedup"]["median"]);
    EXPECT_EQ(m["ratio_low"], line["speedup"]["low"]);
    EXPECT_EQ(m["ratio_high"], line["speedup"]["high"]);
    EXPECT_EQ(m["seconds"], line["candidate_seconds"]["p50"]);
    EXPECT_EQ(m["baseline_seconds"], line["baseline_seconds"]["p50"]);
    EXPECT_EQ(m["retained_bytes"], line["retained_bytes"]);
    const double bytes = m["bytes_per_s"].get<double>() * m["seconds"].get<double>();
    EXPECT_GT(bytes, 0);
    if (p["case"] == "odd/float32") {
      EXPECT_NEAR(bytes, 3 * 3 * 37 * 4, 1e-6);  // 3 rows of 37: two read, one written
    }
    EXPECT_GT(m["flops_per_s"], 0);
    EXPECT_EQ(p["task"], line["task"]);
    EXPECT_EQ(p["case"], line["case"]);
    EXPECT_EQ(p["implementation"], line["candidate"]);
    EXPECT_EQ(p["hash"], line["candidate_hash"]);
    EXPECT_EQ(p["baseline"], line["baseline"]);
    EXPECT_EQ(p["baseline_hash"], line["baseline_hash"]);
    EXPECT_EQ(Json::parse(p["seeds"].get<std::string>()), line["seeds"]);
    EXPECT_EQ(t["fk.code"], line["code"]);
    EXPECT_EQ(t["fk.kind"], "measurements");
    EXPECT_EQ(t["fk.parent_hash"], "0123456789abcdef");
    for (const char* tag : {"fk.device", "fk.driver", "fk.time"})
      EXPECT_NE(t.value(tag, ""), "") << tag;
    Json record = Json::parse(run["files"]["record.json"].get<std::string>());
    EXPECT_EQ(record["uuid"], line["id"]);
    EXPECT_EQ(record["samples"], line["samples"]);
  }
  // What the tag says is what measures again.
  const Outcome again = fk({"results", "rerun", printed[0]["id"]});
  EXPECT_EQ(again.code, 0) << again.err;
}

TEST_F(Tracking, CheckSendsItsVerdict) {
  const Outcome o = fk({"check", "silu_and_mul", "--impl", "cpu", "--case", "odd/", "--json"});
  ASSERT_EQ(o.code, 0) << o.err;
  Json line = o.lines().at(0), all = runs();
  ASSERT_EQ(all.size(), 2u);
  for (Json& r : all) {
    EXPECT_EQ(r["status"], "FINISHED");
    if (!r["tags"].contains("mlflow.parentRunId")) continue;
    EXPECT_EQ(r["tags"]["fk.record"], line["id"]);
    EXPECT_EQ(r["tags"]["fk.code"], "pass");
    EXPECT_EQ(r["metrics"]["passed"], 1);
    EXPECT_EQ(r["metrics"]["coverage"], line["coverage"]);
  }
}

TEST_F(Tracking, BenchOfAModelIsOneRunWithEveryNumber) {
  const Outcome o =
      fk({"bench", "model", "--config", tiny_config(f), "--device", "cpu", "--threads", "1",
          "--requests", "5", "--repeats", "2", "--rate", "500", "--workload",
          "throughput:16/8,steps:2x8:2-10,latency:8/4", "--json", "--mlflow", server->uri() + "/"});
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.err, "");
  Json printed = o.lines().at(0);
  Json all = runs();
  ASSERT_EQ(all.size(), 1u);
  Json run = all[0];
  EXPECT_EQ(run["name"], "fk bench model tiny");
  EXPECT_EQ(run["status"], "FINISHED");
  EXPECT_EQ(run["tags"]["fk.record"], printed["id"]);
  EXPECT_EQ(run["params"]["plan_hash"], printed["provenance"]["plan_hash"]);
  EXPECT_EQ(run["params"]["workload"], "throughput:16/8,steps:2x8:2-10,latency:8/4");
  printed.erase("id");
  EXPECT_GT(expect_numbers(printed, run["metrics"]), 60u);
  EXPECT_EQ(run["metrics"]["workloads/throughput:16/8/total_tok_s"],
            printed["workloads"][0]["total_tok_s"]);
  EXPECT_EQ(run["metrics"]["workloads/latency:8/4/ttft_ms/p50"],
            printed["workloads"][2]["ttft_ms"]["p50"]);
  Json record = Json::parse(run["files"]["record.json"].get<std::string>());
  EXPECT_EQ(record["record"], printed);
}

TEST_F(Tracking, ResolveSendsItsLockAndWhatItMeasured) {
  fs::create_directories(f / "plugins");
  for (const char* name : {"reference", "composed"})
    fs::copy(FK_BUILD_DIR "/plugins/" + std::string(name), f / ("plugins/" + std::string(name)),
             fs::copy_options::recursive);
  environment.push_back("FK_PLUGINS=" + (f / "plugins"));
  const std::string lock = f / "plan.lock.yaml";
  const std::vector<std::string> words = {
      "resolve", "--config",   tiny_config(f), "--device", "cpu", "--threads",
      "1",       "--workload", "1x8/4",        "--budget", "0.1", "--proof-budget",
      "0.2",     "--out",      lock,           "--json"};
  const Outcome o = fk(words);
  ASSERT_EQ(o.code, 0) << o.err;
  Json printed = o.lines().at(0), all = runs(), run = only_parent(all);
  EXPECT_EQ(run["name"], "fk resolve tiny");
  EXPECT_EQ(run["status"], "FINISHED");
  EXPECT_EQ(all.size(), 1 + printed["judged"].get<size_t>() + printed["measured"].get<size_t>());
  EXPECT_GT(expect_numbers(printed, run["metrics"]), 5u);
  EXPECT_EQ(run["params"]["plan_hash"], printed["plan_hash"]);
  EXPECT_EQ(run["params"]["workload"], "1x8/4");
  EXPECT_EQ(run["tags"].value("fk.record", ""), printed.value("id", ""));
  std::ifstream in(lock);
  EXPECT_EQ(run["files"]["plan.lock.yaml"], std::string(std::istreambuf_iterator<char>(in), {}));
  EXPECT_EQ(Json::parse(run["files"]["resolution.json"].get<std::string>()), printed);
}

TEST_F(Tracking, EvalSendsItsSheetAndWhatItMeasured) {
  tiny_config(f);
  f.write("text.txt", "A kernel is a small program that runs many times.");
  const std::string scenario = f.write(
      "scenario.yaml",
      "scenario: planted\nmodels:\n  tiny:\n    config: tiny.yaml\n    workloads: [1x8/4]\n"
      "    metric: {logits: 1, perplexity: {text: text.txt, tokens: 24, tolerance: 0.001}}\n");
  const Outcome o = fk({"eval", "--scenario", scenario, "--policy", "baseline", "--threads", "1",
                        "--budget", "0.1", "--proof-budget", "0.2", "--json"});
  ASSERT_EQ(o.code, 0) << o.err;
  Json printed = o.lines().at(0), all = runs(), run = only_parent(all);
  EXPECT_EQ(run["name"], "fk eval");
  EXPECT_EQ(run["status"], "FINISHED");
  EXPECT_EQ(run["tags"]["fk.record"], printed["id"]);
  EXPECT_EQ(run["params"]["policy"], "baseline");
  EXPECT_EQ(all.size(), 1 + printed["judged"].get<size_t>() + printed["measured"].get<size_t>());
  printed.erase("id");
  EXPECT_GT(expect_numbers(printed, run["metrics"]), 10u);
  const Json record = Json::parse(run["files"]["record.json"].get<std::string>());
  EXPECT_EQ(record.at("record"), printed);
}

// More than a request may hold, longer than a value may be, and names that the server refuses.
TEST_F(Tracking, EverythingFitsTheServersLimits) {
  tracking::Settings s;
  s.uri = server->uri(), s.experiment = experiment;
  s.username = MlflowServer::kUser, s.password = MlflowServer::kPassword;
  tracking::Client client(s);
  std::vector<tracking::Metric> metrics = {{"50 % (of//all)/../é/", 1}, {"never", NAN}};
  tracking::Pairs params, tags;
  for (int i = 0; i < 2100; ++i) metrics.push_back({"m/" + std::to_string(i), 0.1 * i});
  for (int i = 0; i < 210; ++i) {
    params.emplace_back("p" + std::to_string(i), std::to_string(i));
    tags.emplace_back("t" + std::to_string(i), std::to_string(i));
  }
  std::string umlauts;
  while (umlauts.size() < 9000) umlauts += "ü";
  params.emplace_back("long", umlauts);
  tags.emplace_back("long", umlauts);
  const tracking::Run run = client.create(std::string(400, 'n'), 1, tags);
  client.log(run, metrics, params, tags);
  client.end(run, false, 2);
  Json all = runs();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0]["status"], "FAILED");
  EXPECT_EQ(all[0]["took_ms"], 1);
  EXPECT_EQ(all[0]["metrics"].size(), 2101u);
  EXPECT_EQ(all[0]["metrics"]["m/2099"], 0.1 * 2099);
  EXPECT_EQ(all[0]["params"].size(), 211u);
  EXPECT_EQ(all[0]["tags"]["t209"], "209");
  const std::string value = all[0]["params"]["long"];
  EXPECT_EQ(value.size(), 5999u);
  EXPECT_TRUE(value.ends_with("ü..."));
}

TEST_F(Tracking, NothingIsSentWithoutAServerOrWithoutAStore) {
  const Outcome none = bench({"--case", "odd/", "--no-store"});
  EXPECT_EQ(none.code, 0) << none.err;
  set("MLFLOW_TRACKING_URI", "");
  const Outcome nowhere = bench();
  EXPECT_EQ(nowhere.code, 0) << nowhere.err;
  EXPECT_EQ(nowhere.err, "");
  EXPECT_EQ(runs(), Json::array());
}

// A command's own result and exit code stand, whatever became of the server.
void expect_unsent(const Outcome& o, const std::vector<std::string>& parts) {
  EXPECT_EQ(o.code, 0) << o.err;
  ASSERT_EQ(o.lines().size(), 1u);
  EXPECT_EQ(o.lines()[0]["candidate"], "cpu/cpu");
  EXPECT_TRUE(o.lines()[0].contains("id"));
  EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
  EXPECT_TRUE(o.err.starts_with("mlflow: nothing more is sent: ")) << o.err;
  for (const std::string& part : parts) EXPECT_TRUE(has(o.err, part)) << o.err;
}

TEST_F(Tracking, WrongPasswordsAreNamed) {
  set("MLFLOW_TRACKING_PASSWORD", "wrong");
  expect_unsent(bench(), {server->uri(), "answer 401", "MLFLOW_TRACKING_PASSWORD"});
  set("MLFLOW_TRACKING_PASSWORD", "");
  expect_unsent(bench(), {"answer 401", "MLFLOW_TRACKING_TOKEN"});
  // A token goes as `Bearer`: this server, which knows names and passwords alone, falls over it.
  environment.emplace_back("MLFLOW_TRACKING_TOKEN=secret");
  const Outcome token = bench();
  expect_unsent(token, {"answer 500 (the server's log says more)"});
  EXPECT_FALSE(has(token.err, "secret"));
}

TEST_F(Tracking, PasswordsInTheAddressAreNotShown) {
  set("MLFLOW_TRACKING_PASSWORD", "");
  set("MLFLOW_TRACKING_URI", "http://admin:hidden@" + server->uri().substr(7));
  const Outcome o = bench();
  expect_unsent(o, {server->uri(), "answer 401"});
  EXPECT_FALSE(has(o.err, "hidden")) << o.err;
}

TEST_F(Tracking, AServerThatIsGoneCostsOneLine) {
  const Outcome there = bench();
  ASSERT_EQ(there.err, "");
  set("MLFLOW_TRACKING_URI", "http://127.0.0.1:" + std::to_string(free_port()));
  expect_unsent(bench(), {"/api/2.0/mlflow/experiments/get-by-name", "connect to 127.0.0.1",
                          "is the server there?"});
}

TEST_F(Tracking, AServerThatHangsCostsFiveSeconds) {
  set("MLFLOW_TRACKING_URI", "");
  bench();
  const double without = took;
  set("MLFLOW_TRACKING_URI", server->uri());
  server->signal(SIGSTOP);
  const Outcome o = bench();
  server->signal(SIGCONT);
  expect_unsent(o, {server->uri(), "timed out"});
  EXPECT_LT(took, without + 7);  // 5, and what another run of the same takes longer
}

TEST_F(Tracking, AnErrorInsideTheServerIsNamed) {
  fs::remove_all(server->artifacts());
  std::ofstream(server->artifacts()) << "no folder";
  const Outcome o = bench();
  fs::remove(server->artifacts());
  expect_unsent(o, {"PUT " + server->uri() + "/api/2.0/mlflow-artifacts/artifacts/",
                    "record.json: answer 500"});
}

TEST_F(Tracking, WhatIsNoServerIsNamed) {
  set("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db");
  expect_unsent(bench(), {"MLFLOW_TRACKING_URI sqlite:///mlflow.db", "http://"});
  const Outcome flag = bench({"--mlflow", "mlruns"});
  EXPECT_EQ(flag.code, 2);
  EXPECT_TRUE(has(flag.err, "--mlflow mlruns: expected the http:// or https:// address"));
  const Outcome secret = bench({"--mlflow", "http://me:hidden@127.0.0.1:1"});
  EXPECT_EQ(secret.code, 2);
  EXPECT_TRUE(has(secret.err, "--mlflow http://127.0.0.1:1: ") && !has(secret.err, "hidden"));
  set("MLFLOW_TRACKING_URI", server->uri() + "/elsewhere");
  expect_unsent(bench(), {"answer 404", "is this the address of an MLflow tracking server?"});
}

}  // namespace
}  // namespace fk::test
