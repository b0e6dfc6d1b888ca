// SPDX-License-Identifier: Apache-2.0
#include "fk/cuda.hpp"
#include "fk/device/pdl.cuh"
#include "prepare.hpp"

namespace fk::cudnn {
namespace {

constexpr int kThreads = 256;
constexpr int kTokens = 8;  // that a block gathers

// A block a sequence and piece of its table; the first piece's first warp writes the lengths.
__global__ void prepare_kernel(Prepare p) {
  device::wait_for_previous();
  device::launch_next();
  const int s = int(blockIdx.x);
  const int length = s < p.count ? p.lengths[s] : 0;
  const int column = int(blockIdx.y) * kThreads + int(threadIdx.x);
  if (column < p.columns) {
    const bool used = column < p.columns_in && int64_t(column) * p.block_size < length;
    p.table_out[int64_t(s) * p.columns + column] = used ? p.table[s * p.table_stride + column] : 0;
  }
  if (blockIdx.y || threadIdx.x >= 32) return;
  const int last = min(s + 1, p.count);
  if (threadIdx.x == 0) {
    p.queries[s] = p.decode ? 1 : s < p.count ? p.starts[s + 1] - p.starts[s] : 0;
    p.keys[s] = p.decode ? max(length, 1) : length;
    if (p.q_start) {
      const int64_t end = p.starts[last];
      p.q_start[s + 1] = int32_t(end * p.q_row), p.out_start[s + 1] = int32_t(end * p.out_row);
      if (s == 0) {
        p.q_start[0] = int32_t(p.starts[0] * p.q_row);
        p.out_start[0] = int32_t(p.starts[0] * p.out_row);
      }
    }
  }
  if (!p.kv_start) return;
  int tokens = 0;  // of the sequences up to this one
  for (int i = int(threadIdx.x); i < last; i += 32) tokens += p.lengths[i];
  for (int o = 16; o > 0; o /= 2) tokens += __shfl_xor_sync(0xffffffffu, tokens, o);
  if (threadIdx.x) return;
  p.kv_start[s + 1] = int32_t(tokens * p.kv_row);
  if (s == 0) p.kv_start[0] = 0;
}

__global__ void gather_kernel(Gather g) {
  device::wait_for_previous();
  device::launch_next();
  const int pieces = g.size / 8, row = g.kv_heads * pieces;  // of 16 bytes
  const int first = int(blockIdx.x) * kTokens, end = min(first + kTokens, g.tokens + g.tail);
  for (int i = int(threadIdx.x); i < (end - first) * row; i += kThreads) {
    const int token = first + i / row, head = i % row / pieces, piece = i % pieces;
    const int64_t at = int64_t(token) * row * 8, to = int64_t(token) * row + i % row;
    if (token >= g.tokens) {
      static_cast<uint4*>(g.k_out)[to] = static_cast<uint4*>(g.v_out)[to] = uint4{};
      continue;
    }
    int low = 0, high = g.count - 1;  // the last sequence that begins at or before `at`
    while (low < high) {
      const int middle = (low + high + 1) / 2;
      if (g.kv_start[middle] <= at)
        low = middle;
      else
        high = middle - 1;
    }
    const int position = token - int(g.kv_start[low] / (row * 8));
    const int64_t block = g.table[low * g.table_stride + position / g.block_size];
    const int offset = position % g.block_size;
    const auto piece_of = [&](const void* p, int64_t of_block, int64_t of_token, int64_t of_head) {
      return static_cast<const uint4*>(
          p)[(block * of_block + offset * of_token + head * of_head) / 8 + piece];
    };
    static_cast<uint4*>(g.k_out)[to] = piece_of(g.k, g.k_block, g.k_token, g.k_head);
    static_cast<uint4*>(g.v_out)[to] = piece_of(g.v, g.v_block, g.v_token, g.v_head);
  }
}

__global__ void clear_idle_kernel(ClearIdle c) {
  device::wait_for_previous();
  device::launch_next();
  if (c.lengths[blockIdx.x] > 0) return;
  const int pieces = c.size / 8;
  for (int i = int(threadIdx.x); i < c.heads * pieces; i += kThreads)
    static_cast<uint4*>(c.out)[(blockIdx.x * c.row + i / pieces * c.head) / 8 + i % pieces] =
        uint4{};
}

}  // namespace

void launch_prepare(const Prepare& p, cudaStream_t stream) {
  const unsigned pieces = unsigned((p.columns + kThreads - 1) / kThreads);
  launch(prepare_kernel, dim3(unsigned(p.seqs), pieces ? pieces : 1), kThreads, 0, stream, true, p);
}
void launch_gather(const Gather& g, cudaStream_t stream) {
  launch(gather_kernel, unsigned((g.tokens + g.tail + kTokens - 1) / kTokens), kThreads, 0, stream,
         true, g);
}
void launch_clear_idle(const ClearIdle& c, cudaStream_t stream) {
  launch(clear_idle_kernel, unsigned(c.seqs), kThreads, 0, stream, true, c);
}

}  // namespace fk::cudnn
