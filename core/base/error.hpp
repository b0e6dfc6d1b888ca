// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <fmt/format.h>

#include <exception>
#include <string>
#include <utility>

namespace fk::core {

// Process exit codes of every command; Error carries the one that fits.
enum class Code { kCheckFailed = 1, kBadInput = 2, kMissing = 3 };

// The one type that core throws: at load, build and command-line time, never on the forward path.
// The text names the file, line or field, what was found, what was expected, and the way out.
class Error : public std::exception {
 public:
  Error(Code code, std::string text) : code_(code), text_(std::move(text)) {}
  Code code() const { return code_; }
  const std::string& text() const { return text_; }
  const char* what() const noexcept override { return text_.c_str(); }
  // The same error with context in front: "configs/llama.yaml: ...".
  Error within(const std::string& context) const { return {code_, context + ": " + text_}; }

 private:
  Code code_;
  std::string text_;
};

template <class... A>
[[noreturn]] void bad_input(fmt::format_string<A...> f, A&&... a) {
  throw Error(Code::kBadInput, fmt::format(f, std::forward<A>(a)...));
}
template <class... A>
[[noreturn]] void missing(fmt::format_string<A...> f, A&&... a) {
  throw Error(Code::kMissing, fmt::format(f, std::forward<A>(a)...));
}

}  // namespace fk::core
