// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/bert.h"

#include <cstdio>
#include <vector>

#include "../parallel.hpp"
#include "fk/structs/batch_step.h"
#include "fk/structs/pooling_type.h"
#include "fk/tasks/bert_embeddings.h"
#include "fk/tasks/bert_layer.h"
#include "fk/tasks/l2_norm.h"
#include "fk/tasks/pooling.h"

namespace fk::composed {
namespace {

class Bert {
 public:
  Bert(Builder& b, const fk_bert_init& i)
      : hidden_(i.hidden_size),
        dtype_(i.dtype),
        embeddings_(b.child<fk::BertEmbeddings>(
            "embeddings", {.vocab_size = i.vocab_size,
                           .hidden_size = hidden_,
                           .max_position_embeddings = i.max_position_embeddings,
                           .type_vocab_size = i.type_vocab_size,
                           .layer_norm_eps = i.layer_norm_eps})) {
    for (int64_t layer = 0; layer < i.num_hidden_layers; ++layer) {
      char slot[48];
      std::snprintf(slot, sizeof slot, "encoder.layer.%lld", static_cast<long long>(layer));
      layers_.push_back(b.child<fk::BertLayer>(slot, {.hidden_size = hidden_,
                                                      .intermediate_size = i.intermediate_size,
                                                      .num_heads = i.num_attention_heads,
                                                      .layer_norm_eps = i.layer_norm_eps,
                                                      .approximate = i.approximate}));
    }
    if (i.pooling == FK_POOLING_TYPE_NONE) return;
    pool_ = b.child<fk::Pooling>("pooling", {.hidden_size = hidden_, .pooling_type = i.pooling});
    if (i.normalize) normalize_ = b.child<fk::L2Norm>("normalize", {.dim = hidden_});
  }

  void forward(const Run& run, const fk_bert_args& a) const {
    const int64_t n = a.input_ids->shape[0];
    if (!pool_) return encode(run, a, a.last_hidden_state);
    auto rows = run.tensor(dtype_, {n, hidden_});
    encode(run, a, rows);
    pool_(run, {.x = rows, .y = a.embeddings});
    if (normalize_) normalize_(run, {.x = a.embeddings, .y = a.embeddings});
  }

 private:
  void encode(const Run& run, const fk_bert_args& a, const fk_tensor* y) const {
    embeddings_(run, {.input_ids = a.input_ids,
                      .position_ids = a.position_ids,
                      .token_type_ids = a.token_type_ids,
                      .y = y});
    for (const auto& layer : layers_) layer(run, {.hidden_states = y, .y = y});
  }

  int64_t hidden_;
  fk_dtype dtype_;
  Child<fk::BertEmbeddings> embeddings_;
  std::vector<Child<fk::BertLayer>> layers_;
  Child<fk::Pooling> pool_;
  Child<fk::L2Norm> normalize_;
};

FK_IMPL(fk::Bert, "composed", "1.0.0", kFlags, Bert)

}  // namespace
}  // namespace fk::composed
