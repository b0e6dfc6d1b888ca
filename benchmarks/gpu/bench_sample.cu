// SPDX-License-Identifier: Apache-2.0
// The sampling kernels: first against a plain sort on the host, over settings and over rows that
// are made to be difficult, then their times. In two variants, each with so many blocks a row:
// "full" looks at every logit twice more, "narrow" at few where top_k or min_p allow it.
#include <bit>
#include <cmath>
#include <numeric>

#include "baselines/cuda/sample_kernels.cuh"
#include "baselines/reference/philox.hpp"
#include "graph_timing.cuh"

namespace {

using namespace fk;
using namespace fk::bench;
namespace sampling = fk::cuda::sampling;
using sampling::Args;

struct Settings {
  float temperature, top_p, min_p;
  int32_t top_k;
};

// A batch of rows, on the device and on the host.
class Batch {
 public:
  Batch(int rows, int vocab)
      : rows_(rows),
        vocab_(vocab),
        logits_(size_t(rows) * vocab),
        settings_(size_t(rows)),
        seeds_(size_t(rows)),
        device_(logits_.size() * 4, 1),
        columns_(size_t(rows) * 64, 1),
        partials_(size_t(rows) * 1100 * sizeof(sampling::Partial), 1),
        largest_(size_t(rows) * sampling::splits_of(rows, vocab) * sampling::kScanThreads * 4, 1) {}
  float* row(int r) { return logits_.data() + size_t(r) * vocab_; }
  Settings& settings(int r) { return settings_[size_t(r)]; }
  int rows() const { return rows_; }
  int vocab() const { return vocab_; }

  Args upload(bool narrow) {
    FK_CUDA_CHECK(cudaMemcpy(device_.all<void>(), logits_.data(), logits_.size() * 4,
                             cudaMemcpyHostToDevice));
    const size_t m = size_t(rows_);
    std::vector<char> host(m * 64);
    auto* offset = reinterpret_cast<int64_t*>(host.data());
    auto* seed = offset + m;
    auto* temperature = reinterpret_cast<float*>(seed + m);
    float *top_p = temperature + m, *min_p = top_p + m;
    auto* top_k = reinterpret_cast<int32_t*>(min_p + m);
    for (size_t i = 0; i < m; ++i) {
      offset[i] = int64_t(3 * i + 1);
      seed[i] = seeds_[i] = int64_t(i * 0x9E3779B97F4A7C15ull + 12345);
      temperature[i] = settings_[i].temperature;
      top_p[i] = settings_[i].top_p;
      min_p[i] = settings_[i].min_p;
      top_k[i] = settings_[i].top_k;
    }
    char* to = columns_.all<char>();
    FK_CUDA_CHECK(cudaMemcpy(to, host.data(), host.size(), cudaMemcpyHostToDevice));
    const auto at = [&](const void* p) { return to + (static_cast<const char*>(p) - host.data()); };
    Args a{};
    a.logits = device_.all<float>();
    a.row = vocab_;
    a.vocab = uint32_t(vocab_);
    a.rows = uint32_t(rows_);
    a.splits = sampling::splits_of(rows_, vocab_);
    a.offset = reinterpret_cast<int64_t*>(at(offset));
    a.seed = reinterpret_cast<int64_t*>(at(seed));
    a.temperature = reinterpret_cast<float*>(at(temperature));
    a.top_p = reinterpret_cast<float*>(at(top_p));
    a.min_p = reinterpret_cast<float*>(at(min_p));
    a.top_k = reinterpret_cast<int32_t*>(at(top_k));
    a.token_ids = reinterpret_cast<int32_t*>(at(top_k + m));
    a.partials = partials_.all<sampling::Partial>();
    a.largest = narrow ? largest_.all<float>() : nullptr;
    return a;
  }

