// SPDX-License-Identifier: Apache-2.0
#include "fk/tasks/group_norm.h"

#include "common.hpp"

namespace fk::cpu {
namespace {

class GroupNormRows {
 public:
  static void supports(fk_device device, int32_t, const fk_group_norm_init&) {
    support_cpu(device);
  }
  GroupNormRows(Builder& b, const fk_group_norm_init& i)
      : groups_(i.num_groups), channels_(i.num_channels), eps_(float(i.eps)), threads_(b.host) {
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
    const Type type = same_type("group_norm", "y", a.y, a.x);
    const int64_t bytes = type_bytes(type);
    if (length == 1 && a.x->strides[1] == 1 &&
        a.y->strides[1] == 1) {  // plain vectors: a layer_norm of every group
      const auto norm = kernels().layer_norm[int(type)];
      for_rows(threads_, n, channels_, [&](int64_t r) {
        for (int64_t first = 0; first < channels_; first += per_group)
          norm(row_of(a.x, r * channels_) + first * bytes, nullptr, affine(weight_, first),
               affine(bias_, first), row_of(a.y, r * channels_) + first * bytes, per_group, eps_);
      });
      return;
    }
    float* values = run.scratch<float>(per_group * length);
    for (int64_t g = 0; g < n * groups_; ++g) one_group(a, type, g, values);
  }

 private:
  const void* affine(Tensor t, int64_t channel) const {
    return t ? t.data<char>() + channel * int64_t(size_of(t.dtype())) : nullptr;
  }

  void one_group(const fk_group_norm_args& a, Type type, int64_t group, float* values) const {
    const int64_t length = a.x->shape[2], per_group = channels_ / groups_,
                  first = group * per_group;
    const int64_t count = per_group * length;
    for (int64_t c = 0; c < per_group; ++c)
      kernels().widen[int(type)](row_of(a.x, first + c), values + c * length, length);
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < count; ++i) mean += values[i];
    mean /= double(count);
    for (int64_t i = 0; i < count; ++i) variance += (values[i] - mean) * (values[i] - mean);
    const float scale = float(1 / __builtin_sqrt(variance / double(count) + double(eps_)));
    for (int64_t c = 0; c < per_group; ++c) {
      float weight = 1, bias = 0;
      if (weight_) {
        kernels().widen[int(type)](affine(weight_, (first + c) % channels_), &weight, 1);
        kernels().widen[int(type)](affine(bias_, (first + c) % channels_), &bias, 1);
      }
      float* row = values + c * length;
      for (int64_t i = 0; i < length; ++i) row[i] = (row[i] - float(mean)) * scale * weight + bias;
      kernels().narrow[int(type)](row, row_of(a.y, first + c), length);
    }
  }

  int64_t groups_, channels_;
  float eps_;
  Threads threads_;
  Tensor weight_, bias_;
};

FK_IMPL(fk::GroupNorm, "cpu", "1.0.0", FK_IMPL_BITWISE, GroupNormRows)

}  // namespace
}  // namespace fk::cpu
