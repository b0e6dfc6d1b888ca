// SPDX-License-Identifier: Apache-2.0
// paged_attention by FlashInfer: steps of one query a sequence through XQA, or, where a sequence
// should be split among blocks, the cuda plugin's decode kernel, compiled in here; all others
// through FlashInfer's Hopper prefill. bfloat16, head size 128, causal without window, soft cap and
// ALiBi.
#include "../cuda/paged_attention_args.hpp"
#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"
#include "planner.hpp"
#include "supports.hpp"
#include "xqa.hpp"

namespace fk::flashinfer {
namespace {

constexpr const char* kTask = "paged_attention";
const XqaConfig* const kXqa[] = {&kXqaGroup4Page16, &kXqaGroup4Page64};

// Rows of heads between any strides, 16 bytes a thread: XQA takes contiguous queries only.
__global__ void copy_rows_kernel(uint4* to, int64_t to_row, int64_t to_head, const uint4* from,
                                 int64_t from_row, int64_t from_head) {
  device::wait_for_previous();
  device::launch_next();
  const int64_t row = blockIdx.x, head = threadIdx.y;
  to[row * to_row + head * to_head + threadIdx.x] =
      from[row * from_row + head * from_head + threadIdx.x];
}
// Strides in elements; num_heads <= 64.
void launch_copy_rows(void* to, int64_t to_row, int64_t to_head, const void* from, int64_t from_row,
                      int64_t from_head, int rows, int heads, cudaStream_t stream) {
  launch(copy_rows_kernel, dim3(unsigned(rows)), dim3(kHeadSize / 8, unsigned(heads)), 0, stream,
         true, static_cast<uint4*>(to), to_row / 8, to_head / 8, static_cast<const uint4*>(from),
         from_row / 8, from_head / 8);
}

class PagedAttentionFlashInfer {
 public:
  static void supports(fk_device device, int32_t sm, const fk_paged_attention_init& i) {
    support_attention(device, sm, i);
  }

  PagedAttentionFlashInfer(Builder& b, const fk_paged_attention_init& i) : init_(i) {
    support_dtype(b);
    split_ = FreshTaken::listen();
    if (b.dry()) {
      b.alloc<unsigned>(cuda::decode_ctas(132));
      return;
    }
    device_ = b.device().index;
    FK_CUDA_CHECK(
        cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, device_));
    for (const XqaConfig* x : kXqa) x->prepare();
    cuda::prepare_paged_attention_decode();
    singles_.ctas = cuda::decode_ctas(multiprocessors_);
    singles_.arrived = b.alloc<unsigned>(singles_.ctas);
    FK_CUDA_CHECK(cudaMemsetAsync(singles_.arrived, 0, size_t(singles_.ctas) * sizeof(unsigned),
                                  stream_of(b)));
    planner(stream_of(b));
  }

  void on_step(const Run& run) {
    const auto& step = run.step<fk_batch_step>();
    if (step.num_tokens > 0 && !decode(step)) planner(stream_of(run)).plan(step);
  }

  void forward(const Run& run, const fk_paged_attention_args& a) {
    const auto& step = run.step<fk_batch_step>();
    const int64_t n = cuda::require_paged_attention(init_, a, step);
    FK_SUPPORT(a.q->dtype == kBFloat16, "%s: flashinfer computes bfloat16 only", kTask);
    if (n == 0) return;
    const XqaConfig* const xqa = decode(step) ? xqa_for(a, step) : nullptr;
    if (!taken(a))
      run_any(run, a, step);
    else if (xqa)
      run_xqa(*xqa, run, a, step);
    else if (decode(step))
      run_singles(run, a, step, n);
    else if (planner(stream_of(run)).paged_rows() == n)
      run_fa3(run, a, step);
    else  // fresh sequences that whoever takes them could not take this time
      run_any(run, a, step);
  }

 private:
  static bool decode(const fk_batch_step& step) {
    return step.max_query_len == 1 && step.num_tokens == step.num_seqs;
  }

  // What the library's kernels read: rows of 16-byte pieces, keys and values of the same strides.
  static bool taken(const fk_paged_attention_args& a) {
    return cuda::aligned16(a) &&
           std::equal(a.key_cache->strides, a.key_cache->strides + 3, a.value_cache->strides);
  }

  // The XQA for a decode step, if it is compiled for the size of blocks, addresses the cache, and
  // would not split: there are items for half of the multiprocessors, or none is long.
  const XqaConfig* xqa_for(const fk_paged_attention_args& a, const fk_batch_step& step) const {
    const Tensor k(a.key_cache), table(step.block_table);
    const bool split = step.num_seqs * init_.num_kv_heads * 2 <= multiprocessors_ &&
                       table.size(1) * k.size(1) > kXqaTile;
    if (split || step.num_seqs > 65535 || table.stride(0) > INT32_MAX) return nullptr;
    for (int d = 0; d < 3; ++d)
      if (k.stride(d) % kHeadSize) return nullptr;
    for (const XqaConfig* x : kXqa)
      if (x->block_size == k.size(1)) return x;
    return nullptr;
  }

