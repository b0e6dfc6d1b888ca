// SPDX-License-Identifier: Apache-2.0
#include "core/weights/pattern.hpp"

namespace fk::core {
namespace {

bool match(std::string_view pattern, std::string_view name, std::vector<std::string>& captures) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  if (name.substr(0, star) != pattern.substr(0, star)) return false;
  name.remove_prefix(star);
  const bool any = pattern.substr(star, 2) == "**";
  const std::string_view rest = pattern.substr(star + (any ? 2 : 1));
  for (size_t n = name.size(); n >= 1;
       --n) {  // greedy, so that `**.weight` leaves dots to the first part
    if (!any && name.substr(0, n).find('.') != std::string_view::npos) continue;
    captures.emplace_back(name.substr(0, n));
    if (match(rest, name.substr(n), captures)) return true;
    captures.pop_back();
  }
  return false;
}

}  // namespace

std::optional<std::vector<std::string>> match_pattern(std::string_view pattern,
                                                      std::string_view name) {
  std::vector<std::string> captures;
  if (match(pattern, name, captures)) return captures;
  return std::nullopt;
}

std::string fill_pattern(std::string_view pattern, const std::vector<std::string>& captures) {
  std::string out;
  size_t next = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '*') {
      out += pattern[i];
      continue;
    }
    if (pattern.substr(i, 2) == "**") ++i;
    out += captures.at(next++);
  }
  return out;
}

size_t wildcards(std::string_view pattern) {
  size_t n = 0;
  for (size_t i = 0; i < pattern.size(); ++i)
    if (pattern[i] == '*') {
      if (pattern.substr(i, 2) == "**") ++i;
      ++n;
    }
  return n;
}

}  // namespace fk::core
