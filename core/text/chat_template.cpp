// SPDX-License-Identifier: Apache-2.0
#include "core/text/chat_template.hpp"

#include "core/base/error.hpp"
#include "core/jinja/interpreter.hpp"

namespace fk::core {

struct ChatTemplate::Impl {
  std::string name;
  std::vector<jinja::Token> tokens;
  jinja::Body body;
};

ChatTemplate ChatTemplate::parse(std::string_view text, std::string_view name) {
  auto impl = std::make_shared<Impl>();
  impl->name = name;
  try {
    impl->tokens = jinja::tokenize(text);
    impl->body = jinja::parse(impl->tokens);
  } catch (const jinja::SyntaxError& e) {
    bad_input("{}:{}:{}: {}", name, e.at.line, e.at.column, e.text);
  }
  ChatTemplate t;
  t.impl_ = std::move(impl);
  return t;
}

std::string ChatTemplate::render(const nlohmann::ordered_json& context,
                                 std::optional<std::time_t> now) const {
  jinja::Limits limits;
  limits.now = now;
  try {
    const jinja::Value values = jinja::Value::from_json(context);
    if (!values.dict())
      bad_input("{}: the context must be an object, found {}", impl_->name, values.type_name());
    return jinja::render(impl_->body, *values.dict(), limits);
  } catch (const jinja::RenderError& e) { bad_input("{}: {}", impl_->name, e.text); }
}

}  // namespace fk::core
