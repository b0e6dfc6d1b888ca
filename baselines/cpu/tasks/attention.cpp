// SPDX-License-Identifier: Apache-2.0
// paged_attention and flash_attn_varlen: tiles of query positions over the threads.
#include <atomic>

#include "../../reference/attention_checks.hpp"
#include "common.hpp"
#include "fk/structs/batch_step.h"
#include "fk/tasks/flash_attn_varlen.h"
#include "fk/tasks/paged_attention.h"

namespace fk::cpu {
namespace {

using fkcpu::AttendArgs;

// Positions x heads that go through the keys together: each pass packs the keys again.
constexpr int64_t kTileRows = 128;
constexpr int64_t kSplitKeys =
    256;  // a short query looks at its keys in parts of so many, on several threads
constexpr int64_t kSplitRows = 16;

struct Sequence {
  int64_t first_row, queries, first_key, keys;
};  // the last query stands at the last key

// What both tasks share: heads, strides and where the sequences lie.
struct Problem {
  AttendArgs base;
  int64_t heads, kv_heads;
  int64_t q_row, q_head, kv_head_k, kv_head_v, out_row;  // strides in elements
  const int32_t* block_table = nullptr;
  int64_t table_stride = 0;
  int64_t count = 0;
  const Sequence* sequences = nullptr;
};

class Attention {
 public:
  Attention(const Threads& threads, const Problem& p, Type type)
      : threads_(threads), p_(p), type_(type) {
    group_ = p.heads / p.kv_heads;
    positions_ = std::max<int64_t>(1, kTileRows / group_);
  }

  void operator()(const Run& run) const {
    int64_t items = 0, partials = 0;
    for (int64_t s = 0; s < p_.count; ++s) {
      items += p_.kv_heads * tiles(s) * parts(s);
      if (parts(s) > 1) partials += p_.kv_heads * parts(s) * p_.sequences[s].queries * group_;
    }
    Item* list = run.scratch<Item>(items);
    float* partial = run.scratch<float>(partials * (p_.base.head_size + 2));
    fill(list, partial);
    const int64_t each =
        fkcpu::round_up(fkcpu::attend_scratch(positions_ * group_, p_.base.head_size), 64);
    float* scratch = run.scratch<float>(each * threads_.count());
    // Tiles differ in length, so threads take them one by one; who computes a tile does not change
    // it.
    std::atomic<int64_t> next{0};
    threads_.parallel_for(std::min<int64_t>(threads_.count(), items), [&](int64_t begin,
                                                                          int64_t end, int thread) {
      for (int64_t i; begin < end && (i = next.fetch_add(1, std::memory_order_relaxed)) < items;)
        attend(list[i], scratch + thread * each);
    });
    if (partials) merge(list, items);
  }

 private:
  struct Item {
    int32_t sequence, kv_head;
    int64_t position, key_begin, key_end;
    float* partial;
  };

  int64_t tiles(int64_t s) const { return (p_.sequences[s].queries + positions_ - 1) / positions_; }
  int64_t parts(int64_t s) const {
    const Sequence& q = p_.sequences[s];
    return q.queries * group_ > kSplitRows || q.queries > positions_
               ? 1
               : std::max<int64_t>(1, (q.keys + kSplitKeys - 1) / kSplitKeys);
  }

  void fill(Item* list, float* partial) const {
    for (int64_t s = 0; s < p_.count; ++s) {
      const Sequence& q = p_.sequences[s];
      for (int64_t t = tiles(s) - 1; t >= 0; --t)  // the longest first
        for (int64_t h = 0; h < p_.kv_heads; ++h)
          for (int64_t part = 0; part < parts(s); ++part) {
            const bool split = parts(s) > 1;
            *list++ = {int32_t(s),
                       int32_t(h),
                       t * positions_,
                       split ? part * kSplitKeys : 0,
                       split ? std::min(q.keys, (part + 1) * kSplitKeys) : q.keys,
                       split ? partial : nullptr};
            if (split) partial += q.queries * group_ * (p_.base.head_size + 2);
          }
    }
  }

