// SPDX-License-Identifier: Apache-2.0
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "core/judge/wire/cuda/bulk_kernels.hpp"

namespace fk::judge {
namespace {

constexpr unsigned kThreads = 256;
constexpr size_t kVector = sizeof(uint4);

// Vectors of 16 bytes first, by all threads of the entry's blocks, then the bytes that are left.
__global__ void copy_kernel(const Bulk::Copy* list) {
  const Bulk::Copy c = list[blockIdx.y];
  const size_t vectors = c.bytes / kVector, step = size_t(gridDim.x) * kThreads,
               first = size_t(blockIdx.x) * kThreads + threadIdx.x;
  const uint4 ones = {~0u, ~0u, ~0u, ~0u};
  const auto* from = reinterpret_cast<const uint4*>(c.from);
  for (size_t i = first; i < vectors; i += step)
    reinterpret_cast<uint4*>(c.to)[i] = from ? from[i] : ones;
  for (size_t i = vectors * kVector + first; i < c.bytes; i += step)
    c.to[i] = from ? c.from[i] : uint8_t(0xff);
}

template <class T>
__device__ double number(T v) {
  return double(v);
}
template <>
__device__ double number(__nv_bfloat16 v) {
  return double(__bfloat162float(v));
}
template <>
__device__ double number(__half v) {
  return double(__half2float(v));
}

__device__ double difference(double u, double v) {
  if (u == v || (isnan(u) && isnan(v))) return 0;
  const double d = fabs(u - v);
  return isfinite(d) ? d : INFINITY;
}

template <class T>
__device__ double largest_of(const Bulk::Pair& p) {
  constexpr size_t kEach = kVector / sizeof(T);
  const size_t vectors = p.count / kEach, step = size_t(gridDim.x) * kThreads,
               first = size_t(blockIdx.x) * kThreads + threadIdx.x;
  double largest = 0;
  for (size_t i = first; i < vectors; i += step) {
    const uint4 a = reinterpret_cast<const uint4*>(p.a)[i],
                b = reinterpret_cast<const uint4*>(p.b)[i];
    if (a.x == b.x && a.y == b.y && a.z == b.z && a.w == b.w) continue;
    const T *x = reinterpret_cast<const T*>(&a), *y = reinterpret_cast<const T*>(&b);
    for (size_t k = 0; k < kEach; ++k)
      largest = fmax(largest, difference(number(x[k]), number(y[k])));
  }
  for (size_t i = vectors * kEach + first; i < p.count; i += step)
    largest = fmax(largest, difference(number(reinterpret_cast<const T*>(p.a)[i]),
                                       number(reinterpret_cast<const T*>(p.b)[i])));
  return largest;
}

__device__ double largest_of(const Bulk::Pair& p) {
  const fk_dtype t = p.dtype;
  if (t.code == FK_BFLOAT) return largest_of<__nv_bfloat16>(p);
  if (t.code == FK_FLOAT)
    return t.bits == 16   ? largest_of<__half>(p)
           : t.bits == 32 ? largest_of<float>(p)
                          : largest_of<double>(p);
  const bool is_signed = t.code == FK_INT;
  switch (t.bits) {
    case 64: return is_signed ? largest_of<int64_t>(p) : largest_of<uint64_t>(p);
    case 32: return is_signed ? largest_of<int32_t>(p) : largest_of<uint32_t>(p);
    case 16: return is_signed ? largest_of<int16_t>(p) : largest_of<uint16_t>(p);
    default: return is_signed ? largest_of<int8_t>(p) : largest_of<uint8_t>(p);
  }
}

// Of numbers that are not negative the larger one has the larger bits.
__global__ void difference_kernel(const Bulk::Pair* list, unsigned long long* largest) {
  double mine = largest_of(list[blockIdx.y]);
  for (int lanes = 16; lanes > 0; lanes /= 2)
    mine = fmax(mine, __shfl_xor_sync(0xffffffffu, mine, lanes));
  if (threadIdx.x % 32 == 0 && mine > 0)
    atomicMax(&largest[blockIdx.y], (unsigned long long)__double_as_longlong(mine));
}

// Blocks that share one entry: four vectors a thread, no more than fill a card.
unsigned sharing(size_t bytes) {
  const size_t blocks = bytes / (4 * kVector * kThreads);
  return unsigned(blocks < 1 ? 1 : blocks > 256 ? 256 : blocks);
}

}  // namespace

cudaError_t launch_copies(const Bulk::Copy* list, unsigned count, size_t most_bytes,
                          cudaStream_t stream) {
  copy_kernel<<<dim3(sharing(most_bytes), count), kThreads, 0, stream>>>(list);
  return cudaGetLastError();
}

cudaError_t launch_differences(const Bulk::Pair* list, unsigned count, size_t most_bytes,
                               unsigned long long* largest, cudaStream_t stream) {
  difference_kernel<<<dim3(sharing(most_bytes), count), kThreads, 0, stream>>>(list, largest);
  return cudaGetLastError();
}

}  // namespace fk::judge
