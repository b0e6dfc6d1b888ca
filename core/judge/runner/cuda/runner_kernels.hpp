// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

namespace fk::judge {

// Into out[0] the cycles of one multiprocessor, into out[1] the nanoseconds that they took: a tenth
// of a millisecond. By these the clock of a round is known, whatever it was set to.
cudaError_t launch_clock_ratio(unsigned long long* out, cudaStream_t);

// Holds the stream until *open, in pinned memory, is not 0, or ten seconds have gone by.
cudaError_t launch_gate(const unsigned long long* open, cudaStream_t);

// The kernel before a call, as a model has one: what it lets the call begin with comes first, what
// the call must wait for last.
struct LeadWork {
  static constexpr unsigned kMost = 16;
  struct Stretch {
    const uint8_t* from;
    uint8_t* to;
    size_t bytes;
  };
  Stretch fed[kMost] = {};  // written at the end; both begin at a multiple of 16 bytes
  unsigned count = 0;
  uint4* cold = nullptr;  // read before, and left as it is where it is all zero
  size_t vectors = 0;
};
// `blocks`: few enough for all to run at once, beside the first of the call.
cudaError_t launch_lead(const LeadWork&, unsigned blocks, cudaStream_t);
// Makes of a kernel's node, whatever it was, what launch_lead() launches.
cudaError_t set_lead(cudaGraphNode_t, const LeadWork&, unsigned blocks);

// A node that reads all of `from`, by way of the L2, and writes nothing where it is all zero.
cudaError_t add_reading(cudaGraphNode_t*, cudaGraph_t, const cudaGraphNode_t* before, size_t count,
                        void* from, size_t bytes);

}  // namespace fk::judge
