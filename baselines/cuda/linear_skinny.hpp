// SPDX-License-Identifier: Apache-2.0
// y[m][n] = x[m][k] * w[n][k]^T (+ bias[n]) for few rows of x: reading w is all that counts.
#pragma once
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

namespace fk::cuda {

// Rows may be any distance apart (elements), but rows of w and x start at multiples of 16 bytes and
// k is a multiple of 8.
struct SkinnyArgs {
  const void *w, *x, *bias;  // one 16-bit type; bias may be null
  void* y;                   // float if y_float, else that type
  int64_t ldw, ldx, ldy;
  int m, n, k;  // m from 1 to kSkinnyMax
  bool y_float;
};
inline constexpr int kSkinnyMax = 64;

// How a block of four warps is cut up, by the number of tokens. A warp computes 16 * row_tiles rows
// of y's columns for all tokens; row_warps of them lie side by side, and the other warps take other
// parts of k. The more tokens, the more rows share one read of x out of L1. Two blocks fill the
// shared memory of a multiprocessor, so that a launch's blocks fetch while the last one's still
// run.
struct SkinnyShape {
  int token_tiles, row_tiles, row_warps, chunk, stages;
  static constexpr int kWarps = 4;
  __host__ __device__ constexpr int tokens() const { return 8 * token_tiles; }
  __host__ __device__ constexpr int k_warps() const { return kWarps / row_warps; }
  __host__ __device__ constexpr int warp_rows() const { return 16 * row_tiles; }
  __host__ __device__ constexpr int rows() const { return warp_rows() * row_warps; }
  // Bytes. The padding puts the rows of a quarter warp's read into different banks and holds the
  // stage's barrier.
  __host__ __device__ constexpr int pitch() const { return 2 * chunk + 64; }
  __host__ __device__ constexpr int stage() const { return warp_rows() * pitch(); }
  __host__ __device__ constexpr int ring() const { return kWarps * stages * stage(); }
  __host__ __device__ constexpr int part_pitch() const { return rows() + 4; }  // floats
  __host__ __device__ constexpr int shared() const {
    return ring() + k_warps() * tokens() * part_pitch() * 4;
  }
};
inline constexpr SkinnyShape kSkinnyShapes[] = {
    {.token_tiles = 1, .row_tiles = 1, .row_warps = 1, .chunk = 256, .stages = 3},
    {.token_tiles = 2, .row_tiles = 1, .row_warps = 2, .chunk = 256, .stages = 3},
    {.token_tiles = 4, .row_tiles = 2, .row_warps = 2, .chunk = 128, .stages = 2},
    {.token_tiles = 8, .row_tiles = 2, .row_warps = 4, .chunk = 128, .stages = 2},
    // Only compiled and tried by the benchmark: larger and smaller copies, fewer rows a warp.
    {.token_tiles = 1, .row_tiles = 1, .row_warps = 1, .chunk = 512, .stages = 3},
    {.token_tiles = 1, .row_tiles = 1, .row_warps = 1, .chunk = 128, .stages = 5},
    {.token_tiles = 4, .row_tiles = 1, .row_warps = 4, .chunk = 128, .stages = 5},
};
inline constexpr int kPlannedShapes = 4, kAllShapes = 7;

struct SkinnyPlan {
  int shape;     // of kSkinnyShapes
  int split;     // blocks of a cluster, each with its part of k: 1, 2, 4 or 8
  int clusters;  // each takes every so many-th tile of rows
};

inline SkinnyPlan plan_skinny(int m, int n, int k, int sms) {
  int shape = 0;
  while (kSkinnyShapes[shape].tokens() < m) ++shape;
  const SkinnyShape& s = kSkinnyShapes[shape];
  const int tiles = (n + s.rows() - 1) / s.rows(), chunks = (k + s.chunk - 1) / s.chunk;
  int split = 1;  // until most of the places for two blocks a multiprocessor are taken
  while (split < 8 && tiles * split * 10 < sms * 14 && split * 2 * s.k_warps() <= chunks)
    split *= 2;
  return {shape, split, std::min(tiles, std::max(1, sms / split * 2))};
}

}  // namespace fk::cuda
