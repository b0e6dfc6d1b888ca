// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/json.hpp"

namespace fk::core::jinja {

class Value;
using List = std::vector<Value>;
using Dict = std::vector<std::pair<std::string, Value>>;  // in the order of insertion, as Python's
using Kwargs = std::vector<std::pair<std::string, Value>>;
using Function = std::function<Value(const List& args, const Kwargs& kwargs)>;

struct Undefined {
  std::string name;  // what was looked up, for the message of an error
};
struct None {};

// A value as templates see it: Python's semantics of truth, equality, printing and indexing.
// Lists and dicts are shared, never changed in place; only a Namespace is.
class Value {
 public:
  struct Namespace {
    Dict fields;
  };
  using Data = std::variant<Undefined, None, bool, int64_t, double, std::string,
                            std::shared_ptr<const List>, std::shared_ptr<const Dict>,
                            std::shared_ptr<Namespace>, std::shared_ptr<const Function>>;
  Value() : data_(Undefined{}) {}
  template <class T>
  requires(!std::is_same_v<std::decay_t<T>, Value>) Value(T v) : data_(std::move(v)) {}
  Value(const char* s) : data_(std::string(s)) {}
  Value(int v) : data_(int64_t{v}) {}
  Value(size_t v) : data_(int64_t(v)) {}
  Value(List v) : data_(std::make_shared<const List>(std::move(v))) {}
  Value(Dict v) : data_(std::make_shared<const Dict>(std::move(v))) {}
  Value(Function f) : data_(std::make_shared<const Function>(std::move(f))) {}
  static Value from_json(const nlohmann::ordered_json&);
  static Value undefined(std::string name) { return Value(Undefined{std::move(name)}); }
  static Value tuple(List v);

  template <class T>
  const T* get() const {
    return std::get_if<T>(&data_);
  }
  const std::string* string() const { return get<std::string>(); }
  const List* list() const;
  const Dict* dict() const;
  bool is_undefined() const { return get<Undefined>() != nullptr; }
  bool is_none() const { return get<None>() != nullptr; }
  bool is_number() const { return get<int64_t>() || get<double>() || get<bool>(); }
  bool is_tuple() const { return tuple_; }
  double number() const;  // of bool, int or float
  bool truth() const;
  const Value* find(std::string_view key) const;  // of a dict or namespace; NULL if absent
  std::string text() const;                       // Python's str()
  std::string repr() const;                       // Python's repr()
  std::string type_name() const;                  // Python's
  // json.dumps(ensure_ascii=False), with Python's separators.
  std::string to_json(int indent, bool sort_keys = false, bool ensure_ascii = false) const;
  List iterate()
      const;  // elements, characters or keys; throws for what is not iterable; undefined is empty
  const Data& data() const { return data_; }

 private:
  Data data_;
  bool tuple_ = false;
};

bool equal(const Value&, const Value&);
bool less(const Value&, const Value&);  // throws when the types have no order
bool contains(const Value& container, const Value& item);

// UTF-8 helpers: templates count code points, as Python does. Invalid bytes count as one each.
std::vector<std::string_view> code_points(std::string_view text);
std::vector<std::string_view> code_points(std::string&& text) = delete;  // the views would dangle
bool is_space(std::string_view code_point);                              // Python's str.isspace()
std::string strip(std::string_view text, bool left, bool right, const std::string* chars = nullptr);
std::string change_case(std::string_view text, bool upper);

[[noreturn]] void fail(std::string text);  // throws RenderError; the interpreter adds the line
struct RenderError : std::exception {
  std::string text;
  explicit RenderError(std::string t) : text(std::move(t)) {}
  const char* what() const noexcept override { return text.c_str(); }
};

}  // namespace fk::core::jinja
