// SPDX-License-Identifier: Apache-2.0
// Several judgements at a time say what one after the other says.
#include "core/resolver/measurer.hpp"

#include "tests/judge/court.hpp"

namespace fk::judge {
namespace {

using resolver::Measurer;

TEST(Measurer, JudgesSeveralAtATime) {
  Judge judge(test::registry(), court_options());
  std::deque<PluginFile> plugins;
  for (const char* name : {"plain", "blocks", "columns_first"})
    plugins.push_back(corpus_plugin("honest", name));
  for (const char* name : {"c8_crashes", "s3_zeros"})
    plugins.push_back(corpus_plugin("evil", name));
  const core::TaskSpec& task = test::registry().task("silu_and_mul");
  record::Recorder nowhere(false);
  Measurer measurer({judge, plugins, {}, nowhere, {}, 3});

  std::vector<Measurer::Asked> asked;
  for (const PluginFile& p : plugins) asked.push_back({&task, {p.name + "/x", "1.0.0", p.hash}});
  asked.push_back(asked[0]);  // of two places of a model
  size_t lines = 0;
  measurer.judge(asked, [&](const std::string&) { ++lines; });
  EXPECT_EQ(measurer.judged(), plugins.size());
  EXPECT_EQ(measurer.known(), 0u);
  EXPECT_GT(lines, 100u);

  for (size_t i = 0; i < plugins.size(); ++i) {
    const auto v = measurer.verdict(task, asked[i].implementation, true, {});
    ASSERT_TRUE(v) << plugins[i].name;
    EXPECT_EQ(v->passed, i < 3) << plugins[i].name << ": " << v->text;
  }
  EXPECT_EQ(measurer.known(), 0u) << "they are news";
  measurer.judge(asked, {});
  EXPECT_EQ(measurer.judged(), plugins.size()) << "all are known by now";
  measurer.verdict(task, asked[0].implementation, true, {});
  EXPECT_EQ(measurer.known(), 1u);
}

}  // namespace
}  // namespace fk::judge
