// SPDX-License-Identifier: Apache-2.0
// Elementwise functions of rows. A thread computes eight elements; a tensor of rank 1 stands for
// every row. The output may be one of the operands: an element is read and written by one thread.
#pragma once
#include <array>

#include "fk/device/pdl.cuh"
#include "row_map.cuh"

namespace fk::cuda {

template <class T, int kCount>
struct MapArgs {
  const T* in[kCount];
  RowMap in_rows[kCount];
  T* y;
  RowMap y_rows;
  uint32_t width, count;  // in units of one thread's elements, a row and all
};

template <class F, int... K, class Get>
__device__ inline float apply(const F& f, std::integer_sequence<int, K...>, const Get& get) {
  return f(get(K)...);
}

template <class T, int kCount, bool kVectors, class F>
__global__ void __launch_bounds__(256) map_rows_kernel(MapArgs<T, kCount> a, F f) {
  device::wait_for_previous();
  device::launch_next();
  const uint32_t at = blockIdx.x * 256 + threadIdx.x;
  if (at >= a.count) return;
  const uint32_t row = at / a.width, column = at % a.width;
  constexpr auto kAll = std::make_integer_sequence<int, kCount>();
  if constexpr (kVectors) {
    Pack<T> in[kCount], out;
#pragma unroll
    for (int k = 0; k < kCount; ++k) in[k].read(a.in[k] + a.in_rows[k](row) + column * 8);
#pragma unroll
    for (int i = 0; i < 8; ++i) out.set(i, apply(f, kAll, [&](int k) { return in[k].get(i); }));
    out.write(a.y + a.y_rows(row) + column * 8);
  } else {
    const float y = apply(
        f, kAll, [&](int k) { return device::to_float(a.in[k][a.in_rows[k](row) + column]); });
    a.y[a.y_rows(row) + column] = device::from_float<T>(y);
  }
}

template <class T, int kCount, class F>
void launch_map_rows(MapArgs<T, kCount> a, int64_t rows, int64_t d, bool vectors, const F& f,
                     cudaStream_t stream) {
  a.width = uint32_t(vectors ? d / 8 : d);
  const int64_t count = rows * a.width;
  if (!count) return;
  FK_REQUIRE(count < int64_t{1} << 32, "%" PRId64 " elements are more than one launch computes",
             rows * d);
  a.count = uint32_t(count);
  const dim3 grid(uint32_t((count + 255) / 256));
  if (vectors)
    launch(map_rows_kernel<T, kCount, true, F>, grid, dim3(256), 0, stream, true, a, f);
  else
    launch(map_rows_kernel<T, kCount, false, F>, grid, dim3(256), 0, stream, true, a, f);
}

// y[r][i] = f(operands[0][r][i], ...), all of one dtype; f takes and gives floats.
template <size_t kCount, class F>
void map_rows(const Run& run, const char* task,
              const std::array<std::pair<const char*, const fk_tensor*>, kCount>& operands,
              const char* y_name, const fk_tensor* y, const F& f) {
  const fk_tensor* x = operands[0].second;
  require_present(task, operands[0].first, x);
  FK_REQUIRE(x->ndim >= 1, "%s: %s has no dimensions", task, operands[0].first);
  const int64_t d = x->shape[x->ndim - 1];
  bool vectors = packs(x) && y && packs(y);
  for (size_t k = 0; k < kCount; ++k) {
    const auto& [name, t] = operands[k];
    require_present(task, name, t);
    if (k > 0 && t->ndim == 1)
      require_shape(task, name, t, {d});
    else
      require_same_shape(task, name, t, x);
    require_dtype(task, name, t, x->dtype);
    vectors = vectors && packs(t);
  }
  require_same_shape(task, y_name, y, x);
  require_dtype(task, y_name, y, x->dtype);
  with_type(task, operands[0].first, x->dtype, [&](auto type) {
    using T = decltype(type);
    MapArgs<T, int(kCount)> a{};
    for (size_t k = 0; k < kCount; ++k) {
      a.in[k] = static_cast<const T*>(operands[k].second->data);
      a.in_rows[k] = row_map(task, operands[k].first, operands[k].second);  // rank 1: stride 0
    }
    a.y = static_cast<T*>(y->data);
    a.y_rows = row_map(task, y_name, y);
    launch_map_rows<T, int(kCount)>(a, rows_of(task, x), d, vectors, f, stream_of(run));
  });
}

// A task with one input x and one output y.
template <class F>
void map_rows(const Run& run, const char* task, const fk_tensor* x, const fk_tensor* y,
              const F& f) {
  map_rows<1>(run, task, {{{"x", x}}}, "y", y, f);
}

}  // namespace fk::cuda
