// SPDX-License-Identifier: Apache-2.0
// Paged attention of many queries a sequence (FlashAttention-2 on m16n8k16 products). A CTA
// computes 128 rows of one kv head: the heads of the group of consecutive tokens, so that keys are
// read once for the whole group and short queries fill a tile. Four warps have 32 rows each and
// walk 64 keys a step, two steps' keys and values in shared memory: one is copied while the other
// is computed with.
//
// Tiles need no plan: sequence s owns the tiles from starts[s] / tokens + s on, which leaves room
// for ceil(query_len / tokens) whatever the neighbours' lengths; a CTA finds its sequence by
// bisection, and ends when its tile lies beyond the queries. Late tiles see more keys, so they
// start first.
#include <cmath>

#include "attention_mma.cuh"
#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"
#include "fk/device/vec.cuh"
#include "paged_attention.hpp"

namespace fk::cuda {
namespace {

constexpr int kWarps = 4, kThreads = kWarps * 32, kRows = 128, kKeys = 64;
constexpr unsigned kAll = 0xffffffffu;

template <int D>
constexpr int kTileBytes = kKeys* D * 2;  // keys or values of a step
template <int D>
constexpr int kSharedBytes = kRows* D * 2 + 4 * kTileBytes<D>;

// The tile of a CTA: `tokens` queries of `seq` from token `first` of its query on.
struct Tile {
  int seq, first, queries, length, row;  // row of q that `first` lies in

  __device__ bool find(const PagedAttentionParams& p, int tile, int tokens) {
    int low = 0, high = p.num_seqs - 1;
    while (low < high) {  // the last sequence whose tiles begin at or before `tile`
      const int middle = (low + high + 1) / 2;
      if (p.starts[middle] / tokens + middle <= tile)
        low = middle;
      else
        high = middle - 1;
    }
    seq = low;
    const int start = p.starts[seq];
    first = (tile - (start / tokens + seq)) * tokens;
    queries = p.starts[seq + 1] - start;
    length = p.lengths[seq];
    row = start + first;
    return first < queries && !(p.singles_apart && queries == 1);
  }
};

// Copies the warp's 16 of 64 keys, or values, into a tile in shared memory.
template <class T, int D>
__device__ void copy_tile(uint32_t to, const T* cache, int64_t block_stride, int64_t token_stride,
                          int64_t block, int at, int token, int first, int end) {
  constexpr int kRowChunks = D / 8, kRowsAtOnce = 32 / kRowChunks;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, column = lane % kRowChunks;
  const T* from = cache + block * block_stride + at * token_stride + column * 8;
#pragma unroll
  for (int j = 0; j < 16 / kRowsAtOnce; ++j) {
    const int r = lane / kRowChunks + j * kRowsAtOnce;
    copy_async(to + tile_offset<D>(warp * 16 + r, column), from + r * token_stride,
               token + r >= first && token + r < end);
  }
}

template <class T, int D>
__global__ void __launch_bounds__(kThreads, 2)
    paged_attention_prefill_kernel(const __grid_constant__ PagedAttentionParams p, int tiles) {
  extern __shared__ __align__(128) unsigned char shared[];
  const uint32_t queries = shared_address(shared), ring = queries + kRows * D * 2;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int kv_head = blockIdx.x % p.num_kv_heads;
  const int tokens = kRows / p.group;

  device::wait_for_previous();
  device::launch_next();
  Tile tile;
  if (!tile.find(p, tiles - 1 - int(blockIdx.x) / p.num_kv_heads, tokens)) return;
  const int rows = min(tokens, tile.queries - tile.first) * p.group;
  const int position = tile.length - tile.queries + tile.first;  // of the first token
  const int end = max(0, position + (rows - 1) / p.group + 1);   // keys that any row sees
  const int begin = p.window > 0 ? max(0, position + 1 - p.window) : 0;
  const int start = begin / kKeys * kKeys;

  // Row r of the tile is token r / group, head r % group.
  const T* q = static_cast<const T*>(p.q);
  for (int c = threadIdx.x; c < kRows * (D / 8); c += kThreads) {
    const int r = c / (D / 8), column = c % (D / 8);
    const int token = r / p.group, head = kv_head * p.group + r - token * p.group;
    copy_async(
        queries + tile_offset<D>(r, column),
        r < rows ? q + int64_t(tile.row + token) * p.q_row + head * p.q_head + column * 8 : q,
        r < rows);
  }
  const T* keys = static_cast<const T*>(p.key) + kv_head * p.key_head;
  const T* values = static_cast<const T*>(p.value) + kv_head * p.value_head;
  BlockCursor blocks;
  blocks.begin(p.table + tile.seq * p.table_stride, start + warp * 16, kKeys, end, p.block_size);
  const auto copy_step = [&](int key, int stage) {
    const int token = key + warp * 16, at = token % p.block_size;
    const int64_t block = blocks.next();
    const uint32_t to = ring + uint32_t(stage * 2 * kTileBytes<D>);
    copy_tile<T, D>(to, keys, p.key_block, p.key_token, block, at, token, begin, end);
    copy_tile<T, D>(to + kTileBytes<D>, values, p.value_block, p.value_token, block, at, token,
                    begin, end);
  };
  if (start < end) copy_step(start, 0);
  copy_commit();

  float out[2][D / 8][4] = {}, total[2][4] = {};
  float largest[2][2];  // of the unscaled scores
  int last[2][2];       // the last key that the lane's rows see
#pragma unroll
  for (int m = 0; m < 2; ++m)
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      largest[m][h] = -INFINITY;
      last[m][h] = position + (warp * 32 + m * 16 + h * 8 + g) / p.group;
    }
  const float scale = p.scale * kLog2e;

