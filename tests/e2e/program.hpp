// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fk::test {

using Json = nlohmann::ordered_json;

struct Outcome {
  int code = -1;  // -1: it was killed by a signal
  std::string out, err;
  std::vector<Json> lines() const;  // of --json output; fails the test for a line that is no JSON
};

// A folder of its own for every test, gone at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  std::string write(const std::string& name, const std::string& text) const;  // gives the path
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Starts build/bin/<program> in the source tree. `environment` is added to this process's ("A=b").
Outcome start(const std::string& program, const std::vector<std::string>& words,
              const std::string& input = "", const std::vector<std::string>& environment = {});
inline Outcome fk_run(const std::vector<std::string>& words, const std::string& input = "") {
  return start("fk-run", words, input);
}

// A small random llama with the byte tokenizer and a chat template, in the folder: the path of its
// config.
std::string tiny_config(const Folder&, const std::string& more = "");

}  // namespace fk::test
