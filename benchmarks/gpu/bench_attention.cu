// SPDX-License-Identifier: Apache-2.0
// paged_attention of any plugins, side by side: first a sweep of small shapes, then timings, every
// result against sampled rows in float64. Graph replays over sets of data that no cache holds.
// Where a plugin has `attention` too, steps with fresh sequences run through it, store_kvcache
// included.
//   bench_gpu_attention plugins/cuda/cuda.so [plugins/flashinfer/flashinfer.so ...] [--check]
//   [--time]
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fk/plugin.hpp"
#include "fk/structs/batch_step.h"
#include "fk/tasks/attention.h"
#include "fk/tasks/paged_attention.h"
#include "plugin_host.hpp"

namespace fk::bench {
namespace {

// The same (seed, index) gives the same number anywhere.
__host__ __device__ uint32_t mix(uint64_t x) {
  x ^= x >> 33, x *= 0xff51afd7ed558ccdULL, x ^= x >> 33, x *= 0xc4ceb9fe1a85ec53ULL, x ^= x >> 33;
  return uint32_t(x);
}

template <class T>
__global__ void fill_kernel(T* p, size_t n, uint64_t seed) {
  for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < n;
       i += size_t(gridDim.x) * blockDim.x) {
    const float u = (mix(seed * 0x9E3779B97F4A7C15ULL + 2 * i) + 1.f) * 2.3283064e-10f;
    const float v = mix(seed * 0x9E3779B97F4A7C15ULL + 2 * i + 1) * 2.3283064e-10f;
    p[i] = T(sqrtf(-2.f * logf(fminf(fmaxf(u, 1e-10f), 1.f))) * cospif(2.f * v));
  }
}

struct Sample {
  int seq, token, head;
};

template <class T>
struct Oracle {
  const T *q, *k, *v;
  const int *table, *starts, *lengths;
  int columns, block, heads, kv_heads, size, window;
  double scale, cap;
};

// One block a sampled (query, head).
template <class T>
__global__ void oracle_kernel(Oracle<T> o, const Sample* samples, double* out) {
  extern __shared__ double scores[];
  __shared__ double total;
  const Sample x = samples[blockIdx.x];
  const int end = o.lengths[x.seq] - (o.starts[x.seq + 1] - o.starts[x.seq]) + x.token + 1;
  const int first = o.window ? max(0, end - o.window) : 0;
  const T* q = o.q + (size_t(o.starts[x.seq] + x.token) * o.heads + x.head) * o.size;
  const auto row = [&](const T* cache, int key) {
    const size_t block = o.table[x.seq * o.columns + key / o.block];
    return cache +
           ((block * o.block + key % o.block) * o.kv_heads + x.head / (o.heads / o.kv_heads)) *
               o.size;
  };
  for (int key = first + threadIdx.x; key < end; key += blockDim.x) {
    double s = 0;
    for (int i = 0; i < o.size; ++i) s += double(float(q[i])) * double(float(row(o.k, key)[i]));
    s *= o.scale;
    scores[key] = o.cap > 0 ? o.cap * tanh(s / o.cap) : s;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    double top = -1e300;
    total = 0;
    for (int key = first; key < end; ++key) top = fmax(top, scores[key]);
    for (int key = first; key < end; ++key) total += scores[key] = exp(scores[key] - top);
  }
  __syncthreads();
  for (int i = threadIdx.x; i < o.size; i += blockDim.x) {
    double a = 0;
    for (int key = first; key < end; ++key) a += scores[key] * double(float(row(o.v, key)[i]));
    out[size_t(blockIdx.x) * o.size + i] = end > first ? a / total : 0;
  }
}

template <class T>
T* upload(const std::vector<T>& v) {
  T* p = nullptr;
  BENCH_CUDA(cudaMalloc(&p, std::max<size_t>(v.size(), 1) * sizeof(T)));
  BENCH_CUDA(cudaMemcpy(p, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice));
  return p;
}

struct Request {
  int queries, length;
};
struct Case {
  std::string name;
  std::vector<Request> requests;
  int heads = 32, kv_heads = 8, size = 128, block = 16, window = 0;
  double cap = 0;
};

// A case's tensors, `sets` times over: every set has its own caches and queries.
template <class T>
class Data {
 public:
  Data(const Case& c, int sets) : c_(c) {
    std::vector<int> starts{0}, lengths;
    int blocks = 1;
    for (const Request& r : c.requests) {
      starts.push_back(starts.back() + r.queries);
      lengths.push_back(r.length);
      columns_ = std::max(columns_, (r.length + c.block - 1) / c.block);
      blocks += (r.length + c.block - 1) / c.block;
      max_query_ = std::max(max_query_, r.queries), max_length_ = std::max(max_length_, r.length);
    }
    rows_ = starts.back();
    std::vector<int> order(size_t(blocks) - 1), table(c.requests.size() * size_t(columns_), 0);
    for (size_t i = 0; i < order.size(); ++i) order[i] = int(i) + 1;
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[mix(i * 77) % i]);
    size_t next = 0;
    for (size_t s = 0; s < c.requests.size(); ++s)
      for (int j = 0; j * c.block < lengths[s]; ++j)
        table[s * size_t(columns_) + size_t(j)] = order[next++];
    starts_host_ = starts, lengths_host_ = lengths;
    starts_ = upload(starts), lengths_ = upload(lengths), table_ = upload(table);
    const size_t cache = size_t(blocks) * c.block * c.kv_heads * c.size;
    const size_t query = size_t(rows_) * c.heads * c.size;
    for (int i = 0; i < sets; ++i) {
      T* p[4];
      const size_t counts[4] = {query, cache, cache, query};
      for (int j = 0; j < 4; ++j) {
        BENCH_CUDA(cudaMalloc(&p[j], counts[j] * sizeof(T)));
        if (j < 3) fill_kernel<<<1056, 256>>>(p[j], counts[j], uint64_t(i * 3 + j + 1));
      }
      memory_.insert(memory_.end(), p, p + 4);
      const fk_device gpu{FK_CUDA, 0};
      const fk_dtype type = std::is_same_v<T, __half> ? kFloat16 : kBFloat16;
      const auto view = [&](T* data, std::initializer_list<int64_t> shape) {
        views_.push_back(std::make_unique<TensorView>(data, gpu, type, shape));
        return static_cast<const fk_tensor*>(*views_.back());
      };
      fk_paged_attention_args a;
      a.q = view(p[0], {rows_, c.heads, c.size});
      a.key_cache = view(p[1], {blocks, c.block, c.kv_heads, c.size});
      a.value_cache = view(p[2], {blocks, c.block, c.kv_heads, c.size});
      a.out = view(p[3], {rows_, c.heads, c.size});
      args.push_back(a);
    }
    BENCH_CUDA(cudaDeviceSynchronize());
    const auto ints = [&](int* data, int device, std::initializer_list<int64_t> shape) {
      views_.push_back(std::make_unique<TensorView>(data, fk_device{device, 0}, kInt32, shape));
      return static_cast<const fk_tensor*>(*views_.back());
    };
    const int64_t n = int64_t(c.requests.size());
    step.num_seqs = n, step.num_tokens = rows_;
    step.max_query_len = max_query_, step.max_seq_len = max_length_;
    step.query_start_loc = ints(starts_, FK_CUDA, {n + 1});
    step.seq_lens = ints(lengths_, FK_CUDA, {n});
    step.query_start_loc_host = ints(starts_host_.data(), FK_CPU, {n + 1});
    step.seq_lens_host = ints(lengths_host_.data(), FK_CPU, {n});
    step.block_table = ints(table_, FK_CUDA, {n, columns_});
  }
  Data(const Data&) = delete;
  ~Data() {
    for (T* p : memory_) cudaFree(p);
    cudaFree(starts_), cudaFree(lengths_), cudaFree(table_);
  }

