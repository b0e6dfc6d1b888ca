// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

#include "core/spec/registry.hpp"

namespace fk::core {

// 64-bit FNV-1a.
uint64_t fnv1a(std::string_view text);

// The canonical text of what a plugin and its host must agree on: name, revision, and of every
// field its name, order, type (with the contents of enums and structs and the signature of
// instances' tasks), role and mutability. Not: docs, defaults, shapes, conditions, tolerances,
// expressions, cases. Instances' tasks must have theirs already.
std::string signature_text(const Registry&, const TaskSpec&);

}  // namespace fk::core
