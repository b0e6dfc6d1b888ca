// SPDX-License-Identifier: Apache-2.0
// Rows between strides and floating types: vLLM's ops want tensors of one type without gaps.
#pragma once
#include "../cuda/row_map.cuh"
#include "fk/device/pdl.cuh"

namespace fk::vllm_ops {

inline constexpr int kRowThreads = 256;

template <class From, class To>
__global__ void convert_rows_kernel(const From* from, cuda::RowMap from_rows, To* to,
                                    cuda::RowMap to_rows, int64_t columns) {
  device::wait_for_previous();
  device::launch_next();
  const int64_t column = int64_t(blockIdx.y) * kRowThreads + threadIdx.x;
  if (column < columns)
    to[to_rows(blockIdx.x) + column] =
        device::from_float<To>(device::to_float(from[from_rows(blockIdx.x) + column]));
}

// to[r][c] = from[r][c] for float32, bfloat16 and float16.
inline void convert_rows(const char* task, const void* from, fk_dtype from_type,
                         cuda::RowMap from_rows, void* to, fk_dtype to_type, cuda::RowMap to_rows,
                         int64_t rows, int64_t columns, cudaStream_t stream) {
  cuda::with_type(task, "a tensor", from_type, [&](auto f) {
    cuda::with_type(task, "a tensor", to_type, [&](auto t) {
      launch(convert_rows_kernel<decltype(f), decltype(t)>,
             dim3(unsigned(rows), unsigned((columns + kRowThreads - 1) / kRowThreads)), kRowThreads,
             0, stream, true, static_cast<const decltype(f)*>(from), from_rows,
             static_cast<decltype(t)*>(to), to_rows, columns);
    });
  });
}

// A tensor as an op sees it: itself where it has the type and no gaps, else a copy in scratch.
class Packed {
 public:
  Packed(const char* task, const char* name, const Run& run, const fk_tensor* t, fk_dtype type)
      : task_(task), run_(run), t_(t), type_(type), map_(cuda::row_map(task, name, t)) {
    rows_ = cuda::rows_of(task, t);
    columns_ = t->shape[t->ndim - 1];
    int64_t step = 1;
    direct_ = t->dtype == type && reinterpret_cast<uintptr_t>(t->data) % 16 == 0;
    for (int i = t->ndim - 1; i >= 0; step *= t->shape[i--])
      direct_ &= t->shape[i] == 1 || t->strides[i] == step;
    data_ = direct_ ? t->data : run.scratch_bytes(size_t(rows_ * columns_) * size_of(type));
  }
  void* data() const { return data_; }
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  void read() const {
    if (!direct_) move(t_->data, t_->dtype, map_, data_, type_, packed());
  }
  void write() const {
    if (!direct_) move(data_, type_, packed(), t_->data, t_->dtype, map_);
  }
  // With the rows of another: what an op computes in place starts from it.
  void fill_from(const fk_tensor* from, cuda::RowMap rows) const {
    if (from->data != data_) move(from->data, from->dtype, rows, data_, type_, packed());
  }

 private:
  cuda::RowMap packed() const { return {columns_, 0, 1}; }
  void move(const void* from, fk_dtype from_type, cuda::RowMap from_rows, void* to,
            fk_dtype to_type, cuda::RowMap to_rows) const {
    convert_rows(task_, from, from_type, from_rows, to, to_type, to_rows, rows_, columns_,
                 stream_of(run_));
  }
  const char* task_;
  const Run& run_;
  const fk_tensor* t_;
  fk_dtype type_;
  cuda::RowMap map_;
  int64_t rows_ = 0, columns_ = 0;
  bool direct_ = false;
  void* data_ = nullptr;
};

}  // namespace fk::vllm_ops