  void clear(int set) const {  // so that what is not written shows
    BENCH_CUDA(
        cudaMemset(args[size_t(set)].out->data, 0xff, size_t(rows_) * c_.heads * c_.size * 2));
  }

  // Relative error (l2) over sampled rows of set `set`; infinite for NaN. `worst`: largest |error|.
  double error(int set, double* worst) const {
    std::vector<Sample> samples;
    const int seqs = int(c_.requests.size()), count = 96;
    for (int i = 0; i < count; ++i) {
      const int s = i < seqs ? i : int(mix(uint64_t(i) * 31) % uint32_t(seqs));
      const int queries = c_.requests[size_t(s)].queries;
      if (queries == 0) continue;
      const int token = i % 4 == 0 ? queries - 1 : int(mix(uint64_t(i) * 17) % uint32_t(queries));
      samples.push_back({s, token, int(mix(uint64_t(i) * 7 + 3) % uint32_t(c_.heads))});
    }
    const auto& a = args[size_t(set)];
    Oracle<T> o{static_cast<const T*>(a.q->data),
                static_cast<const T*>(a.key_cache->data),
                static_cast<const T*>(a.value_cache->data),
                table_,
                starts_,
                lengths_,
                columns_,
                c_.block,
                c_.heads,
                c_.kv_heads,
                c_.size,
                c_.window,
                scale(),
                c_.cap};
    Sample* on_gpu = upload(samples);
    std::vector<double> want(samples.size() * size_t(c_.size));
    double* wanted = upload(want);
    const int shared = (max_length_ + 1) * 8;
    BENCH_CUDA(cudaFuncSetAttribute(oracle_kernel<T>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    shared));
    oracle_kernel<T><<<unsigned(samples.size()), 128, size_t(shared)>>>(o, on_gpu, wanted);
    BENCH_CUDA(cudaGetLastError());
    BENCH_CUDA(cudaMemcpy(want.data(), wanted, want.size() * 8, cudaMemcpyDeviceToHost));
    cudaFree(on_gpu), cudaFree(wanted);
    double errors = 0, squares = 0;
    std::vector<T> row(size_t(c_.size));
    for (size_t i = 0; i < samples.size(); ++i) {
      const size_t at = size_t(starts_host_[size_t(samples[i].seq)] + samples[i].token);
      BENCH_CUDA(cudaMemcpy(row.data(),
                            static_cast<const T*>(a.out->data) +
                                (at * size_t(c_.heads) + size_t(samples[i].head)) * size_t(c_.size),
                            row.size() * 2, cudaMemcpyDeviceToHost));
      for (size_t j = 0; j < row.size(); ++j) {
        const double x = double(float(row[j])), y = want[i * size_t(c_.size) + j];
        if (!std::isfinite(x)) return *worst = INFINITY;
        *worst = std::max(*worst, std::fabs(x - y));
        errors += (x - y) * (x - y), squares += y * y;
      }
    }
    return std::sqrt(errors / std::max(squares, 1e-300));
  }

