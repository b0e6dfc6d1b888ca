// SPDX-License-Identifier: Apache-2.0
#include "core/cli/candidate_sources.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/cli/workspace.hpp"
#include "core/device/device.hpp"
#include "core/plugin/candidate_builder.hpp"

namespace fk::core {
namespace {

constexpr std::string_view kNoCard = "CUDA sources, and this machine has no card";

}  // namespace

SourceBuilder candidate_sources() {
  SourceBuilder build;
  try {
    build = CandidateBuilder(Sdk::of_this_process(), [](const std::string& line) {
              fmt::print(stderr, "{}\n", line);
            }).builder();
  } catch (const Error& e) {
    // Without the SDK prebuilt candidates still load.
    build = [text = e.text()](const Manifest&) -> std::filesystem::path { missing("{}", text); };
  }
  return [build, card = card_present()](const Manifest& m) {
    if (m.language == Manifest::Language::kCuda && !card) missing("{}", kNoCard);
    return build(m);
  };
}

void say_left_out(const std::filesystem::path& file, const std::string& reason, bool asked) {
  if (!asked && reason.find(kNoCard) != reason.npos) return;
  fmt::print(stderr, "left out: {}: {}\n", shown(file).string(), reason);
}

}  // namespace fk::core
