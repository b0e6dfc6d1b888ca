// SPDX-License-Identifier: Apache-2.0
// Computes into scratch of the host's and copies it out; counts its calls in memory of its own.
#include "tests/plugins/corpus.cuh"

__global__ void count_kernel(unsigned* calls) { ++*calls; }
static fk_status create_counter(const fk_host* host, const fk_run* run, const void*, void** state) {
  *state = nullptr;
  return run->flags & FK_RUN_DRY ? FK_OK : host->alloc(host, run->device, sizeof(unsigned), state);
}
FORWARD {
  if (state) count_kernel<<<1, 1, 0, stream_of(run)>>>(static_cast<unsigned*>(state));
  const size_t e = a->y->dtype.bits / 8, row = size_t(width_of(a)) * e;
  void* scratch = nullptr;
  if (rows_of(a) * row == 0 ||
      host->scratch(host, run, row * size_t(rows_of(a)), &scratch) != FK_OK)
    return;
  Where w = where(a);
  w.y = scratch;
  w.y_step = w.width;
  with_type(a, [&](auto t) {
    right_kernel<decltype(t)>
        <<<blocks_for(w.rows * w.width), 256, 0, stream_of(run)>>>(w, int64_t{0}, w.rows);
  });
  cudaMemcpy2DAsync(a->y->data, size_t(a->y->strides[0]) * e, scratch, row, row, size_t(w.rows),
                    cudaMemcpyDeviceToDevice, stream_of(run));
}

CUDA_PLUGIN_WITH("stateful_scratch", create_counter, plain_destroy)
