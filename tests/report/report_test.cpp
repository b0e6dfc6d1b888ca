// SPDX-License-Identifier: Apache-2.0
#include "core/report/report.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <set>

#include "tests/report/sample.hpp"
#include "tests/support/temp_folder.hpp"

namespace fk::report {
namespace {

const core::Registry& registry() {
  static const core::Registry all = core::Registry::load(FK_SOURCE_DIR "/registry");
  return all;
}

struct ReportTest : testing::Test {
  test::TempFolder folder;
  store::Store store{folder / "results.db"};
  Report report(const Options& o = {}) { return gather(store, registry(), o); }
};

store::Measurement measured(const std::string& implementation, double ratio) {
  store::Measurement m;
  m.task = "rms_norm", m.level = 1, m.implementation = implementation, m.hash = "beef";
  m.case_id = "smollm2/float32", m.dtype = "float32", m.code = "FAST", m.device = "a cpu";
  m.ratio_low = ratio * 0.99, m.ratio = ratio, m.ratio_high = ratio * 1.01;
  m.seconds = 1e-6 / ratio, m.baseline_seconds = 1e-6;
  return m;
}

TEST_F(ReportTest, OfNothing) {
  const Report r = report();
  EXPECT_EQ(r.head.records(), 0);
  const std::string page = to_html(r);
  EXPECT_NE(page.find("The store holds no records yet."), page.npos);
  EXPECT_EQ(to_json(r)["measurements"].size(), 0u);
}

TEST_F(ReportTest, BearsNumbersThatAreNone) {
  int count = 0;
  for (double v : {double(NAN), double(INFINITY), -double(INFINITY), 0.0, -1.0, 1e308, 5e-324}) {
    store::Measurement m = measured("mine/" + std::to_string(++count), v);
    m.seconds = v, m.baseline_seconds = v;
    store.add(m);
    store::Verdict judged;
    judged.task = "rms_norm", judged.implementation = m.implementation, judged.hash = m.hash;
    judged.passed = true, judged.device = m.device, judged.coverage = v;
    store.add(judged);
  }
  const Report r = report();
  EXPECT_EQ(r.bars.size(), 7u);
  const std::string page = to_html(r);
  // Of drawings: text may say nan.
  for (const char* bad :
       {"=\"nan", "=\"-nan", "=\"inf", ":nan%", ":inf%", " nan\"", "Lnan", "Mnan"})
    EXPECT_EQ(page.find(bad), page.npos) << bad << ": " << page.substr(page.find(bad) - 200, 300);
  EXPECT_NE(store::Json::parse(to_json(r).dump()).size(), 0u);
}

TEST_F(ReportTest, TextOfRecordsIsText) {
  test::fill_sample(store, registry());
  const std::string page = to_html(report());
  EXPECT_EQ(page.find("<script>alert"), page.npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;/&quot;&amp;&lt;b&gt;"),
            page.npos);
  for (const char* away : {"http://", "https://", "url(", "@import", "src="})
    EXPECT_EQ(page.find(away), page.npos) << away;
}

TEST_F(ReportTest, ShowsTheNewestOfEachCase) {
  store::Measurement old = measured("mine/x", 1.1), now = measured("mine/x", 1.3);
  old.time = "2026-11-01T00:00:00.000Z", now.time = "2026-11-02T00:00:00.000Z";
  now.hash = "cafe";
  store.add(now);
  const std::string first = store.add(old);
  Report r = report();
  ASSERT_EQ(r.bars.size(), 1u);
  EXPECT_EQ(r.bars[0].ratio, 1.3);
  ASSERT_EQ(r.lineages.size(), 1u);
  ASSERT_EQ(r.lineages[0].versions.size(), 2u);
  EXPECT_EQ(r.lineages[0].versions[0].hash, "beef");
  EXPECT_NEAR(r.lineages[0].versions[0].ratio, 1.1, 1e-12);
  EXPECT_EQ(r.lineages[0].versions[0].ids.at(0), first.substr(0, 8));
  EXPECT_EQ(r.head.first, old.time);
  EXPECT_EQ(r.head.last, now.time);
  r = report({"2026-11-02", ""});
  EXPECT_EQ(r.head.measurements, 1);
  EXPECT_EQ(r.lineages[0].versions.size(), 1u);
  EXPECT_EQ(report({"2027", ""}).head.records(), 0);
}

TEST_F(ReportTest, VersionsAreComparedOnTheCasesThatAllHave) {
  store::Measurement m = measured("mine/x", 2);
  m.time = "2026-11-01T00:00:00.000Z";
  store.add(m);
  m.time = "2026-11-02T00:00:00.000Z", m.hash = "cafe", m.ratio = 3, m.ratio_high = 3.1;
  store.add(m);
  m.case_id = "llama_decode/bfloat16", m.ratio = 100, m.ratio_high = 101;
  store.add(m);
  const Lineage l = report().lineages.at(0);
  EXPECT_TRUE(l.same_cases);
  EXPECT_NEAR(l.versions.at(1).ratio, 3, 1e-12);
}

TEST_F(ReportTest, IdsAreAsLongAsTheyMustBe) {
  store::Measurement a = measured("mine/x", 1), b = measured("mine/y", 1);
  a.uuid = "12345678-9a00-4000-8000-000000000000", b.uuid = "12345678-9b00-4000-8000-000000000000";
  store.add(a), store.add(b);
  std::set<std::string> ids;
  for (const Bar& bar : report().bars) ids.insert(bar.id);
  EXPECT_EQ(ids, (std::set<std::string>{"12345678-9a", "12345678-9b"}));
  for (const std::string& id : ids) EXPECT_NO_THROW(store.get(id));
}

TEST_F(ReportTest, RooflineIsTheTaskFilesWork) {
  store.add(measured("mine/x", 2));  // rms_norm of 576 floats in 0.5 us
  store::Measurement other = measured("mine/x", 2);
  other.case_id = "captured/decode/n=1";
  store.add(other);
  other = measured("mine/x", 2), other.task = "store_kvcache", other.case_id = "none/float32";
  store.add(other);
  other = measured("mine/old", 2), other.init = R"({"hidden_size": 577, "eps": 1e-5})";
  store.add(other);
  const Report r = report();
  ASSERT_EQ(r.roofline.points.size(), 1u);
  const Point& p = r.roofline.points[0];
  EXPECT_EQ(r.bars[p.bar].case_id, "smollm2/float32");
  EXPECT_EQ(p.bytes, 2 * 576 * 4);
  EXPECT_EQ(p.flops, 4 * 576);
  EXPECT_NEAR(p.flops_per_s, p.flops / 0.5e-6, 1);
  EXPECT_NEAR(p.baseline_flops_per_s, p.flops / 1e-6, 1);
  EXPECT_EQ(r.roofline.not_rebuilt, 3);
}

TEST_F(ReportTest, RooflineCountsWeightsAndKeys) {
  test::fill_sample(store, registry());
  const Report r = report();
  std::set<std::string> seen;
  for (const Point& p : r.roofline.points) {
    const Bar& b = r.bars[p.bar];
    seen.insert(b.task);
    // One row through a matrix of 17 x 33 with a bias, fp32, three times.
    if (b.task == "linear" && b.case_id == "odd_bias/float32") {
      EXPECT_EQ(p.bytes, 3 * (33 + 17) * 4 + (17 * 33 + 17) * 4);
    }
    if (b.task == "paged_attention") { EXPECT_GT(p.intensity, 0.1) << b.case_id; }
  }
  for (const char* task : {"rms_norm", "linear", "paged_attention"})
    EXPECT_TRUE(seen.count(task)) << task;
  EXPECT_FALSE(seen.count("store_kvcache"));  // moves and does not calculate
  EXPECT_FALSE(seen.count("llama_mlp"));      // the weights of its children
  EXPECT_GT(r.roofline.no_flops, 0);
  EXPECT_GT(r.roofline.no_work, 0);
  ASSERT_EQ(r.roofline.ceilings.size(), 1u);
  EXPECT_EQ(r.roofline.ceilings[0].bytes_per_s, 4.2e12);
}

TEST_F(ReportTest, PlansFoldEqualLayers) {
  test::fill_sample(store, registry());
  Report r = report();
  ASSERT_EQ(r.plans.size(), 3u);
  EXPECT_EQ(r.plans[0].error, "");
  std::vector<std::string> names;
  for (const PlanNode& n : r.plans[0].lines) names.push_back(n.name);
  EXPECT_EQ(names, (std::vector<std::string>{"(root)", "model.embed_tokens", "model.layers.0-29",
                                             "model.layers.0-3.input_layernorm", "self_attn",
                                             "qkv_proj", "attn", "mlp",
                                             "model.layers.4-29.input_layernorm", "lm_head"}));
  r = report({"", "configs/llama_3_1_8b.yaml"});
  ASSERT_EQ(r.plans.size(), 1u);
  EXPECT_EQ(r.plans[0].lines[2].count, 32);

  store::PlanRecord broken;
  broken.config = "configs/broken.yaml", broken.plan = "plan: [";
  store.add(broken);
  r = report({"", "configs/broken.yaml"});
  EXPECT_NE(r.plans.at(0).error, "");
  EXPECT_NE(to_html(r).find("It cannot be read"), std::string::npos);
}

TEST_F(ReportTest, APlanThatHeldIsShownWithWhatWasKeptOut) {
  test::fill_sample(store, registry());
  // A trial beside another plan is none, however new and however well it went.
  for (store::PlanRecord p : store.find<store::PlanRecord>({}))
    if (p.config == "configs/smollm2.yaml" && p.reasons.contains("proof") &&
        p.reasons["proof"]["kept_out"].empty()) {
      p.uuid.clear(), p.time = "2026-11-21T23:59:59.000Z";
      p.reasons["beside"] = "00ff";
      p.reasons["proof"]["predicted"][1] = 7;
      store.add(p);
    }
  Report r = report({"", "configs/smollm2.yaml"});
  ASSERT_EQ(r.plans.size(), 1u);
  const PlanTree& held = r.plans[0];
  EXPECT_EQ(held.error, "");
  EXPECT_TRUE(held.held);
  EXPECT_TRUE(held.time.starts_with("2026-11-21")) << held.time;  // the newer one lost
  ASSERT_TRUE(held.proof);
  EXPECT_EQ(held.proof->workload, "1x64/16");
  EXPECT_EQ(held.proof->rounds, 48);
  ASSERT_EQ(held.proof->phases.size(), 3u);
  const Proof::Phase& decode = held.proof->phases[1];
  EXPECT_EQ(decode.predicted, 1.064);
  EXPECT_NEAR(decode.ratio, 1.05, 1e-9);
  EXPECT_EQ(decode.baseline_seconds, 0.0113);
  EXPECT_EQ(held.proof->phases[2].predicted, 1.048);
  EXPECT_TRUE(held.proof->agrees);
  ASSERT_EQ(held.kept_out.size(), 1u);
  EXPECT_EQ(held.kept_out[0].task, "silu_and_mul");
  EXPECT_NE(held.kept_out[0].id, held.id);
  EXPECT_NO_THROW(store.get(held.kept_out[0].id));
  const std::string page = to_html(r);
  for (const char* part : {"1.064×", "1.050×", "[1.030, 1.060]", "not in place", "48 rounds"})
    EXPECT_NE(page.find(part), page.npos) << part;
  EXPECT_EQ(to_json(r)["plans"][0]["proof"]["phases"][1]["predicted"], 1.064);
  EXPECT_EQ(to_json(r)["plans"][0]["kept_out"].size(), 1u);

  // Only one that lost: it is shown as that.
  r = report({"2026-11-22", "configs/smollm2.yaml"});
  ASSERT_EQ(r.plans.size(), 1u);
  EXPECT_FALSE(r.plans[0].held);
  EXPECT_NE(to_html(r).find("It did not hold in the whole model"), std::string::npos);
}

TEST_F(ReportTest, BearsAProofThatIsNone) {
  for (const char* reasons :
       {R"({"proof": 3})", R"({"proof": {"kept_out": [7]}, "weights": "", "workload": ""})",
        R"({"proof": {"predicted": "no"}, "weights": 1, "workload": ""})",
        R"({"proof": {"predicted": [1, 1], "predicted_whole": 1, "gain": {}}})", "[1, 2]",
        "null"}) {
    store::PlanRecord p;
    p.config = reasons, p.reasons = store::Json::parse(reasons);
    store.add(p);
  }
  const Report r = report();
  EXPECT_EQ(r.plans.size(), 6u);
  for (const PlanTree& p : r.plans)
    EXPECT_NE(p.error, "") << p.config;  // of the empty plan, if not
  EXPECT_FALSE(to_html(r).empty());
  EXPECT_FALSE(to_json(r).dump().empty());
}

TEST_F(ReportTest, TimesWithOtherChildrenOrBaselinesAreOtherTimes) {
  store::Measurement m = measured("mine/x", 2);
  m.context = "0123456789abcdef", store.add(m);
  m.context = "fedcba9876543210", m.ratio = 3, m.ratio_high = 3.1, store.add(m);
  EXPECT_EQ(report().bars.size(), 2u);
  EXPECT_NE(to_html(report()).find("children fedcba98"), std::string::npos);
  m.baseline = "reference/reference", m.ratio = 40, m.ratio_high = 41, store.add(m);
  EXPECT_EQ(report().bars.size(), 3u);
  // What `fk compare` adds says nothing about the baseline.
  const auto before = report().lineages.at(0).versions.at(0).cases.size();
  m.baseline = "mine/x", m.baseline_hash = "0ld", m.ratio = 1.1, store.add(m);
  EXPECT_EQ(report().bars.size(), 4u);
  EXPECT_EQ(report().lineages.at(0).versions.at(0).cases.size(), before);
}

TEST_F(ReportTest, ScoresWhatIsJudgedAndMeasured) {
  test::fill_sample(store, registry());
  const Report r = report();
  const auto of = [&](const std::string& plugin) -> const Sheet* {
    for (const Sheet& s : r.sheets)
      if (s.plugin == plugin && s.level == 1) return &s;
    return nullptr;
  };
  ASSERT_TRUE(of("vector") && of("blas_on_stilts"));
  EXPECT_FALSE(of("reference"));  // never judged
  EXPECT_GT(of("vector")->score, 0);
  EXPECT_LE(of("vector")->score, of("vector")->high);
  EXPECT_EQ(of("blas_on_stilts")->score, 0);  // its newest build is refused
  EXPECT_EQ(of("blas_on_stilts")->lines.at(0).outcome, "failed");
  for (const SheetLine& l : of("vector")->lines)
    for (const std::string& id : l.ids) EXPECT_NO_THROW(store.get(id));
}

TEST_F(ReportTest, TenThousandRecordsQuickly) {
  test::fill_many(store, 10000);
  const auto start = std::chrono::steady_clock::now();
  const Report r = report();
  const std::string page = to_html(r);
  const auto json = to_json(r).dump();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(r.bars.size(), 10000u);
  EXPECT_LT(took.count(), 20);  // far from it, but CI is slow and so are sanitizers
  EXPECT_LT(page.size(), 20u << 20);
  RecordProperty("seconds", std::to_string(took.count()));
}

}  // namespace
}  // namespace fk::report
