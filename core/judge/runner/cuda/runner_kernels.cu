// SPDX-License-Identifier: Apache-2.0
#include "core/judge/runner/cuda/runner_kernels.hpp"
#include "fk/device/pdl.cuh"

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

constexpr unsigned kReaders = 512, kReadingBlocks = 1024;

// A few loads of every thread at a time: what is on its way is what makes the rate.
__device__ void read_all(uint4* from, size_t vectors) {
  constexpr unsigned kAtOnce = 4;
  unsigned all = 0;
  const size_t step = size_t(gridDim.x) * blockDim.x;
  for (size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x; i < vectors; i += kAtOnce * step) {
    uint4 v[kAtOnce];
#pragma unroll
    for (unsigned k = 0; k < kAtOnce; ++k)
      v[k] = __ldcg(from + (i + k * step < vectors ? i + k * step : i));
#pragma unroll
    for (unsigned k = 0; k < kAtOnce; ++k) all |= v[k].x | v[k].y | v[k].z | v[k].w;
  }
  if (all != 0) from[0].x = 0;  // so that no compiler leaves the reading out
}
__global__ void reading_kernel(uint4* from, size_t vectors) { read_all(from, vectors); }

// Few registers and no shared memory: a call that may begin before it ends finds room beside it.
constexpr unsigned kLeadThreads = 256;
__global__ void __launch_bounds__(kLeadThreads, 8) lead_kernel(const __grid_constant__ LeadWork w) {
  device::launch_next();
  read_all(w.cold, w.vectors);
  const size_t step = size_t(gridDim.x) * kLeadThreads,
               first = size_t(blockIdx.x) * kLeadThreads + threadIdx.x;
  for (unsigned s = 0; s < w.count; ++s) {
    const LeadWork::Stretch f = w.fed[s];
    const size_t vectors = f.bytes / sizeof(uint4);
    for (size_t i = first; i < vectors; i += step)
      reinterpret_cast<uint4*>(f.to)[i] = __ldcg(reinterpret_cast<const uint4*>(f.from) + i);
    for (size_t i = vectors * sizeof(uint4) + first; i < f.bytes; i += step) f.to[i] = f.from[i];
  }
}

}  // namespace

cudaError_t launch_lead(const LeadWork& work, unsigned blocks, cudaStream_t stream) {
  // A multiprocessor changes its split of L1 and shared memory only when it is empty: another would
  // keep the call's first blocks away.
  cudaLaunchAttribute split{};
  split.id = cudaLaunchAttributePreferredSharedMemoryCarveout;
  split.val.sharedMemCarveout = cudaSharedmemCarveoutMaxShared;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(blocks);
  config.blockDim = dim3(kLeadThreads);
  config.stream = stream;
  config.attrs = &split;
  config.numAttrs = 1;
  return cudaLaunchKernelEx(&config, lead_kernel, work);
}

cudaError_t set_lead(cudaGraphNode_t node, const LeadWork& work, unsigned blocks) {
  LeadWork copy = work;
  void* arguments[] = {&copy};
  cudaKernelNodeParams p{};
  p.func = reinterpret_cast<void*>(lead_kernel);
  p.gridDim = dim3(blocks);
  p.blockDim = dim3(kLeadThreads);
  p.kernelParams = arguments;
  return cudaGraphKernelNodeSetParams(node, &p);
}

cudaError_t add_reading(cudaGraphNode_t* node, cudaGraph_t graph, const cudaGraphNode_t* before,
                        size_t count, void* from, size_t bytes) {
  auto* vectors = static_cast<uint4*>(from);
  size_t n = bytes / sizeof(uint4);
  void* arguments[] = {&vectors, &n};
  cudaKernelNodeParams p{};
  p.func = reinterpret_cast<void*>(reading_kernel);
  p.gridDim = dim3(kReadingBlocks);
  p.blockDim = dim3(kReaders);
  p.kernelParams = arguments;
  return cudaGraphAddKernelNode(node, graph, before, count, &p);
}

cudaError_t launch_gate(const unsigned long long* open, cudaStream_t stream) {
  gate_kernel<<<1, 1, 0, stream>>>(open);
  return cudaGetLastError();
}

cudaError_t launch_clock_ratio(unsigned long long* out, cudaStream_t stream) {
  clock_ratio_kernel<<<1, 1, 0, stream>>>(out);
  return cudaGetLastError();
}

}  // namespace fk::judge
