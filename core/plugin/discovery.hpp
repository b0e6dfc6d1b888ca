// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/plugin/manifest.hpp"

namespace fk::core {

// A plugin as far as it can be known without running any of it.
struct Found {
  std::string name;                  // the manifest's, else the file's
  std::filesystem::path yaml, so;    // so is empty where there are only sources
  std::optional<Manifest> manifest;  // none for a library given by itself
  std::string hash;                  // of the library's bytes
  std::filesystem::path copy;        // the content-addressed copy to open
  std::string refusal;               // why it cannot be opened; empty when it can

  // Reads, hashes, checks and copies the library at `so`. Throws nothing: what is wrong goes to
  // refusal.
  void inspect();
};

// Turns dropped-in sources into a library and returns its path; throws Error with the compiler's
// own text. Called concurrently.
using SourceBuilder = std::function<std::filesystem::path(const Manifest&)>;

// Every plugin.yaml below a folder (and every stray .so), in the order of paths, manifests read,
// libraries built where there are sources, and inspected; several at a time, since compiling,
// reading and hashing is most of the work. Throws std::filesystem::filesystem_error.
std::vector<Found> discover(const std::filesystem::path& folder, const SourceBuilder& = {});

}  // namespace fk::core
