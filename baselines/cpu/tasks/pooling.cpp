// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/pooling.h"

#include "../../reference/packed.hpp"
#include "common.hpp"
#include "fk/structs/pooling_type.h"

namespace fk::cpu {
namespace {

class PoolingRows {
 public:
  static void supports(fk_device device, int32_t, const fk_pooling_init&) { support_cpu(device); }
  PoolingRows(Builder&, const fk_pooling_init& i) : size_(i.hidden_size), type_(i.pooling_type) {
    FK_REQUIRE(type_ != FK_POOLING_TYPE_NONE,
               "pooling: pooling_type none leaves nothing to do; want mean, cls or last");
  }

  void forward(const Run& run, const fk_pooling_args& a) const {
    require_shape("pooling", "x", a.x, {kAny, size_});
    const reference::Packed step("pooling", run, a.x->shape[0]);
    require_shape("pooling", "y", a.y, {step.sequences(), size_});
    const int in = int(type_of("pooling", "x", a.x->dtype)),
              out = int(type_of("pooling", "y", a.y->dtype));
    float *row = run.scratch<float>(size_), *sum = run.scratch<float>(size_);
    for (int64_t s = 0; s < step.sequences(); ++s) {
      std::fill(sum, sum + size_, 0.0f);
      const int64_t begin = step.begin(s), end = step.end(s);
      if (type_ == FK_POOLING_TYPE_MEAN && end > begin) {
        for (int64_t r = begin; r < end; ++r) {
          kernels().widen[in](row_of(a.x, r), row, size_);
          kernels().add[0](sum, row, sum, size_);
        }
        kernels().scale[0](sum, 1.0f / float(end - begin), sum, size_);
      } else if (end > begin) {
        kernels().widen[in](row_of(a.x, type_ == FK_POOLING_TYPE_CLS ? begin : end - 1), sum,
                            size_);
      }
      kernels().narrow[out](sum, row_of(a.y, s), size_);
    }
  }

 private:
  int64_t size_;
  int32_t type_;
};

FK_IMPL(fk::Pooling, "cpu", "1.0.0", FK_IMPL_BITWISE, PoolingRows)

}  // namespace
}  // namespace fk::cpu
