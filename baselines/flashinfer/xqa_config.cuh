// SPDX-License-Identifier: Apache-2.0
// Builds one configuration of XQA. The including file defines HEAD_GRP_SIZE, TOKENS_PER_PAGE and
// FK_XQA_CONFIG, the name of the XqaConfig to define.
#define BEAM_WIDTH 1
#define USE_INPUT_KV 0
#define USE_CUSTOM_BARRIER 1
#define INPUT_FP16 0
#define DTYPE __nv_bfloat16
#define CACHE_ELEM_ENUM 0
#define HEAD_ELEMS 128
#define SLIDING_WINDOW 0
#define LOW_PREC_OUTPUT 0
#define SPEC_DEC 0
#define MLA_WRAPPER 0
#define USE_SM90_MHA 0

#include <cuda_runtime.h>

#include "fk/cuda.hpp"
#include "xqa.hpp"
#include "xqa/mhaUtils.cuh"

namespace {

// The kernel asks for the length through this, so that a sequence without keys (a padded row) ends
// here with zeros; the kernel itself wants at least one key.
struct XqaLength {
  void* output;
  uint32_t kv_heads;
  template <bool Paged, class List>
  __device__ uint32_t get(const List& list, uint32_t request) const {
    const uint32_t length = getCacheSeqLen<Paged>(list, request);
    if (length == 0) {
      const uint32_t threads = blockDim.x * blockDim.y * blockDim.z;
      const uint32_t thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
      constexpr uint32_t kVectors = HEAD_GRP_SIZE * HEAD_ELEMS * 2 / 16;
      uint4* row = static_cast<uint4*>(output) + (kv_heads * request + blockIdx.y) * kVectors;
      if (blockIdx.x == 0)
        for (uint32_t i = thread; i < kVectors; i += threads) row[i] = uint4{};
      asm volatile("exit;");
    }
    return length;
  }
};

}  // namespace

// Loading a plugin must not touch a device, and the source sets its kernel up when it is loaded:
// those two calls do nothing there and stand in prepare() instead. Its launchers are not used and
// only get names of their own.
#define FK_XQA_CAT_(a, b) a##b
#define FK_XQA_CAT(a, b) FK_XQA_CAT_(a, b)
#define launchMHA FK_XQA_CAT(FK_XQA_CONFIG, _unused)
#define launchMHAFlashInfer FK_XQA_CAT(FK_XQA_CONFIG, _unused_too)
#define getCacheSeqLen XqaLength{output, nbKHeads}.get
#define cudaMemcpyFromSymbol(out, ...) (*(out) = 0, cudaSuccess)
#define cudaFuncSetAttribute(...) ((void)0, cudaSuccess)
#include "xqa/mha.cu"
#undef cudaMemcpyFromSymbol
#undef cudaFuncSetAttribute
#undef getCacheSeqLen

namespace fk::flashinfer {
namespace {

uint32_t xqa_shared_bytes = 0;

void xqa_prepare() {
  FK_CUDA_CHECK(cudaMemcpyFromSymbol(&xqa_shared_bytes, smemSize, sizeof xqa_shared_bytes));
  FK_CUDA_CHECK(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel_mha),
                                     cudaFuncAttributeMaxDynamicSharedMemorySize,
                                     int(xqa_shared_bytes)));
}

void xqa_run(const XqaCall& c, cudaStream_t stream) {
  const auto heads = [](const void* p) {
    return static_cast<GMemCacheHead*>(const_cast<void*>(p));
  };
  const KVCacheList<true> cache{heads(c.key), heads(c.value), c.table,
                                reinterpret_cast<const uint32_t*>(c.lengths), uint32_t(c.columns)};
  fk::launch(kernel_mha, dim3{1, uint32_t(c.num_kv_heads), uint32_t(c.num_seqs)},
             dim3{warp_size * ctaShapeInWarps.x, ctaShapeInWarps.y, ctaShapeInWarps.z},
             xqa_shared_bytes, stream, /*pdl=*/true, uint32_t(c.num_kv_heads),
             c.scale * sqrtf(HEAD_ELEMS),  // it divides by that itself
             static_cast<const float*>(nullptr), static_cast<OutputHead*>(c.out),
             static_cast<const IOHead*>(c.q), static_cast<const float*>(nullptr), cache,
             uint32_t(c.num_seqs), 1.f, static_cast<const float*>(nullptr),
             uint32_t(c.block / HEAD_ELEMS), uint32_t(c.token / HEAD_ELEMS),
             uint32_t(c.head / HEAD_ELEMS), static_cast<uint32_t*>(nullptr),
             static_cast<void*>(nullptr));
}

}  // namespace

static_assert(ctaTile.x == kXqaTile);

const XqaConfig FK_XQA_CONFIG{HEAD_GRP_SIZE, TOKENS_PER_PAGE, xqa_prepare, xqa_run};

}  // namespace fk::flashinfer
