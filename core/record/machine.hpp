// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

#include "core/store/records.hpp"
#include "fk/abi.h"

namespace fk::record {

using Json = nlohmann::ordered_json;

// Where, and by which fk, something is measured. Times of two machines whose `device` differs are
// never compared.
struct Machine {
  std::string device;   // "AMD EPYC 9654, 2 threads", "NVIDIA H200"
  std::string driver;   // "Linux 6.1.0", "NVIDIA 550.54.15"
  Json clocks;          // as locked or seen: threads, governor, MHz
  std::string harness;  // harness_revision
};

// `threads`: of the computation, on the CPU; what else the machine does is not known. `sources`: as
// harness_revision has it. Throws Error for a device that is not there.
Machine machine_of(fk_device, int threads, const std::filesystem::path& sources);

// "550.54.15" of "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue ...", also where
// it is the "Open Kernel Module for x86_64"; "" of anything else.
std::string driver_version(const std::string& line);
// "AMD EPYC 9654"; "" where Linux does not tell.
std::string processor_name();
// The first line, or "".
std::string first_line(const std::filesystem::path& file);

// The revision of the sources that this fk was built from, with "-changed" where files differ from
// it. `sources`: the root of the tree. "" without git or a repository.
std::string harness_revision(const std::filesystem::path& sources);
// The last revision that touched a folder, likewise; "" where it is not part of a repository.
std::string source_revision(const std::filesystem::path& folder);

}  // namespace fk::record
