// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/json.hpp"

namespace fk::core {

// A published chat template: the subset of Jinja2 that they use, with transformers' settings
// (trim_blocks, lstrip_blocks, raise_exception, strftime_now, tojson). Immutable; safe to share.
class ChatTemplate {
 public:
  // Throws Error with line:column for what is not Jinja or not supported.
  static ChatTemplate parse(std::string_view text, std::string_view name = "chat_template");
  // `context` holds messages, add_generation_prompt, bos_token, eos_token, tools, ...
  // `now` fixes what strftime_now sees, in UTC; without it the local clock.
  // Throws Error for raise_exception() and for errors while rendering. Bounded in steps and output
  // size.
  std::string render(const nlohmann::ordered_json& context,
                     std::optional<std::time_t> now = {}) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace fk::core
