// SPDX-License-Identifier: Apache-2.0
// T1: computes on a stream of its own that nobody waits for. Not refused while a graph is captured,
// but missing from it.
#include "tests/plugins/corpus.cuh"

static cudaStream_t aside() {
  static cudaStream_t s = [] {
    cudaStream_t made = nullptr;
    cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking);
    return made;
  }();
  return s;
}
FORWARD { right_on(a, aside()); }

CUDA_PLUGIN("t1_stream_escape")
