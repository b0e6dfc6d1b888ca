// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdlib>
#include <initializer_list>

#include "core/jinja/ast.hpp"

namespace fk::core::jinja {
namespace {

using Kind = Token::Kind;
using Ex = Expression::Kind;
using St = Statement::Kind;

class Parser {
 public:
  explicit Parser(const std::vector<Token>& tokens) : tokens_(tokens) {}

  Body run() {
    Body body = statements({});
    if (peek().kind != Kind::kEnd) error("unexpected end of a block");
    return body;
  }

 private:
  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& next() { return tokens_[std::min(at_++, tokens_.size() - 1)]; }
  [[noreturn]] void error(std::string text) const { throw SyntaxError{peek().at, std::move(text)}; }
  bool is(Kind kind, std::string_view text) const {
    return peek().kind == kind && peek().text == text;
  }
  bool is_op(std::string_view text) const { return is(Kind::kOperator, text); }
  bool is_name(std::string_view text) const { return is(Kind::kName, text); }
  bool take_op(std::string_view text) { return is_op(text) && (++at_, true); }
  bool take_name(std::string_view text) { return is_name(text) && (++at_, true); }
  void want_op(std::string_view text) {
    if (!take_op(text)) error(fmt::format("expected '{}', found {}", text, found()));
  }
  std::string want_identifier() {
    if (peek().kind != Kind::kName) error(fmt::format("expected a name, found {}", found()));
    return next().text;
  }
  std::string found() const {
    switch (peek().kind) {
      case Kind::kEnd: return "the end of the template";
      case Kind::kBlockEnd: return "'%}'";
      case Kind::kOutputEnd: return "'}}'";
      case Kind::kString: return "a string";
      default: return fmt::format("'{}'", peek().text);
    }
  }
  void block_end() {
    if (peek().kind != Kind::kBlockEnd) error(fmt::format("expected '%}}', found {}", found()));
    ++at_;
  }

  // Guards the recursion: published templates nest a dozen deep, hostile ones thousands.
  struct Depth {
    explicit Depth(Parser& p) : p_(p) {
      if (++p_.depth_ > 150) p_.error("nested deeper than 150 levels");
    }
    ~Depth() { --p_.depth_; }
    Parser& p_;
  };

  // ---- statements -------------------------------------------------------------------------------
  // Up to a block whose first word is one of `ends`; that word is not consumed, its '{%' is.
  Body statements(std::initializer_list<std::string_view> ends) {
    Depth guard(*this);
    Body body;
    for (;;) {
      const Token& t = peek();
      if (t.kind == Kind::kEnd) {
        if (ends.size())
          error(fmt::format("the template ends where {{% {} %}} is expected", *(ends.end() - 1)));
        return body;
      }
      if (t.kind == Kind::kText) {
        body.push_back({St::kText, t.at, t.text, {}, {}, {}, {}});
        ++at_;
      } else if (t.kind == Kind::kOutputBegin) {
        ++at_;
        Statement s{St::kOutput, t.at, {}, {}, {}, {}, {}};
        s.expressions.push_back(expression_or_tuple());
        if (peek().kind != Kind::kOutputEnd)
          error(fmt::format("expected '}}}}', found {}", found()));
        ++at_;
        body.push_back(std::move(s));
      } else {
        ++at_;  // {%
        for (std::string_view end : ends)
          if (is_name(end)) return body;
        body.push_back(block());
      }
    }
  }

  Statement block() {
    const Position at = peek().at;
    const std::string word = want_identifier();
    Statement s{St::kText, at, {}, {}, {}, {}, {}};
    if (word == "if")
      if_block(s);
    else if (word == "for")
      for_block(s);
    else if (word == "set")
      set_block(s);
    else if (word == "macro")
      macro_block(s);
    else if (word == "call")
      call_block(s);
    else if (word == "filter")
      filter_block(s);
    else if (word == "generation" || word == "with") {
      s.kind = St::kScope;
      while (word == "with" && peek().kind == Kind::kName) {
        s.names.push_back(want_identifier());
        want_op("=");
        s.expressions.push_back(expression());
        if (!take_op(",")) break;
      }
      block_end();
      const std::string end = "end" + word;
      s.bodies.push_back(statements({end}));
      ++at_;
      block_end();
    } else if (word == "break" || word == "continue") {
      if (!loops_) error(fmt::format("{{% {} %}} outside a loop", word));
      s.kind = word == "break" ? St::kBreak : St::kContinue;
      block_end();
    } else {
      --at_;
      error(
          fmt::format("unknown or unsupported block '{}'; expected if, for, set, macro, call, "
                      "filter, with, generation, break, continue or raw",
                      word));
    }
    return s;
  }

