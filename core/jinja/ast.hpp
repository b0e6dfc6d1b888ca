// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/jinja/lexer.hpp"
#include "core/jinja/value.hpp"

namespace fk::core::jinja {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using Body = std::vector<Statement>;

struct Argument {
  std::string name;  // "" for positional
  ExpressionPtr value;
  bool spread = false;  // *value
};

struct Expression {
  enum class Kind {
    kLiteral,
    kName,
    kList,
    kTuple,
    kDict,
    kAttribute,
    kIndex,
    kSlice,
    kCall,
    kFilter,
    kTest,
    kNot,
    kNegative,
    kPositive,
    kBinary,
    kCompare,
    kAnd,
    kOr,
    kIf
  } kind;
  Position at;
  Value literal;
  std::string name;               // of a name, attribute, filter, test or operator
  std::vector<ExpressionPtr> of;  // operands; dict: key, value, key, value...; slice: object,
                                  // start?, stop?, step?; if: then, condition, else?
  std::vector<std::string> ops;   // of a comparison chain: of.size() - 1
  std::vector<Argument> arguments;
};

struct Statement {
  enum class Kind {
    kText,
    kOutput,
    kIf,
    kFor,
    kSet,
    kSetBlock,
    kMacro,
    kCallBlock,
    kFilterBlock,
    kScope,
    kBreak,
    kContinue
  } kind;
  Position at;
  std::string text;                        // text, or the name of a macro
  std::vector<std::string> names;          // targets of for and set; parameters of a macro
  std::string field;                       // of a namespace: {% set names[0].field = ... %}
  std::vector<ExpressionPtr> expressions;  // output; set value; if: a condition a branch; for:
                                           // iterable, filter?; macro: defaults (may be null)
  std::vector<Body> bodies;                // if: branches, then else; for: body, else
};

// Throws SyntaxError.
Body parse(const std::vector<Token>& tokens);

}  // namespace fk::core::jinja