  int stage = 0;
#pragma unroll 1
  for (int key = start; key < end; key += kKeys) {
    copy_wait<0>();
    __syncthreads();  // the step is there for all; nobody reads the other stage any more
    if (key + kKeys < end) copy_step(key + kKeys, stage ^ 1);
    copy_commit();
    const uint32_t k_tile = ring + uint32_t(stage * 2 * kTileBytes<D>);
    const uint32_t v_tile = k_tile + kTileBytes<D>;

    float s[2][kKeys / 8][4] = {};
#pragma unroll
    for (int i = 0; i < D / 16; ++i) {
      uint32_t a[2][4];
#pragma unroll
      for (int m = 0; m < 2; ++m)
        load_matrix(a[m],
                    queries + tile_offset<D>(warp * 32 + m * 16 + lane % 16, 2 * i + lane / 16));
#pragma unroll
      for (int n = 0; n < kKeys / 16; ++n) {
        uint32_t b[4];
        load_matrix(
            b, k_tile + tile_offset<D>(n * 16 + lane % 8 + lane / 16 * 8, 2 * i + lane / 8 % 2));
#pragma unroll
        for (int m = 0; m < 2; ++m) {
          Mma<T>::run(s[m][2 * n], a[m], b[0], b[1]);
          Mma<T>::run(s[m][2 * n + 1], a[m], b[2], b[3]);
        }
      }
    }

    // Only the steps at the edges need a look at every score: the diagonal, the window's far end.
    const bool edge = key + kKeys - 1 > position ||
                      (p.window > 0 && key <= position + (rows - 1) / p.group - p.window);
    if (edge) {
#pragma unroll
      for (int m = 0; m < 2; ++m)
#pragma unroll
        for (int n = 0; n < kKeys / 8; ++n)
#pragma unroll
          for (int c = 0; c < 4; ++c) {
            const int at = key + n * 8 + 2 * t + c % 2, to = last[m][c / 2];
            if (at > to || (p.window > 0 && at <= to - p.window)) s[m][n][c] = -INFINITY;
          }
    }

#pragma unroll
    for (int m = 0; m < 2; ++m)
#pragma unroll
      for (int h = 0; h < 2; ++h) {
        float top = largest[m][h];
#pragma unroll
        for (int n = 0; n < kKeys / 8; ++n)
          top = fmaxf(top, fmaxf(s[m][n][2 * h], s[m][n][2 * h + 1]));
        top = fmaxf(top, __shfl_xor_sync(kAll, top, 1));
        top = fmaxf(top, __shfl_xor_sync(kAll, top, 2));
        const float base = top == -INFINITY ? 0.f : top * scale;
        const float factor = exp2_fast(largest[m][h] * scale - base);
        largest[m][h] = top;
#pragma unroll
        for (int n = 0; n < kKeys / 8; ++n)
#pragma unroll
          for (int c = 2 * h; c < 2 * h + 2; ++c)
            s[m][n][c] = exp2_fast(fmaf(s[m][n][c], scale, -base));
        total[m][2 * h] *= factor;
#pragma unroll
        for (int n = 0; n < D / 8; ++n) out[m][n][2 * h] *= factor, out[m][n][2 * h + 1] *= factor;
      }

#pragma unroll
    for (int i = 0; i < kKeys / 16; ++i) {
      uint32_t a[2][4];
#pragma unroll
      for (int m = 0; m < 2; ++m) {
#pragma unroll
        for (int c = 0; c < 4; ++c)
          a[m][c] =
              Mma<T>::pack(s[m][2 * i + c / 2][c % 2 * 2], s[m][2 * i + c / 2][c % 2 * 2 + 1]);
        // A product with ones adds the weights up, as rounded and across the lanes.
        Mma<T>::run(total[m], a[m], Mma<T>::kOnes, Mma<T>::kOnes);
      }
#pragma unroll
      for (int n = 0; n < D / 16; ++n) {
        uint32_t b[4];
        load_matrix_transposed(b, v_tile + tile_offset<D>(i * 16 + lane % 16, 2 * n + lane / 16));
#pragma unroll
        for (int m = 0; m < 2; ++m) {
          Mma<T>::run(out[m][2 * n], a[m], b[0], b[1]);
          Mma<T>::run(out[m][2 * n + 1], a[m], b[2], b[3]);
        }
      }
    }
    stage ^= 1;
  }
  copy_wait<0>();

