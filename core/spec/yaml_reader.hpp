// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/spec/yaml.hpp"

namespace fk::core {

// Reads the YAML that people write by hand: block and flow maps and lists, plain, quoted and block
// scalars, comments. Left out, and refused by name: anchors, aliases, tags, directives, "? " keys,
// several documents. On what is left it agrees with yaml-cpp, which takes ten times as long (a
// quarter of a millisecond a task file). `file` must outlive the tree.
Yaml read_yaml(std::string_view text, const std::string* file);

}  // namespace fk::core
