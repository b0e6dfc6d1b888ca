// SPDX-License-Identifier: Apache-2.0
#include "core/resolve/plan.hpp"

#include "core/plugin/content_hash.hpp"

namespace fk::core {

std::string Plan::hash() const {
  ContentHash h;
  for (const Choice& c : choices)
    for (const std::string* text : {&c.task, &c.path, &c.implementation, &c.hash})
      h.add(std::string_view(*text));
  for (const Choice& c : choices)
    if (!c.decode.empty())
      for (const std::string* text : {&c.path, &c.decode, &c.decode_hash})
        h.add(std::string_view(*text));
  return h.hex();
}

std::string Plan::to_yaml() const {
  const auto quoted = [](const auto& value) {
    return Json(value).dump();
  };  // a JSON text is a YAML text
  std::string out = fmt::format("plan: 1\nhash: {}\n", hash());
  if (!made.empty()) {
    out += "made:\n";
    for (const auto& [key, value] : made.items())
      out += fmt::format("  {}: {}\n", key, value.dump());
  }
  out += "choices:\n";
  for (const Choice& c : choices)
    out += fmt::format(
        "  - {{path: {}, task: {}, depth: {}, implementation: {}, version: {}, hash: {}, reason: "
        "{}, rejected: {}, init: {}{}}}\n",
        quoted(c.path), c.task, c.depth, quoted(c.implementation), quoted(c.version),
        quoted(c.hash), quoted(c.reason), quoted(c.rejected), quoted(c.init),
        c.decode.empty()
            ? ""
            : fmt::format(", decode: {}, decode_version: {}, decode_hash: {}, decode_reason: {}",
                          quoted(c.decode), quoted(c.decode_version), quoted(c.decode_hash),
                          quoted(c.decode_reason)));
  return out;
}

}  // namespace fk::core
