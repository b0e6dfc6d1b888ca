// SPDX-License-Identifier: Apache-2.0
// Plugins that misbehave while they are built or run: contained, located and named.
#include "tests/plugins/zoo.hpp"
#include "tests/support/limited_device.hpp"

namespace fk::test {
namespace {

TEST(Run, GoodPluginPassesValidation) { EXPECT_NO_THROW(run_zoo("good", "zero")); }

TEST(Run, ThrowsInCreate) {
  EXPECT_EQ(error_of([] { run_zoo("throws", "create"); }),
            "silu_and_mul (throws/create 1.0.0): an exception escaped from create (rule 2): create "
            "threw");
}

TEST(Run, ThrowsInForward) {
  EXPECT_EQ(error_of([] { run_zoo("throws", "forward"); }),
            "silu_and_mul (throws/forward 1.0.0): an exception escaped from forward (rule 2)");
  EXPECT_EQ(error_of([] { run_zoo("throws", "forward", {}); }),
            "silu_and_mul (throws/forward 1.0.0): an exception escaped from forward (rule 2)");
}

TEST(Run, ThrowsInDestroy) {
  EXPECT_EQ(error_of([] { run_zoo("throws", "destroy"); }),
            "silu_and_mul (throws/destroy 1.0.0): an exception escaped from destroy (rule 2): "
            "destroy threw");
}

TEST(Run, ThrowsInSupports) {
  EXPECT_EQ(
      error_of([] { run_zoo("throws", "supports"); }),
      "pinned: silu_and_mul=throws/supports: no implementation of silu_and_mul supports this\n"
      "  throws/supports: an exception escaped from supports (rule 2): supports threw");
}

TEST(Run, SdkThrowsInConstructor) {
  EXPECT_EQ(error_of([] { run_zoo("sdk_throws", "create"); }),
            "silu_and_mul (sdk_throws/create 1.0.0): no table for this size");
}

TEST(Run, SdkThrowsInForward) {
  EXPECT_EQ(error_of([] { run_zoo("sdk_throws", "forward"); }),
            "silu_and_mul (sdk_throws/forward 1.0.0): width 3 is odd");
}

TEST(Run, SdkThrowsInDestructor) {
  EXPECT_EQ(error_of([] { run_zoo("sdk_throws", "destructor", {}); }),
            "silu_and_mul (sdk_throws/destructor 1.0.0): the log cannot be closed");
}

TEST(Run, PinnedAndUnsupported) {
  EXPECT_EQ(
      error_of([] { run_zoo("sdk_throws", "supports"); }),
      "pinned: silu_and_mul=sdk_throws/supports: no implementation of silu_and_mul supports this\n"
      "  sdk_throws/supports: needs a device from next year");
  EXPECT_EQ(
      error_of([] { run_zoo("sdk_throws", "late"); }),
      "pinned: silu_and_mul=sdk_throws/late: no implementation of silu_and_mul supports this\n"
      "  sdk_throws/late: found out in create");
}

// On a card that is older than it takes, and on the CPU.
TEST(Run, NeedsAnotherCard) {
  const core::Catalog catalog = load_zoo("needs_hopper");
  core::BuildOptions options;
  options.dry = true;
  options.policy.pins.push_back(core::Pin::parse("silu_and_mul=needs_hopper"));
  const auto refused = [&] {
    return error_of(
        [&] { core::Model::build(catalog, nullptr, "silu_and_mul", Json::object(), options); });
  };
  const std::string why =
      "pinned: silu_and_mul=needs_hopper: no implementation of silu_and_mul supports this\n"
      "  needs_hopper/zero: ";
  EXPECT_EQ(refused(), why + "needs a CUDA device");
  options.device = {FK_CUDA, 0};
  options.on = std::make_shared<LimitedDevice>(0, options.device, 86);
  EXPECT_EQ(refused(), why + "needs sm_90 or later, this card is sm_86");
  options.on = std::make_shared<LimitedDevice>(0, options.device, 90);
  EXPECT_EQ(core::Model::build(catalog, nullptr, "silu_and_mul", Json::object(), options)
                ->plan()
                .choices.at(0)
                .implementation,
            "needs_hopper/zero");
}

TEST(Run, OverrunsScratch) {
  EXPECT_EQ(error_of([] { run_zoo("overruns_scratch", "past"); }),
            "silu_and_mul (overruns_scratch/past 1.0.0): validate: it wrote past the 100 bytes of "
            "scratch it asked for (byte 100)");
  EXPECT_EQ(error_of([] { run_zoo("overruns_scratch", "before"); }),
            "silu_and_mul (overruns_scratch/before 1.0.0): validate: it wrote 4 bytes before the "
            "100 bytes of scratch it asked for");
}

TEST(Run, WritesInput) {
  EXPECT_EQ(error_of([] { run_zoo("writes_input", "zero"); }),
            "silu_and_mul (writes_input/zero 1.0.0): validate: it wrote to its input x");
}

TEST(Run, LeavesOutputUnwritten) {
  EXPECT_EQ(error_of([] { run_zoo("bad_output", "leaves"); }),
            "silu_and_mul (bad_output/leaves 1.0.0): validate: it left 1 of the 6 elements of "
            "output y unwritten, the first is 5");
  EXPECT_EQ(error_of([] { run_zoo("bad_output", "nothing"); }),
            "silu_and_mul (bad_output/nothing 1.0.0): validate: it left 6 of the 6 elements of "
            "output y unwritten, the first is 0");
}

TEST(Run, OverrunsOutput) {
  EXPECT_EQ(
      error_of([] { run_zoo("bad_output", "past"); }),
      "silu_and_mul (bad_output/past 1.0.0): validate: it wrote 1 bytes past the end of output y");
}

TEST(Run, WritesBetweenRows) {
  EXPECT_EQ(error_of([] { run_zoo("bad_output", "between", {.validate = true}, 8); }),
            "silu_and_mul (bad_output/between 1.0.0): validate: it wrote between the rows of "
            "output y, 12 bytes from its start");
}

TEST(Run, FailsWithoutMessage) {
  EXPECT_EQ(error_of([] { run_zoo("misuses_host", "silent"); }),
            "silu_and_mul (misuses_host/silent 1.0.0): returned FK_DEVICE_ERROR without a message");
}

TEST(Run, BuildsAChildInForward) {
  EXPECT_EQ(error_of([] { run_zoo("misuses_host", "builds_late"); }),
            "silu_and_mul (misuses_host/builds_late 1.0.0): child is offered while an instance is "
            "built, not in forward");
}

TEST(Run, AsksForUnknownParam) {
  EXPECT_EQ(error_of([] { run_zoo("misuses_host", "unknown_param"); }),
            "silu_and_mul (misuses_host/unknown_param 1.0.0): silu_and_mul has no param "
            "\"weight\"; it has none");
}

TEST(Run, AsksForUnknownChild) {
  EXPECT_EQ(error_of([] { run_zoo("misuses_host", "unknown_child"); }),
            "silu_and_mul (misuses_host/unknown_child 1.0.0): child \"act\": no task silu_and_mull "
            "(did you mean 'silu_and_mul'?)");
}

TEST(Run, AsksForChildOfStaleSignature) {
  EXPECT_EQ(error_of([] { run_zoo("misuses_host", "stale_child"); }),
            "silu_and_mul (misuses_host/stale_child 1.0.0): child \"act\": the plugin was built "
            "with another signature of "
            "silu_and_mul (0000000000001234); the registry has 22e0085bdf1b3e80: silu_and_mul r1 "
            "() (x:in tensor) -> "
            "(y:out tensor); rebuild the plugin against this registry");
}

TEST(Run, IsCalledFromInsideItself) {
  TaskOptions options;
  options.pins = {"silu_and_mul=reenters/parent", "silu_and_mul@act=reenters/child"};
  TaskRunner runner("silu_and_mul", Json::object(), {}, options, load_zoo("reenters"));
  const Array x(kF32, {2, 6});
  Array y(kF32, {2, 3});
  EXPECT_EQ(error_of([&] {
              runner.run({{"x", &x}, {"y", &y}});
            }),
            "act (reenters/child 1.0.0): validate: it is called again from inside its own forward");
}

TEST(Run, AsksForTooMuchScratch) {
  EXPECT_EQ(error_of([] { run_zoo("misuses_host", "huge_scratch", {}); }),
            "silu_and_mul (misuses_host/huge_scratch 1.0.0): out of memory, 18446744073709551552 "
            "more are asked for");
}

}  // namespace
}  // namespace fk::test
