// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/catalog.hpp"

namespace fk::core {

// "plugin", "plugin/name", either with "@hash-prefix".
struct Selector {
  std::string plugin, name, hash;
  static Selector parse(std::string_view text);
  bool matches(const Implementation&) const;
};

// `*` stands for any run of characters, `?` for one.
bool glob_match(std::string_view pattern, std::string_view text);

// Every implementation of `task` that the selector names. Throws Error when there is none (with
// near names and what was refused and why) and when two files of one plugin match (with their
// hashes). `where` starts the message.
std::vector<const Implementation*> select(const Catalog&, std::string_view task, const Selector&,
                                          const std::string& where);

}  // namespace fk::core
