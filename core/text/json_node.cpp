// SPDX-License-Identifier: Apache-2.0
#include "core/text/json_node.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/text/unicode.hpp"

namespace fk::core::text {
namespace {

std::string describe(const nlohmann::json& v) {
  if (v.is_object()) return "an object";
  if (v.is_array()) return fmt::format("an array of {}", v.size());
  std::string text = v.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return to_valid_utf8(text);
}

}  // namespace

void JsonNode::fail(const std::string& what) const {
  if (path_.empty()) bad_input("{}: {}", file_, what);
  bad_input("{}: {}: {}", file_, path_.substr(path_[0] == '.' ? 1 : 0), what);
}

void JsonNode::expected(const char* what) const {
  fail(fmt::format("expected {}, found {}", what, describe(*value_)));
}

bool JsonNode::is_null() const { return value_->is_null(); }
const nlohmann::json& JsonNode::object() const {
  if (!value_->is_object()) expected("an object");
  return *value_;
}
const nlohmann::json& JsonNode::array() const {
  if (!value_->is_array()) expected("an array");
  return *value_;
}

std::optional<JsonNode> JsonNode::find(const char* key) const {
  const auto it = object().find(key);
  if (it == value_->end() || it->is_null()) return std::nullopt;
  return child(*it, std::string(".") + key);
}

JsonNode JsonNode::at(const char* key) const {
  if (auto found = find(key)) return *found;
  fail(fmt::format("the field '{}' is missing", key));
}

void JsonNode::only(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, value] : object().items()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    std::string known;
    for (std::string_view k : keys) known += (known.empty() ? "" : ", ") + std::string(k);
    fail(fmt::format("unknown field '{}'; known are {}", to_valid_utf8(key), known));
  }
}

std::string JsonNode::str() const {
  if (!value_->is_string()) expected("a string");
  return value_->get<std::string>();
}
bool JsonNode::boolean() const {
  if (!value_->is_boolean()) expected("true or false");
  return value_->get<bool>();
}
int64_t JsonNode::integer() const {
  if (!value_->is_number_integer()) expected("an integer");
  if (value_->is_number_unsigned() && value_->get<uint64_t>() > INT64_MAX) expected("an integer");
  return value_->get<int64_t>();
}
double JsonNode::number() const {
  if (!value_->is_number()) expected("a number");
  return value_->get<double>();
}
bool JsonNode::boolean(const char* key, bool otherwise) const {
  const auto v = find(key);
  return v ? v->boolean() : otherwise;
}
std::string JsonNode::str(const char* key, const char* otherwise) const {
  const auto v = find(key);
  return v ? v->str() : otherwise;
}

uint32_t JsonNode::character(const char* key) const {
  const std::string s = at(key).str();
  const char* p = s.data();
  if (!s.empty() && valid_prefix(s) == s.size()) {
    const uint32_t c = next_char(p);
    if (p == s.data() + s.size()) return c;
  }
  at(key).expected("one character");
}

std::vector<JsonNode> JsonNode::items() const {
  std::vector<JsonNode> out;
  for (const auto& v : array()) out.push_back(child(v, fmt::format("[{}]", out.size())));
  return out;
}

std::string read_file(const std::string& file) {
  std::error_code ec;
  const auto size = std::filesystem::file_size(file, ec);
  std::ifstream in(file, std::ios::binary);
  if (ec || !in) missing("{}: cannot be read; does the file exist?", file);
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<size_t>(in.gcount()));
  return text;
}

nlohmann::json parse_json(std::string_view text, const std::string& file) {
  try {
    return nlohmann::json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::parse_error& e) {
    const size_t at = std::min<size_t>(text.size(), e.byte == 0 ? 0 : e.byte - 1);
    const auto line = 1 + std::count(text.begin(), text.begin() + at, '\n');
    const size_t start = text.substr(0, at).rfind('\n');
    const size_t column = at - (start == std::string_view::npos ? 0 : start + 1) + 1;
    if (at >= text.size()) {
      bad_input("{}:{}:{}: not JSON: the text ends in the middle of a value; is the file complete?",
                file, line, column);
    }
    std::string what = e.what();  // "[json.exception...] parse error at ...: syntax error ...: ..."
    const size_t colon = what.find(": ");
    if (colon != std::string::npos) what = what.substr(colon + 2);
    bad_input("{}:{}:{}: not JSON: {}", file, line, column, to_valid_utf8(what));
  } catch (const nlohmann::json::exception& e) {  // a number that no double holds
    const std::string_view what = e.what();
    bad_input("{}: not JSON that can be read: {}", file,
              to_valid_utf8(what.substr(std::min(what.size(), what.find("] ") + 2))));
  }
}

nlohmann::json read_json(const std::string& file) { return parse_json(read_file(file), file); }

}  // namespace fk::core::text
