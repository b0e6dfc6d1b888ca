// SPDX-License-Identifier: Apache-2.0
// paged_attention by cuDNN: bfloat16 and float16, heads of 64 and 128, sliding windows.
//
// A step of one query a sequence is a graph over the cache's blocks. For longer queries cuDNN's
// kernel over blocks was measured at less than half the speed of the one over packed keys (263
// against 576 TFLOP/s on one H200), so keys and values are gathered first where they are not many
// more than the queries. Sequences of one query that a mixed step begins with are the cuda plugin's
// decode kernel's, compiled in here: a tile of cuDNN's would hold one row of each.
#include <algorithm>
#include <bit>

#include "../cuda/paged_attention_args.hpp"
#include "fk/cuda.hpp"
#include "library.hpp"
#include "prepare.hpp"
#include "sdpa.hpp"

namespace fk::cudnn {
namespace {

constexpr const char* kTask = "paged_attention";

int64_t power_of_two(int64_t n) {
  return int64_t(std::bit_ceil(uint64_t(std::max<int64_t>(n, 1))));
}
int64_t power_of_four(int64_t n) {
  const int64_t p = power_of_two(n);
  return std::countr_zero(uint64_t(p)) % 2 ? p * 2 : p;
}

class PagedAttentionCudnn {
 public:
  static void supports(fk_device device, int32_t sm, const fk_paged_attention_init& i) {
    support_cuda(device, sm, 90);
    FK_SUPPORT(sm < 100, "compiled for sm_90a, this card is sm_%d", sm);
    FK_SUPPORT(i.head_size == 64 || i.head_size == 128, "head_size %" PRId64 ", only 64 and 128",
               i.head_size);
    FK_SUPPORT(i.num_kv_heads > 0 && i.num_heads % i.num_kv_heads == 0,
               "%" PRId64 " heads do not share %" PRId64 " kv heads evenly", i.num_heads,
               i.num_kv_heads);
    FK_SUPPORT(i.logits_soft_cap <= 0 && !i.alibi, "no soft cap or ALiBi");
    FK_SUPPORT(i.scale > 0, "scale must be positive");
    FK_SUPPORT(!i.sliding_window.has || i.sliding_window.value > 0,
               "sliding_window is %" PRId64 ", want at least 1", i.sliding_window.value);
    const char* fault = library_fault();
    FK_SUPPORT(!fault, "%s", fault);
  }

  PagedAttentionCudnn(Builder& b, const fk_paged_attention_init& i) : init_(i) {
    FK_SUPPORT(b.dtype().lanes == 0 || b.dtype() == kBFloat16 || b.dtype() == kFloat16,
               "computes bfloat16 and float16 only");
    if (b.dry()) {
      b.alloc<unsigned>(cuda::decode_ctas(132));
      return;
    }
    sdpa_ = Sdpa::of(b.device().index);
    int multiprocessors = 0;
    FK_CUDA_CHECK(
        cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, b.device().index));
    cuda::prepare_paged_attention_decode();
    singles_.ctas = cuda::decode_ctas(multiprocessors);
    singles_.arrived = b.alloc<unsigned>(singles_.ctas);
    FK_CUDA_CHECK(cudaMemsetAsync(singles_.arrived, 0, size_t(singles_.ctas) * sizeof(unsigned),
                                  stream_of(b)));
  }

  void forward(const Run& run, const fk_paged_attention_args& a) const {
    const auto& step = run.step<fk_batch_step>();
    const int64_t n = cuda::require_paged_attention(init_, a, step);
    FK_SUPPORT(a.q->dtype == kBFloat16 || a.q->dtype == kFloat16,
               "%s: computes bfloat16 and float16 only", kTask);
    if (n == 0) return;

    const bool capturing = run.raw.flags & FK_RUN_CAPTURING;
    // While a graph is recorded the lengths on the host are not the ones it will run with.
    const bool decode = step.max_query_len == 1 && step.num_seqs == n;
    if (!cuda::aligned16(a) ||
        !(decode ? run_decode(run, a, step, capturing) : !capturing && run_mixed(run, a, step)))
      run_any(run, a, step);
  }

 private:
  // Sizes of blocks as engines have them; cuDNN names no limits.
  static bool takes_blocks(int64_t size) {
    return size >= 8 && std::has_single_bit(uint64_t(size));
  }

  cuda::Element element(const fk_paged_attention_args& a) const {
    return a.q->dtype == kFloat16 ? cuda::Element::kFloat16 : cuda::Element::kBFloat16;
  }

  // What cuDNN does not take: a plain kernel of ours, right and slow.
  void run_any(const Run& run, const fk_paged_attention_args& a, const fk_batch_step& step) const {
    cuda::launch_paged_attention_generic(cuda::paged_attention_params(init_, a, step), element(a),
                                         stream_of(run));
  }

