// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ctime>
#include <optional>
#include <string>

#include "core/jinja/ast.hpp"

namespace fk::core::jinja {

// Arguments of a call, filter or test after evaluation.
struct Args {
  List positional;
  Kwargs named;
  // The i-th positional argument or the one called `name`; nullptr when absent.
  const Value* find(size_t i, std::string_view name) const;
  Value get(size_t i, std::string_view name, Value otherwise) const;
  const Value& need(size_t i, std::string_view name, std::string_view what) const;
  // Throws RenderError for arguments beyond `positional_limit` or with names that are none of
  // `names`.
  void allow(std::string_view what, size_t positional_limit,
             std::initializer_list<std::string_view> names) const;
};

// Both throw RenderError; the second tells whether there is such a filter or test at all.
Value apply_filter(const std::string& name, const Value& in, const Args& args);
bool apply_test(const std::string& name, const Value& in, const Args& args);
// The method `name` of a string, list or dict, bound to it; nullopt when the type has none of that
// name.
std::optional<Function> find_method(const Value& object, const std::string& name);

// Attribute as Jinja looks it up (attribute, then item; undefined when there is neither) and item.
Value get_attribute(const Value& object, const std::string& name);
Value get_item(const Value& object, const Value& key);

struct Limits {
  size_t steps = 20'000'000;         // expressions and statements evaluated
  size_t output = size_t{64} << 20;  // bytes of output, and of any one string built on the way
  int depth = 200;                   // of macro calls
  std::optional<std::time_t> now;    // what strftime_now sees, in UTC; unset: the local clock
};

// Renders a parsed template. Throws RenderError, with the line in front.
std::string render(const Body& body, const Dict& context, const Limits& limits = {});

// Length of a string that an operation may build (repeat, indent, replace...).
void check_size(size_t bytes);

}  // namespace fk::core::jinja
