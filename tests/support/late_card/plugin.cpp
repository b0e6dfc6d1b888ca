// SPDX-License-Identifier: Apache-2.0
// A language model for a LateCard that is all bookkeeping: a token's logits depend on every token
// before it as the block table finds them in the cache, a sampled id on every parameter. One wrong
// number in a step is another text.
#include "fk/plugin.hpp"

#include <cstdint>

#include "fk/tasks/attention.h"
#include "fk/tasks/combine_sampled_tokens.h"
#include "fk/tasks/llama.h"
#include "fk/tasks/sample.h"
#include "tests/support/late_card/late_card.hpp"

namespace {

using fk::test::LateStream;

LateStream& stream(const fk::Run& run) { return *static_cast<LateStream*>(run.raw.stream); }
void support(fk_device device) { FK_SUPPORT(device.type == FK_CUDA, "needs a late card"); }

uint32_t mix(uint32_t h, int64_t x) {
  uint64_t v = (uint64_t(h) << 32 ^ uint64_t(x)) * 0x9e3779b97f4a7c15u;
  return uint32_t((v ^ v >> 29) * 0xbf58476d1ce4e5b9u >> 32);
}
template <class T>
const T* at(const fk_tensor* t) {
  return static_cast<const T*>(t->data);
}

// k: the ids. out: of every row a number that its sequence gives up to there.
struct Attention {
  static void supports(fk_device d, int32_t, const fk_attention_init&) { support(d); }
  Attention(fk::Builder& b, const fk_attention_init&) : cache_(b.state("key_cache")) {}
  void forward(const fk::Run& run, const fk_attention_args& a) const {
    const auto& s = run.step<fk_batch_step>();
    stream(run).enqueue([cache = cache_.data<float>(), size = cache_.size(1), seqs = s.num_seqs,
                         starts = at<int32_t>(s.query_start_loc), lens = at<int32_t>(s.seq_lens),
                         table = at<int32_t>(s.block_table), width = s.block_table->strides[0],
                         slots = at<int64_t>(s.slot_mapping), positions = at<int64_t>(a.positions),
                         k = at<float>(a.k), out = static_cast<float*>(a.out->data)] {
      for (int64_t i = 0; i < seqs; ++i) {
        for (int32_t t = starts[i]; t < starts[i + 1]; ++t)
          if (slots[t] >= 0) cache[slots[t]] = k[t];
        for (int32_t t = starts[i]; t < starts[i + 1]; ++t) {
          const int64_t p = positions[t];
          // A row whose length and position disagree is one of padding, or wrong.
          uint32_t h = lens[i] - 1 - p == starts[i + 1] - 1 - t ? 1 : 2;
          for (int64_t q = 0; lens[i] && q <= p; ++q)
            h = mix(h, int64_t(cache[table[i * width + q / size] * size + q % size]));
          out[t] = float(h >> 8);
        }
      }
    });
  }
  fk::Tensor cache_;
};

struct Llama {
  static void supports(fk_device d, int32_t, const fk_llama_init&) { support(d); }
  Llama(fk::Builder& b, const fk_llama_init&)
      : attention_(b.child<fk::Attention>(
            "attention", {.num_heads = 1, .num_kv_heads = 1, .head_size = 1, .scale = 1})) {}
  void forward(const fk::Run& run, const fk_llama_args& a) const {
    const int64_t n = a.input_ids->shape[0], m = a.logits->shape[0], vocab = a.logits->shape[1];
    fk::TensorView k = run.tensor(fk::kFloat32, {n, 1, 1}), out = run.tensor(fk::kFloat32, {n});
    stream(run).enqueue([n, ids = at<int32_t>(a.input_ids), to = k.data<float>()] {
      for (int64_t i = 0; i < n; ++i) to[i] = float(ids[i]);
    });
    attention_(run, {.positions = a.positions, .q = k, .k = k, .v = k, .out = out});
    stream(run).enqueue([m, vocab, from = out.data<float>(), rows = at<int32_t>(a.logits_indices),
                         logits = static_cast<float*>(a.logits->data)] {
      for (int64_t r = 0; r < m; ++r)
        for (int64_t v = 0; v < vocab; ++v)
          logits[r * vocab + v] = v == int64_t(from[rows[r]]) % vocab ? 1.0f : 0.0f;
    });
  }
  fk::Child<fk::Attention> attention_;
};

struct Sample {
  static void supports(fk_device d, int32_t, const fk_sample_init&) { support(d); }
  Sample(fk::Builder&, const fk_sample_init&) {}
  void forward(const fk::Run& run, const fk_sample_args& a) const {
    stream(run).enqueue(
        [m = a.logits->shape[0], vocab = a.logits->shape[1], logits = at<float>(a.logits),
         temperature = at<float>(a.temperature), top_k = at<int32_t>(a.top_k),
         top_p = at<float>(a.top_p), min_p = at<float>(a.min_p), seed = at<int64_t>(a.seed),
         offset = at<int64_t>(a.offset), ids = static_cast<int32_t*>(a.token_ids->data)] {
          for (int64_t r = 0; r < m; ++r) {
            const float* row = logits + r * vocab;
            const int64_t largest = std::max_element(row, row + vocab) - row;
            uint32_t h = mix(mix(mix(3, largest), seed[r]), offset[r]);
            h = mix(mix(mix(h, top_k[r]), int64_t(top_p[r] * 1e6f)), int64_t(min_p[r] * 1e6f));
            h = mix(h, int64_t(temperature[r] * 1e6f));
            ids[r] = temperature[r] > 0 ? int32_t(h % uint64_t(vocab)) : int32_t(largest);
          }
        });
  }
};

struct Combine {
  static void supports(fk_device d, int32_t, const fk_combine_sampled_tokens_init&) { support(d); }
  Combine(fk::Builder&, const fk_combine_sampled_tokens_init&) {}
  void forward(const fk::Run& run, const fk_combine_sampled_tokens_args& a) const {
    stream(run).enqueue([n = a.source->shape[0], source = at<int32_t>(a.source),
                         sampled = at<int32_t>(a.token_ids),
                         ids = static_cast<int32_t*>(a.input_ids->data)] {
      for (int64_t i = 0; i < n; ++i)
        if (source[i] >= 0) ids[i] = sampled[source[i]];
    });
  }
};

FK_IMPL(fk::Attention, "late", "1.0.0", FK_IMPL_GRAPH_SAFE, Attention)
FK_IMPL(fk::Llama, "late", "1.0.0", FK_IMPL_COMPOSITE | FK_IMPL_GRAPH_SAFE, Llama)
FK_IMPL(fk::Sample, "late", "1.0.0", FK_IMPL_GRAPH_SAFE, Sample)
FK_IMPL(fk::CombineSampledTokens, "late", "1.0.0", FK_IMPL_GRAPH_SAFE, Combine)

}  // namespace
FK_PLUGIN("late_card", "1.0.0", "tests")
