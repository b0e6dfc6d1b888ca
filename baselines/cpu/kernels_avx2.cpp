// SPDX-License-Identifier: Apache-2.0
// The kernels for AVX2, FMA, F16C.
#include <immintrin.h>

#include <cstring>
#include <utility>

#include "kernels.hpp"

// Only what stands between push and pop may use the wider instructions: an inline function of a
// header compiled with them could otherwise be the copy that the linker keeps for everyone.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif
namespace fkcpu {
namespace {
constexpr int kTile = 6, kPanels = 1;
#include "simd/avx2.inl"
//
#include "kernels/all.inl"
}  // namespace

const Kernels kAvx2Kernels = make_table("avx2");
}  // namespace fkcpu
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
