// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cuda_runtime_api.h>

#include "core/judge/wire/bulk.hpp"

namespace fk::judge {

// The lists lie on the card; blocks of the grid take one entry each, `most_bytes` is of the
// longest.
cudaError_t launch_copies(const Bulk::Copy* list, unsigned count, size_t most_bytes, cudaStream_t);
// Into `largest`, which is zero before, the bits of a double for each pair.
cudaError_t launch_differences(const Bulk::Pair* list, unsigned count, size_t most_bytes,
                               unsigned long long* largest, cudaStream_t);

}  // namespace fk::judge