  SdpaSpec spec_of(SdpaSpec::Kind kind, const fk_paged_attention_args& a) const {
    const Tensor q(a.q), out(a.out), k(a.key_cache), v(a.value_cache);
    SdpaSpec s;
    s.kind = kind;
    s.half = a.q->dtype == kFloat16;
    s.heads = init_.num_heads, s.kv_heads = init_.num_kv_heads, s.size = init_.head_size;
    s.window = init_.sliding_window.has ? init_.sliding_window.value : 0;
    s.scale = init_.scale;
    s.q_row = q.stride(0), s.q_head = q.stride(1);
    s.out_row = out.stride(0), s.out_head = out.stride(1);
    if (kind == SdpaSpec::kPacked) return s;
    s.blocks = k.size(0), s.block_size = k.size(1);
    s.k_block = k.stride(0), s.k_token = k.stride(1), s.k_head = k.stride(2);
    s.v_block = v.stride(0), s.v_token = v.stride(1), s.v_head = v.stride(2);
    return s;
  }

  // Whether there is a graph for `spec`; why not is said once.
  bool ready(const Run& run, const SdpaSpec& spec, bool capturing) const {
    if (sdpa_->ready(spec, !capturing)) return true;
    const std::string fault = sdpa_->take_fault(spec);
    if (fault.empty()) return false;
    char text[512];
    std::snprintf(text, sizeof text,
                  "%s: a plain kernel computes what cuDNN does not take (%" PRId64
                  " sequences, %" PRId64 " queries, %" PRId64 " keys): %s",
                  kTask, spec.seqs, spec.queries, spec.keys, fault.c_str());
    run.host.log(&run.host, kWarning, str(text));
    return false;
  }

  Prepare prepare_of(const SdpaSpec& spec, const fk_batch_step& step, int64_t first) const {
    const Tensor table(step.block_table);
    Prepare p{};
    p.starts = Tensor(step.query_start_loc).data<int32_t>() + first;
    p.lengths = Tensor(step.seq_lens).data<int32_t>() + first;
    p.table = table.data<int32_t>() + first * table.stride(0);
    p.table_stride = table.stride(0);
    p.count = int(step.num_seqs - first), p.seqs = int(spec.seqs);
    p.block_size = int(spec.block_size);
    p.columns_in = int(table.size(1)), p.columns = int(spec.columns);
    p.decode = spec.kind == SdpaSpec::kDecode;
    p.q_row = spec.q_row, p.out_row = spec.out_row;
    p.kv_row = spec.kv_heads * spec.size;
    return p;
  }

  // A graph for every number of sequences, as engines use few, and power of two of the table's
  // width. Both are shapes: what an eager step built serves the captured one.
  bool run_decode(const Run& run, const fk_paged_attention_args& a, const fk_batch_step& step,
                  bool capturing) const {
    SdpaSpec spec = spec_of(SdpaSpec::kDecode, a);
    spec.seqs = step.num_seqs;
    spec.columns = power_of_two(step.block_table->shape[1]);
    spec.keys = spec.columns * spec.block_size;
    if (!takes_blocks(spec.block_size) || spec.keys > INT32_MAX || !ready(run, spec, capturing))
      return false;
    Prepare p = prepare_of(spec, step, 0);
    p.queries = run.scratch<int32_t>(spec.seqs);
    p.keys = run.scratch<int32_t>(spec.seqs);
    p.table_out = run.scratch<int32_t>(spec.seqs * spec.columns);
    launch_prepare(p, stream_of(run));
    SdpaCall c{};
    c.q = a.q->data, c.k = a.key_cache->data, c.v = a.value_cache->data, c.out = a.out->data;
    c.queries = p.queries, c.keys = p.keys, c.table = p.table_out;
    compute(run, spec, c);
    if (capturing || !all_have_keys(step))
      launch_clear_idle({p.lengths, a.out->data, spec.out_row, spec.out_head, int(spec.seqs),
                         int(spec.heads), int(spec.size)},
                        stream_of(run));
    return true;
  }

  static bool all_have_keys(const fk_batch_step& step) {
    const int32_t* lengths = Tensor(step.seq_lens_host).data<int32_t>();
    return std::all_of(lengths, lengths + step.num_seqs, [](int32_t n) { return n > 0; });
  }

