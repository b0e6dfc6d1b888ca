// SPDX-License-Identifier: Apache-2.0
// Times launches through a CUDA graph that walks over buffers larger than the L2 cache.
#pragma once
#include <algorithm>
#include <cstdio>
#include <vector>

#include "fk/cuda.hpp"

namespace fk::bench {

inline constexpr size_t kFlushed = size_t{150} << 20;  // bytes between two uses of a buffer

// Device memory of one kind of argument, `sets` times.
class Buffers {
 public:
  Buffers(size_t bytes, int sets) : step_((bytes + 255) / 256 * 256) {
    FK_CUDA_CHECK(cudaMalloc(&data_, step_ * size_t(sets)));
    FK_CUDA_CHECK(cudaMemset(data_, 0, step_ * size_t(sets)));
    size_ = step_ * size_t(sets);
  }
  Buffers(const Buffers&) = delete;
  ~Buffers() { cudaFree(data_); }
  template <class T>
  T* at(int set) const {
    return reinterpret_cast<T*>(static_cast<char*>(data_) + step_ * size_t(set));
  }
  template <class T>
  T* all() const {
    return static_cast<T*>(data_);
  }
  size_t bytes() const { return size_; }

 private:
  void* data_ = nullptr;
  size_t step_, size_ = 0;
};

inline int sets_for(size_t bytes) {
  return int(std::clamp<size_t>((kFlushed + bytes - 1) / bytes, 2, 256));
}

// Median microseconds of one call of body(set, stream).
template <class F>
double microseconds(int sets, const F& body) {
  cudaStream_t stream;
  FK_CUDA_CHECK(cudaStreamCreate(&stream));
  body(0, stream);
  FK_CUDA_CHECK(cudaStreamSynchronize(stream));
  const int calls = std::max(sets, 16) / sets * sets;
  cudaGraph_t graph;
  FK_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  for (int i = 0; i < calls; ++i) body(i % sets, stream);
  FK_CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  cudaGraphExec_t exec;
  FK_CUDA_CHECK(cudaGraphInstantiate(&exec, graph, 0));
  cudaEvent_t begin, end;
  FK_CUDA_CHECK(cudaEventCreate(&begin));
  FK_CUDA_CHECK(cudaEventCreate(&end));
  std::vector<float> times;
  for (int i = 0; i < 24; ++i) {
    FK_CUDA_CHECK(cudaEventRecord(begin, stream));
    FK_CUDA_CHECK(cudaGraphLaunch(exec, stream));
    FK_CUDA_CHECK(cudaEventRecord(end, stream));
    FK_CUDA_CHECK(cudaEventSynchronize(end));
    float ms;
    FK_CUDA_CHECK(cudaEventElapsedTime(&ms, begin, end));
    if (i >= 4) times.push_back(ms);
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  cudaGraphExecDestroy(exec);
  cudaGraphDestroy(graph);
  cudaStreamDestroy(stream);
  std::nth_element(times.begin(), times.begin() + 10, times.end());
  return 1000.0 * times[10] / calls;
}

inline void print(const char* what, double us, double bytes) {
  std::printf("%-44s %9.2f us  %6.2f TB/s\n", what, us, bytes / us * 1e-6);
  std::fflush(stdout);
}

// Uniform 32-bit words of a counter.
__device__ inline uint32_t mixed(uint64_t i) {
  i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9ull;
  i = (i ^ i >> 27) * 0x94d049bb133111ebull;
  return uint32_t((i ^ i >> 31) >> 16);
}
// Normal values of the given deviation.
__device__ inline float normal(uint64_t i, float deviation) {
  const float u = (mixed(2 * i + 1) + 0.5f) * 0x1p-32f, v = mixed(2 * i + 2) * 0x1p-32f;
  return deviation * sqrtf(-2.f * logf(u)) * cospif(2.f * v);
}

}  // namespace fk::bench
