// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace fk::core::jinja {

struct Position {
  int line = 1, column = 1;
};

// Raised for text that is not Jinja; the caller turns it into core's Error with the template's
// name.
struct SyntaxError {
  Position at;
  std::string text;
};

struct Token {
  enum class Kind {
    kText,
    kBlockBegin,
    kBlockEnd,
    kOutputBegin,
    kOutputEnd,
    kName,
    kInteger,
    kFloat,
    kString,
    kOperator,
    kEnd
  } kind;
  std::string text;  // a string's value with its escapes undone
  Position at;
};

// Splits a template with trim_blocks and lstrip_blocks on, as transformers sets them.
std::vector<Token> tokenize(std::string_view source);

}  // namespace fk::core::jinja
