// SPDX-License-Identifier: Apache-2.0
#include "core/resolve/selector.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"

namespace fk::core {

Selector Selector::parse(std::string_view text) {
  Selector s;
  if (const size_t at = text.find('@'); at != text.npos) {
    s.hash = text.substr(at + 1);
    text = text.substr(0, at);
  }
  const size_t slash = text.find('/');
  s.plugin = text.substr(0, slash);
  if (slash != text.npos) s.name = text.substr(slash + 1);
  return s;
}

bool Selector::matches(const Implementation& i) const {
  return i.plugin == plugin && (name.empty() || i.name == name) && i.hash.starts_with(hash);
}

bool glob_match(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

namespace {

[[noreturn]] void nothing_matches(const Catalog& catalog, std::string_view task, const Selector& s,
                                  const std::string& where) {
  std::vector<std::string> ids, names;
  for (const Implementation* i : catalog.implementations(task)) {
    ids.push_back(i->id());
    names.push_back(i->id());
    names.push_back(i->plugin);
  }
  const std::string wanted = s.name.empty() ? s.plugin : s.plugin + "/" + s.name;
  std::string text = fmt::format("{}: {} has no implementation \"{}\"{}{}; it has {}", where, task,
                                 wanted, s.hash.empty() ? "" : fmt::format(" with hash {}", s.hash),
                                 did_you_mean(wanted, names),
                                 ids.empty() ? "none" : fmt::format("{}", fmt::join(ids, ", ")));
  for (const Refusal& r : catalog.refusals())
    if (r.plugin == s.plugin && (r.task.empty() || r.task == task))
      text += fmt::format("\n  refused: {}: {}", r.file, r.reason);
  throw Error(Code::kBadInput, text);
}

}  // namespace

std::vector<const Implementation*> select(const Catalog& catalog, std::string_view task,
                                          const Selector& s, const std::string& where) {
  std::vector<const Implementation*> found;
  for (const Implementation* i : catalog.implementations(task))
    if (s.matches(*i)) found.push_back(i);
  if (found.empty()) nothing_matches(catalog, task, s, where);
  for (const Implementation* i : found)
    if (i->hash != found[0]->hash)
      bad_input("{}: two files match: {}@{} ({}) and {}@{} ({}); add the hash of one: {}@{}", where,
                found[0]->id(), found[0]->hash.substr(0, 8), found[0]->file, i->id(),
                i->hash.substr(0, 8), i->file, s.plugin, i->hash.substr(0, 8));
  return found;
}

}  // namespace fk::core
