// SPDX-License-Identifier: Apache-2.0
// What FlashInfer's attention kernels are compiled for here.
#pragma once
#include <cinttypes>

#include "fk/cuda.hpp"

namespace fk::flashinfer {

inline constexpr int kHeadSize = 128, kGroup = 4;

// For inits of attention and paged_attention alike.
template <class Init>
void support_attention(fk_device device, int32_t sm, const Init& i) {
  support_cuda(device, sm, 90);
  FK_SUPPORT(sm < 100, "compiled for sm_90a, this card is sm_%d", sm);
  FK_SUPPORT(i.head_size == kHeadSize, "head_size %" PRId64 ", only %d", i.head_size, kHeadSize);
  FK_SUPPORT(i.num_kv_heads > 0 && i.num_heads == i.num_kv_heads * kGroup,
             "%" PRId64 " heads on %" PRId64 " kv heads, only groups of %d", i.num_heads,
             i.num_kv_heads, kGroup);
  FK_SUPPORT(i.num_heads <= 64, "%" PRId64 " heads, at most 64", i.num_heads);
  FK_SUPPORT(i.scale > 0, "scale %g: it takes the largest score before it scales", double(i.scale));
  FK_SUPPORT(!i.sliding_window.has && i.logits_soft_cap <= 0 && !i.alibi,
             "no sliding window, soft cap or ALiBi");
}
inline void support_dtype(const Builder& b) {
  FK_SUPPORT(b.dtype().lanes == 0 || b.dtype() == kBFloat16, "computes bfloat16 only");
}

}  // namespace fk::flashinfer
