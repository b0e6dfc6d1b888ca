// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "core/base/quant.hpp"
#include "core/spec/expr_node.hpp"

namespace fk::core {
namespace {

using Node = Expr::Node;

std::string show(const Value& v) {
  struct Shower {
    std::string operator()(int64_t i) const { return fmt::format("{}", i); }
    std::string operator()(double d) const { return fmt::format("{}", d); }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(const std::string& s) const { return '"' + s + '"'; }
    std::string operator()(const std::vector<int64_t>& l) const {
      return fmt::format("a list of {} integers", l.size());
    }
  };
  return std::visit(Shower{}, v);
}

class Evaluator {
 public:
  Evaluator(const std::string& text, const Lookup& names) : text_(text), names_(names) {}

  Value eval(const Node& n) const {
    switch (n.op) {
      case Op::kValue: return n.value;
      case Op::kName:
        if (std::optional<Value> v = names_(n.name)) return *std::move(v);
        fail(n, fmt::format("\"{}\" has no value here", n.name));
      case Op::kHas: return names_(n.name).has_value();
      case Op::kAnd: return truth(n, 0) && truth(n, 1);
      case Op::kOr: return truth(n, 0) || truth(n, 1);
      case Op::kNot: return !truth(n, 0);
      case Op::kNeg: return arithmetic(n, Op::kSub, int64_t{0}, number(n, 0));
      case Op::kAdd:
      case Op::kSub:
      case Op::kMul:
      case Op::kDiv:
      case Op::kMod: return arithmetic(n, n.op, number(n, 0), number(n, 1));
      case Op::kCeilDiv: {
        int64_t a = integer(n, 0), b = integer(n, 1);
        if (a < 0 || b <= 0)
          fail(n, fmt::format("ceil_div({}, {}), expected a >= 0 and b > 0", a, b));
        return a / b + (a % b != 0);
      }
      case Op::kMin:
      case Op::kMax: {
        Value best = number(n, 0);
        for (size_t i = 1; i < n.args.size(); ++i) {
          Value v = number(n, i);
          if (n.op == Op::kMin ? less(v, best) : less(best, v)) best = v;
        }
        return best;
      }
      case Op::kSum: {
        Value total = int64_t{0};
        for (int64_t v : list(n)) total = arithmetic(n, Op::kAdd, total, v);
        return total;
      }
      case Op::kLen: return int64_t(list(n).size());
      case Op::kRowBytes: return row_bytes(n);
      default: return compare(n);
    }
  }

 private:
  [[noreturn]] void fail(const Node& n, const std::string& reason) const {
    throw ExprError(text_, n.column, reason);
  }
  [[noreturn]] void wrong(const Node& n, const Value& v, const char* what) const {
    fail(n, fmt::format("found {}, expected {}", show(v), what));
  }
  bool truth(const Node& n, size_t i) const {
    Value v = eval(*n.args[i]);
    if (!std::holds_alternative<bool>(v)) wrong(*n.args[i], v, "true or false");
    return std::get<bool>(v);
  }
  Value number(const Node& n, size_t i) const {
    Value v = eval(*n.args[i]);
    if (!std::holds_alternative<int64_t>(v) && !std::holds_alternative<double>(v))
      wrong(*n.args[i], v, "a number");
    return v;
  }
  int64_t integer(const Node& n, size_t i) const {
    Value v = eval(*n.args[i]);
    if (!std::holds_alternative<int64_t>(v)) wrong(*n.args[i], v, "an integer");
    return std::get<int64_t>(v);
  }
  std::vector<int64_t> list(const Node& n) const {
    Value v = eval(*n.args[0]);
    if (!std::holds_alternative<std::vector<int64_t>>(v))
      wrong(*n.args[0], v, "a list of integers");
    return std::get<std::vector<int64_t>>(std::move(v));
  }
  static double real(const Value& v) {
    return std::holds_alternative<double>(v) ? std::get<double>(v) : double(std::get<int64_t>(v));
  }
  static bool both_int(const Value& a, const Value& b) {
    return std::holds_alternative<int64_t>(a) && std::holds_alternative<int64_t>(b);
  }
  static bool less(const Value& a, const Value& b) {
    return both_int(a, b) ? std::get<int64_t>(a) < std::get<int64_t>(b) : real(a) < real(b);
  }

