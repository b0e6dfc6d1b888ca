// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/combine_sampled_tokens.h"

#include "common.hpp"

namespace fk::cpu {
namespace {

constexpr const char* kTask = "combine_sampled_tokens";

class CombineSampledTokensRows {
 public:
  static void supports(fk_device device, int32_t, const fk_combine_sampled_tokens_init&) {
    support_cpu(device);
  }

  CombineSampledTokensRows(Builder&, const fk_combine_sampled_tokens_init&) {}

  void forward(const Run&, const fk_combine_sampled_tokens_args& a) const {
    require_shape(kTask, "source", a.source, {kAny});
    require_shape(kTask, "token_ids", a.token_ids, {kAny});
    const int64_t n = a.source->shape[0], m = a.token_ids->shape[0];
    require_shape(kTask, "input_ids", a.input_ids, {n});
    require_dtype(kTask, "source", a.source, kInt32);
    require_dtype(kTask, "token_ids", a.token_ids, kInt32);
    require_dtype(kTask, "input_ids", a.input_ids, kInt32);
    const auto* source = static_cast<const int32_t*>(a.source->data);
    const auto* tokens = static_cast<const int32_t*>(a.token_ids->data);
    auto* out = static_cast<int32_t*>(a.input_ids->data);
    for (int64_t i = 0; i < n; ++i) {
      if (source[i] < 0) continue;
      FK_REQUIRE(source[i] < m, "%s: source[%" PRId64 "] is %d, want less than %" PRId64, kTask, i,
                 source[i], m);
      out[i] = tokens[source[i]];
    }
  }
};

FK_IMPL(fk::CombineSampledTokens, "cpu", "1.0.0", FK_IMPL_BITWISE, CombineSampledTokensRows)

}  // namespace
}  // namespace fk::cpu