  double scale() const { return 1 / std::sqrt(double(c_.size)); }
  double bytes() const {  // keys, values, queries and outputs once
    double tokens = 0;
    for (const Request& r : c_.requests) tokens += r.length;
    return 4 * tokens * c_.kv_heads * c_.size + 4. * rows_ * c_.heads * c_.size;
  }
  double flops() const {
    double pairs = 0;
    for (const Request& r : c_.requests)
      pairs += double(r.queries) * r.length - 0.5 * double(r.queries) * (r.queries - 1);
    return 4 * pairs * c_.heads * c_.size;
  }

  const int* starts() const { return starts_; }
  const int* lengths() const { return lengths_; }
  const int* table() const { return table_; }
  int columns() const { return columns_; }

  std::vector<fk_paged_attention_args> args;
  fk_batch_step step;

 private:
  Case c_;
  int64_t rows_ = 0;
  int columns_ = 1, max_query_ = 0, max_length_ = 0;
  std::vector<int> starts_host_, lengths_host_;
  int *starts_, *lengths_, *table_;
  std::vector<T*> memory_;
  std::vector<std::unique_ptr<TensorView>> views_;
};

// An implementation, created for a case; NULL state where it does not take the case.
class Instance {
 public:
  Instance(PluginHost& host, const fk_impl* impl, const Case& c) : host_(host), impl_(impl) {
    fk_paged_attention_init init;
    init.num_heads = c.heads, init.num_kv_heads = c.kv_heads, init.head_size = c.size;
    init.scale = 1 / std::sqrt(double(c.size));
    if (c.window) init.sliding_window = {c.window, 1};
    init.logits_soft_cap = c.cap;
    fk_run run = host.run(nullptr);
    if (impl->supports(host.get(), run.device, 90, &init)) return;
    check(impl->create(host.get(), &run, &init, &state_));
  }
  Instance(const Instance&) = delete;
  ~Instance() {
    if (state_) impl_->destroy(state_);
  }
  explicit operator bool() const { return state_ != nullptr; }
  fk_status on_step(const fk_batch_step& step) {
    fk_run run = host_.run(&step);
    return impl_->on_step ? impl_->on_step(state_, host_.get(), &run) : FK_OK;
  }
  fk_status forward(const fk_batch_step& step, const fk_paged_attention_args& a,
                    uint32_t flags = 0) {
    fk_run run = host_.run(&step);
    run.flags = flags;
    return impl_->forward(state_, host_.get(), &run, &a);
  }

