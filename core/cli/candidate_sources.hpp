// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/plugin/catalog.hpp"

namespace fk::core {

// Builds dropped-in sources and says so on stderr. Where there is no compiler for them, or no card
// for CUDA's, it throws with the reason.
SourceBuilder candidate_sources();

// Whether that reason is the card: such candidates are there, and not for this machine; nobody who
// did not ask for one wants to hear of it.
bool waits_for_card(const std::string& reason);

}  // namespace fk::core
