// SPDX-License-Identifier: Apache-2.0
// Warpgroup matrix products (sm_90a): d[64][N] += a[64][16] * b[N][16]^T, both operands in shared
// memory, K-major with the 128-byte swizzle that tensor_map.hpp's boxes have. Thread t of the
// warpgroup (warp w = t / 32, g = t % 32 / 4, i = t % 4) holds in d[4 * j + c] row
// 16 * w + g + 8 * (c / 2) and column 8 * j + 2 * i + c % 2.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace fk::device {

// The operand that begins at a shared-memory address: groups of 8 rows of 128 bytes, 1024 apart.
// The next 16 columns are 32 bytes on: + 2.
__device__ inline uint64_t wgmma_operand(uint32_t address) {
  return uint64_t((address & 0x3ffff) >> 4) | uint64_t(1) << 16 | uint64_t(64) << 32 |
         uint64_t(1) << 62;
}

// Before the first product, and whenever other code has touched the accumulators.
__device__ inline void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ inline void wgmma_commit() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
// Until at most `Pending` committed groups are still running.
template <int Pending>
__device__ inline void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Pending) : "memory");
}
// Keeps the compiler from moving uses of the accumulators across the asm around it.
template <int R>
__device__ inline void wgmma_pin(float (&d)[R]) {
#pragma unroll
  for (int i = 0; i < R; ++i) asm volatile("" : "+f"(d[i])::"memory");
}

// d = a * b^T + (keep ? d : 0), for columns of 8, 16, 32, 64, 96, 128, 224 and 256. An asm
// statement names its registers by number, d's first and then a, b and keep: hence the lists.
#define FK_WGMMA_OF(Type, type, R, n, registers, a_at, b_at, keep_at, ...)              \
  __device__ inline void wgmma(float(&d)[R], uint64_t a, uint64_t b, bool keep, Type) { \
    asm volatile("{\n.reg .pred keep;\nsetp.ne.b32 keep, " keep_at                      \
                 ", 0;\nwgmma.mma_async.sync.aligned.m64n" #n "k16.f32." type "." type  \
                 " {" registers "}, " a_at ", " b_at ", keep, 1, 1, 0, 0;\n}\n"         \
                 : __VA_ARGS__                                                          \
                 : "l"(a), "l"(b), "r"(int(keep)));                                     \
  }
#define FK_WGMMA(...)                             \
  FK_WGMMA_OF(__nv_bfloat16, "bf16", __VA_ARGS__) \
  FK_WGMMA_OF(__half, "f16", __VA_ARGS__)
#define FK_D4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define FK_D16(i) FK_D4(i), FK_D4(i + 4), FK_D4(i + 8), FK_D4(i + 12)
#define FK_FIRST4 "%0, %1, %2, %3"
#define FK_FIRST8 FK_FIRST4 ", %4, %5, %6, %7"
#define FK_FIRST16 FK_FIRST8 ", %8, %9, %10, %11, %12, %13, %14, %15"
#define FK_FIRST32 \
  FK_FIRST16 ", %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
FK_WGMMA(4, 8, FK_FIRST4, "%4", "%5", "%6", FK_D4(0))
FK_WGMMA(8, 16, FK_FIRST8, "%8", "%9", "%10", FK_D4(0), FK_D4(4))
FK_WGMMA(16, 32, FK_FIRST16, "%16", "%17", "%18", FK_D16(0))
FK_WGMMA(32, 64, FK_FIRST32, "%32", "%33", "%34", FK_D16(0), FK_D16(16))
#define FK_FIRST48 \
  FK_FIRST32       \
  ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47"
#define FK_FIRST64 \
  FK_FIRST48       \
  ", %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
FK_WGMMA(48, 96, FK_FIRST48, "%48", "%49", "%50", FK_D16(0), FK_D16(16), FK_D16(32))
FK_WGMMA(64, 128, FK_FIRST64, "%64", "%65", "%66", FK_D16(0), FK_D16(16), FK_D16(32), FK_D16(48))
#define FK_FIRST80 \
  FK_FIRST64       \
  ", %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79"
#define FK_FIRST96 \
  FK_FIRST80       \
  ", %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define FK_FIRST112 \
  FK_FIRST96        \
  ", %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111"
FK_WGMMA(112, 224, FK_FIRST112, "%112", "%113", "%114", FK_D16(0), FK_D16(16), FK_D16(32),
         FK_D16(48), FK_D16(64), FK_D16(80), FK_D16(96))
#define FK_FIRST128                                                                              \
  FK_FIRST112                                                                                    \
  ", %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, " \
  "%127"
FK_WGMMA(128, 256, FK_FIRST128, "%128", "%129", "%130", FK_D16(0), FK_D16(16), FK_D16(32),
         FK_D16(48), FK_D16(64), FK_D16(80), FK_D16(96), FK_D16(112))
#undef FK_FIRST128
#undef FK_FIRST112
#undef FK_FIRST96
#undef FK_FIRST80
#undef FK_FIRST64
#undef FK_FIRST48
#undef FK_FIRST32
#undef FK_FIRST16
#undef FK_FIRST8
#undef FK_FIRST4
#undef FK_D16
#undef FK_D4
#undef FK_WGMMA
#undef FK_WGMMA_OF

}  // namespace fk::device