 private:
  void check(fk_status s) {
    if (s) std::printf("%s\n", host_.message()), std::exit(2);
  }
  PluginHost& host_;
  const fk_impl* impl_;
  void* state_ = nullptr;
};

struct Provider {
  std::string name;
  const fk_impl* impl;
};

template <class T>
bool check_case(PluginHost& host, const Provider& p, const Case& c, cudaStream_t stream) {
  Instance instance(host, p.impl, c);
  if (!instance) return true;
  Data<T> data(c, 1);
  std::string wrong;
  double worst = 0, error = 0;
  for (int repeat = 0; repeat < 2 && wrong.empty(); ++repeat) {  // again: counters are left clean
    data.clear(0);
    fk_status status = instance.on_step(data.step);
    if (!status) status = instance.forward(data.step, data.args[0]);
    if (status == FK_UNSUPPORTED) return true;  // a data type or block size it was not compiled for
    if (status) {
      wrong = host.message();
      break;
    }
    BENCH_CUDA(cudaStreamSynchronize(stream));
    error = data.error(0, &worst);
    if (!(error < (std::is_same_v<T, __half> ? 1e-3 : 6e-3))) wrong = "WRONG";
  }
  std::printf("  %-12s %-44s %s  rel %.2e  max %.2e  %s\n", p.name.c_str(), c.name.c_str(),
              std::is_same_v<T, __half> ? "fp16" : "bf16", error, worst,
              wrong.empty() ? "ok" : wrong.c_str());
  return wrong.empty();
}

bool check_all(PluginHost& host, const std::vector<Provider>& providers, cudaStream_t stream) {
  struct Shape {
    int heads, kv_heads, size;
  };
  const std::vector<std::pair<const char*, std::vector<Request>>> batches = {
      {"decode, one key", {{1, 1}}},
      {"decode, ragged", {{1, 17}, {1, 0}, {1, 700}, {1, 64}, {1, 65}, {1, 4000}, {1, 1}}},
      {"decode, one of 5000", {{1, 5000}}},
      {"decode, 300 of 1 to 400", {}},
      {"prefill", {{200, 200}}},
      {"prefill, ragged", {{1, 1}, {33, 33}, {0, 5}, {127, 500}, {64, 64}, {1, 90}, {300, 1000}}},
      {"mixed", {{1, 800}, {1, 77}, {150, 150}, {1, 3}, {2, 66}}},
  };
  bool ok = true;
  for (const Provider& p : providers)
    for (const Shape s : {Shape{32, 8, 128},
                          {8, 8, 128},
                          {6, 2, 128},
                          {16, 2, 128},
                          {14, 2, 64},
                          {9, 3, 64},
                          {20, 2, 128},
                          {4, 2, 96},
                          {4, 1, 256}})
      for (auto [name, requests] : batches)
        for (int block : {16, 64, 8})
          for (int window : {0, 50})
            for (double cap : {0., 5.}) {
              if ((block == 8 || window || cap > 0) && s.size != 128) continue;
              if (requests.empty())
                for (int i = 0; i < 300; ++i)
                  requests.push_back({1, 1 + int(mix(uint64_t(i)) % 400)});
              Case c{"", requests, s.heads, s.kv_heads, s.size, block, window, cap};
              c.name = std::string(name) + " " + std::to_string(s.heads) + "/" +
                       std::to_string(s.kv_heads) + "/" + std::to_string(s.size) + " page " +
                       std::to_string(block) + (window ? " window" : "") + (cap > 0 ? " cap" : "");
              ok &= check_case<__nv_bfloat16>(host, p, c, stream);
              if (block == 16 && !window && cap == 0) ok &= check_case<__half>(host, p, c, stream);
            }
  return ok;
}

