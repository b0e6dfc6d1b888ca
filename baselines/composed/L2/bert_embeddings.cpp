// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/bert_embeddings.h"

#include "../parallel.hpp"
#include "fk/tasks/add.h"
#include "fk/tasks/embedding.h"
#include "fk/tasks/layer_norm.h"

namespace fk::composed {
namespace {

class BertEmbeddings {
 public:
  BertEmbeddings(Builder& b, const fk_bert_embeddings_init& i)
      : word_(b.child<fk::Embedding>(
            "word_embeddings", {.num_embeddings = i.vocab_size, .embedding_dim = i.hidden_size})),
        position_(b.child<fk::Embedding>(
            "position_embeddings",
            {.num_embeddings = i.max_position_embeddings, .embedding_dim = i.hidden_size})),
        norm_(b.child<fk::LayerNorm>("LayerNorm",
                                     {.hidden_size = i.hidden_size, .eps = i.layer_norm_eps})) {
    if (i.type_vocab_size == 0) return;
    type_ = b.child<fk::Embedding>("token_type_embeddings", {.num_embeddings = i.type_vocab_size,
                                                             .embedding_dim = i.hidden_size});
    add_ = b.child<fk::Add>("add", {});
  }

  void forward(const Run& run, const fk_bert_embeddings_args& a) const {
    const fk_tensor& y = *a.y;
    auto sum = run.tensor(y.dtype, {y.shape[0], y.shape[1]});
    word_(run, {.ids = a.input_ids, .y = sum});
    if (type_) {
      auto type = run.tensor(y.dtype, {y.shape[0], y.shape[1]});
      type_(run, {.ids = a.token_type_ids, .y = type});
      add_(run, {.x = sum, .y = type, .z = sum});
    }
    position_(run, {.ids = a.position_ids, .y = &y});
    norm_(run, {.x = &y, .residual = sum, .y = &y});
  }

 private:
  Child<fk::Embedding> word_, position_, type_;
  Child<fk::Add> add_;
  Child<fk::LayerNorm> norm_;
};

FK_IMPL(fk::BertEmbeddings, "composed", "1.0.0", kFlags, BertEmbeddings)

}  // namespace
}  // namespace fk::composed
