// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/spec/expr.hpp"

namespace fk::core {

enum class Op {
  kValue,
  kName,
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kAnd,
  kOr,
  kNot,
  kNeg,
  kCeilDiv,
  kMin,
  kMax,
  kSum,
  kLen,
  kRowBytes,
  kHas
};

struct Expr::Node {
  Op op = Op::kValue;
  size_t column = 1;  // in the text, from 1
  Value value;        // kValue
  std::string name;   // kName; kHas names an optional
  std::vector<std::shared_ptr<const Node>> args;
};

}  // namespace fk::core
