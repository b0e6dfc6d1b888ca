// SPDX-License-Identifier: Apache-2.0
// What the kernel before a timed call writes, and where that lies. The Ring's memory is the CPU's.
#include "core/judge/timing/ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "core/judge/timing/bench.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::judge {
namespace {

using cases::Problem;
using Strings = std::vector<std::string>;

// The first case of a task, as it is timed.
struct Asked {
  explicit Asked(const std::string& name) : task(test::registry().task(name)) {
    given = bench_cases(task).at(0);
  }
  Problem problem() const { return Problem::make(test::registry(), task, given); }
  const core::TaskSpec& task;
  cases::Case given;
};

Strings fed(const cases::Call& call) {
  Strings out;
  for (const cases::Argument* a : fed_arguments(call)) out.push_back(a->field->name);
  return out;
}
Strings fed(const std::string& task) {
  const Asked asked(task);
  const Problem p = asked.problem();
  return fed(p.calls.at(0));
}

TEST(Feed, IsWhatTheKernelBeforeWrites) {
  EXPECT_EQ(fed("silu_and_mul"), Strings{"x"});
  EXPECT_EQ(fed("add"), (Strings{"x", "y"}));
  // Positions are the host's; what is written in place is an input, too.
  EXPECT_EQ(fed("rotary_embedding"), (Strings{"q", "k"}));
  // Caches hold what earlier steps wrote.
  EXPECT_EQ(fed("paged_attention"), Strings{"q"});
  EXPECT_EQ(fed("store_kvcache"), (Strings{"k", "v"}));
}

TEST(Feed, IsNothingWhereItIsTooMuch) {
  const Asked asked("add");
  Problem p = asked.problem();
  cases::Call& call = p.calls.at(0);
  const size_t bytes = core::dtype_bytes(call.args[0].dtype);
  for (cases::Argument& a : call.args) a.shape = {int64_t(Feed::kMostBytes / 2 / bytes)};
  EXPECT_EQ(fed(call).size(), 2u);
  call.args[1].shape[0] += 1;
  EXPECT_TRUE(fed(call).empty());
  call.args[0].shape = {0};  // holds nothing
  EXPECT_EQ(fed(call).size(), 1u);
  call.args[0].shape = call.args[1].shape = {1};
  while (call.args.size() <= 2 * Feed::kMost) call.args.push_back(cases::Argument(call.args[0]));
  EXPECT_TRUE(fed(call).empty());
}

TEST(Feed, TravelsAsItWas) {
  const Feed f{{256, 1024}, {512, 4096}, 77}, g = Feed::from_json(f.to_json());
  EXPECT_EQ(g.from.of(3), 256u + 3 * 1024);
  EXPECT_EQ(g.to.of(2), 512u + 2 * 4096);
  EXPECT_EQ(g.bytes, 77u);
}

// A ring of silu_and_mul, and its memory as the Runners have it.
class ChainedRing : public testing::Test {
 protected:
  explicit ChainedRing(bool chained = true)
      : problem(asked.problem()), ring(problem, size_t{1} << 20, 4, 7, {FK_CPU, 0}, chained) {
    const Json m = ring.message(Ring::kCandidate);
    for (int side : {0, 1}) {
      const auto descriptors = ring.descriptors(Ring::Side(side));
      inputs = Region::map(descriptors[0], m["inputs"].get<size_t>(), Region::Access::kReadOnly);
      outputs[side] =
          Region::map(descriptors[1], m["outputs"].get<size_t>(), Region::Access::kReadWrite);
    }
    for (const Json& j : ring.feed()) feed.push_back(Feed::from_json(j));
  }
  uint8_t* x(int side, size_t slot) { return outputs[side].data() + feed.at(0).to.of(slot); }
  const uint8_t* staged(size_t slot) { return inputs.data() + feed.at(0).from.of(slot); }

