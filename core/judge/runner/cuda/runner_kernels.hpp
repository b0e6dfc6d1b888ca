// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cuda_runtime_api.h>

namespace fk::judge {

// Into out[0] the cycles of one multiprocessor, into out[1] the nanoseconds that they took: a tenth
// of a millisecond. By these the clock of a round is known, whatever it was set to.
cudaError_t launch_clock_ratio(unsigned long long* out, cudaStream_t);

// Holds the stream until *open, in pinned memory, is not 0, or ten seconds have gone by.
cudaError_t launch_gate(const unsigned long long* open, cudaStream_t);

// A node that reads all of `from`, by way of the L2, and writes nothing where it is all zero.
cudaError_t add_reading(cudaGraphNode_t*, cudaGraph_t, const cudaGraphNode_t* before, size_t count,
                        void* from, size_t bytes);

}  // namespace fk::judge