  void if_block(Statement& s) {
    s.kind = St::kIf;
    s.expressions.push_back(expression_or_tuple());
    block_end();
    for (;;) {
      s.bodies.push_back(statements({"elif", "else", "endif"}));
      const std::string word = next().text;
      if (word == "elif") {
        s.expressions.push_back(expression_or_tuple());
        block_end();
        continue;
      }
      block_end();
      if (word == "else") {
        s.bodies.push_back(statements({"endif"}));
        ++at_;
        block_end();
      }
      return;
    }
  }

  void for_block(Statement& s) {
    s.kind = St::kFor;
    targets(s.names);
    if (!take_name("in")) error(fmt::format("expected 'in', found {}", found()));
    s.expressions.push_back(expression_or_tuple(false));
    if (take_name("if")) s.expressions.push_back(expression());
    if (is_name("recursive")) error("recursive loops are not supported");
    block_end();
    ++loops_;
    s.bodies.push_back(statements({"else", "endfor"}));
    --loops_;
    if (next().text == "else") {
      block_end();
      s.bodies.push_back(statements({"endfor"}));
      ++at_;
    }
    block_end();
  }

  void targets(std::vector<std::string>& names) {
    const bool bracket = take_op("(");
    do names.push_back(want_identifier());
    while (take_op(","));
    if (bracket) want_op(")");
  }

  void set_block(Statement& s) {
    targets(s.names);
    if (take_op(".")) {
      if (s.names.size() != 1) error("only one namespace field can be set at a time");
      s.field = want_identifier();
    }
    if (take_op("=")) {
      s.kind = St::kSet;
      s.expressions.push_back(expression_or_tuple());
      block_end();
      return;
    }
    s.kind = St::kSetBlock;
    if (take_op("|")) error("a filter on a set block is not supported");
    block_end();
    s.bodies.push_back(statements({"endset"}));
    ++at_;
    block_end();
  }

  void parameters(Statement& s) {
    want_op("(");
    while (!is_op(")")) {
      s.names.push_back(want_identifier());
      s.expressions.push_back(take_op("=") ? expression() : nullptr);
      if (!take_op(",")) break;
    }
    want_op(")");
  }

  void macro_block(Statement& s) {
    s.kind = St::kMacro;
    s.text = want_identifier();
    parameters(s);
    block_end();
    const int loops = std::exchange(loops_, 0);
    s.bodies.push_back(statements({"endmacro"}));
    loops_ = loops;
    ++at_;
    if (is_name(s.text)) ++at_;
    block_end();
  }

  void call_block(Statement& s) {
    s.kind = St::kCallBlock;
    if (is_op("(")) parameters(s);
    s.expressions.push_back(postfix());
    if (s.expressions.back()->kind != Ex::kCall) error("{% call %} needs a call");
    block_end();
    s.bodies.push_back(statements({"endcall"}));
    ++at_;
    block_end();
  }

  void filter_block(Statement& s) {
    s.kind = St::kFilterBlock;
    auto value = make(Ex::kLiteral);
    s.expressions.push_back(filters(std::move(value), true));
    block_end();
    s.bodies.push_back(statements({"endfilter"}));
    ++at_;
    block_end();
  }

  // ---- expressions, weakest binding first
  // --------------------------------------------------------
  ExpressionPtr make(Ex kind, std::string name = {}) const {
    auto e = std::make_unique<Expression>();
    e->kind = kind, e->at = peek().at, e->name = std::move(name);
    return e;
  }
  template <class... P>
  ExpressionPtr join(Ex kind, std::string name, P... parts) const {
    ExpressionPtr e = make(kind, std::move(name));
    (e->of.push_back(std::move(parts)), ...);
    return e;
  }

  ExpressionPtr expression_or_tuple(bool conditional = true) {
    ExpressionPtr first = expression(conditional);
    if (!is_op(",")) return first;
    ExpressionPtr tuple = join(Ex::kTuple, {}, std::move(first));
    while (take_op(",")) {
      if (peek().kind == Kind::kBlockEnd || peek().kind == Kind::kOutputEnd || is_op(")")) break;
      tuple->of.push_back(expression(conditional));
    }
    return tuple;
  }

