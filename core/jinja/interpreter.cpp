// SPDX-License-Identifier: Apache-2.0
#include "core/jinja/interpreter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace fk::core::jinja {
namespace {

using Ex = Expression::Kind;
using St = Statement::Kind;
enum class Flow { kNext, kBreak, kContinue };

Value arithmetic(const std::string& op, const Value& a, const Value& b) {
  auto wrong = [&]() -> Value {
    for (const Value* v : {&a, &b})
      if (auto* u = v->get<Undefined>()) fail(fmt::format("'{}' is undefined", u->name));
    fail(fmt::format("unsupported operand types for {}: '{}' and '{}'", op, a.type_name(),
                     b.type_name()));
  };
  auto repeat = [](const Value& what, int64_t n) -> Value {
    n = std::max<int64_t>(n, 0);
    if (auto* s = what.string()) {
      check_size(s->size() > 0 && size_t(n) > (size_t{1} << 40) / s->size()
                     ? ~size_t{0}
                     : s->size() * size_t(n));
      std::string out;
      for (int64_t i = 0; i < n && !s->empty(); ++i) out += *s;
      return out;
    }
    if (size_t(n) * what.list()->size() > 1'000'000) fail("a list of more than 1,000,000 elements");
    List out;
    for (int64_t i = 0; i < n; ++i) out.insert(out.end(), what.list()->begin(), what.list()->end());
    return out;
  };
  if (op == "~") {
    const std::string x = a.text(), y = b.text();
    check_size(x.size() + y.size());
    return x + y;
  }
  if (op == "+" && a.string() && b.string()) {
    check_size(a.string()->size() + b.string()->size());
    return *a.string() + *b.string();
  }
  if (op == "+" && a.list() && b.list() && a.is_tuple() == b.is_tuple()) {
    List out = *a.list();
    out.insert(out.end(), b.list()->begin(), b.list()->end());
    return a.is_tuple() ? Value::tuple(std::move(out)) : Value(std::move(out));
  }
  if (op == "*" && (a.string() || a.list()) && b.get<int64_t>())
    return repeat(a, *b.get<int64_t>());
  if (op == "*" && (b.string() || b.list()) && a.get<int64_t>())
    return repeat(b, *a.get<int64_t>());
  if (op == "%" && a.string())
    return apply_filter("format", a, {b.is_tuple() ? *b.list() : List{b}, {}});
  if (!a.is_number() || !b.is_number()) return wrong();
  const bool integers = !a.get<double>() && !b.get<double>();
  const double x = a.number(), y = b.number();
  if ((op == "/" || op == "//" || op == "%") && y == 0) fail("division by zero");
  if (op == "/") return x / y;
  if (op == "**") {
    const double p = std::pow(x, y);
    if (integers && y >= 0 && std::abs(p) < 9e15) return int64_t(p);
    return p;
  }
  if (integers) {
    const int64_t i = int64_t(x), j = int64_t(y);
    int64_t r = 0;
    const int64_t ia = a.get<int64_t>() ? *a.get<int64_t>() : i,
                  ib = b.get<int64_t>() ? *b.get<int64_t>() : j;
    bool over = false;
    if (op == "+")
      over = __builtin_add_overflow(ia, ib, &r);
    else if (op == "-")
      over = __builtin_sub_overflow(ia, ib, &r);
    else if (op == "*")
      over = __builtin_mul_overflow(ia, ib, &r);
    else if (ib == -1)
      over = op == "//" && __builtin_sub_overflow(int64_t{0}, ia, &r);
    else if (op == "//")
      r = ia / ib - (ia % ib != 0 && (ia < 0) != (ib < 0));
    else
      r = ia % ib + (ia % ib != 0 && (ia < 0) != (ib < 0) ? ib : 0);
    if (over) fail(fmt::format("{} {} {} does not fit 64 bits", ia, op, ib));
    return r;
  }
  if (op == "+") return x + y;
  if (op == "-") return x - y;
  if (op == "*") return x * y;
  if (op == "//") return std::floor(x / y);
  return x - y * std::floor(x / y);
}

class Interpreter {
 public:
  Interpreter(const Dict& context, const Limits& limits) : limits_(limits) {
    scopes_.push_back(context);
    auto global = [&](const char* name, Function f) {
      if (!lookup(name)) scopes_[0].emplace_back(name, std::move(f));
    };
    global("namespace", [this](const List& args, const Kwargs& named) -> Value {
      auto n = namespaces_.emplace_back(std::make_shared<Value::Namespace>());
      for (const Value& a : args)
        if (a.dict()) n->fields = *a.dict();
      for (const auto& kv : named) n->fields.push_back(kv);
      return n;
    });
    global("dict", [](const List&, const Kwargs& named) -> Value { return Dict(named); });
    global("range", range);
    global("raise_exception", [](const List& args, const Kwargs&) -> Value {
      fail(args.empty() ? "raise_exception()" : args[0].text());
    });
    global("strftime_now", [fixed = limits.now](const List& args, const Kwargs&) -> Value {
      if (args.size() != 1 || !args[0].string()) fail("strftime_now needs a format");
      const std::time_t now = fixed ? *fixed : std::time(nullptr);
      std::tm local{};
      if (fixed)
        gmtime_r(&now, &local);
      else
        localtime_r(&now, &local);
      char text[256];
      return std::string(text, std::strftime(text, sizeof text, args[0].string()->c_str(), &local));
    });
  }

