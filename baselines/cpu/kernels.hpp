// SPDX-License-Identifier: Apache-2.0
// The table of inner kernels. One is compiled for every instruction set from the same sources
// (kernels/*.inl over simd/*.inl); kernels() picks the best that this machine runs, once.
// Everything here works on plain pointers, starts no threads and allocates nothing.
#pragma once
#include <cstdint>

#include "rwkv7_kernels.hpp"
#include "simd/types.hpp"

namespace fkcpu {

constexpr int kGroup = 16;    // output features that quantised and packed weights keep side by side
constexpr int kMaxTile = 14;  // most rows that Kernels::gemm takes
constexpr int kKeyBlock = 64;  // keys that attention looks at together

// How a quantised matrix lies after packing: groups of 16 rows; in a group one record for every 32
// columns: 16 f16 scales d, for q4_1 16 f16 minima m, then the codes. 4 bit: 4 x 64 bytes, word r
// of each holding 8 columns of row r, the first column lowest. 8 bit: 32 x 16 bytes, column after
// column.
enum class Quant { kQ4_0 = 0, kQ4_1 = 1, kQ8_0 = 2 };
constexpr int kQuants = 3;
constexpr int record_bytes(Quant q) {
  return q == Quant::kQ4_0 ? 288 : q == Quant::kQ4_1 ? 320 : 544;
}
constexpr int block_bytes(Quant q) { return q == Quant::kQ4_0 ? 18 : q == Quant::kQ4_1 ? 20 : 34; }

// y[i][r] = dot(x[i], w[r]) for rows r in [begin, end) and i < n.
struct DotArgs {
  const void* w;  // the dtype of the table entry
  int64_t ldw, k;
  const float* x;  // [n, ldx]
  int64_t ldx;
  int64_t n;
  float* y;  // [n, ldy]
  int64_t ldy, begin, end;
};

// y[i][r] for the 16-row groups [begin, end); y has room for whole groups.
struct QuantDotArgs {
  const uint8_t* w;
  int64_t blocks;     // columns / 32
  const float* x;     // [n, ldx]
  const float* sums;  // [n, blocks]: sum of every 32 values of x
  int64_t ldx;
  int64_t n;
  float* y;
  int64_t ldy, begin, end;
};

// c[r][o] = start + sum over kk of x[kk * tile + r] * panels[o / 16][kk * 16 + o % 16]
struct GemmArgs {
  const float* x;  // pack_x's layout
  const float* panels;
  int64_t panel_stride;  // floats from one panel to the next
  int64_t k;
  int rows, groups;
  float* c;
  int64_t ldc;
  bool accumulate;  // start from c, otherwise from bias, or 0 without one
  const float* bias = nullptr;
};

// Attention of one tile of query positions, all heads that share a key head, against keys
// [key_begin, key_end). Row p * group + h of the tile is query position first_position + p of head
// h.
struct AttendArgs {
  const void *q, *k, *v;                           // at the tile's first position and heads
  int64_t q_position, q_head, k_stride, v_stride;  // elements
  const int32_t* block_table;                      // null: keys lie k_stride apart; else paged
  int64_t block_size, k_block, v_block;
  int positions, group;
  int64_t head_size;
  int64_t first_position, key_begin, key_end;
  bool causal;
  int64_t window;         // 0: none
  float scale, soft_cap;  // soft_cap 0: none
  const float* slopes;    // of the group's heads, or null
  void* out;
  int64_t out_position, out_head;
  float*
      partial;  // if set: rows x (head_size + 2): unnormalised sums, maximum, denominator; no out
  float* scratch;  // attend_scratch(...) floats
};
constexpr int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }
constexpr int kScoreStride =
    kKeyBlock + 16;  // not a multiple of 64: rows of a tile in different cache sets
constexpr int64_t attend_scratch(int64_t rows, int64_t head_size) {
  const int64_t tiles = rows + kMaxTile, d = round_up(head_size, kGroup);
  return tiles * (2 * d + kScoreStride + 2) + 2 * kKeyBlock * d + 64;
}

struct Kernels {
  const char* isa;
  int tile;    // rows of x in a GEMM tile
  int panels;  // panels that gemm takes at a time at its best
  void (*widen[kTypes])(const void* from, float* to, int64_t n);
  void (*narrow[kTypes])(const float* from, void* to, int64_t n);
  // to = from + bias
  void (*narrow_bias[kTypes])(const float* from, const float* bias, void* to, int64_t n);
  void (*dot[kTypes])(const DotArgs&);
  void (*quant_dot[kQuants])(const QuantDotArgs&);
  void (*block_sums)(const float* x, float* sums, int64_t blocks);
  // panel[kk * 16 + r] = w[r][kk] for r < rows (the rest 0) and kk < k
  void (*panel[kTypes])(const void* w, int64_t ldw, int rows, int64_t k, float* panel);
  // the same for `blocks` records of a packed group, dequantised
  void (*quant_panel[kQuants])(const uint8_t* records, int64_t blocks, float* panel);
  // x of `rows` rows as [k][tile], zeros in the rows that are missing
  void (*pack_x[kTypes])(const void* x, int64_t ldx, int rows, int64_t k, float* to);
  void (*gemm)(const GemmArgs&);
  void (*attend[kTypes])(const AttendArgs&);
  // one row; residual may be null
  void (*rms_norm[kTypes])(const void* x, void* residual, const void* weight, void* y, int64_t d,
                           float eps);
  void (*layer_norm[kTypes])(const void* x, void* residual, const void* weight, const void* bias,
                             void* y, int64_t d, float eps);
  void (*silu_and_mul[kTypes])(const void* gate, const void* up, void* y, int64_t d);
  void (*gelu[kTypes])(const void* x, void* y, int64_t n, bool tanh_form);
  void (*add[kTypes])(const void* a, const void* b, void* y, int64_t n);
  void (*scale[kTypes])(const void* x, float factor, void* y, int64_t n);
  float (*sum_squares[kTypes])(const void* x, int64_t n);
  // one head; cosines and sines of `pairs` angles
  void (*rotate[kTypes])(void* head, const float* cosines, const float* sines, int64_t pairs,
                         bool neox);
  int64_t (*argmax)(const float* x,
                    int64_t n);  // lowest index among equals; NaN is never the largest
  Rwkv7Kernels rwkv7;
};

const Kernels& kernels();  // of this machine; FASTKERNELS_CPU_ISA=avx512|avx2|generic asks for less
const Kernels* find_kernels(const char* isa);  // null when the machine lacks it
extern const Kernels kAvx512Kernels, kAvx2Kernels, kGenericKernels;

}  // namespace fkcpu
