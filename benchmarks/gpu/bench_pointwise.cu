// SPDX-License-Identifier: Apache-2.0
// The memory-bound kernels of the cuda plugin at Llama-3.1-8B's shapes, beside a copy of as many
// bytes in the same run.
#include <cmath>
#include <cstring>

#include "baselines/cuda/norm_rows.cuh"
#include "baselines/cuda/rope_store_many.cuh"
#include "baselines/cuda/silu_and_mul.cuh"
#include "graph_timing.cuh"

namespace {

using namespace fk;
using namespace fk::bench;
using namespace fk::cuda;
using T = __nv_bfloat16;

__global__ void fill_kernel(T* p, size_t n) {
  for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < n;
       i += size_t(gridDim.x) * blockDim.x)
    p[i] = __float2bfloat16(normal(i, 1.f));
}
void fill(const Buffers& b) { fill_kernel<<<1024, 256>>>(b.all<T>(), b.bytes() / 2); }

__global__ void copy_kernel(const uint4* x, uint4* y, size_t n) {
  device::wait_for_previous();
  device::launch_next();
  const size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x;
  if (i < n) y[i] = x[i];
}

void bench_copy(double bytes) {  // read and written together
  const size_t n = size_t(bytes / 2) / 16;
  const int sets = sets_for(size_t(bytes));
  Buffers x(n * 16, sets), y(n * 16, sets);
  fill(x);
  const double us = microseconds(sets, [&](int s, cudaStream_t stream) {
    launch(copy_kernel, dim3(unsigned((n + 255) / 256)), dim3(256), 0, stream, true, x.at<uint4>(s),
           y.at<uint4>(s), n);
  });
  print("  copy of as many bytes", us, bytes);
}

using Norm = NormArgs<T, T, T>;
struct NormVariant {
  const char* name;  // NULL: what the plugin does
  void (*run)(const Norm&, cudaStream_t);
};
template <int kChunks>
void in_chunks(const Norm& a, cudaStream_t stream) {
  launch_norm_chunks<kChunks, Rms>(a, stream);
}
// Packed in registers so that kBlocks blocks of kThreads fit on a multiprocessor.
template <int kChunks, int kThreads, int kBlocks>
void packed(const Norm& a, cudaStream_t stream) {
  launch_norm_chunks<kChunks, Rms, true, kThreads, kBlocks>(a, stream);
}
// For rows of 4096; only where there are many.
const NormVariant kNormVariants[] = {
    {nullptr, [](const Norm& a, cudaStream_t stream) { launch_norm_rows<Rms>(a, true, stream); }},
    {"1 chunk a thread", in_chunks<1>},
    {"packed 2x256, 4 blocks", packed<2, 256, 4>},
    {"packed 2x256, 6 blocks", packed<2, 256, 6>},
    {"packed 1x512, 4 blocks", packed<1, 512, 4>},
};

// Whether the variant's y and residual are the plugin's, up to the order of a sum.
bool right(const NormVariant& v, const Norm& a, const std::vector<float>& want) {
  const size_t n = size_t(a.rows) * size_t(a.d);
  std::vector<T> y(n);
  if (a.residual) FK_CUDA_CHECK(cudaMemset(a.residual, 0, n * sizeof(T)));
  v.run(a, nullptr);
  FK_CUDA_CHECK(cudaMemcpy(y.data(), a.y, n * sizeof(T), cudaMemcpyDeviceToHost));
  if (want.empty()) return true;
  for (size_t i = 0; i < n; ++i)
    if (!(std::fabs(__bfloat162float(y[i]) - want[i]) <= std::fabs(want[i]) / 128)) return false;
  if (!a.residual) return true;
  std::vector<T> residual(n), x(n);  // 0 + x
  FK_CUDA_CHECK(cudaMemcpy(residual.data(), a.residual, n * sizeof(T), cudaMemcpyDeviceToHost));
  FK_CUDA_CHECK(cudaMemcpy(x.data(), a.x, n * sizeof(T), cudaMemcpyDeviceToHost));
  return std::memcmp(residual.data(), x.data(), n * sizeof(T)) == 0;
}

