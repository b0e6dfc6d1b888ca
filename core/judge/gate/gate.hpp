// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

#include "core/judge/record.hpp"

namespace fk::judge {

// What a library says about itself, read before anybody opens it. Refused are imports that no
// kernel has a use for: threads, processes, other programs' memory, the loader, the network, signal
// handlers, protections of memory. Anything else that is odd is a flag: shown, and no verdict, for
// an honest library may have it. Throws Error for what is no library.
GateReport inspect_library(const std::filesystem::path&);

}  // namespace fk::judge
