// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fk::core::text {

// A JSON value that knows where it stands, so that every error names file and field:
// "models/x/tokenizer.json: model.merges[3]: ...". All accessors throw Error.
class JsonNode {
 public:
  JsonNode(const nlohmann::json& value, std::string file, std::string path = "")
      : value_(&value), file_(std::move(file)), path_(std::move(path)) {}

  [[noreturn]] void fail(const std::string& what) const;
  // A required member; null counts as absent.
  JsonNode at(const char* key) const;
  std::optional<JsonNode> find(const char* key) const;
  // Refuses members that are not in the list: what we do not know we do not ignore.
  void only(std::initializer_list<std::string_view> keys) const;

  std::string str() const;
  bool boolean() const;
  int64_t integer() const;
  double number() const;
  bool boolean(const char* key, bool otherwise) const;
  std::string str(const char* key, const char* otherwise) const;
  std::vector<JsonNode> items() const;        // of an array
  uint32_t character(const char* key) const;  // a string of one code point
  const nlohmann::json& raw() const { return *value_; }
  const nlohmann::json& object() const;
  const nlohmann::json& array() const;
  bool is_null() const;
  const std::string& path() const { return path_; }
  const std::string& file() const { return file_; }
  JsonNode child(const nlohmann::json& value, const std::string& step) const {
    return {value, file_, path_ + step};
  }

 private:
  [[noreturn]] void expected(const char* what) const;
  const nlohmann::json* value_;
  std::string file_, path_;
};

// Reads and parses a file; errors say file:line:column.
nlohmann::json read_json(const std::string& file);
nlohmann::json parse_json(std::string_view text, const std::string& file);
std::string read_file(const std::string& file);

}  // namespace fk::core::text
