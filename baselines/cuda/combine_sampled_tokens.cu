// SPDX-License-Identifier: Apache-2.0
#include "common.hpp"
#include "fk/device/pdl.cuh"
#include "fk/tasks/combine_sampled_tokens.h"

namespace fk::cuda {
namespace {

constexpr const char* kTask = "combine_sampled_tokens";

// A source outside token_ids keeps what is there.
__global__ void __launch_bounds__(256)
    combine_sampled_tokens_kernel(const int32_t* source, const int32_t* token_ids,
                                  int32_t* input_ids, int64_t n, int64_t m) {
  device::wait_for_previous();
  device::launch_next();
  const int64_t i = int64_t(blockIdx.x) * 256 + threadIdx.x;
  if (i >= n) return;
  const int32_t at = source[i];
  if (at >= 0 && at < m) input_ids[i] = token_ids[at];
}

class CombineSampledTokens {
 public:
  static void supports(fk_device device, int32_t sm, const fk_combine_sampled_tokens_init&) {
    support_cuda(device, sm, 80);
  }
  CombineSampledTokens(Builder&, const fk_combine_sampled_tokens_init&) {}

  void forward(const Run& run, const fk_combine_sampled_tokens_args& a) const {
    require_shape(kTask, "source", a.source, {kAny});
    require_shape(kTask, "token_ids", a.token_ids, {kAny});
    const int64_t n = a.source->shape[0], m = a.token_ids->shape[0];
    require_shape(kTask, "input_ids", a.input_ids, {n});
    require_dtype(kTask, "source", a.source, kInt32);
    require_dtype(kTask, "token_ids", a.token_ids, kInt32);
    require_dtype(kTask, "input_ids", a.input_ids, kInt32);
    launch(combine_sampled_tokens_kernel, dim3(uint32_t((n + 255) / 256)), dim3(256), 0,
           stream_of(run), true, static_cast<const int32_t*>(a.source->data),
           static_cast<const int32_t*>(a.token_ids->data), static_cast<int32_t*>(a.input_ids->data),
           n, m);
  }
};

FK_IMPL(fk::CombineSampledTokens, "cuda", "1.0.0", kFlags, CombineSampledTokens)

}  // namespace
}  // namespace fk::cuda