void bench_rms_norm(int rows, int d, bool with_residual) {
  const size_t bytes = size_t(rows) * d * 2;
  const double moved = double(bytes) * (with_residual ? 4 : 2);
  const int sets = sets_for(size_t(moved));
  Buffers x(bytes, sets), residual(bytes, sets), y(bytes, sets), weight(size_t(d) * 2, 1);
  fill(x);
  fill(weight);
  const auto args = [&](int s) {
    Norm a{};
    a.x = x.at<T>(s);
    a.residual = with_residual ? residual.at<T>(s) : nullptr;
    a.y = y.at<T>(s);
    a.weight = weight.at<T>(0);
    a.x_rows = a.residual_rows = a.y_rows = {d, 0, 1};
    a.rows = uint32_t(rows);
    a.d = d;
    a.eps = 1e-5f;
    return a;
  };
  std::vector<float> want;
  for (const NormVariant& v : kNormVariants) {
    if (v.name && rows < 1024) continue;
    const bool good = right(v, args(0), want);
    if (want.empty()) {
      std::vector<T> first(size_t(rows) * size_t(d));
      FK_CUDA_CHECK(cudaMemcpy(first.data(), y.at<T>(0), bytes, cudaMemcpyDeviceToHost));
      for (const T value : first) want.push_back(__bfloat162float(value));
    }
    const double us =
        microseconds(sets, [&](int s, cudaStream_t stream) { v.run(args(s), stream); });
    char text[96];
    if (v.name)
      std::snprintf(text, sizeof text, "  %s%s", good ? "" : "WRONG ", v.name);
    else
      std::snprintf(text, sizeof text, "rms_norm%s %dx%d", with_residual ? " + residual" : "", rows,
                    d);
    print(text, us, moved);
  }
  bench_copy(moved);
}

void bench_silu_and_mul(int rows, int d) {
  const size_t bytes = size_t(rows) * d * 2;
  const double moved = double(bytes) * 3;
  const int sets = sets_for(size_t(moved));
  Buffers x(2 * bytes, sets), y(bytes, sets);
  fill(x);
  const double us = microseconds(sets, [&](int s, cudaStream_t stream) {
    launch_silu_and_mul<T>(x.at<T>(s), {2 * d, 0, 1}, y.at<T>(s), {d, 0, 1}, rows, d, true, stream);
  });
  char text[64];
  std::snprintf(text, sizeof text, "silu_and_mul %dx%d", rows, d);
  print(text, us, moved);
  bench_copy(moved);
}

void bench_rotary(int tokens) {  // q and k as slices of one qkv matrix
  constexpr int kHeads = 32, kKvHeads = 8, kHead = 128, kRow = (kHeads + 2 * kKvHeads) * kHead;
  constexpr int kPositions = 131072;
  const size_t bytes = size_t(tokens) * kRow * 2;
  const double moved = 2.0 * tokens * (kHeads + kKvHeads) * kHead * 2;
  const int sets = sets_for(bytes);
  Buffers qkv(bytes, sets), positions(size_t(tokens) * 8, 1), table(size_t(kPositions) * 512, 1);
  fill(qkv);
  std::vector<int64_t> host(static_cast<size_t>(tokens));
  for (size_t i = 0; i < host.size(); ++i) host[i] = int64_t(i * 7919 % kPositions);
  FK_CUDA_CHECK(
      cudaMemcpy(positions.all<void>(), host.data(), host.size() * 8, cudaMemcpyHostToDevice));
  launch_rotary_table({5e5, 8, 1, 4, 8192, kHead / 2, RotaryInit::kLlama3}, kPositions,
                      table.all<float>(), nullptr);
  const double us = microseconds(sets, [&](int s, cudaStream_t stream) {
    RotaryArgs<T> a{};
    a.positions = positions.all<int64_t>();
    a.table = table.all<float>();
    a.q = qkv.at<T>(s);
    a.k = a.q + kHeads * kHead;
    a.q_row = a.k_row = kRow;
    a.q_head = a.k_head = kHead;
    a.last_position = kPositions - 1;
    a.q_heads = kHeads;
    a.heads = kHeads + kKvHeads;
    a.pairs = kHead / 2;
    launch_rotary(a, tokens, true, true, stream);
  });
  char text[64];
  std::snprintf(text, sizeof text, "rotary_embedding %d tokens", tokens);
  print(text, us, moved);
  bench_copy(moved);
}

int multiprocessors() {
  int count = 0;
  FK_CUDA_CHECK(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, 0));
  return count;
}

using Rope = RopeStoreArgs<T>;
struct RopeVariant {
  const char* name;  // NULL: what the plugin does
  void (*run)(const Rope&, int64_t tokens, cudaStream_t);
};
const RopeVariant kRopeVariants[] = {
    {nullptr,
     [](const Rope& a, int64_t tokens, cudaStream_t stream) {
       launch_rope_store(a, tokens, true, true, multiprocessors(), stream);
     }},
    {"a block a token",
     [](const Rope& a, int64_t tokens, cudaStream_t stream) {
       launch_rope_store_kvcache(a, tokens, true, true, stream);
     }},
};