  // What the library does not take: a plain kernel of ours, right and slow.
  void run_any(const Run& run, const fk_paged_attention_args& a, const fk_batch_step& step) const {
    cuda::launch_paged_attention_generic(cuda::paged_attention_params(init_, a, step),
                                         cuda::Element::kBFloat16, stream_of(run));
  }

  // The `count` sequences of one query that a step begins with.
  void run_singles(const Run& run, const fk_paged_attention_args& a, const fk_batch_step& step,
                   int64_t count) const {
    cuda::PagedAttentionParams p = cuda::paged_attention_params(init_, a, step);
    p.num_seqs = p.num_rows = int(count);
    if (p.block_size % 16 != 0)
      return cuda::launch_paged_attention_generic(p, cuda::Element::kBFloat16, stream_of(run));
    cuda::DecodeWorkspace w = singles_;
    w.partial = run.scratch<float>(cuda::decode_partial_floats(p, w.ctas));
    cuda::launch_paged_attention_decode(p, w, cuda::Element::kBFloat16, stream_of(run));
  }

  Planner& planner(cudaStream_t stream) {
    if (!planner_ || !planner_->on(stream))
      planner_ =
          Planner::of(device_, stream, int(init_.num_heads), int(init_.num_kv_heads), split_);
    return *planner_;
  }

  void run_fa3(const Run& run, const fk_paged_attention_args& a, const fk_batch_step& step) {
    const Tensor q(a.q), k(a.key_cache), v(a.value_cache), out(a.out);
    const int64_t singles = planner(stream_of(run)).singles();
    if (singles > 0) run_singles(run, a, step, singles);
    Fa3PagedCall c;
    c.q = q.data<uint16_t>() + singles * q.stride(0);
    c.key = a.key_cache->data, c.value = a.value_cache->data;
    c.out = out.data<uint16_t>() + singles * out.stride(0);
    c.blocks = Tensor(step.block_table).data<int32_t>();
    c.q_row = q.stride(0), c.q_head = q.stride(1);
    c.out_row = out.stride(0), c.out_head = out.stride(1);
    c.key_block = k.stride(0), c.key_token = k.stride(1), c.key_head = k.stride(2);
    c.value_block = v.stride(0), c.value_token = v.stride(1), c.value_head = v.stride(2);
    FK_SUPPORT(
        c.key_block == c.value_block && c.key_token == c.value_token && c.key_head == c.value_head,
        "%s: keys and values have different strides", kTask);
    c.rows = int(q.size(0) - singles);
    c.num_heads = int(init_.num_heads), c.num_kv_heads = int(init_.num_kv_heads);
    c.block_size = int(k.size(1));
    c.scale = float(init_.scale);
    planner(stream_of(run)).run_paged(c);
  }

  void run_xqa(const XqaConfig& xqa, const Run& run, const fk_paged_attention_args& a,
               const fk_batch_step& step) {
    const Tensor q(a.q), k(a.key_cache), out(a.out), table(step.block_table);
    const cudaStream_t stream = stream_of(run);
    const int rows = int(step.num_seqs), heads = int(init_.num_heads);
    const int64_t row = int64_t(heads) * kHeadSize, count = rows * row;
    const bool q_packed = q.stride(0) == row && q.stride(1) == kHeadSize;
    const bool out_packed = out.stride(0) == row && out.stride(1) == kHeadSize;
    XqaCall c;
    c.q = a.q->data, c.out = a.out->data;
    if (!q_packed) {
      void* packed = run.scratch<uint16_t>(count);
      launch_copy_rows(packed, row, kHeadSize, c.q, q.stride(0), q.stride(1), rows, heads, stream);
      c.q = packed;
    }
    if (!out_packed) c.out = run.scratch<uint16_t>(count);
    c.key = a.key_cache->data, c.value = a.value_cache->data;
    c.table = table.data<int32_t>(), c.columns = int(table.stride(0));
    c.lengths = Tensor(step.seq_lens).data<int32_t>();
    c.num_seqs = rows, c.num_kv_heads = int(init_.num_kv_heads);
    c.block = k.stride(0), c.token = k.stride(1), c.head = k.stride(2);
    c.scale = float(init_.scale);
    xqa.run(c, stream);
    if (!out_packed)
      launch_copy_rows(a.out->data, out.stride(0), out.stride(1), c.out, row, kHeadSize, rows,
                       heads, stream);
  }

  fk_paged_attention_init init_;
  bool split_ = false;  // an attention of ours computes the fresh sequences
  int device_ = 0, multiprocessors_ = 0;
  cuda::DecodeWorkspace singles_{};
  std::shared_ptr<Planner> planner_;
};

FK_IMPL(fk::PagedAttention, "flashinfer", "0.7.2", FK_IMPL_GRAPH_SAFE, PagedAttentionFlashInfer)

}  // namespace
}  // namespace fk::flashinfer
