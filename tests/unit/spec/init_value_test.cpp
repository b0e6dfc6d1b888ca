// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "tests/unit/spec/temp_registry.hpp"

namespace fk::core {
namespace {

constexpr const char* kAll = R"(task: all
level: 2
revision: 1
doc: has a field of every type.
init:
  i:  {type: int}
  f:  {type: float, default: 0.5}
  b:  {type: bool, default: true}
  c:  {type: enum, of: color, default: green}
  o:  {type: optional_int}
  p:  {type: optional_int, default: 9}
  l:  {type: ints, default: [1, 2]}
  d:  {type: dtype, default: bfloat16}
  s:  {type: struct, of: pair, optional: true}
  t:  {type: instance, of: scale}
inputs: {x: {type: tensor, shape: [n]}, xs: {type: tensors}, k: {type: int}, g: {type: float}}
)";
constexpr const char* kPair =
    "struct: pair\nrevision: 1\nfields:\n  a: {type: int}\n  c: {type: enum, of: color}\n";

// What fk-gen writes for it.
struct Pair {
  size_t struct_size;
  int64_t a;
  int32_t c;
};
struct All {
  size_t struct_size;
  int64_t i;
  double f;
  uint8_t b;
  int32_t c;
  fk_opt_i64 o, p;
  fk_i64s l;
  fk_dtype d;
  const Pair* s;
  const fk_instance* t;
};

class InitValueTest : public testing::Test {
 protected:
  InitValueTest()
      : registry_(
            good(files_).add("tasks/L2/all.yaml", kAll).add("structs/pair.yaml", kPair).load()) {}
  InitValue from_json(const char* text) {
    return InitValue::from_json(registry_, task(), Json::parse(text));
  }
  const TaskSpec& task() const { return registry_.task("all"); }
  template <class F>
  static std::string error(F&& call) {
    try {
      call();
    } catch (const Error& e) { return e.text(); }
    return "no error";
  }
  std::string json_error(const char* text) {
    return error([&] { from_json(text); });
  }

