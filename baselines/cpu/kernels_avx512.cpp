// SPDX-License-Identifier: Apache-2.0
// The kernels for AVX-512 F, DQ, BW, VL.
// GCC 12 takes the undefined operands of its own intrinsics for uninitialised ones.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include <cstring>
#include <utility>

#include "kernels.hpp"

// Only what stands between push and pop may use the wider instructions: an inline function of a
// header compiled with them could otherwise be the copy that the linker keeps for everyone.
#if defined(__clang__)
#pragma clang attribute push(                                                    \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,f16c"))), \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,f16c")
#endif
namespace fkcpu {
namespace {
constexpr int kTile = 14, kPanels = 2;
#include "simd/avx512.inl"
//
#include "kernels/all.inl"
}  // namespace

const Kernels kAvx512Kernels = make_table("avx512");
}  // namespace fkcpu
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
