// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/vocab_parallel_embedding.h"

#include "../parallel.hpp"
#include "fk/tasks/embedding.h"

namespace fk::composed {
namespace {

class VocabParallelEmbedding {
 public:
  static void supports(fk_device, int32_t, const fk_vocab_parallel_embedding_init& i) {
    FK_SUPPORT(i.tp_size == 1,
               "rows split over %" PRId64
               " ranks need a task that masks the ids of the other ranks",
               i.tp_size);
  }
  VocabParallelEmbedding(Builder& b, const fk_vocab_parallel_embedding_init& i)
      : embedding_(b.child<fk::Embedding>("", {.num_embeddings = i.num_embeddings,
                                               .embedding_dim = i.embedding_dim,
                                               .quant = i.quant})) {}
  void forward(const Run& run, const fk_vocab_parallel_embedding_args& a) const {
    embedding_(run, {.ids = a.ids, .y = a.y});
  }

 private:
  Child<fk::Embedding> embedding_;
};

FK_IMPL(fk::VocabParallelEmbedding, "composed", "1.0.0", kFlags, VocabParallelEmbedding)

}  // namespace
}  // namespace fk::composed
