// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/plugin/manifest.hpp"
#include "core/spec/registry.hpp"

namespace fk::core {

// Files that were written, in the order to read them.
using Written = std::vector<std::filesystem::path>;

// candidates/<task>/<name>/{plugin.yaml, <name>.cpp, headers}: a plugin that builds and passes at
// once. Its body is that of the baseline found under `baselines` (the reference for L1, the
// composite for L2 to L4), to be replaced piece by piece; a task without one gets a body whose
// supports() says that it is not written yet. In CUDA the body is the cuda baseline's, in
// <name>.cu, or an empty kernel with its launch. Throws Error for an unknown task (with the
// nearest), a bad name, or a folder that exists.
Written new_candidate(const Registry&, const std::string& task, const std::string& name,
                      const std::filesystem::path& candidates,
                      const std::filesystem::path& baselines,
                      Manifest::Language = Manifest::Language::kCxx);

// registry/tasks/L<level>/<name>.yaml and its baseline, baselines/reference/L1/<name>.cpp or
// baselines/composed/L<level>/<name>.cpp under `root`: a small task that builds and runs at once,
// to be edited.
Written new_task(const Registry&, const std::string& name, int level,
                 const std::filesystem::path& root);

// "rms_norm" -> "RmsNorm", the name of the generated C++ tag.
std::string camel_case(const std::string& name);

}  // namespace fk::core