  ~Interpreter() {
    for (const auto& n : namespaces_) n->fields.clear();
  }
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  std::string run(const Body& body) {
    std::string out;
    body_of(body, out);
    return out;
  }

 private:
  static Value range(const List& args, const Kwargs&) {
    int64_t v[3] = {0, 0, 1};
    if (args.empty() || args.size() > 3) fail("range needs one to three integers");
    for (size_t i = 0; i < args.size(); ++i) {
      if (!args[i].get<int64_t>())
        fail(fmt::format("range needs integers, found {}", args[i].type_name()));
      v[args.size() == 1 ? 1 : i] = *args[i].get<int64_t>();
    }
    if (v[2] == 0) fail("range: the step is 0");
    List out;
    for (int64_t i = v[0]; v[2] > 0 ? i < v[1] : i > v[1];) {
      if (out.size() >= 100'000) fail("a range of more than 100,000 elements");
      out.emplace_back(i);
      if (__builtin_add_overflow(i, v[2], &i)) break;
    }
    return out;
  }

  void step(const Position& at) {
    line_ = at.line;
    if (++steps_ > limits_.steps) fail(fmt::format("more than {} steps", limits_.steps));
  }

  Value* lookup(std::string_view name) {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
      for (auto kv = scope->rbegin(); kv != scope->rend(); ++kv)
        if (kv->first == name) return &kv->second;
    return nullptr;
  }

  void assign(const std::string& name, Value value) {
    for (auto& [k, v] : scopes_.back())
      if (k == name) {
        v = std::move(value);
        return;
      }
    scopes_.back().emplace_back(name, std::move(value));
  }

  void assign(const std::vector<std::string>& names, const Value& value) {
    if (names.size() == 1) return assign(names[0], value);
    const List parts = value.iterate();
    if (parts.size() != names.size())
      fail(fmt::format("{} values to unpack into {} names", parts.size(), names.size()));
    for (size_t i = 0; i < names.size(); ++i) assign(names[i], parts[i]);
  }

  struct Scope {
    explicit Scope(Interpreter& i) : i_(i) { i_.scopes_.emplace_back(); }
    ~Scope() { i_.scopes_.pop_back(); }
    Interpreter& i_;
  };

  // The caller's scopes, put aside while a macro runs and put back however it ends.
  struct Isolated {
    Isolated(Interpreter& i, bool globals_only) : i_(i) {
      if (!globals_only) return;
      outer_.assign(std::make_move_iterator(i.scopes_.begin() + 1),
                    std::make_move_iterator(i.scopes_.end()));
      i.scopes_.resize(1);
    }
    ~Isolated() {
      for (Dict& d : outer_) i_.scopes_.push_back(std::move(d));
      --i_.depth_;
    }
    Interpreter& i_;
    std::vector<Dict> outer_;
  };

  void emit(std::string_view text, std::string& out) {
    written_ += text.size();
    if (written_ > limits_.output)
      fail(fmt::format("more than {} bytes of output", limits_.output));
    out += text;
  }

  // ---- statements -------------------------------------------------------------------------------
  Flow body_of(const Body& body, std::string& out) {
    for (const Statement& s : body)
      if (const Flow f = statement(s, out); f != Flow::kNext) return f;
    return Flow::kNext;
  }

  Flow statement(const Statement& s, std::string& out) {
    step(s.at);
    switch (s.kind) {
      case St::kText: emit(s.text, out); break;
      case St::kOutput: emit(eval(*s.expressions[0]).text(), out); break;
      case St::kIf:
        for (size_t i = 0; i < s.bodies.size(); ++i)
          if (i >= s.expressions.size() || eval(*s.expressions[i]).truth())
            return body_of(s.bodies[i], out);
        break;
      case St::kFor: return loop(s, out);
      case St::kSet: {
        Value value = eval(*s.expressions[0]);
        if (s.field.empty()) {
          assign(s.names, value);
          break;
        }
        set_field(s, std::move(value));
        break;
      }
      case St::kSetBlock: {
        std::string text;
        {
          Scope scope(*this);
          body_of(s.bodies[0], text);
        }
        if (s.field.empty())
          assign(s.names, Value(std::move(text)));
        else
          set_field(s, Value(std::move(text)));
        break;
      }
      case St::kMacro: assign(s.text, Value(macro(s))); break;
      case St::kCallBlock: {
        const Expression& target = *s.expressions.back();
        const Value callee = eval(*target.of[0]);
        Args args = evaluate(target.arguments);
        args.named.emplace_back("caller", Value(macro(s)));
        emit(call(callee, target.of[0]->name, args).text(), out);
        break;
      }
      case St::kFilterBlock: {
        std::string text;
        {
          Scope scope(*this);
          body_of(s.bodies[0], text);
        }
        emit(filter_chain(*s.expressions[0], Value(std::move(text))).text(), out);
        break;
      }
      case St::kScope: {
        Dict values;
        for (size_t i = 0; i < s.names.size(); ++i)
          values.emplace_back(s.names[i], eval(*s.expressions[i]));
        Scope scope(*this);
        for (auto& [k, v] : values) assign(k, v);
        return body_of(s.bodies[0], out);
      }
      case St::kBreak: return Flow::kBreak;
      case St::kContinue: return Flow::kContinue;
    }
    return Flow::kNext;
  }

  void set_field(const Statement& s, Value value) {
    Value* target = lookup(s.names[0]);
    auto* n = target ? target->get<std::shared_ptr<Value::Namespace>>() : nullptr;
    if (!n) fail(fmt::format("cannot assign to {}.{}: it is no namespace", s.names[0], s.field));
    for (auto& [k, v] : (*n)->fields)
      if (k == s.field) {
        v = std::move(value);
        return;
      }
    (*n)->fields.emplace_back(s.field, std::move(value));
  }

  // The text of a filter block goes in where the chain's innermost literal stands.
  Value filter_chain(const Expression& e, Value in) {
    if (e.kind != Ex::kFilter) return in;
    return apply_filter(e.name, filter_chain(*e.of[0], std::move(in)), evaluate(e.arguments));
  }

  Flow loop(const Statement& s, std::string& out) {
    List items = eval(*s.expressions[0]).iterate();
    if (s.expressions.size() > 1) {  // for x in xs if condition
      List kept;
      for (const Value& item : items) {
        Scope scope(*this);
        assign(s.names, item);
        if (eval(*s.expressions[1]).truth()) kept.push_back(item);
      }
      items = std::move(kept);
    }
    if (items.empty()) return s.bodies.size() > 1 ? body_of(s.bodies[1], out) : Flow::kNext;
    const auto n = int64_t(items.size());
    for (int64_t i = 0; i < n; ++i) {
      Scope scope(*this);
      auto at = [&](int64_t k) {
        return k >= 0 && k < n ? items[size_t(k)]
                               : Value::undefined(k < 0 ? "loop.previtem" : "loop.nextitem");
      };
      Function cycle = [i](const List& args, const Kwargs&) -> Value {
        if (args.empty()) fail("loop.cycle needs values");
        return args[size_t(i) % args.size()];
      };
      assign("loop", Value(Dict{{"index", i + 1},
                                {"index0", i},
                                {"revindex", n - i},
                                {"revindex0", n - i - 1},
                                {"first", i == 0},
                                {"last", i == n - 1},
                                {"length", n},
                                {"depth", 1},
                                {"depth0", 0},
                                {"previtem", at(i - 1)},
                                {"nextitem", at(i + 1)},
                                {"cycle", Value(std::move(cycle))}}));
      assign(s.names, items[size_t(i)]);
      if (body_of(s.bodies[0], out) == Flow::kBreak) break;
    }
    return Flow::kNext;
  }

  // A macro sees the template's own variables and its parameters, not the caller's.
  Function macro(const Statement& s) {
    return [this, &s](const List& args, const Kwargs& named) -> Value {
      const std::string what =
          s.kind == St::kMacro ? fmt::format("macro '{}'", s.text) : std::string("caller()");
      if (args.size() > s.names.size())
        fail(fmt::format("{} takes {} arguments, {} are given", what, s.names.size(), args.size()));
      if (++depth_ > limits_.depth) fail(fmt::format("calls nested deeper than {}", limits_.depth));
      const Isolated isolated(*this, s.kind == St::kMacro);
      std::string text;
      {
        Scope scope(*this);
        for (size_t i = 0; i < s.names.size(); ++i) {
          const Value* given = i < args.size() ? &args[i] : nullptr;
          for (const auto& [k, v] : named)
            if (k == s.names[i]) given = &v;
          // parameters() pushed one default (or NULL) a parameter, before a call block's own call.
          const Expression* otherwise = s.expressions[i].get();
          assign(s.names[i], given       ? *given
                             : otherwise ? eval(*otherwise)
                                         : Value::undefined(s.names[i]));
        }
        for (const auto& [k, v] : named) {
          if (k == "caller")
            assign(k, v);
          else if (std::find(s.names.begin(), s.names.end(), k) == s.names.end())
            fail(fmt::format("{} has no argument '{}'", what, k));
        }
        body_of(s.bodies[0], text);
      }
      return text;
    };
  }

  // ---- expressions ------------------------------------------------------------------------------
  Args evaluate(const std::vector<Argument>& arguments) {
    Args out;
    for (const Argument& a : arguments) {
      if (a.spread) {
        for (Value& v : eval(*a.value).iterate()) out.positional.push_back(std::move(v));
      } else if (a.name.empty()) {
        out.positional.push_back(eval(*a.value));
      } else
        out.named.emplace_back(a.name, eval(*a.value));
    }
    return out;
  }

  Value call(const Value& callee, const std::string& name, const Args& args) {
    auto* f = callee.get<std::shared_ptr<const Function>>();
    if (auto* u = callee.get<Undefined>()) fail(fmt::format("'{}' is undefined", u->name));
    if (!f) fail(fmt::format("'{}' is a {} and cannot be called", name, callee.type_name()));
    const std::shared_ptr<const Function> hold = *f;  // a macro may be redefined while it runs
    const int line = line_;
    Value v = (*hold)(args.positional, args.named);
    line_ = line;
    return v;
  }

  Value eval(const Expression& e) {
    step(e.at);
    switch (e.kind) {
      case Ex::kLiteral: return e.literal;
      case Ex::kName:
        if (Value* v = lookup(e.name)) return *v;
        return Value::undefined(e.name);
      case Ex::kList:
      case Ex::kTuple: {
        List out;
        for (const auto& x : e.of) out.push_back(eval(*x));
        return e.kind == Ex::kList ? Value(std::move(out)) : Value::tuple(std::move(out));
      }
      case Ex::kDict: {
        Dict out;
        for (size_t i = 0; i < e.of.size(); i += 2) {
          const Value key = eval(*e.of[i]);
          if (!key.string())
            fail(fmt::format("keys of a dict must be strings, found {}", key.type_name()));
          Value value = eval(*e.of[i + 1]);
          bool known = false;
          for (auto& [k, v] : out)
            if (k == *key.string()) v = value, known = true;
          if (!known) out.emplace_back(*key.string(), std::move(value));
        }
        return out;
      }
      case Ex::kAttribute: return get_attribute(eval(*e.of[0]), e.name);
      case Ex::kIndex: return get_item(eval(*e.of[0]), eval(*e.of[1]));
      case Ex::kSlice: return slice(e);
      case Ex::kCall: {
        const Value callee = eval(*e.of[0]);
        return call(callee, e.of[0]->name, evaluate(e.arguments));
      }
      case Ex::kFilter: {
        const Value in = eval(*e.of[0]);
        return apply_filter(e.name, in, evaluate(e.arguments));
      }
      case Ex::kTest: {
        const Value in = eval(*e.of[0]);
        return apply_test(e.name, in, evaluate(e.arguments));
      }
      case Ex::kNot: return !eval(*e.of[0]).truth();
      case Ex::kNegative: return arithmetic("-", Value(0), eval(*e.of[0]));
      case Ex::kPositive: return arithmetic("+", Value(0), eval(*e.of[0]));
      case Ex::kBinary: {
        const Value a = eval(*e.of[0]);
        return arithmetic(e.name, a, eval(*e.of[1]));
      }
      case Ex::kCompare: return compare(e);
      case Ex::kAnd: {
        Value a = eval(*e.of[0]);
        return a.truth() ? eval(*e.of[1]) : a;
      }
      case Ex::kOr: {
        Value a = eval(*e.of[0]);
        return a.truth() ? a : eval(*e.of[1]);
      }
      case Ex::kIf:
        if (eval(*e.of[1]).truth()) return eval(*e.of[0]);
        return e.of.size() > 2 ? eval(*e.of[2]) : Value::undefined("the inline if without else");
    }
    return {};
  }

  Value compare(const Expression& e) {
    Value left = eval(*e.of[0]);
    for (size_t i = 0; i < e.ops.size(); ++i) {
      Value right = eval(*e.of[i + 1]);
      const std::string& op = e.ops[i];
      const bool ok = op == "=="   ? equal(left, right)
                      : op == "!=" ? !equal(left, right)
                      : op == "<"  ? less(left, right)
                      : op == ">"  ? less(right, left)
                      : op == "<=" ? !less(right, left)
                      : op == ">=" ? !less(left, right)
                      : op == "in" ? contains(right, left)
                                   : !contains(right, left);
      if (!ok) return false;
      left = std::move(right);
    }
    return true;
  }

  Value slice(const Expression& e) {
    const Value object = eval(*e.of[0]);
    if (auto* u = object.get<Undefined>()) fail(fmt::format("'{}' is undefined", u->name));
    if (!object.list() && !object.string())
      fail(fmt::format("'{}' object cannot be sliced", object.type_name()));
    const List items = object.iterate();
    const auto n = int64_t(items.size());
    auto part = [&](size_t i) -> std::optional<int64_t> {
      if (!e.of[i]) return std::nullopt;
      const Value v = eval(*e.of[i]);
      if (v.is_none()) return std::nullopt;
      if (!v.get<int64_t>()) fail(fmt::format("a slice needs integers, found {}", v.type_name()));
      return *v.get<int64_t>();
    };
    const int64_t step = part(3).value_or(1);
    if (step == 0) fail("a slice's step is 0");
    auto clamp = [&](std::optional<int64_t> v, int64_t otherwise) {
      if (!v) return otherwise;
      const int64_t i = *v < 0 ? *v + n : *v;
      return step > 0 ? std::clamp<int64_t>(i, 0, n) : std::clamp<int64_t>(i, -1, n - 1);
    };
    const int64_t begin = clamp(part(1), step > 0 ? 0 : n - 1),
                  end = clamp(part(2), step > 0 ? n : -1);
    List out;
    for (int64_t i = begin; step > 0 ? i < end : i > end; i += step) {
      out.push_back(items[size_t(i)]);
      if (step > n || -step > n) break;
    }
    if (object.list())
      return object.is_tuple() ? Value::tuple(std::move(out)) : Value(std::move(out));
    std::string text;
    for (const Value& v : out) text += *v.string();
    return text;
  }

  const Limits& limits_;
  // All of a render: one that holds itself, the only cycle there can be, is taken apart at the end.
  std::vector<std::shared_ptr<Value::Namespace>> namespaces_;
  std::vector<Dict> scopes_;
  size_t steps_ = 0, written_ = 0;
  int depth_ = 0;

 public:
  int line_ = 0;
};

}  // namespace

void check_size(size_t bytes) {
  if (bytes > Limits{}.output) fail(fmt::format("a string of more than {} bytes", Limits{}.output));
}

std::string render(const Body& body, const Dict& context, const Limits& limits) {
  Interpreter interpreter(context, limits);
  try {
    return interpreter.run(body);
  } catch (RenderError& e) {
    throw RenderError(fmt::format("line {}: {}", interpreter.line_, e.text));
  }
}

}  // namespace fk::core::jinja