  void attend(const Item& item, float* scratch) const {
    const Sequence& s = p_.sequences[item.sequence];
    const int64_t bytes = type_bytes(type_), row = s.first_row + item.position,
                  head = item.kv_head * group_;
    AttendArgs a = p_.base;
    a.q = static_cast<const char*>(a.q) + (row * p_.q_row + head * p_.q_head) * bytes;
    a.out = static_cast<char*>(a.out) + (row * p_.out_row + head * a.out_head) * bytes;
    a.k = static_cast<const char*>(a.k) +
          (item.kv_head * p_.kv_head_k + s.first_key * a.k_stride) * bytes;
    a.v = static_cast<const char*>(a.v) +
          (item.kv_head * p_.kv_head_v + s.first_key * a.v_stride) * bytes;
    if (p_.block_table) a.block_table = p_.block_table + item.sequence * p_.table_stride;
    a.positions = int(std::min(positions_, s.queries - item.position));
    a.group = int(group_);
    a.first_position = s.keys - s.queries + item.position;
    a.key_begin = item.key_begin;
    a.key_end = item.key_end;
    if (a.slopes) a.slopes += head;
    a.partial = item.partial;
    a.scratch = scratch;
    kernels().attend[int(type_)](a);
  }

  // Adds the parts of the split sequences; always in the order of their keys.
  void merge(const Item* list, int64_t items) const {
    const int64_t size = p_.base.head_size, width = size + 2;
    for (int64_t i = 0; i < items;) {
      const Item& item = list[i];
      const Sequence& s = p_.sequences[item.sequence];
      const int64_t n = parts(item.sequence);
      if (n > 1)
        for (int64_t r = 0; r < s.queries * group_; ++r) merge_row(list + i, n, r, r * width, size);
      i += n;
    }
  }

  void merge_row(const Item* parts, int64_t count, int64_t r, int64_t offset, int64_t size) const {
    float largest = -__builtin_inff(), total = 0;
    for (int64_t i = 0; i < count; ++i)
      largest = std::max(largest, parts[i].partial[offset + size]);
    float* sum = parts[0].partial + offset;
    for (int64_t i = 0; i < count; ++i) {
      const float* part = parts[i].partial + offset;
      const float factor = part[size + 1] > 0 ? __builtin_expf(part[size] - largest) : 0.0f;
      total += factor * part[size + 1];
      for (int64_t j = 0; j < size; ++j)
        sum[j] = i == 0 ? factor * part[j] : sum[j] + factor * part[j];
    }
    for (int64_t j = 0; j < size; ++j) sum[j] = total > 0 ? sum[j] / total : 0.0f;
    const int64_t row = p_.sequences[parts->sequence].first_row + r / group_,
                  head = parts->kv_head * group_ + r % group_;
    kernels().narrow[int(type_)](
        sum,
        static_cast<char*>(p_.base.out) +
            (row * p_.out_row + head * p_.base.out_head) * type_bytes(type_),
        size);
  }

  const Threads& threads_;
  const Problem& p_;
  Type type_;
  int64_t group_, positions_;
};

void set_rows(Problem& p, const fk_tensor* q, const fk_tensor* out) {
  p.base.q = q->data;
  p.base.out = out->data;
  p.base.q_position = p.q_row = q->strides[0];
  p.base.q_head = p.q_head = q->strides[1];
  p.base.out_position = p.out_row = out->strides[0];
  p.base.out_head = out->strides[1];
}

class PagedAttentionTiles {
 public:
  static void supports(fk_device device, int32_t, const fk_paged_attention_init&) {
    support_cpu(device);
  }
  PagedAttentionTiles(Builder& b, const fk_paged_attention_init& i)
      : init_(i), threads_(b.host), slopes_(i.alibi ? b.param("alibi_slopes") : Tensor()) {
    reference::require_groups(kTask, i.num_heads, i.num_kv_heads);
  }

