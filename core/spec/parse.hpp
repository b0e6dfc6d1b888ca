// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/spec/task_spec.hpp"
#include "core/spec/yaml.hpp"

namespace fk::core {

// One file each. They check everything that can be checked without the other files; RegistryLoader
// does the rest.
TaskSpec parse_task(const Yaml& root);
StructSpec parse_struct(const Yaml& root);
EnumSpec parse_enum(const Yaml& root);

// One entry of init, params, states, inputs, outputs or a struct's fields.
Field parse_field(const Yaml& name, const Yaml& body, Field::Role role);

// `node` as an expression; mistakes are located inside it.
Expr parse_expr(const Yaml& node, std::string_view what);
// An ExprError in the expression that stood at `node`.
[[noreturn]] void fail_in(const Yaml& node, const ExprError& error);

// "in_features": a name that C, C++ and paths can carry.
std::string parse_name(const Yaml& node, std::string_view what);

// A value for a field of init, out of a task file (default, case) as JSON; enums must be resolved.
Json parse_value(const Yaml& node, const Field& field);

// Any tree as JSON, for what the core only passes on.
Json to_json(const Yaml& node);

}  // namespace fk::core