  Value arithmetic(const Node& n, Op op, const Value& l, const Value& r) const {
    if (!both_int(l, r)) {
      double a = real(l), b = real(r);
      switch (op) {
        case Op::kAdd: return a + b;
        case Op::kSub: return a - b;
        case Op::kMul: return a * b;
        case Op::kDiv:
          if (b == 0) fail(n, "division by zero");
          return a / b;
        default: fail(n, "% of decimals, expected integers");
      }
    }
    int64_t a = std::get<int64_t>(l), b = std::get<int64_t>(r), out = 0;
    bool overflow = false;
    switch (op) {
      case Op::kAdd: overflow = __builtin_add_overflow(a, b, &out); break;
      case Op::kSub: overflow = __builtin_sub_overflow(a, b, &out); break;
      case Op::kMul: overflow = __builtin_mul_overflow(a, b, &out); break;
      default:
        if (b == 0)
          fail(n, fmt::format("{} {} 0, division by zero", a, op == Op::kDiv ? "/" : "%"));
        if (b == -1) {  // INT64_MIN / -1 traps
          overflow = op == Op::kDiv && a == std::numeric_limits<int64_t>::min();
          out = op == Op::kDiv && !overflow ? -a : 0;
          break;
        }
        if (op == Op::kDiv && a % b)
          fail(n, fmt::format("{} / {} leaves the remainder {}, expected an exact division", a, b,
                              a % b));
        out = op == Op::kDiv ? a / b : a % b;
    }
    if (overflow) fail(n, fmt::format("{} and {}: the result does not fit 64 bits", a, b));
    return out;
  }

  Value compare(const Node& n) const {
    Value a = eval(*n.args[0]), b = eval(*n.args[1]);
    bool numbers = a.index() <= 1 && b.index() <= 1;
    if (n.op == Op::kEq || n.op == Op::kNe) {
      if (!numbers && a.index() != b.index())
        fail(n, fmt::format("{} compared with {}, expected two of one kind", show(a), show(b)));
      bool equal = numbers ? !less(a, b) && !less(b, a) : a == b;
      return equal == (n.op == Op::kEq);
    }
    if (!numbers)
      fail(n, fmt::format("{} compared with {}, expected two numbers", show(a), show(b)));
    switch (n.op) {
      case Op::kLt: return less(a, b);
      case Op::kLe: return !less(b, a);
      case Op::kGt: return less(b, a);
      default: return !less(a, b);
    }
  }

  int64_t row_bytes(const Node& n) const {
    Value quant = eval(*n.args[0]);
    if (!std::holds_alternative<std::string>(quant))
      wrong(*n.args[0], quant, "a value of the enum quant");
    const std::string& name = std::get<std::string>(quant);
    int64_t k = integer(n, 1);
    std::optional<BlockInfo> block = block_info(std::string_view(name));
    if (!block) fail(n, fmt::format("\"{}\" has no blocks, expected a quantised type", name));
    if (k < 0 || k % block->elements)
      fail(n, fmt::format("a row of {} elements, expected a multiple of the {} in a block of {}", k,
                          block->elements, name));
    return std::get<int64_t>(arithmetic(n, Op::kMul, k / block->elements, block->bytes));
  }

  const std::string& text_;
  const Lookup& names_;
};

}  // namespace

Value Expr::eval(const Lookup& names) const { return Evaluator(text_, names).eval(*root_); }

int64_t Expr::eval_int(const Lookup& names) const {
  Value v = eval(names);
  if (!std::holds_alternative<int64_t>(v))
    throw ExprError(text_, 1, fmt::format("the value is {}, expected an integer", show(v)));
  return std::get<int64_t>(v);
}

bool Expr::eval_bool(const Lookup& names) const {
  Value v = eval(names);
  if (!std::holds_alternative<bool>(v))
    throw ExprError(text_, 1, fmt::format("the value is {}, expected true or false", show(v)));
  return std::get<bool>(v);
}

}  // namespace fk::core