// Microseconds a call: the median of replays of one graph with all sets in turn.
double time_graph(cudaStream_t stream, int calls, const std::function<void(int)>& call) {
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  BENCH_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  for (int i = 0; i < calls; ++i) call(i);
  BENCH_CUDA(cudaStreamEndCapture(stream, &graph));
  BENCH_CUDA(cudaGraphInstantiate(&exec, graph, 0));
  cudaEvent_t begin, end;
  BENCH_CUDA(cudaEventCreate(&begin));
  BENCH_CUDA(cudaEventCreate(&end));
  std::vector<float> times;
  for (int i = 0; i < 17; ++i) {
    BENCH_CUDA(cudaEventRecord(begin, stream));
    BENCH_CUDA(cudaGraphLaunch(exec, stream));
    BENCH_CUDA(cudaEventRecord(end, stream));
    BENCH_CUDA(cudaEventSynchronize(end));
    float ms = 0;
    BENCH_CUDA(cudaEventElapsedTime(&ms, begin, end));
    if (i >= 2) times.push_back(ms);
  }
  std::sort(times.begin(), times.end());
  cudaGraphExecDestroy(exec), cudaGraphDestroy(graph);
  cudaEventDestroy(begin), cudaEventDestroy(end);
  return double(times[times.size() / 2]) * 1e3 / calls;
}

bool time_case(PluginHost& host, const std::vector<Provider>& providers, const Case& c,
               cudaStream_t stream) {
  using T = __nv_bfloat16;
  bool ok = true, decode = true;
  double bytes = 0;
  for (const Request& r : c.requests) {
    decode &= r.queries == 1;
    bytes += 4. * r.length * c.kv_heads * c.size;
  }
  const int sets = std::clamp(int(256e6 / bytes) + 1, decode ? 2 : 1, 8);
  Data<T> data(c, sets);
  for (const Provider& p : providers) {
    Instance instance(host, p.impl, c);
    if (!instance) {
      std::printf("  %-12s %-34s %s\n", p.name.c_str(), c.name.c_str(), host.message());
      continue;
    }
    for (int i = 0; i < sets; ++i) data.clear(i);
    fk_status status = instance.on_step(data.step);
    for (int i = 0; !status && i < sets; ++i)
      status = instance.forward(data.step, data.args[size_t(i)]);
    BENCH_CUDA(cudaStreamSynchronize(stream));
    if (status) {
      std::printf("  %-12s %-34s %s\n", p.name.c_str(), c.name.c_str(), host.message());
      continue;
    }
    double worst = 0;
    const double error = data.error(sets - 1, &worst);
    const int calls = decode ? std::max(8, sets) : 4;
    const double us = time_graph(stream, calls, [&](int i) {
      // Engines record decode steps only: other steps may look at the host's lengths.
      instance.forward(data.step, data.args[size_t(i % sets)], decode ? FK_RUN_CAPTURING : 0);
    });
    const double after = data.error(0, &worst);
    const bool right = error < 6e-3 && after < 6e-3;
    ok &= right;
    std::printf("  %-12s %-34s %9.1f us  %7.2f %s  rel %.2e  %s\n", p.name.c_str(), c.name.c_str(),
                us, decode ? data.bytes() / us / 1e6 : data.flops() / us / 1e6,
                decode ? "TB/s   " : "TFLOP/s", std::max(error, after), right ? "ok" : "WRONG");
  }
  return ok;
}

bool time_all(PluginHost& host, const std::vector<Provider>& providers, cudaStream_t stream) {
  std::vector<Request> ragged;
  for (int i = 0; i < 64; ++i) ragged.push_back({1, 17 + int(mix(uint64_t(i)) % 4000)});
  std::vector<Request> uneven(32, {1, 200});
  uneven[5].length = 16000;
  const std::vector<Case> cases = {
      {"decode 32 x 1024", std::vector<Request>(32, {1, 1024})},
      {"decode 32 x 4001", std::vector<Request>(32, {1, 4001})},
      {"decode 1 x 8192", {{1, 8192}}},
      {"decode 1 x 1024", {{1, 1024}}},
      {"decode 8 x 2048", std::vector<Request>(8, {1, 2048})},
      {"decode 256 x 1024", std::vector<Request>(256, {1, 1024})},
      {"decode 64, 17 to 4016", ragged},
      {"decode 31 x 200, one of 16000", uneven},
      {"prefill 1 x 8192", {{8192, 8192}}},
      {"prefill five requests", {{2048, 2048}, {1000, 3000}, {777, 777}, {1, 500}, {4096, 4096}}},
      {"prefill 2048 on 8192", {{2048, 8192}}},
      {"prefill 1 x 512", {{512, 512}}},
      {"prefill 512 and 31 of decode", {}},
  };
  bool ok = true;
  for (Case c : cases) {
    if (c.requests.empty()) {
      c.requests.assign(32, {1, 1024});
      c.requests[3] = {512, 512};
    }
    for (int block : {16, 64}) {
      c.block = block;
      Case named = c;
      named.name += ", page " + std::to_string(block);
      ok &= time_case(host, providers, named, stream);
    }
  }
  return ok;
}

