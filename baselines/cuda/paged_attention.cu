// SPDX-License-Identifier: Apache-2.0
// The adapter of paged_attention: checks, then the fastest kernel that takes the call.
#include "paged_attention_args.hpp"

namespace fk::cuda {
namespace {

constexpr const char* kTask = "paged_attention";

class PagedAttentionCuda {
 public:
  static void supports(fk_device device, int32_t sm, const fk_paged_attention_init& i) {
    support_cuda(device, sm, 80);
    FK_SUPPORT(i.head_size <= 256, "head_size %" PRId64 ", at most 256", i.head_size);
    FK_SUPPORT(i.num_heads <= 65535, "num_heads %" PRId64 ", at most 65535", i.num_heads);
  }

  PagedAttentionCuda(Builder& b, const fk_paged_attention_init& i)
      : init_(i), slopes_(i.alibi ? b.param("alibi_slopes") : Tensor()) {
    reference::require_groups(kTask, i.num_heads, i.num_kv_heads);
    FK_REQUIRE(!i.sliding_window.has || i.sliding_window.value > 0,
               "%s: sliding_window is %" PRId64 ", want at least 1", kTask, i.sliding_window.value);
    const bool tiled = (i.head_size == 64 || i.head_size == 128) && i.scale > 0;
    group_ = i.num_heads / i.num_kv_heads;
    prefill_ = tiled && group_ <= 128 && !i.alibi && i.logits_soft_cap <= 0;
    decode_ = tiled && group_ <= 8;
    if (b.dry()) {
      if (decode_) b.alloc<unsigned>(decode_ctas(132));
      return;
    }
    if (prefill_) prepare_paged_attention_prefill();
    if (decode_) {
      prepare_paged_attention_decode();
      int count = 0;
      FK_CUDA_CHECK(
          cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, b.device().index));
      workspace_.ctas = decode_ctas(count);
      workspace_.arrived = b.alloc<unsigned>(workspace_.ctas);
      FK_CUDA_CHECK(cudaMemsetAsync(workspace_.arrived, 0,
                                    size_t(workspace_.ctas) * sizeof(unsigned), stream_of(b)));
    }
  }

  void forward(const Run& run, const fk_paged_attention_args& a) const {
    const auto& step = run.step<fk_batch_step>();
    const int64_t n = require_paged_attention(init_, a, step);
    if (n == 0) return;

    Element element{};
    with_type(kTask, "q", a.q->dtype, [&](auto x) {
      element = sizeof x == 4                                ? Element::kFloat32
                : std::is_same_v<decltype(x), __nv_bfloat16> ? Element::kBFloat16
                                                             : Element::kFloat16;
    });
    PagedAttentionParams p = paged_attention_params(init_, a, step);
    p.slopes = slopes_ ? slopes_.data<float>() : nullptr;
    const bool tiles = element != Element::kFloat32 && p.block_size % 16 == 0 && aligned16(a);
    const auto decode = [&] {
      DecodeWorkspace w = workspace_;
      w.partial = run.scratch<float>(decode_partial_floats(p, w.ctas));
      launch_paged_attention_decode(p, w, element, stream_of(run));
    };
    if (tiles && decode_ && step.max_query_len == 1 && step.num_seqs == n) {
      decode();
    } else if (tiles && prefill_) {
      p.singles_apart = decode_ && !(run.raw.flags & FK_RUN_CAPTURING) && long_singles(step);
      if (p.singles_apart) decode();
      launch_paged_attention_prefill(p, element, stream_of(run));
    } else {
      launch_paged_attention_generic(p, element, stream_of(run));
    }
  }

 private:
  // Whether single queries of a mixed step see so many keys that they are better split among CTAs.
  static bool long_singles(const fk_batch_step& step) {
    constexpr int kLong = 512;
    const int32_t* starts = Tensor(step.query_start_loc_host).data<int32_t>();
    const int32_t* lengths = Tensor(step.seq_lens_host).data<int32_t>();
    for (int64_t s = 0; s < step.num_seqs; ++s)
      if (starts[s + 1] - starts[s] == 1 && lengths[s] > kLong) return true;
    return false;
  }

  fk_paged_attention_init init_;
  Tensor slopes_;
  int64_t group_ = 1;
  bool prefill_ = false, decode_ = false;
  DecodeWorkspace workspace_{};
};

FK_IMPL(fk::PagedAttention, "cuda", "1.0.0", kFlags, PagedAttentionCuda)

}  // namespace
}  // namespace fk::cuda
