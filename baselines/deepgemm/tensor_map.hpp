// SPDX-License-Identifier: Apache-2.0
// TMA descriptors of row-major matrices, by the driver's encoder: the plugin does not link libcuda.
#pragma once
#include <cuda.h>

#include "fk/cuda.hpp"

namespace fk::deepgemm {

struct Matrix {
  const void* data;
  int64_t rows, columns, row;  // `row`: elements from row to row
};

inline CUtensorMap tensor_map(const Matrix& m, bool float32, int box_rows, int box_columns,
                              int swizzle) {
  static const auto encode = [] {
    void* f = nullptr;
    cudaDriverEntryPointQueryResult found{};
    FK_CUDA_CHECK(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &f, 12000,
                                                   cudaEnableDefault, &found));
    return reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(f);
  }();
  FK_SUPPORT(encode, "the driver has no cuTensorMapEncodeTiled");
  CUtensorMap map{};
  const cuuint64_t dims[2] = {cuuint64_t(m.columns), cuuint64_t(m.rows)};
  const cuuint64_t strides[1] = {cuuint64_t(m.row) * (float32 ? 4 : 2)};
  const cuuint32_t box[2] = {cuuint32_t(box_columns), cuuint32_t(box_rows)}, steps[2] = {1, 1};
  const CUresult e =
      encode(&map, float32 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT32 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2,
             const_cast<void*>(m.data), dims, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
             swizzle == 128  ? CU_TENSOR_MAP_SWIZZLE_128B
             : swizzle == 64 ? CU_TENSOR_MAP_SWIZZLE_64B
                             : CU_TENSOR_MAP_SWIZZLE_NONE,
             CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (e)
    throw Error(FK_DEVICE_ERROR, "cuTensorMapEncodeTiled: error %d, %lld x %lld, rows %lld apart",
                int(e), (long long)m.rows, (long long)m.columns, (long long)m.row);
  return map;
}

}  // namespace fk::deepgemm
