// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/nearest.hpp"
#include "core/spec/expr_node.hpp"

namespace fk::core {
namespace {

using Node = Expr::Node;
using T = ExprType;

const char* name_of(T t) {
  switch (t) {
    case T::kInt: return "an integer";
    case T::kFloat: return "a decimal";
    case T::kBool: return "true or false";
    case T::kText: return "a text";
    case T::kInts: return "a list of integers";
    case T::kOptionalInt: return "an optional integer";
    case T::kOptionalInstance: return "an optional instance";
  }
  return "";
}

struct Checker {
  const std::string& text;
  const std::function<std::optional<T>(std::string_view)>& type_of;
  const std::function<const std::vector<std::string>*(std::string_view)>& values_of;
  const std::vector<std::string>& known;

  [[noreturn]] void fail(const Node& n, const std::string& reason) const {
    throw ExprError(text, n.column, reason);
  }
  T name(const Node& n) const {
    if (std::optional<T> t = type_of(n.name)) return *t;
    std::string list;
    for (const std::string& k : known) (list += list.empty() ? "" : ", ") += k;
    fail(n, fmt::format("unknown name \"{}\", expected one of: {}{}", n.name, list,
                        did_you_mean(n.name, known)));
  }
  void want(const Node& n, T want) const {
    T got = check(n);
    if (got == T::kOptionalInt) got = T::kInt;
    if (got != want) fail(n, fmt::format("found {}, expected {}", name_of(got), name_of(want)));
  }
  T number(const Node& n) const {
    T t = check(n);
    if (t == T::kOptionalInt) return T::kInt;
    if (t != T::kInt && t != T::kFloat)
      fail(n, fmt::format("found {}, expected a number", name_of(t)));
    return t;
  }
  // `quant == "nnoe"`: the text must be a value of the enum.
  void enum_text(const Node& a, const Node& b) const {
    if (a.op != Op::kName || b.op != Op::kValue) return;
    const std::vector<std::string>* values = values_of(a.name);
    if (!values) return;
    const std::string& v = std::get<std::string>(b.value);
    if (std::find(values->begin(), values->end(), v) != values->end()) return;
    std::string list;
    for (const std::string& k : *values) (list += list.empty() ? "" : ", ") += k;
    fail(b, fmt::format("\"{}\" is no value of {}, expected one of: {}{}", v, a.name, list,
                        did_you_mean(v, *values)));
  }

  T check(const Node& n) const {
    switch (n.op) {
      case Op::kValue: return static_cast<T>(n.value.index());
      case Op::kName: return name(n);
      case Op::kHas:
        if (const T t = name(n); t != T::kOptionalInt && t != T::kOptionalInstance)
          fail(n, fmt::format("has({}), expected the name of an optional", n.name));
        return T::kBool;
      case Op::kAnd:
      case Op::kOr:
      case Op::kNot:
        for (const auto& a : n.args) want(*a, T::kBool);
        return T::kBool;
      case Op::kEq:
      case Op::kNe: {
        T a = check(*n.args[0]), b = check(*n.args[1]);
        auto numeric = [](T t) { return t == T::kInt || t == T::kFloat || t == T::kOptionalInt; };
        if (a != b && !(numeric(a) && numeric(b)))
          fail(n, fmt::format("{} compared with {}, expected two of one kind", name_of(a),
                              name_of(b)));
        if (a == T::kText) enum_text(*n.args[0], *n.args[1]), enum_text(*n.args[1], *n.args[0]);
        return T::kBool;
      }
      case Op::kLt:
      case Op::kLe:
      case Op::kGt:
      case Op::kGe: number(*n.args[0]), number(*n.args[1]); return T::kBool;
      case Op::kMod:
      case Op::kCeilDiv: want(*n.args[0], T::kInt), want(*n.args[1], T::kInt); return T::kInt;
      case Op::kSum:
      case Op::kLen: want(*n.args[0], T::kInts); return T::kInt;
      case Op::kRowBytes: want(*n.args[0], T::kText), want(*n.args[1], T::kInt); return T::kInt;
      default: {
        T out = T::kInt;
        for (const auto& a : n.args)
          if (number(*a) == T::kFloat) out = T::kFloat;
        return out;
      }
    }
  }
};

}  // namespace

ExprType Expr::check(
    const std::function<std::optional<ExprType>(std::string_view)>& type_of,
    const std::function<const std::vector<std::string>*(std::string_view)>& values_of,
    const std::vector<std::string>& known_names) const {
  return Checker{text_, type_of, values_of, known_names}.check(*root_);
}

}  // namespace fk::core
