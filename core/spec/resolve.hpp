// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/spec/registry.hpp"
#include "core/spec/yaml.hpp"

namespace fk::core {

// What a task or struct says about other files and about itself: enums, structs and tasks that it
// names exist, every expression's names and types resolve, defaults and cases fit their fields.
// `root` is the file it was parsed from.
void resolve_fields(const Registry&, std::vector<Field>& fields, const Yaml* section);
void resolve_struct(const Registry&, StructSpec&, const Yaml& root);
void resolve_task(const Registry&, TaskSpec&, const Yaml& root);
void check_cases(const Registry&, const TaskSpec&,
                 const Yaml& root);  // after every task is resolved

// What a name of this type yields in an expression; nullopt when it cannot stand in one.
std::optional<ExprType> expr_type(FieldType);

}  // namespace fk::core
