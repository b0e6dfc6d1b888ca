// SPDX-License-Identifier: Apache-2.0
#include "core/cli/store_flags.hpp"

#include <algorithm>
#include <cctype>
#include <ctime>

#include "core/base/error.hpp"

namespace fk::core {

CLI::Option* StoreFlags::add_to(CLI::App& app) {
  return app
      .add_option("--store", file,
                  "the results store (default: $FK_STORE, else ~/.local/share/...)")
      ->type_name("FILE");
}

std::filesystem::path StoreFlags::path() const {
  return file.empty() ? store::default_path() : std::filesystem::path(file);
}

store::Store StoreFlags::to_read() const {
  return store::Store(path(), store::Store::Access::kRead);
}

void RecordFlags::add_to(CLI::App& app) {
  auto* named = StoreFlags::add_to(app);
  app.add_flag("--no-store", off, "record nothing, look nothing up")->excludes(named);
}

std::string since_when(const std::string& text) {
  if (text.empty()) return text;
  const bool number = text.size() > 1 && text.size() < 8 &&
                      std::all_of(text.begin(), text.end() - 1,
                                  [](unsigned char c) { return std::isdigit(c) != 0; });
  const size_t unit = std::string("mhd").find(text.back());
  if (number && unit != std::string::npos) {
    constexpr std::time_t kSeconds[] = {60, 3600, 86400};
    const std::time_t then = std::time(nullptr) - std::stol(text) * kSeconds[unit];
    std::tm tm{};
    gmtime_r(&then, &tm);
    char out[32];
    return {out, std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%S", &tm)};
  }
  const std::string form = "dddd-dd-ddTdd:dd:dd.dddZ";
  bool good = text.size() >= 4 && text.size() <= form.size();
  for (size_t i = 0; good && i < text.size(); ++i)
    good = form[i] == 'd' ? std::isdigit(static_cast<unsigned char>(text[i])) != 0
                          : text[i] == form[i];
  if (!good)
    bad_input("--since {}: expected a time in UTC such as 2026-11-21T08:30, or 30m, 12h, 7d", text);
  return text;
}

}  // namespace fk::core
