// SPDX-License-Identifier: Apache-2.0
// What the `linear`s of kernels for 16-bit weights share: the inits and tensors that they take, and
// rows of x and y that their kernels cannot address, which go through scratch.
#pragma once
#include <algorithm>

#include "common.hpp"
#include "fk/device/pdl.cuh"
#include "fk/structs/quant.h"
#include "fk/tasks/linear.h"

namespace fk::cuda {

inline void support_linear(fk_device device, int32_t sm, const fk_linear_init& i) {
  support_cuda(device, sm, 90);
  FK_SUPPORT(i.quant == FK_QUANT_NONE, "takes unquantised weights, found quant %d", int(i.quant));
  FK_SUPPORT(i.in_features > 0 && i.in_features % 8 == 0,
             "reads rows of weights 16 bytes at a time: in_features must be a multiple of 8");
  FK_SUPPORT(std::max(i.in_features, i.out_features) < (int64_t(1) << 30),
             "counts rows and columns in 32 bits");
}

// Whether a matrix begins at a multiple of 16 bytes and so does each of its rows. Distances between
// rows in elements.
inline bool rows_aligned16(const void* data, int64_t rows, int64_t row, int64_t element) {
  return reinterpret_cast<uintptr_t>(data) % 16 == 0 && (rows < 2 || row * element % 16 == 0);
}

// Weight and bias, in a run that computes: 16-bit floats that a kernel reads 16 bytes at a time.
inline void support_linear_params(const Tensor& weight, const Tensor& bias, bool dry) {
  FK_SUPPORT(weight.dtype() == kBFloat16 || weight.dtype() == kFloat16,
             "linear: takes bfloat16 and float16 weights, found dtype code %d with %d bits",
             weight.dtype().code, weight.dtype().bits);
  if (bias) require_dtype("linear", "bias", bias.get(), weight.dtype());
  FK_SUPPORT(dry || rows_aligned16(weight->data, weight.size(0), weight.stride(0), 2),
             "linear: rows of the weight do not start at 16 bytes");
}

// x [m, k], y [m, n], x of the weight's dtype, y of that or float32; returns m.
inline int64_t require_linear(const fk_linear_args& a, int64_t k, int64_t n, fk_dtype dtype) {
  require_shape("linear", "x", a.x, {kAny, k});
  const int64_t m = a.x->shape[0];
  require_shape("linear", "y", a.y, {m, n});
  require_dtype("linear", "x", a.x, dtype);
  if (a.y->dtype != kFloat32) require_dtype("linear", "y", a.y, dtype);
  FK_SUPPORT(m < (int64_t(1) << 30), "linear: %" PRId64 " rows, counted in 32 bits", m);
  return m;
}

inline constexpr int kMoveThreads = 256;

template <class T>
__global__ void move_rows_kernel(const T* from, int64_t from_row, T* to, int64_t to_row,
                                 int64_t columns) {
  device::launch_next();
  device::wait_for_previous();
  const int64_t row = blockIdx.x, column = int64_t(blockIdx.y) * kMoveThreads + threadIdx.x;
  if (column < columns) to[row * to_row + column] = from[row * from_row + column];
}

// Elements are moved, not read: any type of T's size.
template <class T>
void launch_move_rows(const void* from, int64_t from_row, void* to, int64_t to_row, int64_t rows,
                      int64_t columns, cudaStream_t stream) {
  launch(move_rows_kernel<T>,
         dim3(unsigned(rows), unsigned((columns + kMoveThreads - 1) / kMoveThreads)), kMoveThreads,
         0, stream, true, static_cast<const T*>(from), from_row, static_cast<T*>(to), to_row,
         columns);
}

// x [m, k] of 16-bit elements, k a multiple of 8, where every row begins at a multiple of 16 bytes:
// in place, or put side by side.
struct AlignedRows {
  const void* data;
  int64_t row;

  AlignedRows(const Run& run, const fk_tensor* x)
      : data(x->data), row(x->shape[0] > 1 ? x->strides[0] : x->shape[1]) {
    const int64_t m = x->shape[0], k = x->shape[1];
    if (rows_aligned16(data, m, row, 2)) return;
    void* packed = run.scratch<uint16_t>(m * k);
    launch_move_rows<uint16_t>(data, row, packed, k, m, k, stream_of(run));
    data = packed, row = k;
  }
};

// Where a kernel that stores by TMA puts y [m, n]. TMA wants rows at multiples of 16 bytes, and
// what it stores it stores in whole pieces of 16 bytes: beyond the end of a row that is no multiple
// of them, too. Such a y is computed in scratch, in longer rows, and finish() moves it.
class StoredRows {
 public:
  StoredRows(const Run& run, const fk_tensor* y)
      : data(y->data), row(y->shape[0] > 1 ? y->strides[0] : y->shape[1]), y_(y), y_row_(row) {
    const int64_t m = y->shape[0], n = y->shape[1], element = int64_t(size_of(y->dtype));
    direct_ = n * element % 16 == 0 && rows_aligned16(data, m, row, element);
    if (direct_) return;
    row = (n + 7) / 8 * 8;
    data = run.scratch_bytes(size_t(m * row * element));
  }
  void finish(const Run& run) const {
    if (direct_) return;
    const auto move =
        y_->dtype.bits == 32 ? launch_move_rows<uint32_t> : launch_move_rows<uint16_t>;
    move(data, row, y_->data, y_row_, y_->shape[0], y_->shape[1], stream_of(run));
  }

  void* data;
  int64_t row;

 private:
  const fk_tensor* y_;
  int64_t y_row_;
  bool direct_;
};

}  // namespace fk::cuda
