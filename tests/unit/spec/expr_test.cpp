// SPDX-License-Identifier: Apache-2.0
#include "core/spec/expr.hpp"

#include <gtest/gtest.h>

namespace fk::core {
namespace {

std::optional<Value> names(std::string_view n) {
  if (n == "n") return int64_t{7};
  if (n == "k") return int64_t{64};
  if (n == "quant") return std::string("q4_1");
  if (n == "bias") return true;
  if (n == "sizes") return std::vector<int64_t>{3, 4, 5};
  if (n == "big") return int64_t{1} << 62;
  if (n == "least") return std::numeric_limits<int64_t>::min();
  return std::nullopt;
}

int64_t number(const char* text) { return Expr::parse(text).eval_int(names); }
bool truth(const char* text) { return Expr::parse(text).eval_bool(names); }
std::string error(const std::string& text) {
  try {
    Expr::parse(text).eval(names);
  } catch (const Error& e) { return e.text(); }
  return "no error";
}

TEST(Expr, Integers) {
  EXPECT_EQ(number("2*n + 3"), 17);
  EXPECT_EQ(number("2 + n*3"), 23);
  EXPECT_EQ(number("(2 + n)*3"), 27);
  EXPECT_EQ(number("k/4/2"), 8);
  EXPECT_EQ(number("k - 4 - 2"), 58);
  EXPECT_EQ(number("-n + 10 % 4"), -5);
  EXPECT_EQ(number("ceil_div(n, 4)"), 2);
  EXPECT_EQ(number("min(n, k, 3) + max(1, n)"), 10);
  EXPECT_EQ(number("sum(sizes)*100 + len(sizes)"), 1203);
  EXPECT_EQ(number("row_bytes(quant, k)"), 40);
}

TEST(Expr, Conditions) {
  EXPECT_TRUE(truth("quant == \"q4_1\""));
  EXPECT_FALSE(truth("quant != 'q4_1'"));
  EXPECT_TRUE(truth("n >= 7 and n < 8 or bias"));
  EXPECT_FALSE(truth("not bias or not (n == 7)"));
  EXPECT_TRUE(truth("n == 7.0 and 0.5 < 1"));
  EXPECT_TRUE(truth("has(n) and not has(nothing)"));
  EXPECT_TRUE(truth("true or unknown == 1"));  // the right side is not looked at
}

TEST(Expr, Decimals) {
  EXPECT_DOUBLE_EQ(std::get<double>(Expr::parse("n / 2.0 + 1.5e1").eval(names)), 18.5);
}

TEST(Expr, Names) {
  EXPECT_EQ(Expr::parse("a*b + has(c) + a").names(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(Expr::parse(" n ").as_name(), "n");
  EXPECT_EQ(Expr::parse("n + 0").as_name(), std::nullopt);
}

TEST(Expr, ErrorsNameTheColumn) {
  EXPECT_EQ(error("2*(n"), "in \"2*(n\", column 5: found the end, expected \")\"");
  EXPECT_EQ(error("2 * * n"),
            "in \"2 * * n\", column 5: found \"*\", expected a number, a name or \"(\"");
  EXPECT_EQ(error("n k"), "in \"n k\", column 3: found \"k\", expected an operator or the end");
  EXPECT_EQ(error(""), "in \"\", column 1: found the end, expected a number, a name or \"(\"");
  EXPECT_EQ(error("1 < n < 3"),
            "in \"1 < n < 3\", column 7: found a second comparison, expected \"and\" between two");
  EXPECT_EQ(
      error("quant == \"q4"),
      "in \"quant == \"q4\", column 10: found a text without its closing quote, expected one");
  EXPECT_EQ(error("n and"),
            "in \"n and\", column 6: found the end, expected a number, a name or \"(\"");
  EXPECT_EQ(error("12ab"), "in \"12ab\", column 1: found \"12ab\", expected a number");
  EXPECT_EQ(error("99999999999999999999"),
            "in \"99999999999999999999\", column 1: found \"99999999999999999999\", expected a "
            "number of at most 63 bits");
  EXPECT_EQ(error("ceildiv(n, 2)"),
            "in \"ceildiv(n, 2)\", column 1: unknown function \"ceildiv\", expected one of: "
            "ceil_div, min, max, sum, len, row_bytes, has (did you mean 'ceil_div'?)");
  EXPECT_EQ(error("ceil_div(n)"),
            "in \"ceil_div(n)\", column 1: ceil_div has 1 arguments, expected 2");
  EXPECT_EQ(error("min()"), "in \"min()\", column 1: min has 0 arguments, expected 1 or more");
  EXPECT_EQ(error(std::string(3000, '1')),
            "in \"" + std::string(40, '1') +
                "\", column 1: is 3000 characters long, expected at most 2000");
  EXPECT_NE(error(std::string(500, '(')).find("nested too deep"), std::string::npos);
  EXPECT_NE(error(std::string(500, '-')).find("nested too deep"), std::string::npos);
}

TEST(Expr, ErrorsOfValues) {
  EXPECT_EQ(error("1 + rows"), "in \"1 + rows\", column 5: \"rows\" has no value here");
  EXPECT_EQ(error("n / 2"),
            "in \"n / 2\", column 3: 7 / 2 leaves the remainder 1, expected an exact division");
  EXPECT_EQ(error("n % 0"), "in \"n % 0\", column 3: 7 % 0, division by zero");
  EXPECT_EQ(error("1.0 / 0"), "in \"1.0 / 0\", column 5: division by zero");
  EXPECT_EQ(error("big * 4"),
            "in \"big * 4\", column 5: 4611686018427387904 and 4: the result does not fit 64 bits");
  EXPECT_EQ(
      error("least / -1"),
      "in \"least / -1\", column 7: -9223372036854775808 and -1: the result does not fit 64 bits");
  EXPECT_EQ(number("least % -1"), 0);
  EXPECT_EQ(error("quant + 1"), "in \"quant + 1\", column 1: found \"q4_1\", expected a number");
  EXPECT_EQ(error("n and bias"), "in \"n and bias\", column 1: found 7, expected true or false");
  EXPECT_EQ(error("quant == 1"),
            "in \"quant == 1\", column 7: \"q4_1\" compared with 1, expected two of one kind");
  EXPECT_EQ(error("row_bytes(quant, 33)"),
            "in \"row_bytes(quant, 33)\", column 1: a row of 33 elements, expected a multiple of "
            "the 32 in a block of q4_1");
  EXPECT_EQ(error("row_bytes(\"none\", 32)"),
            "in \"row_bytes(\"none\", 32)\", column 1: \"none\" has no blocks, expected a "
            "quantised type");
  EXPECT_EQ(error("sum(n)"), "in \"sum(n)\", column 5: found 7, expected a list of integers");
}

TEST(Expr, EvalIntWantsAnInteger) {
  try {
    Expr::parse("1.5").eval_int(names);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.text(), "in \"1.5\", column 1: the value is 1.5, expected an integer");
  }
}

}  // namespace
}  // namespace fk::core
