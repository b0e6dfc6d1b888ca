// SPDX-License-Identifier: Apache-2.0
// A card that is too old for an implementation: the plan says so, and goes on with another.
#include "core/plugin/load_host.hpp"
#include "tests/support/cuda_plugins.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/limited_device.hpp"

namespace fk::test {
namespace {

core::BuildOptions for_card(int sm, const std::string& pin) {
  core::BuildOptions o;
  o.dry = true;
  o.device = {FK_CUDA, 0};
  o.on = std::make_shared<LimitedDevice>(0, o.device, sm);
  if (!pin.empty()) o.policy.pins.push_back(core::Pin::parse(pin));
  return o;
}

class Capability : public testing::TestWithParam<std::string> {};  // a CUDA plugin
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Capability);         // none built

// Every implementation of it, on a card of 2018.
TEST_P(Capability, EveryImplementationNamesTheCardItNeeds) {
  int asked = 0;
  for (const auto& [name, task] : registry().tasks())
    for (const core::Implementation* i : catalog().implementations(name)) {
      if (i->plugin != GetParam()) continue;
      ++asked;
      SCOPED_TRACE(name + " " + i->id());
      const Json init = task.cases.items().begin().value().value("init", Json::object());
      const core::InitValue value = core::InitValue::from_json(registry(), task, init);
      const auto said = [&](fk_device device) {
        const fk_status s = core::contain("supports", [&] {
          return i->impl->supports(core::load_host(), device, 75, value.data());
        });
        EXPECT_EQ(s, FK_UNSUPPORTED);
        return core::take_error(s);
      };
      const std::string old = said({FK_CUDA, 0});
      EXPECT_TRUE(old == "needs sm_80 or later, this card is sm_75" ||
                  old == "needs sm_90 or later, this card is sm_75")
          << old;
      EXPECT_EQ(said({FK_CPU, 0}), "needs a CUDA device");
    }
  EXPECT_GT(asked, 0) << "the catalog has nothing of it";
}
INSTANTIATE_TEST_SUITE_P(Built, Capability, testing::ValuesIn(cuda_plugins()), name_of);

// A dry build for a card that is given plans for that one.
TEST(DryBuild, SaysThatAPinSupportsNoCard) {
  const std::string pin = "pinned: linear=cpu: no implementation of linear supports this";
  EXPECT_EQ(error_of([&] {
              core::Model::build(catalog(), nullptr, "linear",
                                 {{"in_features", 64}, {"out_features", 8}},
                                 for_card(80, "linear=cpu"));
            }).substr(0, pin.size()),
            pin);
}

class HopperOnly : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(HopperOnly);  // not built
TEST_P(HopperOnly, ThePlanSaysWhyNot) {
  const std::string hopper_only = GetParam();
  ASSERT_TRUE(find_implementation("linear", hopper_only)) << "the catalog has no " << hopper_only;
  const Json init{{"in_features", 64}, {"out_features", 64}};
  EXPECT_EQ(error_of([&] {
              core::Model::build(catalog(), nullptr, "linear", init,
                                 for_card(80, "linear=" + hopper_only));
            }),
            "pinned: linear=" + hopper_only + ": no implementation of linear supports this\n  " +
                hopper_only + ": needs sm_90 or later, this card is sm_80");
  const auto without = core::Model::build(catalog(), nullptr, "linear", init, for_card(75, ""));
  EXPECT_EQ(without->plan().missing_tasks, std::vector<std::string>{"linear"});
  const auto& rejected = without->plan().choices.at(0).rejected;
  EXPECT_NE(std::find(rejected.begin(), rejected.end(),
                      hopper_only + ": needs sm_90 or later, this card is sm_75"),
            rejected.end());
  core::BuildOptions hopper = for_card(90, "linear=" + hopper_only);
  hopper.dtype = {FK_BFLOAT, 16, 1};
  const auto with = core::Model::build(catalog(), nullptr, "linear", init, hopper);
  EXPECT_EQ(with->plan().choices.at(0).implementation, hopper_only);
}
INSTANTIATE_TEST_SUITE_P(Built, HopperOnly, testing::ValuesIn(of_built_plugins({"cuda/skinny"})),
                         name_of);

}  // namespace
}  // namespace fk::test
