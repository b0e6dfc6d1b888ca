// SPDX-License-Identifier: Apache-2.0
// Tensor maps for device/tma.cuh. The driver's function is found at run time: a plugin links no
// libcuda.
#pragma once
#include <cuda.h>

#include <initializer_list>

#include "cuda.hpp"

namespace fk {

// 16-bit elements in rows, the contiguous dimension first. `strides` in bytes, of the dimensions
// after the first, multiples of 16. With the swizzle of 128 bytes the box's rows are 128 bytes (64
// elements): what wgmma reads as a K-major operand.
inline CUtensorMap make_tensor_map(fk_dtype dtype, const void* data,
                                   std::initializer_list<cuuint64_t> sizes,
                                   std::initializer_list<cuuint64_t> strides,
                                   std::initializer_list<cuuint32_t> box,
                                   CUtensorMapSwizzle swizzle = CU_TENSOR_MAP_SWIZZLE_128B) {
  using Encode = decltype(&cuTensorMapEncodeTiled);
  static const Encode encode = [] {
    void* f = nullptr;
    cudaDriverEntryPointQueryResult found{};
    FK_CUDA_CHECK(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &f, 12000,
                                                   cudaEnableDefault, &found));
    FK_SUPPORT(f && found == cudaDriverEntryPointSuccess,
               "the driver has no cuTensorMapEncodeTiled (CUDA 12.0)");
    return reinterpret_cast<Encode>(f);
  }();
  constexpr cuuint32_t kOnes[5] = {1, 1, 1, 1, 1};
  CUtensorMap map;
  const CUresult r = encode(
      &map, dtype == kBFloat16 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_FLOAT16,
      cuuint32_t(sizes.size()), const_cast<void*>(data), sizes.begin(), strides.begin(),
      box.begin(), kOnes, CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle,
      CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (r != CUDA_SUCCESS) throw Error(FK_DEVICE_ERROR, "cuTensorMapEncodeTiled: error %d", int(r));
  return map;
}

}  // namespace fk
