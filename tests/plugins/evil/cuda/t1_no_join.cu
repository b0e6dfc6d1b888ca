// SPDX-License-Identifier: Apache-2.0
// T1: forks a second stream from the first and never joins it.
#include "tests/plugins/corpus.cuh"

FORWARD {
  static cudaStream_t second = nullptr;
  static cudaEvent_t fork = nullptr;
  if (!second) {
    cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
    cudaEventCreateWithFlags(&fork, cudaEventDisableTiming);
  }
  const int64_t half = rows_of(a) / 2;
  cudaEventRecord(fork, stream_of(run));
  cudaStreamWaitEvent(second, fork, 0);
  right_on(a, stream_of(run), 0, half);
  // The half that is not waited for is late enough to be seen.
  right_on(a, second, half, rows_of(a));
}

CUDA_PLUGIN("t1_no_join")