  const Asked asked{"silu_and_mul"};
  Problem problem;
  Ring ring;
  Region inputs, outputs[2];
  std::vector<Feed> feed;
};

TEST_F(ChainedRing, AnInputIsEachSidesOwnAndStaged) {
  ASSERT_EQ(feed.size(), 1u);
  const Json args = ring.message(Ring::kBaseline)["calls"][0]["args"];
  ASSERT_EQ(args[0]["name"], "x");
  EXPECT_EQ(args[0]["in"], int(Placement::In::kOutputs));
  EXPECT_EQ(args[0]["offset"], feed[0].to.offset);
  EXPECT_EQ(args[0]["step"], feed[0].to.step);
  EXPECT_NE(args[0]["offset"], args[1]["offset"]);
  for (const Json& p : ring.poison()) EXPECT_NE(p["offset"], feed[0].to.offset);
}

TEST_F(ChainedRing, NewNumbersAreEverywhere) {
  std::vector<std::vector<uint8_t>> seen;
  for (int i = 0; i < 2; ++i) {
    ring.redraw({1});
    for (int side : {0, 1}) EXPECT_EQ(std::memcmp(x(side, 1), staged(1), feed[0].bytes), 0);
    seen.emplace_back(staged(1), staged(1) + feed[0].bytes);
  }
  EXPECT_NE(seen[0], seen[1]);
  ring.place(1, problem.calls.at(0));
  for (int side : {0, 1}) EXPECT_EQ(std::memcmp(x(side, 1), staged(1), feed[0].bytes), 0);
  std::vector<double> values(problem.calls[0].args[0].values.size());
  cases::read(staged(1), problem.calls[0].args[0].dtype, values);
  EXPECT_EQ(values, problem.calls[0].args[0].values);
}

TEST_F(ChainedRing, AChangedInputIsADifference) {
  ring.redraw({0, 1});
  EXPECT_EQ(ring.difference({0, 1}), "");
  const std::vector<uint8_t> before(x(0, 1), x(0, 1) + feed[0].bytes);
  std::memset(x(Ring::kCandidate, 1), 0xff, 16);
  EXPECT_EQ(ring.difference({0}), "");
  EXPECT_TRUE(ring.difference({0, 1}).starts_with("x, an input,")) << ring.difference({0, 1});
  std::memcpy(x(Ring::kCandidate, 1), before.data(), before.size());
  EXPECT_EQ(ring.difference({0, 1}), "");
  // It is no output for all that.
  const cases::Outcome made = ring.outcome(Ring::kCandidate, 1);
  EXPECT_EQ(made.tensors.size(), 1u);
  EXPECT_TRUE(made.tensors.contains("y"));
}

struct UnchainedRing : ChainedRing {
  UnchainedRing() : ChainedRing(false) {}
};
TEST_F(UnchainedRing, FeedsNothing) {
  EXPECT_TRUE(ring.feed().empty());
  const Json args = ring.message(Ring::kCandidate)["calls"][0]["args"];
  EXPECT_EQ(args[0]["in"], int(Placement::In::kInputs));
}

// Large tensors are not put in another order one number at a time; the last stretch is a short one.
TEST(Ring, ManyNumbersAreTheSameOnesToTheEnd) {
  Asked asked("silu_and_mul");
  asked.given.dtype = {FK_BFLOAT, 16, 1};
  asked.given.dims["n"] = 1;
  asked.given.dims["d"] = (1 << 21) + 3;
  Problem p = asked.problem();
  std::vector<double>& values = p.calls[0].args[0].values;
  for (size_t i = 0; i < values.size(); ++i) values[i] = double(1 + i % 100);
  Ring ring(p, 1, 2, 7, {FK_CPU, 0}, false);
  const Region inputs = Region::map(ring.descriptors(Ring::kCandidate)[0],
                                    ring.message(Ring::kCandidate)["inputs"].get<size_t>(),
                                    Region::Access::kReadOnly);
  const size_t count = values.size();
  ASSERT_GT(count, size_t{1} << 22);
  std::vector<bool> known(65536);
  std::vector<uint16_t> given(count);
  cases::write(reinterpret_cast<uint8_t*>(given.data()), asked.given.dtype, values);
  for (uint16_t v : given) known[v] = true;
  ASSERT_FALSE(known[0]);
  for (int i = 0; i < 20; ++i) {
    ring.redraw({0});
    const auto* x = reinterpret_cast<const uint16_t*>(inputs.data());
    EXPECT_EQ(std::count_if(x, x + count, [&](uint16_t v) { return !known[v]; }), 0);
    EXPECT_FALSE(std::equal(x, x + count, given.begin()));
  }
}

}  // namespace
}  // namespace fk::judge
