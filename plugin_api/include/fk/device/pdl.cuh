// SPDX-License-Identifier: Apache-2.0
// Programmatic dependent launch. Both do nothing below sm_90 or in a kernel launched without it.
#pragma once

namespace fk::device {

// Returns when everything that earlier kernels of the stream wrote can be seen. Before it a kernel
// may read only what no kernel of the stream writes: weights.
__device__ inline void wait_for_previous() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
// Lets the next kernel start once every block has called this (or ended). It changes no meaning:
// the next one still waits for this one's writes.
__device__ inline void launch_next() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}

}  // namespace fk::device
