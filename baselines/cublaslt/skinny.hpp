// SPDX-License-Identifier: Apache-2.0
// The cuda plugin's kernels for few rows, compiled into this plugin as well: what a linear that
// takes them needs beside its weight.
#pragma once
#include "../cuda/linear_skinny.hpp"
#include "fk/cuda.hpp"

namespace fk::cublaslt {

class Skinny {
 public:
  Skinny() = default;
  // Of w [n, k]; nothing where the kernel cannot read it. Not in a dry build.
  Skinny(Builder& b, fk_dtype dtype, const void* w, int64_t ldw, int64_t n, int64_t k, bool gated);

  // Whether x [m, k] and y are such that run() takes them.
  bool takes(const fk_tensor* x, const fk_tensor* y) const;
  // The same for another weight of this one's sizes, pitch and type.
  Skinny with(const void* w) const;
  void run(const Run& run, const fk_tensor* x, const void* bias, const fk_tensor* y) const;

 private:
  // In skinny.cu: kernels.
  void prepare() const;
  void launch(const cuda::SkinnyArgs& args, cudaStream_t stream) const;

  cuda::SkinnyWeight w_{};
  bool usable_ = false;
  int sms_ = 0;
};

}  // namespace fk::cublaslt