  void forward(const Run& run, const fk_paged_attention_args& a) const {
    const auto& step = run.step<fk_batch_step>();
    const int64_t n = reference::require_paged_attention(init_, a, step);
    const int64_t blocks = a.key_cache->shape[0], block_size = a.key_cache->shape[1];
    same_type(kTask, "key_cache", a.key_cache, a.q);
    same_type(kTask, "value_cache", a.value_cache, a.q);
    const Type type = same_type(kTask, "out", a.out, a.q);
    if (n == 0) return;

    Problem p{};
    set_rows(p, a.q, a.out);
    p.heads = init_.num_heads;
    p.kv_heads = init_.num_kv_heads;
    p.base.k = a.key_cache->data;
    p.base.v = a.value_cache->data;
    p.base.k_block = a.key_cache->strides[0];
    p.base.v_block = a.value_cache->strides[0];
    p.base.k_stride = a.key_cache->strides[1];
    p.base.v_stride = a.value_cache->strides[1];
    p.kv_head_k = a.key_cache->strides[2];
    p.kv_head_v = a.value_cache->strides[2];
    p.base.block_size = block_size;
    p.base.head_size = init_.head_size;
    p.base.causal = true;
    p.base.window = init_.sliding_window.has ? init_.sliding_window.value : 0;
    p.base.scale = float(init_.scale);
    p.base.soft_cap = float(init_.logits_soft_cap);
    p.base.slopes = slopes_ ? slopes_.data<const float>() : nullptr;
    p.block_table = static_cast<const int32_t*>(step.block_table->data);
    p.table_stride = step.block_table->strides[0];
    p.sequences = sequences(run, step, blocks, block_size);
    p.count = step.num_seqs;
    Attention(threads_, p, type)(run);
  }

 private:
  static constexpr const char* kTask = "paged_attention";

  const Sequence* sequences(const Run& run, const fk_batch_step& step, int64_t blocks,
                            int64_t block_size) const {
    Sequence* list = run.scratch<Sequence>(step.num_seqs);
    const int32_t* starts = static_cast<const int32_t*>(step.query_start_loc->data);
    const int32_t* lengths = static_cast<const int32_t*>(step.seq_lens->data);
    for (int64_t s = 0; s < step.num_seqs; ++s) {
      const int64_t queries = starts[s + 1] - starts[s], length = lengths[s];
      FK_REQUIRE(queries >= 0 && (queries <= length || length == 0),  // 0: a row that pads
                 "%s: sequence %" PRId64 " has %" PRId64 " tokens, %" PRId64 " of them new", kTask,
                 s, length, queries);
      const int64_t used = (length + block_size - 1) / block_size;
      FK_REQUIRE(used <= step.block_table->shape[1],
                 "%s: sequence %" PRId64 " needs %" PRId64 " blocks of %" PRId64, kTask, s, used,
                 step.block_table->shape[1]);
      const int32_t* table =
          static_cast<const int32_t*>(step.block_table->data) + s * step.block_table->strides[0];
      const int64_t window = init_.sliding_window.has ? init_.sliding_window.value : length;
      for (int64_t b = std::max<int64_t>(0, length - queries + 1 - window) / block_size; b < used;
           ++b)
        FK_REQUIRE(table[b] >= 0 && table[b] < blocks,
                   "%s: block_table[%" PRId64 "][%" PRId64 "] is %d, want 0 to %" PRId64, kTask, s,
                   b, table[b], blocks - 1);
      list[s] = {starts[s], queries, 0, length};
    }
    return list;
  }

  fk_paged_attention_init init_;
  Threads threads_;
  Tensor slopes_;
};

class VarlenAttentionTiles {
 public:
  static void supports(fk_device device, int32_t, const fk_flash_attn_varlen_init&) {
    support_cpu(device);
  }
  VarlenAttentionTiles(Builder& b, const fk_flash_attn_varlen_init& i)
      : init_(i), threads_(b.host) {
    reference::require_groups(kTask, i.num_heads, i.num_kv_heads);
  }