// The rows of a step as attention gets them: q, k and v as slices of one matrix. k and v are what
// the cache holds already, so storing them changes nothing.
template <class T>
struct Rows {
  const T *q, *keys, *values;
  const int *starts, *lengths, *table;
  int seqs, columns, block, heads, kv_heads, size;
};
template <class T>
__global__ void gather_rows_kernel(Rows<T> r, T* qkv, int64_t* slots) {
  const int row = blockIdx.x, wide = (r.heads + 2 * r.kv_heads) * r.size;
  int s = 0;
  while (row >= r.starts[s + 1]) ++s;
  const int position = r.lengths[s] - r.starts[s + 1] + row;
  const int64_t slot =
      int64_t(r.table[s * r.columns + position / r.block]) * r.block + position % r.block;
  if (threadIdx.x == 0) slots[row] = slot;
  const int q = r.heads * r.size, kv = r.kv_heads * r.size;
  for (int i = threadIdx.x; i < wide; i += blockDim.x)
    qkv[int64_t(row) * wide + i] = i < q        ? r.q[int64_t(row) * q + i]
                                   : i < q + kv ? r.keys[slot * kv + i - q]
                                                : r.values[slot * kv + i - q - kv];
}

bool run_attention(PluginHost& host, const fk_impl* impl, const Case& c, cudaStream_t stream,
                   bool timed) {
  using T = __nv_bfloat16;
  Data<T> data(c, 1);
  const int64_t n = data.step.num_tokens, wide = (c.heads + 2 * c.kv_heads) * c.size;
  T* qkv = upload(std::vector<T>(size_t(n * wide)));
  int64_t* slots = upload(std::vector<int64_t>(size_t(n)));
  const auto& a = data.args[0];
  gather_rows_kernel<<<unsigned(n), 256>>>(
      Rows<T>{static_cast<const T*>(a.q->data), static_cast<const T*>(a.key_cache->data),
              static_cast<const T*>(a.value_cache->data), data.starts(), data.lengths(),
              data.table(), int(c.requests.size()), data.columns(), c.block, c.heads, c.kv_heads,
              c.size},
      qkv, slots);
  const fk_device gpu{FK_CUDA, 0};
  const auto slice = [&](int64_t first, int64_t heads) {
    return TensorView(qkv + first * c.size, gpu, kBFloat16, {n, heads, c.size}, {wide, c.size, 1});
  };
  const TensorView q = slice(0, c.heads), k = slice(c.heads, c.kv_heads),
                   v = slice(c.heads + c.kv_heads, c.kv_heads), places(slots, gpu, kInt64, {n});
  fk_batch_step step = data.step;
  step.slot_mapping = places;
  fk_attention_args args;
  args.q = q, args.k = k, args.v = v, args.out = a.out;
  host.set_state("key_cache", a.key_cache);
  host.set_state("value_cache", a.value_cache);
  fk_attention_init init;
  init.num_heads = c.heads, init.num_kv_heads = c.kv_heads, init.head_size = c.size;
  init.scale = data.scale();
  fk_run run = host.run(nullptr);
  void* state = nullptr;
  fk_status status = impl->create(host.get(), &run, &init, &state);
  data.clear(0);
  const auto forward = [&] {
    const fk_run each = host.run(&step);
    return impl->forward(state, host.get(), &each, &args);
  };
  if (!status) status = host.on_step(&step);
  if (!status) {
    run = host.run(&step);
    status = impl->on_step(state, host.get(), &run);
  }
  if (!status) status = forward();
  BENCH_CUDA(cudaStreamSynchronize(stream));
  double worst = 0, us = 0;
  const double error = status ? INFINITY : data.error(0, &worst);
  if (!status && timed) us = time_graph(stream, 4, [&](int) { forward(); });
  const bool right = error < 6e-3;
  if (status)
    std::printf("  %-12s %-34s %s\n", "attention", c.name.c_str(), host.message());
  else
    std::printf("  %-12s %-34s %9.1f us  %7.2f TFLOP/s  rel %.2e  %s\n", "attention",
                c.name.c_str(), us, timed ? data.flops() / us / 1e6 : 0., error,
                right ? "ok" : "WRONG");
  if (state) impl->destroy(state);
  host.drop_children();
  cudaFree(qkv), cudaFree(slots);
  return right;
}

