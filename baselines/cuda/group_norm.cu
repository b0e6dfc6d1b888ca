// SPDX-License-Identifier: Apache-2.0
// A block (or, for short groups, a warp) a group; three passes over memory, the last two out of the
// cache. y may be x: a value is read and written by one thread.
#include "fk/device/pdl.cuh"
#include "fk/device/reduce.cuh"
#include "fk/tasks/group_norm.h"
#include "row_map.cuh"

namespace fk::cuda {
namespace {

constexpr const char* kTask = "group_norm";

template <class T>
struct GroupArgs {
  const T* x;
  T* y;
  const T *weight, *bias;  // NULL: ones, zeros
  int64_t x_sample, x_channel, y_sample, y_channel;
  uint32_t groups, per_group, length;
  float eps;
};

template <class T, int kThreads>
__global__ void __launch_bounds__(kThreads) group_norm_kernel(GroupArgs<T> a) {
  __shared__ float shared[2][kThreads / 32];
  device::wait_for_previous();
  device::launch_next();
  const uint32_t sample = blockIdx.x / a.groups, first = blockIdx.x % a.groups * a.per_group;
  const uint32_t count = a.per_group * a.length;
  const T* x = a.x + sample * a.x_sample + first * a.x_channel;
  T* y = a.y + sample * a.y_sample + first * a.y_channel;
  const auto value = [&](uint32_t i) {
    return device::to_float(x[i / a.length * a.x_channel + i % a.length]);
  };
  float sum = 0, squares = 0;
  for (uint32_t i = threadIdx.x; i < count; i += kThreads) sum += value(i);
  const float mean = device::block_reduce<device::Sum, kThreads>(sum, shared[0]) / float(count);
  for (uint32_t i = threadIdx.x; i < count; i += kThreads) {
    const float v = value(i) - mean;
    squares = fmaf(v, v, squares);
  }
  squares = device::block_reduce<device::Sum, kThreads>(squares, shared[1]);
  const float scale = rsqrtf(squares / float(count) + a.eps);
  for (uint32_t i = threadIdx.x; i < count; i += kThreads) {
    const uint32_t channel = i / a.length;
    float v = (value(i) - mean) * scale;
    if (a.weight)
      v = v * device::to_float(a.weight[first + channel]) +
          device::to_float(a.bias[first + channel]);
    y[channel * a.y_channel + i % a.length] = device::from_float<T>(v);
  }
}

class GroupNorm {
 public:
  static void supports(fk_device device, int32_t sm, const fk_group_norm_init&) {
    support_cuda(device, sm, 80);
  }
  GroupNorm(Builder& b, const fk_group_norm_init& i)
      : groups_(i.num_groups), channels_(i.num_channels), eps_(i.eps) {
    FK_REQUIRE(groups_ > 0 && channels_ % groups_ == 0,
               "%s: %" PRId64 " channels do not divide into %" PRId64 " groups", kTask, channels_,
               groups_);
    if (!i.affine) return;
    weight_ = b.param("weight");
    bias_ = b.param("bias");
  }

  void forward(const Run& run, const fk_group_norm_args& a) const {
    require_shape(kTask, "x", a.x, {kAny, channels_, kAny});
    const int64_t n = a.x->shape[0], length = a.x->shape[2];
    require_shape(kTask, "y", a.y, {n, channels_, length});
    require_dtype(kTask, "y", a.y, a.x->dtype);
    if (weight_) require_dtype(kTask, "weight", weight_.get(), a.x->dtype);
    if (!n || !length) return;
    with_type(kTask, "x", a.x->dtype, [&](auto type) {
      using T = decltype(type);
      GroupArgs<T> g{static_cast<const T*>(a.x->data),
                     static_cast<T*>(a.y->data),
                     weight_ ? weight_.data<const T>() : nullptr,
                     bias_ ? bias_.data<const T>() : nullptr,
                     a.x->strides[0],
                     a.x->strides[1],
                     a.y->strides[0],
                     a.y->strides[1],
                     uint32_t(groups_),
                     uint32_t(channels_ / groups_),
                     uint32_t(length),
                     float(eps_)};
      const dim3 grid(uint32_t(n * groups_));
      if (channels_ / groups_ * length <= 128)
        launch(group_norm_kernel<T, 32>, grid, dim3(32), 0, stream_of(run), true, g);
      else
        launch(group_norm_kernel<T, 256>, grid, dim3(256), 0, stream_of(run), true, g);
    });
  }

 private:
  int64_t groups_, channels_;
  double eps_;
  Tensor weight_, bias_;
};

FK_IMPL(fk::GroupNorm, "cuda", "1.0.0", kFlags, GroupNorm)

}  // namespace
}  // namespace fk::cuda
