// SPDX-License-Identifier: Apache-2.0
#include "core/cli/flags.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/nearest.hpp"

namespace fk::core {
namespace {

std::vector<std::string> long_flags(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* o : app.get_options()) {
    for (const std::string& n : o->get_lnames()) names.push_back("--" + n);
  }
  return names;
}

void refuse_extras(const CLI::App& app) {
  for (const std::string& word : app.remaining()) {
    std::string flag = word.substr(0, word.find('='));
    if (flag.starts_with("-")) {
      bad_input("unknown flag {}{}; `{} --help` lists them all", flag,
                did_you_mean(flag, long_flags(app)), app.get_name());
    }
    bad_input("unexpected word '{}': every value follows its flag; `{} --help` shows how", word,
              app.get_name());
  }
}

}  // namespace

bool parse_flags(CLI::App& app, const Words& words) {
  app.allow_extras();
  Words reversed(words.rbegin(), words.rend());  // as CLI11 wants them
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return false;
  } catch (const CLI::ParseError& e) {
    // A misspelt flag often makes another one fail; it is the better explanation.
    for (const std::string& word : words) {
      std::string flag = word.substr(0, word.find('='));
      auto known = long_flags(app);
      if (flag.starts_with("--") && flag.size() > 2 &&
          std::find(known.begin(), known.end(), flag) == known.end()) {
        bad_input("unknown flag {}{}; `{} --help` lists them all", flag, did_you_mean(flag, known),
                  app.get_name());
      }
    }
    bad_input("{}; `{} --help` explains the flags", e.what(), app.get_name());
  }
  refuse_extras(app);
  return true;
}

}  // namespace fk::core
