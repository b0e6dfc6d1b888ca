// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/pooling.h"

#include "../checks.hpp"
#include "../packed.hpp"
#include "../storage.hpp"
#include "fk/structs/pooling_type.h"

namespace fk::reference {
namespace {

class PoolingLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_pooling_init&) { support_cpu(device); }
  PoolingLoops(Builder&, const fk_pooling_init& i) : size_(i.hidden_size), type_(i.pooling_type) {
    FK_REQUIRE(type_ != FK_POOLING_TYPE_NONE,
               "pooling: pooling_type none leaves nothing to do; want mean, cls or last");
  }

  void forward(const Run& run, const fk_pooling_args& a) const {
    require_shape("pooling", "x", a.x, {kAny, size_});
    const Packed step("pooling", run, a.x->shape[0]);
    require_shape("pooling", "y", a.y, {step.sequences(), size_});
    double *row = run.scratch<double>(size_), *sum = run.scratch<double>(size_);
    for (int64_t s = 0; s < step.sequences(); ++s) {
      const int64_t length = step.end(s) - step.begin(s);
      std::fill(sum, sum + size_, 0.0);
      if (type_ == FK_POOLING_TYPE_MEAN)
        for (int64_t r = step.begin(s); r < step.end(s); ++r) {
          load_row(a.x, r, row);
          for (int64_t i = 0; i < size_; ++i) sum[i] += row[i] / double(length);
        }
      else if (length > 0)
        load_row(a.x, type_ == FK_POOLING_TYPE_CLS ? step.begin(s) : step.end(s) - 1, sum);
      store_row(a.y, s, sum);
    }
  }

 private:
  int64_t size_;
  int32_t type_;
};

FK_IMPL(fk::Pooling, "reference", "1.0.0", FK_IMPL_BITWISE, PoolingLoops)

}  // namespace
}  // namespace fk::reference