  ExpressionPtr expression(bool conditional = true) {
    Depth guard(*this);
    ExpressionPtr e = either();
    while (conditional && take_name("if")) {
      ExpressionPtr condition = either();
      e = join(Ex::kIf, {}, std::move(e), std::move(condition));
      if (take_name("else")) e->of.push_back(expression());
    }
    return e;
  }
  ExpressionPtr either() {
    ExpressionPtr e = both();
    while (take_name("or")) e = join(Ex::kOr, {}, std::move(e), both());
    return e;
  }
  ExpressionPtr both() {
    ExpressionPtr e = negation();
    while (take_name("and")) e = join(Ex::kAnd, {}, std::move(e), negation());
    return e;
  }
  ExpressionPtr negation() {
    Depth guard(*this);
    if (take_name("not")) return join(Ex::kNot, {}, negation());
    return comparison();
  }
  ExpressionPtr comparison() {
    ExpressionPtr e = sum();
    ExpressionPtr chain;
    for (;;) {
      std::string op;
      for (std::string_view o : {"==", "!=", "<=", ">=", "<", ">"})
        if (op.empty() && take_op(o)) op = o;
      if (op.empty() && take_name("in")) op = "in";
      if (op.empty() && is_name("not") && peek(1).kind == Kind::kName && peek(1).text == "in")
        op = "not in", at_ += 2;
      if (op.empty()) break;
      if (!chain) chain = join(Ex::kCompare, {}, std::move(e));
      chain->ops.push_back(op);
      chain->of.push_back(sum());
    }
    return chain ? std::move(chain) : std::move(e);
  }
  // Jinja binds '~' tighter than + and looser than *.
  ExpressionPtr sum() {
    ExpressionPtr e = concat();
    while (is_op("+") || is_op("-")) {
      std::string op = next().text;
      e = join(Ex::kBinary, op, std::move(e), concat());
    }
    return e;
  }
  ExpressionPtr concat() {
    ExpressionPtr e = product();
    while (take_op("~")) e = join(Ex::kBinary, "~", std::move(e), product());
    return e;
  }
  ExpressionPtr product() {
    ExpressionPtr e = unary();
    while (is_op("*") || is_op("/") || is_op("//") || is_op("%")) {
      std::string op = next().text;
      e = join(Ex::kBinary, op, std::move(e), unary());
    }
    return e;
  }
  ExpressionPtr unary(bool with_filter = true) {
    Depth guard(*this);
    ExpressionPtr e;
    if (take_op("-"))
      e = join(Ex::kNegative, {}, unary(false));
    else if (take_op("+"))
      e = join(Ex::kPositive, {}, unary(false));
    else
      e = postfix();
    if (take_op("**")) e = join(Ex::kBinary, "**", std::move(e), unary(false));
    return with_filter ? filters(std::move(e), false) : std::move(e);
  }

  ExpressionPtr filters(ExpressionPtr e, bool first_named) {
    for (bool named = first_named;; named = false) {
      if (named || take_op("|")) {
        ExpressionPtr f = join(Ex::kFilter, want_identifier(), std::move(e));
        if (is_op("(")) arguments(*f);
        e = std::move(f);
      } else if (take_name("is")) {
        const bool negated = take_name("not");
        ExpressionPtr t = join(Ex::kTest, want_identifier(), std::move(e));
        if (is_op("(")) {
          arguments(*t);
        } else if ((peek().kind == Kind::kName && !is_name("and") && !is_name("or") &&
                    !is_name("else") && !is_name("is") && !is_name("if") && !is_name("in") &&
                    !is_name("not")) ||
                   peek().kind == Kind::kString || peek().kind == Kind::kInteger ||
                   peek().kind == Kind::kFloat || is_op("[") || is_op("{")) {
          t->arguments.push_back({"", postfix()});
        }
        e = negated ? join(Ex::kNot, {}, std::move(t)) : std::move(t);
      } else {
        return e;
      }
    }
  }

