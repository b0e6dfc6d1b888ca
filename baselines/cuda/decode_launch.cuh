// SPDX-License-Identifier: Apache-2.0
// Launches of the decode kernels, for every source of what the step adds.
#pragma once
#include "decode_few.cuh"
#include "decode_line.cuh"
#include "fk/cuda.hpp"

namespace fk::cuda::decode {

// Once a device, before the first launch.
template <class T, int D, class Source>
void prepare() {
  if (has_clusters()) {
    const auto few = paged_attention_few_kernel<T, D, Source>;
    FK_CUDA_CHECK(
        cudaFuncSetAttribute(few, cudaFuncAttributeMaxDynamicSharedMemorySize, Layout<D>::kBytes));
    FK_CUDA_CHECK(cudaFuncSetAttribute(few, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
    FK_CUDA_CHECK(cudaFuncSetAttribute(few, cudaFuncAttributePreferredSharedMemoryCarveout, 100));
  }
  const auto line = paged_attention_decode_kernel<T, D, Source>;
  FK_CUDA_CHECK(
      cudaFuncSetAttribute(line, cudaFuncAttributeMaxDynamicSharedMemorySize, Layout<D>::kBytes));
  FK_CUDA_CHECK(cudaFuncSetAttribute(line, cudaFuncAttributePreferredSharedMemoryCarveout, 100));
}

// Blocks of the whole grid.
inline int grid_of(int multiprocessors) {
  const int ctas = multiprocessors * kCtasPerSm;
  return ctas < kMaxCtas ? ctas : kMaxCtas;
}
// What DecodeWorkspace::partial holds.
inline int64_t partial_floats(const PagedAttentionParams& p, int ctas) {
  return int64_t(2) * ctas * p.group * (p.head_size + 4);
}

template <class T, int D, class Source>
void run(const PagedAttentionParams& p, const DecodeWorkspace& w, const Source& source,
         cudaStream_t stream) {
  const int64_t few = int64_t(p.num_seqs) * p.num_kv_heads * kFewSplit;
  if (has_clusters() && p.num_seqs <= kFewSeqs && few <= w.ctas)
    return launch_clusters(paged_attention_few_kernel<T, D, Source>, kFewSplit, unsigned(few),
                           kThreads, Layout<D>::kBytes, stream, true, p, source);
  launch(paged_attention_decode_kernel<T, D, Source>, dim3(unsigned(w.ctas)), kThreads,
         Layout<D>::kBytes, stream, true, p, w, source);
}

}  // namespace fk::cuda::decode
