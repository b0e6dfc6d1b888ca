// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

#include "core/runtime/capture.hpp"
#include "core/spec/registry.hpp"

namespace fk::core {

// What a run called, and where it was.
struct CaptureFile {
  std::string config, model, device, date, revision;  // free text
  std::vector<CapturedCall> calls;
};

// <folder>/capture.json: what the run was, then one line a call, ordered by CapturedCall's
// identity. Makes the folder. Throws Error for one that cannot be written.
void write_capture(const std::filesystem::path& folder, const CaptureFile&);

// Reads it strictly: every field by its type, tasks and inits by the registry. Throws Error
// "<file>: calls[3].dims.n: found ..., expected ...".
CaptureFile read_capture(const std::filesystem::path& folder, const Registry&);

}  // namespace fk::core
