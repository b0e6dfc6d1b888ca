// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/device/device.hpp"

namespace fk::core {

std::shared_ptr<Device> open_cuda_device(int index);

// Throws Error for a CUDA status that is no success: kMissing for memory and drivers, else
// kCheckFailed.
void check_cuda(int status, const char* what);

}  // namespace fk::core
