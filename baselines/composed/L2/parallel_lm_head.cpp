// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/parallel_lm_head.h"

#include "../parallel.hpp"
#include "fk/tasks/linear.h"

namespace fk::composed {
namespace {

// A linear whose output is fp32 whatever the run dtype, so that no logit is rounded twice.
class ParallelLmHead {
 public:
  ParallelLmHead(Builder& b, const fk_parallel_lm_head_init& i)
      : linear_(b.child<fk::Linear>(
            "", {.in_features = i.embedding_dim,
                 .out_features = share("num_embeddings", i.num_embeddings, i.tp_size),
                 .bias = i.bias,
                 .quant = i.quant})) {}
  void forward(const Run& run, const fk_parallel_lm_head_args& a) const {
    linear_(run, {.x = a.x, .y = a.logits});
  }

 private:
  Child<fk::Linear> linear_;
};

FK_IMPL(fk::ParallelLmHead, "composed", "1.0.0", kFlags, ParallelLmHead)

}  // namespace
}  // namespace fk::composed
