// SPDX-License-Identifier: Apache-2.0
// What a template's author or user reads when something is wrong, and the bounds that hold against
// hostile templates.
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/text/chat_template.hpp"

namespace fk::core {
namespace {

std::string render(const std::string& text,
                   nlohmann::ordered_json context = nlohmann::ordered_json::object()) {
  try {
    return ChatTemplate::parse(text, "t").render(context);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::kBadInput);
    return "! " + e.text();
  }
}

TEST(ChatTemplate, NamesWhereTheSyntaxIsWrong) {
  EXPECT_EQ(render("a\n  {{ x"), "! t:2:7: an expression {{ is not closed by }}");
  EXPECT_EQ(render("{% if x %}a"), "! t:1:12: the template ends where {% endif %} is expected");
  EXPECT_EQ(render("{% fro x in y %}"),
            "! t:1:4: unknown or unsupported block 'fro'; expected if, for, set, macro, call, "
            "filter, with, generation, break, continue or raw");
  EXPECT_EQ(render("{{ a + }}"), "! t:1:8: expected an expression, found '}}'");
  EXPECT_EQ(render("{{ a ! b }}"), "! t:1:6: unexpected character '!'");
  EXPECT_EQ(render("{{ (a }}"), "! t:1:7: unexpected '}'");
  EXPECT_EQ(render("{% for x y %}"), "! t:1:10: expected 'in', found 'y'");
  EXPECT_EQ(render("{% break %}"), "! t:1:10: {% break %} outside a loop");
  EXPECT_EQ(render("{{ 99999999999999999999 }}"),
            "! t:1:25: 99999999999999999999 does not fit 64 bits");
  EXPECT_EQ(render("{# never"), "! t:1:1: a comment {# is not closed by #}");
}

TEST(ChatTemplate, NamesTheLineThatFails) {
  EXPECT_EQ(render("\n\n{{ raise_exception('only users') }}"), "! t: line 3: only users");
  EXPECT_EQ(render("{{ x.y }}"), "! t: line 1: 'x' is undefined");
  EXPECT_EQ(render("{{ x() }}"), "! t: line 1: 'x' is undefined");
  EXPECT_EQ(render("{{ 1 + 'a' }}"),
            "! t: line 1: unsupported operand types for +: 'int' and 'str'");
  EXPECT_EQ(render("{{ 'a' | nope }}"), "! t: line 1: there is no filter 'nope'");
  EXPECT_EQ(render("{{ 'a' is nope }}"), "! t: line 1: there is no test 'nope'");
  EXPECT_EQ(render("{{ 1 // 0 }}"), "! t: line 1: division by zero");
  EXPECT_EQ(render("{{ [1].append(2) }}"),
            "! t: line 1: list.append changes a list in place, which templates may not do");
  EXPECT_EQ(render("{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=1) }}"),
            "! t: line 1: macro 'm' has no argument 'b'");
}

// Expected texts are jinja2's.
TEST(ChatTemplate, NumbersBeyondTheDoublesAreInfOrZero) {
  EXPECT_EQ(render("{{ 1e400 }}|{{ -1e999 }}|{{ 1e-400 }}"), "inf|-inf|0.0");
  EXPECT_EQ(render("{{ '1e400' | float }}|{{ '1e-400' | float }}|{{ 'x' | float }}"),
            "inf|0.0|0.0");
  EXPECT_EQ(render("{{ '1e400' | int(7) }}|{{ '0x1F' | int }}|{{ ' 12 ' | int }}"), "7|0|12");
}

TEST(ChatTemplate, IsBounded) {
  EXPECT_EQ(render("{{ 'aaaaaaaaaa' * 100000000 }}"),
            "! t: line 1: a string of more than 67108864 bytes");
  EXPECT_EQ(render("{% for i in range(100001) %}{% endfor %}"),
            "! t: line 1: a range of more than 100,000 elements");
  EXPECT_EQ(render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
            "! t: line 1: calls nested deeper than 200");
  EXPECT_EQ(render("{{ " + std::string(200, '(') + "1" + std::string(200, ')') + " }}"),
            "! t:1:104: brackets nested deeper than 100");
  EXPECT_EQ(render("{{ " + std::string(500, '-') + "1 }}").substr(0, 2), "! ");
}

TEST(ChatTemplate, FollowsPython) {
  EXPECT_EQ(render("{{ [1, 2.0, true, none, 'a\\'b', {'k': (1,)}] }}"),
            R"([1, 2.0, True, None, "a'b", {'k': (1,)}])");
  EXPECT_EQ(render("{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1e16 }}"),
            "-4 2 3.5 1024 1e+16");
  EXPECT_EQ(render("{{ 'añb'[::-1] }} {{ 'añb' | length }} {{ 'abc'[-2:] }}"), "bña 3 bc");
  EXPECT_EQ(render("{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a-b-c'.rsplit('-', 1) }}"),
            "['a', 'b', '', 'c'] ['a', 'b'] ['a-b', 'c']");
  EXPECT_EQ(render("{% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{{ v }}{{ loop.last }} {% "
                   "endfor %}"),
            "a2False b1True ");
  EXPECT_EQ(render("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}"), "1");
  EXPECT_EQ(render("a\n  {% if true %}\n b\n  {%- endif %}\nc\n"), "a\n bc");
  EXPECT_EQ(render("{{ {'a': [1, 'é']} | tojson }}|{{ [1, {}] | tojson(indent=1) }}"),
            "{\"a\": [1, \"é\"]}|[\n 1,\n {}\n]");
}

}  // namespace
}  // namespace fk::core
