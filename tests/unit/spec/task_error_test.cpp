// SPDX-License-Identifier: Apache-2.0
// Every way a registry file can be wrong, each with the text that its author gets to read.
#include "tests/unit/spec/temp_registry.hpp"

namespace fk::core {
namespace {

struct Mistake {
  const char *name, *from, *to, *text;
};

constexpr Mistake kTaskMistakes[] = {
    {"UnknownKey", "inputs:", "inptus:",
     "tasks/L1/scale.yaml:16:1: unknown key \"inptus\" in a task, expected one of: task, level, "
     "revision, doc, mirrors, interface, step, init, params, states, inputs, outputs, check, "
     "bytes, flops, cases (did you mean 'inputs'?)"},
    {"MissingRevision", "revision: 1\n", "",
     "tasks/L1/scale.yaml:1:1: the task has no \"revision\", expected one"},
    {"BadRevision", "revision: 1", "revision: 0",
     "tasks/L1/scale.yaml:3:11: found 0, expected a revision number, 1 or more"},
    {"TextRevision", "revision: 1", "revision: one",
     "tasks/L1/scale.yaml:3:11: found \"one\", expected a revision number, 1 or more"},
    {"BadLevel", "level: 1", "level: 5",
     "tasks/L1/scale.yaml:2:8: found 5, expected a level from 1 to 4"},
    {"LevelAgainstFolder", "level: 1", "level: 2",
     "tasks/L1/scale.yaml:2:8: found level 2 in the folder L1, expected the two to agree"},
    {"NameAgainstFile", "task: scale", "task: scales",
     "tasks/L1/scale.yaml:1:7: found the name \"scales\" in this file, expected \"scale\""},
    {"BadName", "task: scale", "task: Scale",
     "tasks/L1/scale.yaml:1:7: found \"Scale\", expected the name of a task in snake_case (a-z, "
     "0-9, _)"},
    {"UnknownStep", "step: my_step", "step: my_stop",
     "tasks/L1/scale.yaml:6:7: unknown struct \"my_stop\", expected one of: my_step (did you mean "
     "'my_step'?)"},
    {"DuplicateField", "  factor: {type", "  size: {type",
     "tasks/L1/scale.yaml:9:3: key \"size\" is here twice, first on line 8; expected it once"},
    {"OutputNamedAsInput", "  y: {type", "  x: {type",
     "tasks/L1/scale.yaml:19:3: the output \"x\" has the name of an input, expected another name"},
    {"MissingType", "size:   {type: int}", "size:   {doc: rows}",
     "tasks/L1/scale.yaml:8:3: the init field \"size\" has no \"type\", expected one"},
    {"UnknownType", "size:   {type: int}", "size:   {type: itn}",
     "tasks/L1/scale.yaml:8:18: unknown type \"itn\" of the init field \"size\", expected one of: "
     "int, float, bool, enum, optional_int, ints, dtype, instance, struct (did you mean 'int'?)"},
    {"TensorInInit", "size:   {type: int}", "size:   {type: tensor}",
     "tasks/L1/scale.yaml:8:18: unknown type \"tensor\" of the init field \"size\", expected one "
     "of: int, float, bool, enum, optional_int, ints, dtype, instance, struct"},
    {"FieldNotAMap", "size:   {type: int}", "size: int",
     "tasks/L1/scale.yaml:8:9: found \"int\", expected a map such as {type: int}"},
    {"KeyOfAnotherRole", "size:   {type: int}", "size:   {type: int, shape: [1]}",
     "tasks/L1/scale.yaml:8:23: unknown key \"shape\" in the init field \"size\", expected one of: "
     "type, default, doc"},
    {"ReservedWord", "  factor: {", "  double: {",
     "tasks/L1/scale.yaml:9:3: found \"double\", a reserved word of C or C++, expected another "
     "name"},
    {"StructSizeIsTaken", "  factor: {", "  struct_size: {",
     "tasks/L1/scale.yaml:9:3: found \"struct_size\", a reserved word of C or C++, expected "
     "another name"},
    {"DefaultOfAnotherType", "default: 2.0", "default: two",
     "tasks/L1/scale.yaml:9:34: found \"two\", expected a number"},
    {"UnknownEnum", "of: color", "of: colour",
     "tasks/L1/scale.yaml:10:28: unknown enum \"colour\" of \"color\", expected one of: color (did "
     "you mean 'color'?)"},
    {"EnumWithoutOf", "of: color, ", "",
     "tasks/L1/scale.yaml:10:11: the init field \"color\" has no \"of\", expected one"},
    {"EnumDefaultIsNoValue", "default: red", "default: rad",
     "tasks/L1/scale.yaml:10:44: \"rad\" is no value of the enum color, expected one of: red, "
     "green (did you mean 'red'?)"},
    {"UnknownTaskOfInstance", "window: {type: optional_int}", "child: {type: instance, of: scall}",
     "tasks/L1/scale.yaml:11:31: unknown task \"scall\" of \"child\", expected one of: scale (did "
     "you mean 'scale'?)"},
    {"UnknownStructOfField", "window: {type: optional_int}", "child: {type: struct, of: my_stp}",
     "tasks/L1/scale.yaml:11:29: unknown struct \"my_stp\" of \"child\", expected one of: my_step "
     "(did you mean 'my_step'?)"},
    {"ParamWithoutShape", "{shape: [size], when", "{when",
     "tasks/L1/scale.yaml:13:11: the param \"weight\" has no \"shape\", expected one"},
    {"BadExpression", "bytes: 2*n*size*e", "bytes: 2*n*(size*e",
     "tasks/L1/scale.yaml:21:19: in the expression \"2*n*(size*e\": found the end, expected \")\""},
    {"UnknownNameInBytes", "bytes: 2*n*size*e", "bytes: 2*n*sise*e",
     "tasks/L1/scale.yaml:21:12: in the expression \"2*n*sise*e\": unknown name \"sise\", expected "
     "one of: size, factor, color, window, n, num_seqs, e, rows, weight_bytes, weight_elements, "
     "kv_tokens, attended (did you mean 'size'?)"},
    {"UnknownNameInParam", "weight: {shape: [size]", "weight: {shape: [n]",
     "tasks/L1/scale.yaml:13:20: in the expression \"n\": unknown name \"n\", expected one of: "
     "size, factor, color, window"},
    {"UnknownNameInDimension", "x: {type: tensor, shape: [n, size]}",
     "x: {type: tensor, shape: [n, 2*m]}",
     "tasks/L1/scale.yaml:17:34: in the expression \"2*m\": unknown name \"m\", expected one of: "
     "size, factor, color, window, n, num_seqs (did you mean 'n'?)"},
    {"ConditionOnNoValueOfTheEnum", "color == \"green\"", "color == \"gren\"",
     "tasks/L1/scale.yaml:13:42: in the expression \"color == \"gren\"\": \"gren\" is no value of "
     "color, expected one of: red, green (did you mean 'green'?)"},
    {"ConditionIsNoCondition", "when: color == \"green\"", "when: size + 1",
     "tasks/L1/scale.yaml:13:33: the expression \"size + 1\" does not yield true or false, "
     "expected a condition"},
    {"DimensionIsNoInteger", "weight: {shape: [size]", "weight: {shape: [factor]",
     "tasks/L1/scale.yaml:13:20: the expression \"factor\" does not yield an integer, expected "
     "one"},
    {"BytesIsNoNumber", "bytes: 2*n*size*e", "bytes: n == 1",
     "tasks/L1/scale.yaml:21:8: the expression \"n == 1\" does not yield a number, expected one"},
    {"EllipsisNotFirst", "shape: [n, size]}\noutputs", "shape: [n, ...]}\noutputs",
     "tasks/L1/scale.yaml:17:32: found \"...\" after other dimensions, expected it first"},
    {"UnknownDtype", "x: {type: tensor,", "x: {type: tensor, dtype: flaot32,",
     "tasks/L1/scale.yaml:17:28: unknown dtype \"flaot32\", expected a dtype such as float32, "
     "\"run\", or a list of them (did you mean 'float32'?)"},
    {"LikeNoInput", "like: x", "like: z",
     "tasks/L1/scale.yaml:19:45: unknown input \"z\", expected one of: x (did you mean 'x'?)"},
    {"UnknownCheck", "deterministic: true", "determinstic: true",
     "tasks/L1/scale.yaml:20:33: unknown key \"determinstic\" in check, expected one of: "
     "error_vs_baseline, exact, ties, deterministic, nonfinite, without (did you mean "
     "'deterministic'?)"},
    {"CheckOfAnotherType", "deterministic: true", "deterministic: yes",
     "tasks/L1/scale.yaml:20:48: found \"yes\", expected true or false"},
    {"UnknownCaseInit", "{size: 4,", "{sizes: 4,",
     "tasks/L1/scale.yaml:24:18: unknown init field \"sizes\" in the case \"small\", expected one "
     "of: size, factor, color, window (did you mean 'size'?)"},
    {"CaseInitOfAnotherType", "{size: 4,", "{size: 4.5,",
     "tasks/L1/scale.yaml:24:24: found \"4.5\", expected an integer"},
    {"CaseWithoutRequiredInit", "{size: 4, ", "{",
     "tasks/L1/scale.yaml:24:17: the case \"small\" has no init field \"size\", expected one (it "
     "has no default)"},
    {"CaseWithoutInit", "init: {size: 4, factor: 1.5}, ", "",
     "tasks/L1/scale.yaml:24:10: the case \"small\" has no \"init\", expected one with \"size\""},
    {"UnknownCaseKey", "n: 3", "nn: 3",
     "tasks/L1/scale.yaml:24:41: unknown key \"nn\" in the case \"small\", expected one of: init, "
     "dtype, weight, doc, n, block_size, num_blocks, num_slots, num_seqs, steps (did you mean "
     "'n'?)"},
    {"StepsOfOneNumber", "n: 3", "n: 3, steps: {long: [[1]]}",
     "tasks/L1/scale.yaml:24:62: found 1 numbers, expected [query, context] or [query, context, "
     "how many], in tokens"},
    {"StepsWithoutASequence", "n: 3", "n: 3, steps: {long: []}",
     "tasks/L1/scale.yaml:24:55: found no sequence, expected [query, context] or [query, context, "
     "how many], in tokens"},
    {"StepsOfANegativeContext", "n: 3", "n: 3, steps: {long: [[1, -1]]}",
     "tasks/L1/scale.yaml:24:66: found -1, expected 0 or more"},
    {"NegativeSize", "n: 3", "n: -3",
     "tasks/L1/scale.yaml:24:44: found -3, expected a size of 0 or more"},
    {"CommaInDoc", "size:   {type: int}", "size:   {type: int, doc: rows, columns}",
     "tasks/L1/scale.yaml:8:34: unknown key \"columns\" in the init field \"size\", expected one "
     "of: type, default, doc"},
};

class TaskMistake : public testing::TestWithParam<Mistake> {};

TEST_P(TaskMistake, IsNamed) {
  TempRegistry r;
  good(r, replaced(kScale, GetParam().from, GetParam().to));
  EXPECT_EQ(r.error(), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(Spec, TaskMistake, testing::ValuesIn(kTaskMistakes),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Registry, GoodOneLoads) {
  TempRegistry r;
  EXPECT_EQ(good(r).error(), "no error");
}

TEST(Registry, SharedTypes) {
  auto with = [](const std::string& path, const std::string& text) {
    TempRegistry r;
    return good(r).add(path, text).error();
  };
  EXPECT_EQ(with("structs/color.yaml", "enum: color\nrevision: 1\nvalues: [red, red]\n"),
            "structs/color.yaml:3:15: the value \"red\" is here twice, expected it once");
  EXPECT_EQ(with("structs/color.yaml", "enum: color\nrevision: 1\nvalues: []\n"),
            "structs/color.yaml:3:9: found no values, expected at least one");
  EXPECT_EQ(with("structs/color.yaml", "enum: color\nrevision: 1\nvalue: [red]\n"),
            "structs/color.yaml:3:1: unknown key \"value\" in an enum, expected one of: enum, "
            "revision, doc, values (did you mean 'values'?)");
  EXPECT_EQ(with("structs/tensor.yaml", "enum: tensor\nrevision: 1\nvalues: [red]\n"),
            "structs/tensor.yaml:1:7: fk_tensor is a type of the ABI, expected another name");
  EXPECT_EQ(with("structs/my_step.yaml",
                 "struct: my_step\nrevision: 1\nfields:\n  lens: {type: tensor, shape: [2*n]}\n"),
            "structs/my_step.yaml:4:34: in the expression \"2*n\": unknown name \"n\", expected "
            "one of: ");
  EXPECT_EQ(with("structs/loop.yaml",
                 "struct: loop\nrevision: 1\nfields:\n  a: {type: struct, of: loop}\n"),
            "structs/loop.yaml: the struct loop contains itself (loop -> loop)");
  EXPECT_EQ(with("tasks/L2/scale.yaml", replaced(kScale, "level: 1", "level: 2")),
            "tasks/L2/scale.yaml:1:7: the task \"scale\" is defined in tasks/L1/scale.yaml too, "
            "expected one of the two");
}

TEST(Registry, EveryFileIsAMap) {
  TempRegistry r;
  EXPECT_EQ(good(r).add("tasks/L1/list.yaml", "- a\n").error(),
            "tasks/L1/list.yaml:1:1: found a list, expected a task (a map with task, level, "
            "revision, doc, ...)");
  TempRegistry q;
  EXPECT_EQ(good(q).add("structs/text.yaml", "hello\n").error(),
            "structs/text.yaml:1:1: found \"hello\", expected a struct or an enum (a map)");
}

TEST(Registry, InstancesMustNotFormACircle) {
  TempRegistry r;
  std::string self =
      replaced(kScale, "window: {type: optional_int}", "child: {type: instance, of: scale}");
  self = self.substr(0, self.find("cases:"));
  EXPECT_EQ(good(r, self).error(),
            "tasks/L1/scale.yaml: the task scale takes an instance of itself (scale -> scale)");
}

TEST(Registry, UnknownNames) {
  TempRegistry r;
  Registry registry = good(r).load();
  auto message = [](auto&& call) -> std::string {
    try {
      call();
    } catch (const Error& e) { return e.text(); }
    return "no error";
  };
  EXPECT_EQ(message([&] { registry.task("scal"); }),
            "unknown task \"scal\" (did you mean 'scale'?)");
  EXPECT_EQ(message([&] { registry.struct_spec("xyz_none"); }), "unknown struct \"xyz_none\"");
  EXPECT_EQ(message([&] { registry.enum_spec("colr"); }),
            "unknown enum \"colr\" (did you mean 'color'?)");
  EXPECT_EQ(message([&] { Registry::load("/nowhere"); }),
            "/nowhere: is no folder, expected a registry with tasks/ and structs/");
}

}  // namespace
}  // namespace fk::core
