// SPDX-License-Identifier: Apache-2.0
// Half of the work on a second stream, forked from the first and joined again.
#include "tests/plugins/corpus.cuh"

FORWARD {
  static cudaStream_t second = nullptr;
  static cudaEvent_t fork = nullptr, join = nullptr;
  if (!second) {
    cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
    cudaEventCreateWithFlags(&fork, cudaEventDisableTiming);
    cudaEventCreateWithFlags(&join, cudaEventDisableTiming);
  }
  const int64_t half = rows_of(a) / 2;
  cudaEventRecord(fork, stream_of(run));
  cudaStreamWaitEvent(second, fork, 0);
  right_on(a, stream_of(run), 0, half);
  right_on(a, second, half, rows_of(a));
  cudaEventRecord(join, second);
  cudaStreamWaitEvent(stream_of(run), join, 0);
}

CUDA_PLUGIN("joined_stream")
