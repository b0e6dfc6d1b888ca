// SPDX-License-Identifier: Apache-2.0
#include "core/store/records.hpp"

#include <fmt/format.h>

#include <cmath>

namespace fk::store {
namespace {

template <class T>
Json value(const T& v) {
  return v;
}
Json value(double v) {
  if (std::isfinite(v)) return v;
  return std::isnan(v) ? "nan" : v > 0 ? "inf" : "-inf";
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string joined(const Record& record, bool names) {
  std::string line;
  const Json all = to_json(record);
  for (const auto& [name, v] : all.items()) {
    if (!line.empty() || name != all.begin().key()) line += ',';
    line += quoted(names           ? name
                   : v.is_string() ? v.get<std::string>()
                                   : v.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return line + "\r\n";
}

}  // namespace

Json to_json(const Record& record) {
  Json out = Json::object();
  std::visit(
      [&](auto row) {
        fields(row, [&](const char* name, const auto& v) { out[name] = value(v); });
      },
      record);
  return out;
}

std::string csv_header(const Record& r) { return joined(r, true); }
std::string csv_line(const Record& r) { return joined(r, false); }

}  // namespace fk::store
