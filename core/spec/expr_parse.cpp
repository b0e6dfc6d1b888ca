// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/base/nearest.hpp"
#include "core/spec/expr_node.hpp"

namespace fk::core {
namespace {

constexpr size_t kMaxLength = 2000,
                 kMaxDepth = 60;  // bound the stack of everything that walks the tree

using Node = Expr::Node;
using NodePtr = std::shared_ptr<const Node>;

struct Function {
  std::string_view name;
  Op op;
  int min_args, max_args;
};
constexpr Function kFunctions[] = {
    {"ceil_div", Op::kCeilDiv, 2, 2}, {"min", Op::kMin, 1, 16}, {"max", Op::kMax, 1, 16},
    {"sum", Op::kSum, 1, 1},          {"len", Op::kLen, 1, 1},  {"row_bytes", Op::kRowBytes, 2, 2},
    {"has", Op::kHas, 1, 1}};

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Recursive descent, lowest precedence first: or, and, not, comparison, + -, * / %, minus, value.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  NodePtr parse() {
    NodePtr n = parse_or();
    skip();
    if (at_ < text_.size()) fail(fmt::format("found {}, expected an operator or the end", here()));
    return n;
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw ExprError(text_, at_ + 1, reason);
  }
  void skip() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_])) ++at_;
  }
  std::string here() {
    skip();
    if (at_ == text_.size()) return "the end";
    size_t end = at_ + 1;
    if (is_name_start(text_[at_]) || is_digit(text_[at_]))
      while (end < text_.size() && (is_name_start(text_[end]) || is_digit(text_[end]))) ++end;
    return fmt::format("\"{}\"", text_.substr(at_, end - at_));
  }
  bool take(std::string_view token) {
    skip();
    if (text_.substr(at_, token.size()) != token) return false;
    size_t end = at_ + token.size();
    if (is_name_start(token[0]) && end < text_.size() &&
        (is_name_start(text_[end]) || is_digit(text_[end])))
      return false;
    at_ = end;
    return true;
  }
  static NodePtr make(Op op, size_t column, std::vector<NodePtr> args) {
    auto n = std::make_shared<Node>();
    n->op = op;
    n->column = column;
    n->args = std::move(args);
    return n;
  }
  struct Deeper {
    explicit Deeper(Parser& p) : parser(p) {
      if (++p.depth_ > kMaxDepth) p.fail("nested too deep");
    }
    ~Deeper() { --parser.depth_; }
    Parser& parser;
  };

  NodePtr parse_or() {
    Deeper deeper(*this);
    NodePtr left = parse_and();
    for (size_t c; c = column(), take("or");) left = make(Op::kOr, c, {left, parse_and()});
    return left;
  }
  NodePtr parse_and() {
    NodePtr left = parse_not();
    for (size_t c; c = column(), take("and");) left = make(Op::kAnd, c, {left, parse_not()});
    return left;
  }
  NodePtr parse_not() {
    Deeper deeper(*this);
    size_t c = column();
    if (take("not")) return make(Op::kNot, c, {parse_not()});
    return parse_compare();
  }
  std::optional<Op> compare_op() {
    static constexpr std::pair<std::string_view, Op> kOps[] = {{"==", Op::kEq}, {"!=", Op::kNe},
                                                               {"<=", Op::kLe}, {">=", Op::kGe},
                                                               {"<", Op::kLt},  {">", Op::kGt}};
    for (auto [token, op] : kOps)
      if (take(token)) return op;
    return std::nullopt;
  }
  NodePtr parse_compare() {
    NodePtr left = parse_sum();
    size_t c = column();
    std::optional<Op> op = compare_op();
    if (!op) return left;
    NodePtr n = make(*op, c, {left, parse_sum()});
    c = column();
    if (compare_op()) {
      at_ = c - 1;
      fail("found a second comparison, expected \"and\" between two");
    }
    return n;
  }
  NodePtr parse_sum() {
    NodePtr left = parse_product();
    for (;;) {
      size_t c = column();
      if (take("+"))
        left = make(Op::kAdd, c, {left, parse_product()});
      else if (take("-"))
        left = make(Op::kSub, c, {left, parse_product()});
      else
        return left;
    }
  }
  NodePtr parse_product() {
    NodePtr left = parse_minus();
    for (;;) {
      size_t c = column();
      if (take("*"))
        left = make(Op::kMul, c, {left, parse_minus()});
      else if (take("/"))
        left = make(Op::kDiv, c, {left, parse_minus()});
      else if (take("%"))
        left = make(Op::kMod, c, {left, parse_minus()});
      else
        return left;
    }
  }
  NodePtr parse_minus() {
    Deeper deeper(*this);
    size_t c = column();
    if (take("-")) return make(Op::kNeg, c, {parse_minus()});
    return parse_value();
  }
  size_t column() { return skip(), at_ + 1; }

  NodePtr parse_value() {
    size_t c = column();
    if (take("(")) {
      NodePtr n = parse_or();
      if (!take(")")) fail(fmt::format("found {}, expected \")\"", here()));
      return n;
    }
    auto n = std::make_shared<Node>();
    n->column = c;
    if (take("true") || take("false")) {
      n->value = text_[c - 1] == 't';
      return n;
    }
    char first = at_ < text_.size() ? text_[at_] : '\0';
    if (first == '"' || first == '\'') {
      size_t end = text_.find(first, at_ + 1);
      if (end == text_.npos) fail("found a text without its closing quote, expected one");
      n->value = std::string(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return n;
    }
    if (is_digit(first)) {
      parse_number(*n);
      return n;
    }
    if (!is_name_start(first))
      fail(fmt::format("found {}, expected a number, a name or \"(\"", here()));
    std::string name = parse_name();
    for (std::string_view word : {"and", "or", "not"})
      if (name == word)
        at_ = c - 1, fail(fmt::format("found \"{}\", expected a number, a name or \"(\"", name));
    if (take("(")) return parse_call(name, c);
    n->op = Op::kName;
    n->name = std::move(name);
    return n;
  }
  std::string parse_name() {
    size_t end = at_;
    while (end < text_.size() && (is_name_start(text_[end]) || is_digit(text_[end]))) ++end;
    std::string name(text_.substr(at_, end - at_));
    at_ = end;
    return name;
  }
  void parse_number(Node& n) {
    const char *begin = text_.data() + at_, *end = text_.data() + text_.size();
    int64_t whole = 0;
    auto [stop, error] = std::from_chars(begin, end, whole);
    if (stop < end && (*stop == '.' || *stop == 'e' || *stop == 'E')) {
      double real = 0;
      auto result = std::from_chars(begin, end, real);
      if (result.ec != std::errc())
        fail(fmt::format("found {}, expected a number that fits a double", here()));
      stop = result.ptr;
      n.value = real;
    } else {
      if (error != std::errc())
        fail(fmt::format("found {}, expected a number of at most 63 bits", here()));
      n.value = whole;
    }
    size_t after = size_t(stop - text_.data());
    if (after < text_.size() && (is_name_start(text_[after]) || text_[after] == '.'))
      fail(fmt::format("found {}, expected a number", here()));
    at_ = after;
  }
  NodePtr parse_call(const std::string& name, size_t c) {
    auto f = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                          [&](const Function& f) { return f.name == name; });
    if (f == std::end(kFunctions)) {
      std::vector<std::string> all;
      std::string list;
      for (const Function& k : kFunctions)
        all.emplace_back(k.name), (list += list.empty() ? "" : ", ") += k.name;
      at_ = c - 1;
      fail(fmt::format("unknown function \"{}\", expected one of: {}{}", name, list,
                       did_you_mean(name, all)));
    }
    auto n = std::make_shared<Node>();
    n->op = f->op;
    n->column = c;
    if (f->op == Op::kHas) {
      skip();
      n->name = parse_name();
      if (n->name.empty()) fail(fmt::format("found {}, expected the name of an optional", here()));
    } else if (!take(")")) {
      do n->args.push_back(parse_or());
      while (take(","));
    } else {
      --at_;
    }
    if (!take(")")) fail(fmt::format("found {}, expected \",\" or \")\"", here()));
    int count = f->op == Op::kHas ? 1 : int(n->args.size());
    if (count < f->min_args || count > f->max_args) {
      at_ = c - 1;
      fail(fmt::format("{} has {} arguments, expected {}{}", name, count, f->min_args,
                       f->max_args > f->min_args ? " or more" : ""));
    }
    return n;
  }

  std::string_view text_;
  size_t at_ = 0, depth_ = 0;
};

void collect(const Node& n, std::vector<std::string>& out) {
  if (!n.name.empty() && std::find(out.begin(), out.end(), n.name) == out.end())
    out.push_back(n.name);
  for (const NodePtr& a : n.args) collect(*a, out);
}

}  // namespace

Expr Expr::parse(std::string_view text) {
  if (text.size() > kMaxLength)
    throw ExprError(
        text.substr(0, 40), 1,
        fmt::format("is {} characters long, expected at most {}", text.size(), kMaxLength));
  Expr e;
  e.root_ = Parser(text).parse();
  e.text_ = std::string(text);
  return e;
}

std::vector<std::string> Expr::names() const {
  std::vector<std::string> out;
  collect(*root_, out);
  return out;
}

std::optional<std::string> Expr::as_name() const {
  if (root_->op == Op::kName) return root_->name;
  return std::nullopt;
}

}  // namespace fk::core