  // The task's definition by a sort. `margin` is how far u lies from the nearest edge of the token.
  int32_t expected(int r, double& margin) {
    const float* x = row(r);
    const Settings& s = settings(r);
    const auto value = [&](int32_t i) { return std::isnan(x[i]) ? -INFINITY : x[i]; };
    std::vector<int32_t> ids(static_cast<size_t>(vocab_));
    std::iota(ids.begin(), ids.end(), 0);
    std::stable_sort(ids.begin(), ids.end(),
                     [&](int32_t a, int32_t b) { return value(a) > value(b); });
    margin = 1;
    if (s.temperature == 0) return ids[0];
    const double top = value(ids[0]);
    std::vector<double> p;
    for (int32_t i : ids) {
      const double v = value(i);
      p.push_back(v == top ? 1.0 : std::exp((v - top) / double(s.temperature)));
    }
    size_t kept = p.size();
    while (kept > 1 && p[kept - 1] < s.min_p) --kept;
    if (s.top_k > 0) kept = std::min(kept, size_t(s.top_k));
    if (s.top_p < 1) {
      const double total = std::accumulate(p.begin(), p.begin() + long(kept), 0.0);
      double prefix = 0;
      size_t i = 0;
      while (i < kept && prefix < s.top_p * total) {
        prefix += p[i++];
        margin = std::min(margin, std::fabs(prefix - s.top_p * total) / total);
      }
      kept = std::max<size_t>(i, 1);
    }
    const double total = std::accumulate(p.begin(), p.begin() + long(kept), 0.0);
    const double u =
        (reference::philox4x32_10(uint64_t(seeds_[size_t(r)]), uint64_t(3 * r + 1)) + 0.5) /
        4294967296.0;
    double sum = 0;
    for (size_t i = 0; i < kept; ++i) {
      sum += p[i];
      margin = std::min(margin, std::fabs(sum - u * total) / total);
      if (sum > u * total) return ids[i];
    }
    return ids[kept - 1];
  }

 private:
  int rows_, vocab_;
  std::vector<float> logits_;
  std::vector<Settings> settings_;
  std::vector<int64_t> seeds_;
  Buffers device_, columns_, partials_, largest_;
};

float host_normal(uint64_t i) {  // a sum of uniforms
  float sum = -6;
  for (int k = 0; k < 12; ++k)
    sum += float(reference::philox4x32_10(7, 12 * i + uint64_t(k))) * 0x1p-32f;
  return sum;
}

const char* kKinds[] = {"normal", "bfloat16", "peaked", "equal", "masked", "two values", "nan"};

void fill_row(float* x, int vocab, int kind, uint64_t seed) {
  for (int i = 0; i < vocab; ++i) {
    const float z = host_normal(seed * 300000 + uint64_t(i));
    x[i] = 2.5f * z;
    if (kind == 1) x[i] = std::bit_cast<float>(std::bit_cast<uint32_t>(x[i]) & 0xffff0000u);
    if (kind == 2) x[i] = z - (i == vocab / 3 ? -30.f : 0.f);
    if (kind == 3) x[i] = -1.5f;
    if (kind == 4 && i % 3) x[i] = i % 2 ? -INFINITY : -1e9f;
    if (kind == 5) x[i] = i % 5 ? 1.f : 1.f + 0x1p-20f;
    if (kind == 6 && i % 4 == 0) x[i] = NAN;
  }
}

int check(int rows, int vocab, bool narrow, int blocks) {
  const Settings kSettings[] = {
      {0, 1, 0, 0},          {1, 1, 0, 0},           {0.8f, 0.9f, 0, 50},   {0.6f, 0.95f, 0.02f, 0},
      {1.7f, 0.3f, 0, 4000}, {1, 1, 0, 1},           {1, 0, 0, 0},          {0.01f, 1, 0.05f, 7},
      {2, 1, 2.f, 0},        {1.3f, 0.999f, 0, 100}, {100, 0.5f, 0, 90000}, {1, 1, 0, 20}};
  int wrong = 0, near = 0, done = 0;
  Batch batch(rows, vocab);
  for (int kind = 0; kind < int(std::size(kKinds)); ++kind) {
    for (int r = 0; r < rows; ++r) {
      if (r < 4)
        fill_row(batch.row(r), vocab, kind, uint64_t(kind * 1000 + r));
      else
        std::copy_n(batch.row(r % 4), vocab, batch.row(r));
      batch.settings(r) = kSettings[(r + kind * 5) % std::size(kSettings)];
    }
    const Args a = batch.upload(narrow);
    sampling::launch_sample(a, blocks, nullptr);
    std::vector<int32_t> found(static_cast<size_t>(rows));
    FK_CUDA_CHECK(cudaMemcpy(found.data(), a.token_ids, found.size() * 4, cudaMemcpyDeviceToHost));
    for (int r = 0; r < rows; r += std::max(1, rows / 12)) {
      double margin;
      const int32_t want = batch.expected(r, margin);
      ++done;
      if (found[size_t(r)] == want) continue;
      if (margin < 1e-6) {
        ++near;
        continue;
      }
      ++wrong;
      const Settings& s = batch.settings(r);
      std::printf(
          "WRONG %dx%d %s, %d blocks, %s row %d: %d, want %d (t %g top_k %d top_p %g min_p %g, %g "
          "off)\n",
          rows, vocab, narrow ? "narrow" : "full", blocks, kKinds[kind], r, found[size_t(r)], want,
          double(s.temperature), s.top_k, double(s.top_p), double(s.min_p), margin);
    }
  }
  std::printf("check %dx%d %s, %d blocks: %d rows, %d wrong, %d within 1e-6 of an edge\n", rows,
              vocab, narrow ? "narrow" : "full", blocks, done, wrong, near);
  return wrong;
}

__global__ void fill_kernel(float* p, size_t n) {
  for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < n;
       i += size_t(gridDim.x) * blockDim.x)
    p[i] = normal(i, 2.5f);
}

