// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/spec/registry.hpp"

namespace fk::core {

// A registry folder that is gone with its test.
class TempRegistry {
 public:
  TempRegistry() {
    static int count = 0;
    root_ =
        std::filesystem::temp_directory_path() / fmt::format("fk_spec_{}_{}", getpid(), count++);
    std::filesystem::create_directories(root_);
  }
  ~TempRegistry() { std::filesystem::remove_all(root_); }
  TempRegistry(const TempRegistry&) = delete;
  TempRegistry& operator=(const TempRegistry&) = delete;

  // "structs/color.yaml", "tasks/L1/scale.yaml"
  TempRegistry& add(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
    return *this;
  }
  Registry load() const { return Registry::load(root_); }
  // The text of the error that loading ends in, without the folder's own path.
  std::string error() const {
    try {
      load();
    } catch (const Error& e) {
      std::string s = e.text(), prefix = root_.string() + "/";
      for (size_t at; (at = s.find(prefix)) != s.npos;) s.erase(at, prefix.size());
      return s;
    }
    return "no error";
  }

 private:
  std::filesystem::path root_;
};

// `text` with the first `from` replaced; fails the test when there is none.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << "no \"" << from << "\" in the text";
  if (at != text.npos) text.replace(at, from.size(), to);
  return text;
}

inline constexpr const char* kColor = "enum: color\nrevision: 1\nvalues: [red, green]\n";
inline constexpr const char* kStep =
    "struct: my_step\nrevision: 1\nfields:\n  num_seqs: {type: int}\n"
    "  lens: {type: tensor, dtype: int32, shape: [num_seqs]}\n";
inline constexpr const char* kScale = R"(task: scale
level: 1
revision: 1
doc: y = x * factor.
mirrors: {torch: torch.mul}
step: my_step
init:
  size:   {type: int}
  factor: {type: float, default: 2.0}
  color:  {type: enum, of: color, default: red}
  window: {type: optional_int}
params:
  weight: {shape: [size], when: color == "green"}
states:
  cache: {shape: [num_blocks, size]}
inputs:
  x: {type: tensor, shape: [n, size]}
outputs:
  y: {type: tensor, shape: [n, size], like: x}
check: {error_vs_baseline: 2.0, deterministic: true}
bytes: 2*n*size*e
flops: n*size
cases:
  small: {init: {size: 4, factor: 1.5}, n: 3, dtype: float32, weight: 1}
)";

inline TempRegistry& good(TempRegistry& r, const std::string& task = kScale) {
  return r.add("structs/color.yaml", kColor)
      .add("structs/my_step.yaml", kStep)
      .add("tasks/L1/scale.yaml", task);
}

}  // namespace fk::core
