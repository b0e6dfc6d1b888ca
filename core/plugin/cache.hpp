// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace fk::core {

// Where copies of plugins and built candidates live: $FK_CACHE_DIR, else
// $XDG_CACHE_HOME/fastkernels, else
// ~/.cache/fastkernels. Everything in it can be deleted at any time no process is starting.
std::filesystem::path cache_folder();

// The file with these bytes and a name made of its content: dlopen of a path that was replaced
// gives the old library, a new name never does. Written once, atomically; shared between processes.
std::filesystem::path cached_copy(std::span<const uint8_t> bytes, std::string_view hash,
                                  std::string_view name);

// Writes `bytes` beside `path` and renames it into place.
void write_atomically(const std::filesystem::path& path, std::span<const uint8_t> bytes);

}  // namespace fk::core
