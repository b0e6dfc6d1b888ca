// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/plugin/catalog.hpp"

namespace fk::core {

// Builds dropped-in sources and says so on stderr. Where there is no compiler for them, or no card
// for CUDA's, it throws with the reason.
SourceBuilder candidate_sources();

// "left out: <file>: <reason>" on stderr. Of candidates that only a card's absence keeps away
// nobody wants to hear who did not ask for them.
void say_left_out(const std::filesystem::path& file, const std::string& reason, bool asked = false);

}  // namespace fk::core
