// SPDX-License-Identifier: Apache-2.0
// One warp group loads tiles by TMA, one or two multiply them (wgmma), CTAs stay and take tile
// after tile; pairs of them may share a tile of a or b by multicast. The kernels wait for the one
// before them before they read anything, so each may be launched beside it. To be compiled with
// NDEBUG: an assert in a kernel serialises its wgmma instructions.
#include <deep_gemm/impls/sm90_bf16_gemm.cuh>

#include "gemm.hpp"
#include "tensor_map.hpp"

namespace fk::deepgemm {
namespace {

constexpr int kLoaders = 128, kBlockK = 64;

template <int kM, int kN, int kStages, int kCluster, bool kShareA, class Out>
struct Tile {
  static constexpr int kMath = kM > 64 ? 256 : 128;
  // Of d in shared memory: it must divide the tile. Floats are stored as they lie.
  static constexpr int kSwizzle = sizeof(Out) == 4 ? 0 : kN % 64 == 0 ? 128 : 64;
  static constexpr int kShared = (kM * kN * int(sizeof(Out)) + 1023) / 1024 * 1024 +
                                 kStages * (kM + kN) * kBlockK * 2 + kStages * 16;
  static_assert(kShared <= 227 * 1024);

  static auto kernel() {
    return &::deep_gemm::sm90_bf16_gemm_impl<cute::UMMA::Major::K, cute::UMMA::Major::K, 0, 0, 0, 1,
                                             kM, kN, kBlockK, 128, 128, kSwizzle, kStages, kLoaders,
                                             kMath, kCluster, kShareA, kMultiprocessors,
                                             ::deep_gemm::GemmType::Normal, false, Out>;
  }
  static void prepare() {
    FK_CUDA_CHECK(
        cudaFuncSetAttribute(kernel(), cudaFuncAttributeMaxDynamicSharedMemorySize, kShared));
  }
  static void launch(const GemmCall& c, cudaStream_t stream) {
    const CUtensorMap a = tensor_map({c.a, c.m, c.k, c.lda}, false, kM, kBlockK, 128),
                      b = tensor_map({c.b, c.n, c.k, c.ldb}, false, kN, kBlockK, 128),
                      d = tensor_map({c.d, c.m, c.n, c.ldd}, sizeof(Out) == 4, kM,
                                     kSwizzle ? kSwizzle / int(sizeof(Out)) : kN, kSwizzle);
    launch_clusters(kernel(), kCluster, kMultiprocessors, kLoaders + kMath, kShared, stream, true,
                    nullptr, uint32_t(c.m), uint32_t(c.n), uint32_t(c.k), a, b, d);
  }
};

using BFloat16 = cutlass::bfloat16_t;
using Wide = Tile<128, 256, 3, 2, true, BFloat16>;
using Odd = Tile<128, 160, 4, 2, true, BFloat16>;
using Square = Tile<128, 128, 6, 2, false, BFloat16>;
using Flat = Tile<64, 128, 8, 1, false, BFloat16>;
using Small = Tile<64, 64, 8, 1, false, BFloat16>;
using FloatOut = Tile<128, 128, 4, 1, false, float>;

struct Variant {
  int m, n;
  double speed;  // of a full wave, relative: larger tiles read their operands fewer times
  void (*prepare)();
  void (*launch)(const GemmCall&, cudaStream_t);
};
template <class T>
constexpr Variant variant(int m, int n, double speed) {
  return {m, n, speed, &T::prepare, &T::launch};
}
constexpr Variant kVariants[] = {variant<Wide>(128, 256, 1.0), variant<Odd>(128, 160, 0.97),
                                 variant<Square>(128, 128, 0.95), variant<Flat>(64, 128, 0.8),
                                 variant<Small>(64, 64, 0.6)};

}  // namespace

void prepare_gemm() {
  for (const Variant& v : kVariants) v.prepare();
  FloatOut::prepare();
}

void launch_gemm(const GemmCall& c, cudaStream_t stream) {
  if (c.float_out) return FloatOut::launch(c, stream);
  const Variant* best = nullptr;  // the least work for the multiprocessor that has most of it
  double least = 0;
  for (const Variant& v : kVariants) {
    const int64_t tiles = int64_t((c.m + v.m - 1) / v.m) * ((c.n + v.n - 1) / v.n);
    const int64_t waves = (tiles + kMultiprocessors - 1) / kMultiprocessors;
    const double work = double(waves * v.m * v.n) / v.speed;
    if (!best || work < least) best = &v, least = work;
  }
  best->launch(c, stream);
}

}  // namespace fk::deepgemm
