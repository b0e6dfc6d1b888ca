// SPDX-License-Identifier: Apache-2.0
#include "core/spec/signature.hpp"

#include "tests/unit/spec/temp_registry.hpp"

namespace fk::core {
namespace {

uint64_t signature(const std::string& task, const std::string& color = kColor,
                   const std::string& step = kStep) {
  TempRegistry r;
  good(r, task).add("structs/color.yaml", color).add("structs/my_step.yaml", step);
  return r.load().task("scale").signature;
}

TEST(Signature, Text) {
  TempRegistry r;
  Registry registry = good(r).load();
  EXPECT_EQ(registry.task("scale").signature_text,
            "scale r1 (size:int, factor:float, color:enum color{red|green}, window:optional_int) "
            "params(weight:tensor) "
            "states(cache:tensor) (x:in tensor) -> (y:out tensor) step my_step r1{num_seqs:int, "
            "lens:tensor<int32>}");
  EXPECT_EQ(registry.task("scale").signature, fnv1a(registry.task("scale").signature_text));
}

TEST(Signature, Fnv1aIsThePublishedOne) {
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325u);
  EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8u);
}

struct Change {
  const char *name, *from, *to;
};

constexpr Change kHarmless[] = {
    {"Doc", "doc: y = x * factor.", "doc: scales"},
    {"FieldDoc", "size:   {type: int}", "size: {type: int, doc: columns}"},
    {"Default", "default: 2.0", "default: 3.0"},
    {"DefaultGone", ", default: 2.0", ""},
    {"Shape", "shape: [n, size], like: x", "shape: [n, 2*size]"},
    {"Condition", "color == \"green\"", "color != \"red\""},
    {"Tolerance", "error_vs_baseline: 2.0", "error_vs_baseline: 3.0"},
    {"Bytes", "bytes: 2*n*size*e", "bytes: 3*n*size*e"},
    {"Case", "n: 3, dtype", "n: 5, dtype"},
    {"Mirrors", "torch.mul", "torch.multiply"},
    {"Range", "x: {type: tensor,", "x: {type: tensor, low: 0, high: 1,"},
};
class Harmless : public testing::TestWithParam<Change> {};
TEST_P(Harmless, KeepsTheSignature) {
  EXPECT_EQ(signature(replaced(kScale, GetParam().from, GetParam().to)), signature(kScale));
}
INSTANTIATE_TEST_SUITE_P(Signature, Harmless, testing::ValuesIn(kHarmless),
                         [](const auto& i) { return std::string(i.param.name); });

constexpr Change kBreaking[] = {
    {"Revision", "revision: 1", "revision: 2"},
    {"InitName", "window: {", "windows: {"},
    {"InitType", "window: {type: optional_int}", "window: {type: int, default: 0}"},
    {"InitOrder",
     "  factor: {type: float, default: 2.0}\n  color:  {type: enum, of: color, default: red}\n",
     "  color:  {type: enum, of: color, default: red}\n  factor: {type: float, default: 2.0}\n"},
    {"NewInit", "  window: {type: optional_int}",
     "  window: {type: optional_int}\n  more: {type: bool, default: false}"},
    {"ParamName", "  weight: {", "  gain: {"},
    {"ParamGone", "params:\n  weight: {shape: [size], when: color == \"green\"}\n", ""},
    {"ParamDtype", "weight: {shape", "weight: {dtype: float32, shape"},
    {"StateGone", "states:\n  cache: {shape: [num_blocks, size]}\n", ""},
    {"InputName",
     "  x: {type: tensor, shape: [n, size]}\noutputs:\n  y: {type: tensor, shape: [n, size], like: "
     "x}",
     "  z: {type: tensor, shape: [n, size]}\noutputs:\n  y: {type: tensor, shape: [n, size], like: "
     "z}"},
    {"InputDtype", "x: {type: tensor,", "x: {type: tensor, dtype: float32,"},
    {"InputMutable", "x: {type: tensor,", "x: {type: tensor, mutable: true,"},
    {"InputOptional", "x: {type: tensor,", "x: {type: tensor, optional: true,"},
    {"Role", "outputs:\n  y: {type: tensor, shape: [n, size], like: x}",
     "  y: {type: tensor, shape: [n, size]}"},
    {"NoStep", "step: my_step\n", ""},
};
class Breaking : public testing::TestWithParam<Change> {};
TEST_P(Breaking, ChangesTheSignature) {
  EXPECT_NE(signature(replaced(kScale, GetParam().from, GetParam().to)), signature(kScale));
}
INSTANTIATE_TEST_SUITE_P(Signature, Breaking, testing::ValuesIn(kBreaking),
                         [](const auto& i) { return std::string(i.param.name); });

TEST(Signature, HoldsTheContentsOfSharedTypes) {
  EXPECT_NE(signature(kScale, replaced(kColor, "green]", "green, blue]")), signature(kScale));
  EXPECT_NE(signature(kScale, kColor, replaced(kStep, "lens:", "lengths:")), signature(kScale));
  EXPECT_EQ(signature(kScale, replaced(kColor, "revision: 1", "revision: 1\ndoc: paint")),
            signature(kScale));
}

TEST(Signature, OfAnInstanceFollowsItsTask) {
  auto parent = [](const std::string& child) {
    TempRegistry r;
    good(r, child).add(
        "tasks/L2/user.yaml",
        "task: user\nlevel: 2\nrevision: 1\ndoc: uses\ninit: {child: {type: instance, of: scale}}\n"
        "inputs: {x: {type: tensor, shape: [n]}}\n");
    return r.load().task("user").signature;
  };
  EXPECT_NE(parent(kScale), parent(replaced(kScale, "revision: 1", "revision: 2")));
  EXPECT_EQ(parent(kScale), parent(replaced(kScale, "default: 2.0", "default: 3.0")));
}

}  // namespace
}  // namespace fk::core
