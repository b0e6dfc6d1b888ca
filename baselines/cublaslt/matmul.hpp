// SPDX-License-Identifier: Apache-2.0
// One matrix product y[m][n] = x[m][k] * w[n][k]^T (+ bias[n]) as cuBLASLt sees it.
#pragma once
#include <cublasLt.h>

#include <vector>

#include "fk/cuda.hpp"

namespace fk::cublaslt {

void check_lt(cublasStatus_t s, const char* what);
#define FK_LT_CHECK(x) ::fk::cublaslt::check_lt((x), #x)

cudaDataType type_of(const char* name, fk_dtype d);

// All that the choice of an algorithm may depend on. Alignments are those of the first element, in
// bytes; leading dimensions are in elements.
struct Problem {
  int64_t m, n, k, ldx, ldw, ldy;
  cudaDataType in, out;
  bool bias;
  int align_x, align_w, align_y;
};
// The largest power of two, at most 256, that divides the address.
int alignment_of(const void* p);

// A type with a name of its own: nvcc cannot destroy a vector of the library's unnamed struct.
struct Proposal {
  cublasLtMatmulAlgo_t algo;
};

// Descriptors on the stack: making one allocates nothing.
class Matmul {
 public:
  // `bias` has the dtype of y and is not read if the problem has none.
  Matmul(const Problem& p, const void* bias);
  // What the library proposes, its favourite first; empty when it has nothing.
  std::vector<Proposal> proposals(cublasLtHandle_t h, size_t workspace, int count) const;
  // Whether `algo`, found for another m, may be used, and fits the workspace.
  bool accepts(cublasLtHandle_t h, const cublasLtMatmulAlgo_t& algo, size_t workspace) const;
  cublasStatus_t run(cublasLtHandle_t h, const cublasLtMatmulAlgo_t& algo, const void* x,
                     const void* w, void* y, void* workspace, size_t workspace_bytes,
                     cudaStream_t stream) const;

 private:
  Problem p_;
  cublasLtMatmulDescOpaque_t op_;
  cublasLtMatrixLayoutOpaque_t x_, w_, y_;
};

}  // namespace fk::cublaslt
