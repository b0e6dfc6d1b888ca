// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <span>

#include "fk/abi.h"

namespace fk::core {

// Checks the bytes of a plugin before anything of it runs: a whole ELF file of this machine,
// exactly one entry symbol of our major. Throws Error with the reason.
void check_library(std::span<const uint8_t> bytes);

// Opens `file` for ever (RTLD_NOW | RTLD_LOCAL, never closed) and calls its entry. The descriptor
// that it returns has been checked as far as its own fields go. Throws Error with the reason.
const fk_plugin* open_library(const std::filesystem::path& file);

}  // namespace fk::core
