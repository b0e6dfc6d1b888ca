// SPDX-License-Identifier: Apache-2.0
// y[m][n] = x[m][k] * w[n][k]^T (+ bias[n]) for few rows of x, where reading w is all that counts.
// Gated: w's first half of rows are gates, the second half ups, and y[m][n / 2] = silu(gate) * up.
#pragma once
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "fk/tensor_map.hpp"

namespace fk::cuda {

inline constexpr int kSkinnyMax = 64;  // rows of x; up to kGemvMax by linear_gemv.cuh
inline constexpr int kGemvMax = 8;
inline constexpr int kSkinnyChunk = 64;  // columns

// A weight as the kernel reads it: made once, when its address is known.
struct SkinnyWeight {
  CUtensorMap map;
  const void* data;
  int64_t ldw;
  fk_dtype dtype;
  int outputs, k;  // columns of y; of x
  int rows;        // of w in a tile
  bool gated;

  // 16-bit elements; w and ldw * 2 bytes are multiples of 16, k of 8; gated: n of 16.
  static SkinnyWeight make(fk_dtype dtype, const void* w, int64_t ldw, int n, int k, bool gated,
                           int sms) {
    const auto columns = cuuint64_t(k), row = cuuint64_t(ldw) * 2, rows = cuuint64_t(n);
    const auto tile = cuuint32_t(rows_of_a_tile(n, sms));
    const CUtensorMap map =
        gated ? make_tensor_map(dtype, w, {columns, 8, 2, rows / 16},
                                {row, rows / 2 * row, 8 * row}, {kSkinnyChunk, 8, 2, tile / 16})
              : make_tensor_map(dtype, w, {columns, rows}, {row}, {kSkinnyChunk, tile});
    return {map, w, ldw, dtype, gated ? n / 2 : n, k, int(tile), gated};
  }

 private:
  // 128, unless there are blocks for two a multiprocessor, which tiles of 112 share more evenly:
  // 28672 rows are 224 tiles of 128, or 256 of 112 for 264 places.
  static int rows_of_a_tile(int n, int sms) {
    const auto tiles = [&](int rows) { return (n + rows - 1) / rows; };
    const auto longest = [&](int rows) { return (tiles(rows) + 2 * sms - 1) / (2 * sms) * rows; };
    return tiles(128) > sms && longest(112) < longest(128) ? 112 : 128;
  }
};

struct SkinnyArgs {
  const void *x, *bias;  // w's type; x and ldx * 2 are multiples of 16; bias may be null
  void* y;               // float if y_float, else w's type
  int64_t ldx, ldy;      // elements
  int m;                 // from 1 to kSkinnyMax
  bool y_float;
  // 0: what was measured to be best.
  int split = 0;   // blocks that share a tile, each a part of k: 1 to 8
  int shared = 0;  // 1: half a multiprocessor's shared memory a block, 2: all of it
};

// Rows of x that a launch is compiled for.
inline int skinny_tokens(int m) {
  int tokens = 8;
  while (tokens < m) tokens *= 2;
  return tokens;
}
inline int skinny_tiles(const SkinnyWeight& w) {
  const int outputs = w.gated ? w.rows / 2 : w.rows;
  return (w.outputs + outputs - 1) / outputs;
}
inline int skinny_chunks(const SkinnyWeight& w) { return (w.k + kSkinnyChunk - 1) / kSkinnyChunk; }
// The smallest split that gives about half of the multiprocessors a block: each then holds a ring
// of 200 KB, and the others' rings are the next kernel's.
inline int skinny_split(const SkinnyWeight& w, int sms) {
  int split = 1;
  while (split < 8 && skinny_tiles(w) * split * 20 < sms * 9 && split * 4 < skinny_chunks(w))
    split *= 2;
  return split;
}

}  // namespace fk::cuda