  void arguments(Expression& e) {
    want_op("(");
    while (!is_op(")")) {
      Argument a;
      if (peek().kind == Kind::kName && peek(1).kind == Kind::kOperator && peek(1).text == "=")
        a.name = next().text, ++at_;
      else if (take_op("*"))
        a.spread = true;
      else if (is_op("**"))
        error("**kwargs in a call are not supported");
      a.value = expression();
      e.arguments.push_back(std::move(a));
      if (!take_op(",")) break;
    }
    want_op(")");
  }

  ExpressionPtr postfix() {
    ExpressionPtr e = primary();
    for (;;) {
      if (take_op(".")) {
        if (peek().kind == Kind::kInteger) {
          ExpressionPtr index = make(Ex::kLiteral);
          index->literal = integer(next().text);
          e = join(Ex::kIndex, {}, std::move(e), std::move(index));
        } else {
          e = join(Ex::kAttribute, want_identifier(), std::move(e));
        }
      } else if (is_op("(")) {
        e = join(Ex::kCall, {}, std::move(e));
        arguments(*e);
      } else if (take_op("[")) {
        e = subscript(std::move(e));
      } else {
        return e;
      }
    }
  }

  ExpressionPtr subscript(ExpressionPtr object) {
    ExpressionPtr parts[3];
    int colons = 0;
    for (;;) {
      if (take_op(":")) {
        if (++colons > 2) error("a slice has at most three parts");
      } else if (take_op("]")) {
        break;
      } else {
        if (parts[colons]) error(fmt::format("expected ':' or ']', found {}", found()));
        parts[colons] = expression();
      }
    }
    if (!colons && !parts[0]) error("an index is missing");
    if (!colons) return join(Ex::kIndex, {}, std::move(object), std::move(parts[0]));
    return join(Ex::kSlice, {}, std::move(object), std::move(parts[0]), std::move(parts[1]),
                std::move(parts[2]));
  }

  Value integer(const std::string& text) const {
    try {
      return int64_t(std::stoll(text));
    } catch (const std::exception&) { error(fmt::format("{} does not fit 64 bits", text)); }
  }

  ExpressionPtr primary() {
    Depth guard(*this);
    const Token& t = peek();
    if (t.kind == Kind::kName) {
      ++at_;
      for (auto [word, value] : {std::pair<std::string_view, Value>{"true", true},
                                 {"True", true},
                                 {"false", false},
                                 {"False", false},
                                 {"none", None{}},
                                 {"None", None{}}})
        if (t.text == word) {
          ExpressionPtr e = make(Ex::kLiteral);
          e->literal = value;
          return e;
        }
      for (std::string_view word : {"and", "or", "in", "is", "if", "else", "not"})
        if (t.text == word) {
          --at_;
          error(fmt::format("expected an expression, found '{}'", word));
        }
      ExpressionPtr e = make(Ex::kName, t.text);
      e->at = t.at;
      return e;
    }
    if (t.kind == Kind::kString || t.kind == Kind::kInteger || t.kind == Kind::kFloat) {
      ExpressionPtr e = make(Ex::kLiteral);
      ++at_;
      if (t.kind == Kind::kInteger) {
        e->literal = integer(t.text);
        return e;
      }
      if (t.kind == Kind::kFloat) {
        e->literal = std::strtod(t.text.c_str(), nullptr);  // 1e400 is inf, as in Python
        return e;
      }
      std::string s = t.text;
      while (peek().kind == Kind::kString) s += next().text;  // adjacent strings join
      e->literal = s;
      return e;
    }
    if (take_op("(")) {
      if (take_op(")")) return make(Ex::kTuple);
      ExpressionPtr e = expression_or_tuple();
      want_op(")");
      return e;
    }
    if (take_op("[")) {
      ExpressionPtr e = make(Ex::kList);
      while (!is_op("]")) {
        e->of.push_back(expression());
        if (!take_op(",")) break;
      }
      want_op("]");
      return e;
    }
    if (take_op("{")) {
      ExpressionPtr e = make(Ex::kDict);
      while (!is_op("}")) {
        e->of.push_back(expression());
        want_op(":");
        e->of.push_back(expression());
        if (!take_op(",")) break;
      }
      want_op("}");
      return e;
    }
    error(fmt::format("expected an expression, found {}", found()));
  }

  const std::vector<Token>& tokens_;
  size_t at_ = 0;
  int depth_ = 0, loops_ = 0;
};

}  // namespace

Body parse(const std::vector<Token>& tokens) { return Parser(tokens).run(); }

}  // namespace fk::core::jinja
