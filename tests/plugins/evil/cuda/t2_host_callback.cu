// SPDX-License-Identifier: Apache-2.0
// T2: a host function behind the kernels has the work done that forward left out.
#include "tests/plugins/corpus.cuh"

struct Late {
  args_t args;
};
static void CUDART_CB later(void* p) {
  // Calls of CUDA are not allowed here: it can only write what the host reaches.
  static_cast<Late*>(p)->args = args_t{};
}
FORWARD {
  static Late late;
  late.args = *a;
  right_on(a, stream_of(run));
  cudaLaunchHostFunc(stream_of(run), later, &late);
}

CUDA_PLUGIN("t2_host_callback")
