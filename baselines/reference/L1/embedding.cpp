// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/embedding.h"

#include "../checks.hpp"
#include "../weight_rows.hpp"

namespace fk::reference {
namespace {

class EmbeddingLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_embedding_init&) { support_cpu(device); }
  EmbeddingLoops(Builder& b, const fk_embedding_init& i)
      : rows_(i.num_embeddings), columns_(i.embedding_dim), weight_(b, i.quant, columns_) {}

  void forward(const Run& run, const fk_embedding_args& a) const {
    require_shape("embedding", "ids", a.ids, {kAny});
    require_dtype("embedding", "ids", a.ids, kInt32);
    const Tensor ids(a.ids), y(a.y);
    const int64_t n = ids.size(0);
    require_shape("embedding", "y", a.y, {n, columns_});
    double* row = run.scratch<double>(columns_);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t id = ids.data<int32_t>()[i];
      FK_REQUIRE(id >= 0 && id < rows_,
                 "embedding: ids[%" PRId64 "] is %" PRId64 ", want 0 to %" PRId64, i, id,
                 rows_ - 1);
      weight_.row(id, row);
      store_row(y, i, row);
    }
  }

 private:
  int64_t rows_, columns_;
  WeightRows weight_;
};

FK_IMPL(fk::Embedding, "reference", "1.0.0", FK_IMPL_BITWISE, EmbeddingLoops)

}  // namespace
}  // namespace fk::reference
