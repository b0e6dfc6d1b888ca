// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/group_norm.h"

#include "../checks.hpp"
#include "../storage.hpp"

namespace fk::reference {
namespace {

class GroupNormLoops {
 public:
  static void supports(fk_device device, int32_t, const fk_group_norm_init&) {
    support_cpu(device);
  }
  GroupNormLoops(Builder& b, const fk_group_norm_init& i)
      : groups_(i.num_groups), channels_(i.num_channels), eps_(i.eps) {
    FK_REQUIRE(groups_ > 0 && channels_ % groups_ == 0,
               "group_norm: %" PRId64 " channels do not divide into %" PRId64 " groups", channels_,
               groups_);
    if (!i.affine) return;
    weight_ = b.param("weight");
    bias_ = b.param("bias");
  }

  void forward(const Run& run, const fk_group_norm_args& a) const {
    require_shape("group_norm", "x", a.x, {kAny, channels_, kAny});
    const int64_t n = a.x->shape[0], length = a.x->shape[2], per_group = channels_ / groups_;
    require_shape("group_norm", "y", a.y, {n, channels_, length});
    double *values = run.scratch<double>(per_group * length),
           *weight = run.scratch<double>(channels_), *bias = run.scratch<double>(channels_);
    std::fill(weight, weight + channels_, 1.0);
    std::fill(bias, bias + channels_, 0.0);
    if (weight_) {
      load(weight_, 0, channels_, weight);
      load(bias_, 0, channels_, bias);
    }
    const double count = double(per_group * length);
    for (int64_t s = 0; s < n; ++s)
      for (int64_t first = 0; first < channels_; first += per_group) {
        for (int64_t c = 0; c < per_group; ++c)
          load_row(a.x, s * channels_ + first + c, values + c * length);
        double mean = 0, variance = 0;
        for (int64_t i = 0; i < per_group * length; ++i) mean += values[i] / count;
        for (int64_t i = 0; i < per_group * length; ++i)
          variance += (values[i] - mean) * (values[i] - mean) / count;
        const double scale = 1 / std::sqrt(variance + eps_);
        for (int64_t c = 0; c < per_group; ++c) {
          double* row = values + c * length;
          for (int64_t i = 0; i < length; ++i)
            row[i] = (row[i] - mean) * scale * weight[first + c] + bias[first + c];
          store_row(a.y, s * channels_ + first + c, row);
        }
      }
  }

 private:
  int64_t groups_, channels_;
  double eps_;
  Tensor weight_, bias_;
};

FK_IMPL(fk::GroupNorm, "reference", "1.0.0", FK_IMPL_BITWISE, GroupNormLoops)

}  // namespace
}  // namespace fk::reference
