// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fk::core {

// Dotted names with wildcards: `*` is one or more characters without a dot, `**` one or more of
// any. What each wildcard took, in order; nullopt when the pattern does not cover the whole name.
std::optional<std::vector<std::string>> match_pattern(std::string_view pattern,
                                                      std::string_view name);
// The pattern with its n-th wildcard replaced by captures[n]. There must be enough of them.
std::string fill_pattern(std::string_view pattern, const std::vector<std::string>& captures);
size_t wildcards(std::string_view pattern);

}  // namespace fk::core