struct Variant {
  bool narrow;
  int blocks;
};

void measure(const char* what, int rows, int vocab, Settings s, const std::vector<Variant>& all) {
  Batch batch(rows, vocab);
  for (int r = 0; r < rows; ++r) batch.settings(r) = s;
  const size_t bytes = size_t(rows) * vocab * 4;
  const int sets = sets_for(bytes);
  Buffers logits(bytes, sets);
  fill_kernel<<<1024, 256>>>(logits.all<float>(), logits.bytes() / 4);
  for (const Variant& v : all) {
    Args a = batch.upload(v.narrow);
    const double us = microseconds(sets, [&](int set, cudaStream_t stream) {
      a.logits = logits.at<float>(set);
      sampling::launch_sample(a, v.blocks, stream);
    });
    char text[96];
    std::snprintf(text, sizeof text, "sample %dx%d %s %s %d", rows, vocab, what,
                  v.narrow ? "narrow" : "full", v.blocks);
    print(text, us, double(bytes));
  }
}

}  // namespace

int main() try {
  sampling::prepare_sample();
  int wrong = 0;
  for (int rows : {1, 12, 24, 66, 100})
    for (int vocab : {37, 1024, 49152, 128256, 128257})
      if (rows * vocab < 4000000 || vocab == 128256)
        for (bool narrow : {false, true})
          wrong += check(rows, vocab, narrow, sampling::blocks_of(rows));
  for (int blocks : {1, 2, 4, 8}) wrong += check(12, 49152, true, blocks);
  wrong += check(12, 49152, false, 2);
  for (int rows : {1, 32, 256}) {
    const int blocks = sampling::blocks_of(rows);
    std::vector<Variant> both{{false, blocks}, {true, blocks}}, all = both;
    for (int other : {1, 2, 4, 8})
      if (other != blocks && rows > 1) all.push_back({false, other}), all.push_back({true, other});
    measure("greedy", rows, 128256, {0, 1, 0, 0}, both);
    measure("t 0.8", rows, 128256, {0.8f, 1, 0, 0}, all);
    measure("t 0.8 top_k 50 top_p 0.9", rows, 128256, {0.8f, 0.9f, 0, 50}, all);
    measure("t 0.8 top_p 0.95 min_p 0.01", rows, 128256, {0.8f, 0.95f, 0.01f, 0}, both);
  }
  return wrong != 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 2;
}