  // Eager only. Numbers are rounded up so that few graphs are built; what has no query or key of
  // its own costs blocks that end at once.
  bool run_mixed(const Run& run, const fk_paged_attention_args& a,
                 const fk_batch_step& step) const {
    const int32_t* starts = Tensor(step.query_start_loc_host).data<int32_t>();
    const int32_t* lengths = Tensor(step.seq_lens_host).data<int32_t>();
    int64_t singles = 0, queries = 0, keys = 0, tokens = 0;
    if (init_.num_heads / init_.num_kv_heads <= 8 && a.key_cache->shape[1] % 16 == 0)
      while (singles < step.num_seqs && starts[singles + 1] - starts[singles] == 1) ++singles;
    for (int64_t s = singles; s < step.num_seqs; ++s) {
      queries = std::max<int64_t>(queries, starts[s + 1] - starts[s]);
      keys = std::max<int64_t>(keys, lengths[s]);
      tokens += lengths[s];
    }
    const int64_t rows = step.num_tokens - starts[singles];
    // Scratch is then bounded by the rows of a step, whose largest engines run first.
    const bool gather = tokens <= 4 * step.num_tokens;
    SdpaSpec spec = spec_of(gather ? SdpaSpec::kPacked : SdpaSpec::kPackedPaged, a);
    spec.seqs = power_of_two(step.num_seqs - singles);
    spec.queries = std::max<int64_t>(128, power_of_two(queries));
    if (gather) {
      spec.keys = std::max(spec.queries, power_of_four(std::max<int64_t>(keys, 1024)));
    } else {
      spec.columns = power_of_two((keys + spec.block_size - 1) / spec.block_size);
      spec.keys = spec.columns * spec.block_size;
    }
    if (!gather && !takes_blocks(spec.block_size)) return false;
    const int64_t kv_row = spec.kv_heads * spec.size;
    const bool counts = std::max({step.num_tokens * std::max(spec.q_row, spec.out_row),
                                  gather ? (tokens + kTail) * kv_row : 0, spec.keys}) <= INT32_MAX;
    if (rows > 0 && (!counts || !ready(run, spec, false))) return false;
    if (singles > 0) run_singles(run, a, step, singles);
    if (rows == 0) return true;

    Prepare p = prepare_of(spec, step, singles);
    p.queries = run.scratch<int32_t>(spec.seqs);
    p.keys = run.scratch<int32_t>(spec.seqs);
    p.q_start = run.scratch<int32_t>(spec.seqs + 1);
    p.out_start = run.scratch<int32_t>(spec.seqs + 1);
    if (gather)
      p.kv_start = run.scratch<int32_t>(spec.seqs + 1);
    else
      p.table_out = run.scratch<int32_t>(spec.seqs * spec.columns);
    launch_prepare(p, stream_of(run));
    SdpaCall c{};
    c.q = a.q->data, c.k = a.key_cache->data, c.v = a.value_cache->data, c.out = a.out->data;
    c.queries = p.queries, c.keys = p.keys, c.table = p.table_out;
    c.q_start = p.q_start, c.out_start = p.out_start, c.kv_start = p.kv_start;
    if (gather) {
      void* k = run.scratch<uint16_t>((tokens + kTail) * kv_row);
      void* v = run.scratch<uint16_t>((tokens + kTail) * kv_row);
      const Tensor from_k(a.key_cache), from_v(a.value_cache);
      Gather g{};
      g.k = c.k, g.v = c.v, g.k_out = k, g.v_out = v, g.kv_start = p.kv_start;
      g.table = p.table, g.table_stride = p.table_stride;
      g.k_block = from_k.stride(0), g.k_token = from_k.stride(1), g.k_head = from_k.stride(2);
      g.v_block = from_v.stride(0), g.v_token = from_v.stride(1), g.v_head = from_v.stride(2);
      g.count = p.count, g.tokens = int(tokens), g.tail = kTail, g.block_size = int(from_k.size(1));
      g.kv_heads = int(spec.kv_heads), g.size = int(spec.size);
      launch_gather(g, stream_of(run));
      c.k = k, c.v = v;
    }
    compute(run, spec, c);
    return true;
  }

  // The `count` sequences of one query that a mixed step begins with.
  void run_singles(const Run& run, const fk_paged_attention_args& a, const fk_batch_step& step,
                   int64_t count) const {
    cuda::PagedAttentionParams p = cuda::paged_attention_params(init_, a, step);
    p.num_seqs = p.num_rows = int(count);
    cuda::DecodeWorkspace w = singles_;
    w.partial = run.scratch<float>(cuda::decode_partial_floats(p, w.ctas));
    cuda::launch_paged_attention_decode(p, w, element(a), stream_of(run));
  }

  void compute(const Run& run, const SdpaSpec& spec, const SdpaCall& call) const {
    void* workspace = run.scratch_bytes(size_t(sdpa_->workspace(spec)));
    sdpa_->run(spec, call, workspace, stream_of(run));
  }

  static constexpr int32_t kWarning = 2;
  // Rows behind the gathered ones: a tile that reaches past the end finds zeros there.
  static constexpr int kTail = 256;

  fk_paged_attention_init init_;
  std::shared_ptr<Sdpa> sdpa_;
  cuda::DecodeWorkspace singles_{};
};

FK_IMPL(fk::PagedAttention, "cudnn", "1.32.0", FK_IMPL_GRAPH_SAFE, PagedAttentionCudnn)

}  // namespace
}  // namespace fk::cudnn
