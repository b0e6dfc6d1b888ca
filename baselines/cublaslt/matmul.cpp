// SPDX-License-Identifier: Apache-2.0
#include "matmul.hpp"

namespace fk::cublaslt {

void check_lt(cublasStatus_t s, const char* what) {
  if (s != CUBLAS_STATUS_SUCCESS)
    throw Error(s == CUBLAS_STATUS_ALLOC_FAILED ? FK_OUT_OF_MEMORY : FK_DEVICE_ERROR, "%s: %s",
                what, cublasLtGetStatusString(s));
}

cudaDataType type_of(const char* name, fk_dtype d) {
  if (d == kFloat32) return CUDA_R_32F;
  if (d == kBFloat16) return CUDA_R_16BF;
  if (d == kFloat16) return CUDA_R_16F;
  throw Error(FK_UNSUPPORTED,
              "linear: %s has dtype code %d with %d bits; the cublaslt plugin computes float32, "
              "bfloat16 and float16",
              name, d.code, d.bits);
}

int alignment_of(const void* p) {
  const auto a = reinterpret_cast<uintptr_t>(p) | 256;
  return int(a & (~a + 1));
}

namespace {

template <class Descriptor, class Attribute, class Value, class Setter>
void set(Setter setter, Descriptor d, Attribute attribute, const Value& value) {
  check_lt(setter(d, attribute, &value, sizeof value), "setting a cublasLt attribute");
}

}  // namespace

// cuBLAS is column-major: y^T [n, m] = w [n, k] (stored with k fastest: transposed) * x^T [k, m].
Matmul::Matmul(const Problem& p, const void* bias) : p_(p) {
  // fp32 products are fp32 products: COMPUTE_32F never goes through TF32.
  FK_LT_CHECK(cublasLtMatmulDescInit(&op_, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  const cublasOperation_t transposed = CUBLAS_OP_T, plain = CUBLAS_OP_N;
  set(cublasLtMatmulDescSetAttribute, &op_, CUBLASLT_MATMUL_DESC_TRANSA, transposed);
  set(cublasLtMatmulDescSetAttribute, &op_, CUBLASLT_MATMUL_DESC_TRANSB, plain);
  if (p.bias) {
    set(cublasLtMatmulDescSetAttribute, &op_, CUBLASLT_MATMUL_DESC_EPILOGUE,
        CUBLASLT_EPILOGUE_BIAS);
    set(cublasLtMatmulDescSetAttribute, &op_, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    set(cublasLtMatmulDescSetAttribute, &op_, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, p.out);
  }
  FK_LT_CHECK(cublasLtMatrixLayoutInit(&w_, p.in, p.k, p.n, p.ldw));
  FK_LT_CHECK(cublasLtMatrixLayoutInit(&x_, p.in, p.k, p.m, p.ldx));
  FK_LT_CHECK(cublasLtMatrixLayoutInit(&y_, p.out, p.n, p.m, p.ldy));
}

std::vector<Proposal> Matmul::proposals(cublasLtHandle_t h, size_t workspace, int count) const {
  cublasLtMatmulPreferenceOpaque_t preference;
  FK_LT_CHECK(cublasLtMatmulPreferenceInit(&preference));
  auto prefer = [&](auto attribute, auto value) {
    set(cublasLtMatmulPreferenceSetAttribute, &preference, attribute, value);
  };
  prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t(workspace));
  // A product split along k must be summed in fp32: in y's 16 bits it would be rounded once a part.
  prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
         uint32_t(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, uint32_t(p_.align_w));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, uint32_t(p_.align_x));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, uint32_t(p_.align_y));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, uint32_t(p_.align_y));
  std::vector<cublasLtMatmulHeuristicResult_t> results(static_cast<size_t>(count));
  int found = 0;
  const cublasStatus_t s = cublasLtMatmulAlgoGetHeuristic(
      h, const_cast<cublasLtMatmulDescOpaque_t*>(&op_),
      const_cast<cublasLtMatrixLayoutOpaque_t*>(&w_),
      const_cast<cublasLtMatrixLayoutOpaque_t*>(&x_),
      const_cast<cublasLtMatrixLayoutOpaque_t*>(&y_),
      const_cast<cublasLtMatrixLayoutOpaque_t*>(&y_), &preference, count, results.data(), &found);
  if (s == CUBLAS_STATUS_NOT_SUPPORTED)
    found = 0;
  else
    check_lt(s, "cublasLtMatmulAlgoGetHeuristic");
  std::vector<Proposal> usable;
  for (int i = 0; i < found; ++i)
    if (results[size_t(i)].state == CUBLAS_STATUS_SUCCESS)
      usable.push_back({results[size_t(i)].algo});
  return usable;
}

bool Matmul::accepts(cublasLtHandle_t h, const cublasLtMatmulAlgo_t& algo, size_t workspace) const {
  cublasLtMatmulHeuristicResult_t result{};
  return cublasLtMatmulAlgoCheck(h, const_cast<cublasLtMatmulDescOpaque_t*>(&op_),
                                 const_cast<cublasLtMatrixLayoutOpaque_t*>(&w_),
                                 const_cast<cublasLtMatrixLayoutOpaque_t*>(&x_),
                                 const_cast<cublasLtMatrixLayoutOpaque_t*>(&y_),
                                 const_cast<cublasLtMatrixLayoutOpaque_t*>(&y_), &algo,
                                 &result) == CUBLAS_STATUS_SUCCESS &&
         result.state == CUBLAS_STATUS_SUCCESS && result.workspaceSize <= workspace;
}

cublasStatus_t Matmul::run(cublasLtHandle_t h, const cublasLtMatmulAlgo_t& algo, const void* x,
                           const void* w, void* y, void* workspace, size_t workspace_bytes,
                           cudaStream_t stream) const {
  const float one = 1, zero = 0;
  return cublasLtMatmul(h, const_cast<cublasLtMatmulDescOpaque_t*>(&op_), &one, w,
                        const_cast<cublasLtMatrixLayoutOpaque_t*>(&w_), x,
                        const_cast<cublasLtMatrixLayoutOpaque_t*>(&x_), &zero, y,
                        const_cast<cublasLtMatrixLayoutOpaque_t*>(&y_), y,
                        const_cast<cublasLtMatrixLayoutOpaque_t*>(&y_), &algo, workspace,
                        workspace_bytes, stream);
}

}  // namespace fk::cublaslt
