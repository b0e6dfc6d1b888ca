// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <filesystem>
#include <vector>

#include "core/judge/sandbox/layer.hpp"

namespace fk::judge {

// What a Runner does to itself, in this order, before it opens a plugin. Each gives its layer.

// Capabilities dropped, none to be gained by any exec.
SandboxLayers drop_privileges();
// Of the file system only these files and folders can be read (and mapped to be executed), nothing
// written. For this thread and those it starts. `devices` are files that drive a card: they can be
// read, written and given commands.
SandboxLayer restrict_files(const std::vector<std::filesystem::path>& readable,
                            const std::vector<std::filesystem::path>& devices = {});
// Address space (0: as it is), descriptors, file sizes, core dumps.
SandboxLayer limit_resources(size_t address_space, size_t descriptors = 64);
// An allow-list of system calls for all threads: no process, no thread, no socket, no signal to
// others, no tracing, no kernel interface that a kernel on the CPU has no use for. The rest fails
// with EPERM. `card`: and what the driver of a card calls when it has its context and threads.
SandboxLayer restrict_calls(bool card = false);
// After the plugin is open: nothing becomes executable, no file is opened any more. A card's driver
// opens its devices again for every mapping: there files stay as restrict_files() has them.
SandboxLayer restrict_calls_after_load(bool card = false);

}  // namespace fk::judge