  // Through the warp's own rows of the query tile, so that rows leave in 16-byte pieces.
  __syncthreads();  // every thread's copies into it have landed, if there was no step at all
#pragma unroll
  for (int m = 0; m < 2; ++m)
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const float sum = total[m][2 * h], by = sum > 0 ? 1.f / sum : 0.f;
      const int r = warp * 32 + m * 16 + h * 8 + g;
#pragma unroll
      for (int n = 0; n < D / 8; ++n)
        *reinterpret_cast<uint32_t*>(shared + tile_offset<D>(r, n) + 4 * t) =
            Mma<T>::pack(out[m][n][2 * h] * by, out[m][n][2 * h + 1] * by);
    }
  __syncwarp();
  T* to = static_cast<T*>(p.out);
#pragma unroll
  for (int c = lane; c < 32 * (D / 8); c += 32) {
    const int r = warp * 32 + c / (D / 8), column = c % (D / 8);
    const int token = r / p.group, head = kv_head * p.group + r - token * p.group;
    if (r < rows)
      *reinterpret_cast<uint4*>(to + int64_t(tile.row + token) * p.out_row + head * p.out_head +
                                column * 8) =
          *reinterpret_cast<const uint4*>(shared + tile_offset<D>(r, column));
  }
}

template <class T, int D>
void run_prefill(const PagedAttentionParams& p, cudaStream_t stream) {
  const int tiles = p.num_rows / (kRows / p.group) + p.num_seqs;
  launch(paged_attention_prefill_kernel<T, D>, dim3(unsigned(tiles) * unsigned(p.num_kv_heads)),
         kThreads, kSharedBytes<D>, stream, true, p, tiles);
}

template <class T, int D>
void prepare() {
  FK_CUDA_CHECK(cudaFuncSetAttribute(paged_attention_prefill_kernel<T, D>,
                                     cudaFuncAttributeMaxDynamicSharedMemorySize, kSharedBytes<D>));
  FK_CUDA_CHECK(cudaFuncSetAttribute(paged_attention_prefill_kernel<T, D>,
                                     cudaFuncAttributePreferredSharedMemoryCarveout, 100));
}

}  // namespace

void prepare_paged_attention_prefill() {
  prepare<__nv_bfloat16, 64>(), prepare<__nv_bfloat16, 128>();
  prepare<__half, 64>(), prepare<__half, 128>();
}

void launch_paged_attention_prefill(const PagedAttentionParams& p, Element element,
                                    cudaStream_t stream) {
  const bool bfloat = element == Element::kBFloat16;
  if (p.head_size == 128)
    bfloat ? run_prefill<__nv_bfloat16, 128>(p, stream) : run_prefill<__half, 128>(p, stream);
  else
    bfloat ? run_prefill<__nv_bfloat16, 64>(p, stream) : run_prefill<__half, 64>(p, stream);
}

}  // namespace fk::cuda
