// SPDX-License-Identifier: Apache-2.0
// Any text as a chat template, rendered with a conversation: an Error or a string, never a crash or
// a hang.
#include "core/base/error.hpp"
#include "core/text/chat_template.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto kContext = nlohmann::ordered_json::parse(R"({
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "ü 1"},
                 {"role": "assistant", "content": "a", "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1.5}}}]}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>"})");
  try {
    fk::core::ChatTemplate::parse({reinterpret_cast<const char*>(data), size}).render(kContext);
  } catch (const fk::core::Error&) {}
  return 0;
}