  void forward(const Run& run, const fk_flash_attn_varlen_args& a) const {
    require_shape(kTask, "q", a.q, {kAny, init_.num_heads, init_.head_size});
    require_shape(kTask, "k", a.k, {kAny, init_.num_kv_heads, init_.head_size});
    const int64_t n = a.q->shape[0], m = a.k->shape[0];
    require_shape(kTask, "v", a.v, {m, init_.num_kv_heads, init_.head_size});
    require_shape(kTask, "out", a.out, {n, init_.num_heads, init_.head_size});
    same_type(kTask, "k", a.k, a.q);
    same_type(kTask, "v", a.v, a.q);
    const Type type = same_type(kTask, "out", a.out, a.q);
    const auto& step = run.step<fk_batch_step>();
    FK_REQUIRE(step.num_tokens == n, "%s: q has %" PRId64 " rows, the step %" PRId64 " tokens",
               kTask, n, step.num_tokens);
    if (n == 0) return;

    Problem p{};
    set_rows(p, a.q, a.out);
    p.heads = init_.num_heads;
    p.kv_heads = init_.num_kv_heads;
    p.base.k = a.k->data;
    p.base.v = a.v->data;
    p.base.k_stride = a.k->strides[0];
    p.base.v_stride = a.v->strides[0];
    p.kv_head_k = a.k->strides[1];
    p.kv_head_v = a.v->strides[1];
    p.base.head_size = init_.head_size;
    p.base.causal = init_.causal;
    p.base.scale = float(init_.scale);
    p.sequences = sequences(run, step, a.cu_seqlens_k, n, m);
    p.count = step.num_seqs;
    Attention(threads_, p, type)(run);
  }

 private:
  static constexpr const char* kTask = "flash_attn_varlen";

  const Sequence* sequences(const Run& run, const fk_batch_step& step, const fk_tensor* key_starts,
                            int64_t n, int64_t m) const {
    const int32_t* starts = static_cast<const int32_t*>(step.query_start_loc->data);
    const int32_t* keys = starts;
    if (key_starts) {
      require_shape(kTask, "cu_seqlens_k", key_starts, {step.num_seqs + 1});
      require_dtype(kTask, "cu_seqlens_k", key_starts, kInt32);
      keys = static_cast<const int32_t*>(key_starts->data);
    } else {
      FK_REQUIRE(m == n,
                 "%s: k has %" PRId64 " rows and q %" PRId64
                 "; without cu_seqlens_k they have the same",
                 kTask, m, n);
    }
    Sequence* list = run.scratch<Sequence>(step.num_seqs);
    for (int64_t s = 0; s < step.num_seqs; ++s) {
      FK_REQUIRE(0 <= starts[s] && starts[s] <= starts[s + 1] && starts[s + 1] <= n,
                 "%s: query_start_loc has %d to %d, want 0 to %" PRId64 " in rising order", kTask,
                 starts[s], starts[s + 1], n);
      FK_REQUIRE(0 <= keys[s] && keys[s] <= keys[s + 1] && keys[s + 1] <= m,
                 "%s: cu_seqlens_k has %d to %d, want 0 to %" PRId64 " in rising order", kTask,
                 keys[s], keys[s + 1], m);
      list[s] = {starts[s], starts[s + 1] - starts[s], keys[s], keys[s + 1] - keys[s]};
    }
    return list;
  }

  fk_flash_attn_varlen_init init_;
  Threads threads_;
};

FK_IMPL(fk::PagedAttention, "cpu", "1.0.0", 0, PagedAttentionTiles)
FK_IMPL(fk::FlashAttnVarlen, "cpu", "1.0.0", 0, VarlenAttentionTiles)

}  // namespace
}  // namespace fk::cpu
