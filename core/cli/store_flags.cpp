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
  auto* none = app.add_flag("--no-store", off, "record nothing, look nothing up");
  none->excludes(named);
  app.add_option("--mlflow", server,
                 "send what is recorded to this tracking server, too (default: "
                 "$MLFLOW_TRACKING_URI, else nowhere)")
      ->type_name("URI")
      ->excludes(none);
  app_ = &app;
}

// "fk bench silu_and_mul", "fk resolve llama", and every flag that was given.
tracking::Command RecordFlags::command() const {
  tracking::Command c;
  std::string name = app_->get_name(), config;
  if (const size_t at = name.rfind(" TASK"); at != name.npos) name.resize(at);
  c.words = name;
  for (const CLI::Option* o : app_->get_options()) {
    const std::string flag = o->get_name();
    if (o->count() == 0 || flag == "--mlflow" || flag == "--store") continue;
    const std::string value = fmt::format("{}", fmt::join(o->results(), " "));
    const bool positional = !flag.starts_with("-");
    if (positional) name += " " + value;
    if (flag == "--config") config = std::filesystem::path(value).stem().string();
    c.words += positional                     ? " " + value
               : o->get_items_expected() == 0 ? " " + flag
                                              : " " + flag + " " + value;
    c.flags.emplace_back(flag.substr(flag.find_first_not_of('-')), value);
  }
  c.name = config.empty() ? name : name + " " + config;
  return c;
}

record::Recorder RecordFlags::recorder() const {
  record::Recorder r(!off, file, command(), server);
  r.probe();
  return r;
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
