// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/error.hpp"

namespace fk::core {

// A mistake in an expression; `column` counts from 1 in its text.
class ExprError : public Error {
 public:
  ExprError(std::string_view expression, size_t column, const std::string& reason)
      : Error(Code::kBadInput, fmt::format("in \"{}\", column {}: {}", expression, column, reason)),
        column_(column),
        reason_(reason) {}
  size_t column() const { return column_; }
  const std::string& reason() const { return reason_; }

 private:
  size_t column_;
  std::string reason_;
};

// What an expression can yield, known without evaluating it.
// An optional instance can only be asked for with has().
enum class ExprType { kInt, kFloat, kBool, kText, kInts, kOptionalInt, kOptionalInstance };

// The one expression language of the registry: shapes, bytes, flops, conditions.
// Integers, decimals, "text" (enum values), names; + - * / (exact: a remainder is an error) %
// comparisons, and or not, ceil_div(a,b) min max sum(ints) len(ints) row_bytes(quant, k)
// has(optional int or instance).
using Value = std::variant<int64_t, double, bool, std::string, std::vector<int64_t>>;
using Lookup = std::function<std::optional<Value>(std::string_view name)>;

class Expr {
 public:
  // Throws Error naming the column of the first thing that is not understood.
  static Expr parse(std::string_view text);
  Value eval(const Lookup& names)
      const;  // throws Error naming an unknown name, overflow, division by zero
  int64_t eval_int(const Lookup& names) const;
  bool eval_bool(const Lookup& names) const;
  const std::string& text() const { return text_; }
  std::vector<std::string> names() const;  // every name it reads
  // The name, if the whole expression is one name: such a dimension is bound by the first tensor
  // that has it.
  std::optional<std::string> as_name() const;

  // The type of the value, checking every operator's operands and every name; `type_of` says
  // nullopt for an unknown name, `values_of` gives the values of a name that is an enum (a text
  // compared with it must be one of them).
  ExprType check(const std::function<std::optional<ExprType>(std::string_view)>& type_of,
                 const std::function<const std::vector<std::string>*(std::string_view)>& values_of,
                 const std::vector<std::string>& known_names) const;

  struct Node;

 private:
  std::string text_;
  std::shared_ptr<const Node> root_;
};

}  // namespace fk::core
