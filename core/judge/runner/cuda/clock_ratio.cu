// SPDX-License-Identifier: Apache-2.0
#include "core/judge/runner/cuda/clock_ratio.hpp"

namespace fk::judge {
namespace {

__device__ unsigned long long now_ns() {
  unsigned long long t;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t));
  return t;
}

// Cycles and nanoseconds of a tenth of a millisecond. Begins and ends on a tick of the timer, which
// ticks coarsely.
__global__ void clock_ratio_kernel(unsigned long long* out) {
  const unsigned long long before = now_ns();
  unsigned long long begin = before;
  while (begin == before) begin = now_ns();
  const long long cycles = clock64();
  unsigned long long end = begin;
  while (end - begin < 100000) end = now_ns();
  out[0] = (unsigned long long)(clock64() - cycles);
  out[1] = end - begin;
}

// Nothing behind it in its stream begins before the host opens it.
__global__ void gate_kernel(const volatile unsigned long long* open) {
  const unsigned long long begin = now_ns();
  while (*open == 0 && now_ns() - begin < 10000000000ull) {}
}

}  // namespace

cudaError_t launch_gate(const unsigned long long* open, cudaStream_t stream) {
  gate_kernel<<<1, 1, 0, stream>>>(open);
  return cudaGetLastError();
}

cudaError_t launch_clock_ratio(unsigned long long* out, cudaStream_t stream) {
  clock_ratio_kernel<<<1, 1, 0, stream>>>(out);
  return cudaGetLastError();
}

}  // namespace fk::judge