// q, k and v as slices of one qkv matrix, a cache of blocks of 16 in a scattered order.
void bench_rope_store_kvcache(int tokens) {
  constexpr int kHeads = 32, kKvHeads = 8, kHead = 128, kRow = (kHeads + 2 * kKvHeads) * kHead;
  constexpr int kPositions = 131072, kBlock = 16;
  const size_t blocks = size_t(tokens + kBlock - 1) / kBlock, kv = size_t(kKvHeads) * kHead;
  const size_t bytes = size_t(tokens) * kRow * 2, cache = blocks * kBlock * kv * 2;
  // With a row of the table, a position and a slot a token.
  const double moved = double(tokens) * (2 * (2 * kHeads + 5 * kKvHeads) * kHead + 4 * kHead + 16);
  const int sets = sets_for(bytes);
  Buffers qkv(bytes, sets), keys(cache, sets), values(cache, sets);
  Buffers positions(size_t(tokens) * 8, 1), slots(size_t(tokens) * 8, 1),
      table(size_t(kPositions) * 512, 1);
  fill(qkv);
  std::vector<int64_t> at(static_cast<size_t>(tokens)), slot(at.size());
  for (size_t i = 0; i < at.size(); ++i) {
    at[i] = int64_t(i * 7919 % kPositions);
    slot[i] = int64_t(i / kBlock * 7919 % blocks * kBlock + i % kBlock);
  }
  FK_CUDA_CHECK(
      cudaMemcpy(positions.all<void>(), at.data(), at.size() * 8, cudaMemcpyHostToDevice));
  FK_CUDA_CHECK(cudaMemcpy(slots.all<void>(), slot.data(), at.size() * 8, cudaMemcpyHostToDevice));
  launch_rotary_table({5e5, 8, 1, 4, 8192, kHead / 2, RotaryInit::kLlama3}, kPositions,
                      table.all<float>(), nullptr);
  const auto args = [&](int s) {
    RopeStoreArgs<T> a{};
    a.positions = positions.all<int64_t>();
    a.slots = slots.all<int64_t>();
    a.table = table.all<float>();
    a.q = qkv.at<T>(s);
    a.k = a.q + kHeads * kHead;
    a.v = a.k + kKvHeads * kHead;
    a.q_row = a.k_row = a.v_row = kRow;
    a.q_head = a.k_head = a.v_head = kHead;
    a.key = {keys.at<T>(s), int64_t(kBlock * kv), int64_t(kv), kHead};
    a.value = {values.at<T>(s), int64_t(kBlock * kv), int64_t(kv), kHead};
    a.last_position = kPositions - 1;
    a.slot_count = uint32_t(blocks * kBlock);
    a.block_size = kBlock;
    a.q_heads = kHeads;
    a.kv_heads = kKvHeads;
    a.pairs = kHead / 2;
    a.size = kHead;
    return a;
  };
  std::vector<uint16_t> want;
  for (const RopeVariant& v : kRopeVariants) {
    if (v.name && tokens < 256) continue;
    fill(qkv);
    FK_CUDA_CHECK(cudaMemset(keys.all<void>(), 0, keys.bytes()));
    FK_CUDA_CHECK(cudaMemset(values.all<void>(), 0, values.bytes()));
    v.run(args(0), tokens, nullptr);
    std::vector<uint16_t> found((bytes + 2 * cache) / 2);
    FK_CUDA_CHECK(cudaMemcpy(found.data(), qkv.all<void>(), bytes, cudaMemcpyDeviceToHost));
    FK_CUDA_CHECK(
        cudaMemcpy(found.data() + bytes / 2, keys.all<void>(), cache, cudaMemcpyDeviceToHost));
    FK_CUDA_CHECK(cudaMemcpy(found.data() + (bytes + cache) / 2, values.all<void>(), cache,
                             cudaMemcpyDeviceToHost));
    if (want.empty()) want = found;
    const double us =
        microseconds(sets, [&](int s, cudaStream_t stream) { v.run(args(s), tokens, stream); });
    char text[96];
    if (v.name)
      std::snprintf(text, sizeof text, "  %s%s", found == want ? "" : "WRONG ", v.name);
    else
      std::snprintf(text, sizeof text, "rope_store_kvcache %d tokens", tokens);
    print(text, us, moved);
  }
  bench_copy(moved);
}

}  // namespace

int main() try {
  for (int rows : {1, 64, 8192})
    for (bool residual : {false, true}) bench_rms_norm(rows, 4096, residual);
  for (int rows : {1, 64, 8192}) bench_silu_and_mul(rows, 14336);
  for (int tokens : {1, 64, 8192}) bench_rotary(tokens);
  for (int tokens : {1, 64, 512, 2048, 8192}) bench_rope_store_kvcache(tokens);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
