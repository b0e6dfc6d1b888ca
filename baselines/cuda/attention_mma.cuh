// SPDX-License-Identifier: Apache-2.0
// Warp-level matrix instructions of the attention kernels: 16-bit tiles in swizzled shared memory,
// ldmatrix, mma m16n8k16, asynchronous 16-byte copies.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace fk::cuda {

inline constexpr float kLog2e = 1.4426950408889634f;

__device__ inline uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}

// 16 bytes from global to shared memory; zeros when `valid` is false (nothing is read then).
__device__ inline void copy_async(uint32_t shared, const void* global, bool valid) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(shared), "l"(global),
               "r"(valid ? 16 : 0)
               : "memory");
}
__device__ inline void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int Pending>
__device__ inline void copy_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}

// The byte offset of 16-byte chunk `chunk` of row `row` in a tile of rows of HeadSize 16-bit
// elements. The chunks of eight neighbouring rows lie in different banks, which is what ldmatrix
// reads at a time.
template <int HeadSize>
__device__ inline uint32_t tile_offset(int row, int chunk) {
  return uint32_t(row * (HeadSize * 2) + ((chunk ^ (row & 7)) << 4));
}

__device__ inline void load_matrix(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
__device__ inline void load_matrix_transposed(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
// An 8x8 matrix of 16-bit elements held two a lane, transposed among the lanes.
__device__ inline uint32_t transpose_matrix(uint32_t x) {
  uint32_t y;
  asm("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(y) : "r"(x));
  return y;
}

// The two element types: the multiply-add of a 16x16 by a 16x8 tile (fp32 sums), and two floats
// rounded into one register, the first in its low half.
template <class T>
struct Mma;
template <>
struct Mma<__nv_bfloat16> {
  static constexpr uint32_t kOnes = 0x3f803f80;
  __device__ static void run(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
  __device__ static uint32_t pack(float low, float high) {
    uint32_t r;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
  }
};
template <>
struct Mma<__half> {
  static constexpr uint32_t kOnes = 0x3c003c00;
  __device__ static void run(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
  __device__ static uint32_t pack(float low, float high) {
    uint32_t r;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
  }
};

// 2^x; 0 for -inf.
__device__ inline float exp2_fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// Cache blocks of the tiles that one warp walks: tile i starts at token `first + i * step`. The
// lanes hold the next 32 entries of the block table, so that a table read is waited for once in 32
// tiles.
class BlockCursor {
 public:
  // `row`: the sequence's row of the block table. Positions at or beyond `end` are not looked up.
  __device__ void begin(const int32_t* row, int first, int step, int end, int block_size) {
    row_ = row, next_ = first, step_ = step, end_ = end, block_size_ = block_size, used_ = 32;
  }
  // The block of the next tile; 0 where it lies beyond `end`. All lanes call it.
  __device__ int next() {
    if (used_ == 32) {
      const int token = next_ + int(threadIdx.x % 32) * step_;
      held_ = token < end_ ? __ldg(row_ + token / block_size_) : 0;
      next_ += 32 * step_;
      used_ = 0;
    }
    return __shfl_sync(0xffffffffu, held_, used_++);
  }

 private:
  const int32_t* row_;
  int next_, step_, end_, block_size_, used_, held_;
};

}  // namespace fk::cuda