bool attention_all(PluginHost& host, const fk_impl* impl, cudaStream_t stream, bool check,
                   bool time) {
  std::printf("attention with store_kvcache, steps in the engines' order\n");
  bool ok = true;
  const std::vector<std::pair<const char*, std::vector<Request>>> small = {
      {"check: one fresh", {{5, 5}}},
      {"check: fresh of odd sizes", {{300, 300}, {1, 1}, {127, 127}, {129, 129}, {2, 2}}},
      {"check: all three parts",
       {{1, 800}, {1, 77}, {150, 400}, {2, 66}, {33, 33}, {64, 64}, {200, 200}}},
      {"check: singles and fresh", {{1, 800}, {1, 1}, {33, 33}, {500, 500}}},
      {"check: fresh before others", {{1, 9}, {40, 40}, {10, 90}}},
  };
  std::vector<Request> mixed(31, {1, 1024});
  mixed.insert(mixed.end(), {{512, 4096}, {1024, 1024}, {2000, 2000}});
  const std::vector<std::pair<const char*, std::vector<Request>>> large = {
      {"fresh 1 x 8192", {{8192, 8192}}},
      {"fresh five requests", {{2048, 2048}, {1000, 1000}, {777, 777}, {500, 500}, {4096, 4096}}},
      {"fresh 1 x 512", {{512, 512}}},
      {"31 decode, 512 on 3584, 2 fresh", mixed},
  };
  for (const auto& [wanted, cases] : {std::pair{check, &small}, {time, &large}})
    for (const auto& [name, requests] : *cases)
      for (int block : {16, 64})
        if (wanted) {
          Case c{std::string(name) + ", page " + std::to_string(block), requests};
          c.block = block;
          ok &= run_attention(host, impl, c, stream, cases == &large);
        }
  return ok;
}

}  // namespace
}  // namespace fk::bench

int main(int argc, char** argv) {
  using namespace fk::bench;
  bool check = false, time = false;
  cudaStream_t stream;
  BENCH_CUDA(cudaStreamCreate(&stream));
  PluginHost host(stream);
  std::vector<Provider> providers;
  const fk_impl* attention = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--check")
      check = true;
    else if (word == "--time")
      time = true;
    else {
      const fk_impl* impl = find_impl(host, argv[i], "paged_attention");
      providers.push_back({std::string(impl->name.data, impl->name.size), impl});
      const fk_plugin& plugin = open_plugin(host, argv[i]);
      if (const fk_impl* store = find_impl(plugin, "store_kvcache")) host.offer(store);
      if (const fk_impl* whole = find_impl(plugin, "attention")) {
        attention = whole;
        host.offer(impl);
      }
    }
  }
  if (providers.empty()) {
    std::printf("usage: %s PLUGIN.so ... [--check] [--time]   (both without either)\n", argv[0]);
    return 2;
  }
  cudaDeviceProp device;
  BENCH_CUDA(cudaGetDeviceProperties(&device, 0));
  std::printf("%s, %d SMs\n", device.name, device.multiProcessorCount);
  bool ok = true;
  if (check || !time) ok &= check_all(host, providers, stream);
  if (time || !check) ok &= time_all(host, providers, stream);
  if (attention) ok &= attention_all(host, attention, stream, check || !time, time || !check);
  std::printf(ok ? "all right\n" : "SOMETHING IS WRONG\n");
  return ok ? 0 : 1;
}
