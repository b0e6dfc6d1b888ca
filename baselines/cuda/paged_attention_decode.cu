// SPDX-License-Identifier: Apache-2.0
// Paged attention of one query a sequence: reads every key and value once, so all that counts is to
// keep the memory busy on every multiprocessor until the end.
//
// Balance: the keys of all (sequence, kv head) items form one line of chunks of 64 keys. Each CTA
// of a fixed grid finds its equal share of that line from the lengths on the device, so a graph
// replays with any lengths and one long sequence does not stand alone (decode_place.cuh,
// decode_line.cuh). One or two sequences are a cluster an item instead (decode_few.cuh).
//
// Start: only the newest key and value of a sequence may come from a kernel just before this one;
// the step's tensors and everything older were there before the step's first kernel. So shares are
// found and the rings filled, up to the first tile with a newest key, before wait_for_previous().
//
// Flow: the four warps of a CTA take 16 keys each of a chunk and never wait for each other within
// an item. Each has a ring of tiles in shared memory filled by asynchronous copies that run on
// across items; two CTAs an SM keep 128 KB on their way.
//
// Arithmetic: transposed, so that nothing is padded but the group (to 8): scores^T = K q^T takes 16
// keys as the rows of an m16n8k16 product, out^T = V^T p^T takes 16 elements of the head.
#include "decode_launch.cuh"

namespace fk::cuda {

using namespace decode;

void prepare_paged_attention_decode() {
  prepare<__nv_bfloat16, 64, Stored>(), prepare<__nv_bfloat16, 128, Stored>();
  prepare<__half, 64, Stored>(), prepare<__half, 128, Stored>();
}

int decode_ctas(int multiprocessors) { return grid_of(multiprocessors); }

int64_t decode_partial_floats(const PagedAttentionParams& p, int ctas) {
  return partial_floats(p, ctas);
}

void launch_paged_attention_decode(const PagedAttentionParams& p, const DecodeWorkspace& w,
                                   Element element, cudaStream_t stream) {
  const bool bfloat = element == Element::kBFloat16;
  const Stored stored;
  if (p.head_size == 128)
    bfloat ? run<__nv_bfloat16, 128>(p, w, stored, stream) : run<__half, 128>(p, w, stored, stream);
  else
    bfloat ? run<__nv_bfloat16, 64>(p, w, stored, stream) : run<__half, 64>(p, w, stored, stream);
}

}  // namespace fk::cuda