  TempRegistry files_;
  Registry registry_;
};

TEST_F(InitValueTest, LayoutIsThatOfC) {
  EXPECT_EQ(task().init_size, sizeof(All));
  const size_t offsets[] = {offsetof(All, i), offsetof(All, f), offsetof(All, b), offsetof(All, c),
                            offsetof(All, o), offsetof(All, p), offsetof(All, l), offsetof(All, d),
                            offsetof(All, s), offsetof(All, t)};
  for (size_t k = 0; k < std::size(offsets); ++k)
    EXPECT_EQ(task().init[k].offset, offsets[k]) << task().init[k].name;
}

TEST_F(InitValueTest, FromJsonFillsDefaults) {
  InitValue v = from_json(R"({"i": 3, "t": {"size": 4}})");
  const All& a = *static_cast<const All*>(v.data());
  EXPECT_EQ(a.struct_size, sizeof(All));
  EXPECT_EQ(a.i, 3);
  EXPECT_EQ(a.f, 0.5);
  EXPECT_EQ(a.b, 1);
  EXPECT_EQ(a.c, 1);
  EXPECT_EQ(a.o.has, 0);
  EXPECT_EQ(a.p.has, 1);
  EXPECT_EQ(a.p.value, 9);
  EXPECT_EQ(std::vector<int64_t>(a.l.data, a.l.data + a.l.size), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(a.d.code, FK_BFLOAT);
  EXPECT_EQ(a.s, nullptr);
  EXPECT_EQ(a.t, nullptr);
  ASSERT_EQ(v.pending_instances().size(), 1u);
  EXPECT_EQ(v.pending_instances()[0].first, "t");
  fk_instance instance{};
  v.set_instance("t", &instance);
  EXPECT_EQ(a.t, &instance);
  EXPECT_EQ(error([&] { v.set_instance("i", &instance); }),
            "all init: \"i\" is no field of type instance (did you mean 't'?)");
}

TEST_F(InitValueTest, CanonicalTextIsTheSameFromEitherSide) {
  Pair pair{sizeof(Pair), 5, 0};
  fk_instance instance{};
  const int64_t list[] = {7, 8, 9};
  All a{sizeof(All),       -1,    0.25,     7, 0, {4, 1}, {1, 0}, {list, 3},
        {FK_FLOAT, 16, 1}, &pair, &instance};
  InitValue v = InitValue::from_struct(registry_, task(), &a);
  pair.a = 0;  // the copy is deep
  EXPECT_EQ(
      v.to_json([&](const fk_instance* p) {
         return Json(p == &instance ? "the instance" : "?");
       }).dump(),
      R"({"i":-1,"f":0.25,"b":true,"c":"red","o":4,"p":null,"l":[7,8,9],"d":"float16","s":{"a":5,"c":"red"},"t":"the instance"})");
  InitValue w = from_json(
      R"({"t":{"size":1},"s":{"c":"red","a":5},"d":"float16","l":[7,8,9],"p":null,"o":4,"c":"red","f":0.25,"i":-1})");
  w.set_instance("t", &instance);
  EXPECT_EQ(w.to_json().dump(), v.to_json().dump());
}

TEST_F(InitValueTest, ShorterStructTakesDefaults) {
  struct {
    size_t struct_size;
    int64_t i;
    double f;
  } old{24, 6, 1.5};
  EXPECT_EQ(error([&] { InitValue::from_struct(registry_, task(), &old); }),
            "all init.t: lies beyond the struct's size of 24 bytes and has no default");
  const TaskSpec& scale = registry_.task("scale");
  struct {
    size_t struct_size;
    int64_t size;
  } shorter{16, 6};
  EXPECT_EQ(InitValue::from_struct(registry_, scale, &shorter).to_json().dump(),
            R"({"size":6,"factor":2.0,"color":"red","window":null})");
}

TEST_F(InitValueTest, StructMistakes) {
  fk_instance instance{};
  const All good_one{sizeof(All),       1,       1,        1, 0, {}, {}, {nullptr, 0},
                     {FK_FLOAT, 32, 1}, nullptr, &instance};
  auto with = [&](auto&& change) {
    All a = good_one;
    change(a);
    return error([&] { InitValue::from_struct(registry_, task(), &a); });
  };
  EXPECT_EQ(with([](All&) {}), "no error");
  EXPECT_EQ(with([](All& a) { a.struct_size = 0; }),
            "all init: struct_size is 0, expected " + std::to_string(sizeof(All)));
  EXPECT_EQ(with([](All& a) { a.c = 2; }),
            "all init.c: 2 is no value of the enum color, expected 0 to 1");
  EXPECT_EQ(with([](All& a) { a.c = -1; }),
            "all init.c: -1 is no value of the enum color, expected 0 to 1");
  EXPECT_EQ(with([](All& a) {
              a.d = {99, 1, 1};
            }),
            "all init.d: the dtype (code 99, bits 1, lanes 1) is none of ours");
  EXPECT_EQ(with([](All& a) {
              a.l = {nullptr, 3};
            }),
            "all init.l: a list of 3 integers at 0x0, expected a list");
  EXPECT_EQ(with([](All& a) { a.t = nullptr; }),
            "all init.t: is NULL, expected an instance of scale");
  EXPECT_EQ(error([&] { InitValue::from_struct(registry_, task(), nullptr); }),
            "all init: is NULL, expected a struct");
}

TEST_F(InitValueTest, JsonMistakes) {
  EXPECT_EQ(json_error("[]"), "all init: found [], expected an object");
  EXPECT_EQ(json_error(R"({"t": {"size": 1}})"),
            "all init: has no \"i\", expected one (it has no default)");
  EXPECT_EQ(json_error(R"({"i": 1, "ff": 2})"),
            "all init: unknown field \"ff\", expected one of: i, f, b, c, o, p, l, d, s, t (did "
            "you mean 'f'?)");
  EXPECT_EQ(json_error(R"({"i": 1.5})"), "all init.i: found 1.5, expected an integer");
  EXPECT_EQ(json_error(R"({"i": 18446744073709551615})"),
            "all init.i: found 18446744073709551615, expected an integer");
  EXPECT_EQ(json_error(R"({"i": 1, "f": "x"})"), "all init.f: found \"x\", expected a number");
  EXPECT_EQ(json_error(R"({"i": 1, "b": 1})"), "all init.b: found 1, expected true or false");
  EXPECT_EQ(json_error(R"({"i": 1, "c": "blue"})"),
            "all init.c: \"blue\" is no value of the enum color, expected one of: red, green");
  EXPECT_EQ(json_error(R"({"i": 1, "o": "x"})"),
            "all init.o: found \"x\", expected an integer or null");
  EXPECT_EQ(json_error(R"({"i": 1, "l": [1, "x"]})"),
            "all init.l: found \"x\", expected an integer");
  EXPECT_EQ(json_error(R"({"i": 1, "d": "floot"})"),
            "all init.d: found \"floot\", expected a dtype such as \"float32\"");
  EXPECT_EQ(json_error(R"({"i": 1, "s": {"a": 1, "c": 5}})"),
            "all init.s.c: found 5, expected a text");
  EXPECT_EQ(json_error(R"({"i": 1, "t": {"siz": 1}})"),
            "scale init: unknown field \"siz\", expected one of: size, factor, color, window (did "
            "you mean 'size'?)");
}

TEST_F(InitValueTest, LookupServesExpressions) {
  InitValue v = from_json(R"({"i": 6, "l": [4, 5], "t": {"size": 4}})");
  auto names = [&](std::string_view n) { return v.lookup(n); };
  EXPECT_EQ(Expr::parse("i * sum(l)").eval_int(names), 54);
  EXPECT_TRUE(Expr::parse("b and c == \"green\" and not has(o) and has(p) and d == \"bfloat16\"")
                  .eval_bool(names));
  EXPECT_EQ(v.lookup("nothing"), std::nullopt);
}

// An input that is there only when an optional instance is.
TEST(InitValue, HasAsksForOptionalInstances) {
  const std::string lone =
      "task: lone\nlevel: 2\nrevision: 1\ndoc: d.\n"
      "init: {t: {type: instance, of: scale, optional: true}}\n"
      "inputs: {x: {type: tensor, when: has(t), shape: [n]}}\n";
  TempRegistry files;
  const Registry registry = good(files).add("tasks/L2/lone.yaml", lone).load();
  const TaskSpec& task = registry.task("lone");
  const auto has = [&](const InitValue& v) {
    return task.args[0].when->eval_bool([&](std::string_view n) { return v.lookup(n); });
  };
  fk_instance instance{};
  struct {
    size_t struct_size;
    const fk_instance* t;
  } init{16, nullptr};
  EXPECT_FALSE(has(InitValue::from_struct(registry, task, &init)));
  init.t = &instance;
  EXPECT_TRUE(has(InitValue::from_struct(registry, task, &init)));
  EXPECT_FALSE(has(InitValue::from_json(registry, task, Json::object())));
  EXPECT_TRUE(has(InitValue::from_json(registry, task, Json::parse(R"({"t": {"size": 4}})"))));
  files.add("tasks/L2/lone.yaml", replaced(lone, "has(t)", "t"));
  EXPECT_NE(files.error().find("does not yield true or false, expected a condition"),
            std::string::npos)
      << files.error();
}

TEST_F(InitValueTest, ArgsByName) {
  StructValue args = StructValue::args(task());
  struct Args {
    size_t struct_size;
    const fk_tensor* x;
    fk_tensors xs;
    int64_t k;
    double g;
  };
  ASSERT_EQ(task().args_size, sizeof(Args));
  fk_tensor t{};
  args.set("x", &t);
  args.set("xs", std::vector<const fk_tensor*>{&t, nullptr});
  args.set("k", int64_t{5});
  args.set("g", 2.5);
  const Args& a = *static_cast<const Args*>(args.data());
  EXPECT_EQ(a.struct_size, sizeof(Args));
  EXPECT_EQ(a.x, &t);
  ASSERT_EQ(a.xs.size, 2u);
  EXPECT_EQ(a.xs.data[0], &t);
  EXPECT_EQ(a.k, 5);
  EXPECT_EQ(a.g, 2.5);
  EXPECT_EQ(error([&] { args.set("y", &t); }),
            "all args: unknown field \"y\", expected one of: x, xs, k, g (did you mean 'x'?)");
  EXPECT_EQ(error([&] { args.set("k", &t); }), "all args.k: given a tensor, expected the type int");
  EXPECT_EQ(error([&] { args.set("x", int64_t{1}); }),
            "all args.x: given an integer, expected the type tensor");
}

TEST_F(InitValueTest, StepByName) {
  StructValue step = StructValue::step(registry_.struct_spec("my_step"));
  struct Step {
    size_t struct_size;
    int64_t num_seqs;
    const fk_tensor* lens;
  };
  ASSERT_EQ(registry_.struct_spec("my_step").size, sizeof(Step));
  step.set("num_seqs", int64_t{3});
  EXPECT_EQ(static_cast<const Step*>(step.data())->num_seqs, 3);
  EXPECT_EQ(static_cast<const Step*>(step.data())->struct_size, sizeof(Step));
}

}  // namespace
}  // namespace fk::core
