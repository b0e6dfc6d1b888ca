// SPDX-License-Identifier: Apache-2.0
// `linear` for few tokens against cuBLASLt, on the shapes of Llama-3.1-8B in bfloat16.
//
//   bench_gpu_linear           checks odd shapes, then times
//   bench_gpu_linear check     only checks
//   bench_gpu_linear quick     times M = 1 and 32, without the sweep over plans
//
// Times are medians of graph replays, a launch each, weights rotated through more than 200 MB.
// "chain" is launches back to back, where ours overlaps its start with the end of the one before;
// "spaced" has a tiny kernel that rewrites x before each, its time included, as a model has a norm;
// it lets the next kernel start early.
#include <cuda_bf16.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "baselines/cublaslt/matmul.hpp"
#include "baselines/cuda/linear_skinny.cuh"

namespace {

using Element = __nv_bfloat16;
using fk::cublaslt::Matmul;
using fk::cublaslt::Problem;
using fk::cuda::kSkinnyShapes;
using fk::cuda::SkinnyArgs;
using fk::cuda::SkinnyPlan;
using fk::cuda::SkinnyShape;

constexpr size_t kWorkspace = size_t(64) << 20;

void check(cudaError_t e, const char* what) {
  if (e == cudaSuccess) return;
  std::printf("%s: %s\n", what, cudaGetErrorString(e));
  std::exit(2);
}
#define CHECK(x) check((x), #x)

template <class T>
class Buffer {
 public:
  explicit Buffer(size_t n) : n_(n) { CHECK(cudaMalloc(&p_, n * sizeof(T))); }
  ~Buffer() { cudaFree(p_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  operator T*() const { return p_; }
  std::vector<T> download() const {
    std::vector<T> v(n_);
    CHECK(cudaMemcpy(v.data(), p_, n_ * sizeof(T), cudaMemcpyDeviceToHost));
    return v;
  }

 private:
  size_t n_;
  T* p_ = nullptr;
};

__device__ uint32_t mix(uint64_t x) {
  x ^= x >> 33, x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33, x *= 0xc4ceb9fe1a85ec53ULL;
  return uint32_t(x ^ x >> 33);
}
// Sums of uniform numbers: bell-shaped, variance scale^2.
__global__ void fill_kernel(Element* p, size_t n, uint64_t seed, float scale) {
  const size_t step = size_t(gridDim.x) * blockDim.x;
  for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < n; i += step) {
    float sum = 0;
    for (int j = 0; j < 4; ++j)
      sum += float(mix(seed * 0x9E3779B97F4A7C15ULL + 4 * i + j)) * 0x1p-32f;
    p[i] = Element((sum - 2) * 1.7320508f * scale);
  }
}
void fill(Element* p, size_t n, uint64_t seed, float scale) {
  fill_kernel<<<1056, 256>>>(p, n, seed, scale);
  CHECK(cudaGetLastError());
}
// out[i] = y[token][row] in double, for the pairs (token, row).
__global__ void oracle_kernel(const Element* x, int64_t ldx, const Element* w, int64_t ldw,
                              const Element* bias, int k, const int2* at, double* out) {
  __shared__ double sums[128];
  const int2 p = at[blockIdx.x];
  double sum = 0;
  for (int i = threadIdx.x; i < k; i += 128)
    sum += double(float(x[p.x * ldx + i])) * double(float(w[p.y * ldw + i]));
  sums[threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.x) return;
  for (int i = 1; i < 128; ++i) sum += sums[i];
  out[blockIdx.x] = sum + (bias ? double(float(bias[p.y])) : 0);
}

// The largest error, in units of what y's rounding and fp32 sums may cost; above 1 is wrong.
double error(const SkinnyArgs& a, const std::vector<int2>& at) {
  Buffer<int2> where(at.size());
  Buffer<double> out(at.size());
  CHECK(cudaMemcpy(where, at.data(), at.size() * sizeof(int2), cudaMemcpyHostToDevice));
  oracle_kernel<<<unsigned(at.size()), 128>>>(static_cast<const Element*>(a.x), a.ldx,
                                              static_cast<const Element*>(a.w), a.ldw,
                                              static_cast<const Element*>(a.bias), a.k, where, out);
  CHECK(cudaDeviceSynchronize());
  const auto want = out.download();
  double squares = 0, worst = 0;
  for (double v : want) squares += v * v;
  const double size = std::sqrt(squares / double(want.size()));
  const size_t count = size_t((a.m - 1) * a.ldy + a.n);
  std::vector<float> found(count);
  if (a.y_float) {
    CHECK(cudaMemcpy(found.data(), a.y, count * 4, cudaMemcpyDeviceToHost));
  } else {
    std::vector<Element> bits(count);
    CHECK(cudaMemcpy(bits.data(), a.y, count * 2, cudaMemcpyDeviceToHost));
    for (size_t i = 0; i < count; ++i) found[i] = float(bits[i]);
  }
  for (size_t i = 0; i < at.size(); ++i) {
    const double allowed =
        (a.y_float ? 0 : std::fabs(want[i]) * 0x1p-8) + 512 * 0x1p-24 * size + 1e-30;
    const double e = std::fabs(found[size_t(at[i].x * a.ldy + at[i].y)] - want[i]) / allowed;
    if (!(e <= worst)) worst = std::isfinite(e) ? e : 1e30;
  }
  return worst;
}
std::vector<int2> samples(int m, int n, int count) {
  std::vector<int2> at{{0, 0}, {m - 1, n - 1}, {0, n - 1}, {m - 1, 0}};
  uint64_t state = 88172645463325252ULL;
  for (int i = 0; i < count; ++i) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    at.push_back({int(state % uint64_t(m)), int((state >> 20) % uint64_t(n))});
  }
  return at;
}

// Every plan on shapes with tails everywhere, rows with gaps, bias and both types of y.
int check_odd(int sms) {
  int wrong = 0, done = 0;
  for (int m : {1, 2, 7, 8, 9, 16, 23, 32, 33, 63, 64})
    for (int n : {1, 15, 17, 130, 576, 4100})
      for (int k : {8, 40, 248, 576, 1544, 4096})
        for (int variant = 0; variant < 2; ++variant) {
          const int64_t ldx = k + variant * 24, ldw = k + variant * 8, ldy = n + variant * 3;
          Buffer<Element> x(size_t(m * ldx)), w(size_t(n * ldw)), bias{size_t(n)};
          Buffer<float> y(size_t(m * ldy));
          fill(x, size_t(m * ldx), 1, 1), fill(w, size_t(n * ldw), 2, 0.02f);
          fill(bias, size_t(n), 3, 1);
          SkinnyArgs a{w,   x,           variant ? static_cast<Element*>(bias) : nullptr,
                       y,   ldw,         ldx,
                       ldy, m,           n,
                       k,   variant == 1};
          std::vector<int2> all;
          for (int t = 0; t < m; ++t)
            for (int r = 0; r < n; ++r) all.push_back({t, r});
          if (all.size() > 4000) all = samples(m, n, 4000);
          const int planned = fk::cuda::plan_skinny(m, n, k, sms).shape;
          for (int shape = planned; shape < fk::cuda::kAllShapes; ++shape) {
            const SkinnyShape& s = kSkinnyShapes[shape];
            if (s.tokens() < m || (shape != planned && shape < fk::cuda::kPlannedShapes)) continue;
            const int tiles = (n + s.rows() - 1) / s.rows();
            for (int split : {1, 2, 4, 8})
              for (int clusters : {tiles, (tiles + 2) / 3}) {
                CHECK(cudaMemset(y, 0xff, size_t(m * ldy) * 4));
                fk::cuda::launch_linear_skinny<Element, fk::cuda::kAllShapes>(
                    a, {shape, split, clusters}, nullptr);
                CHECK(cudaDeviceSynchronize());
                ++done;
                // The other shapes are tried for their speed alone.
                if (const double e = error(a, all);
                    e > 1 && shape < fk::cuda::kPlannedShapes && ++wrong <= 20)
                  std::printf(
                      "WRONG m=%d n=%d k=%d variant=%d shape=%d split=%d clusters=%d: %.3g\n", m, n,
                      k, variant, shape, split, clusters, e);
              }
          }
        }
  std::printf("odd shapes: %d of %d wrong\n", wrong, done);
  return wrong;
}

// Median microseconds a launch.
double time_graph(cudaStream_t s, int launches, const std::function<void(int)>& f, int reps) {
  f(0);
  CHECK(cudaStreamSynchronize(s));
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  CHECK(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal));
  for (int i = 0; i < launches; ++i) f(i);
  CHECK(cudaStreamEndCapture(s, &graph));
  CHECK(cudaGraphInstantiate(&exec, graph, 0));
  cudaEvent_t from, to;
  CHECK(cudaEventCreate(&from)), CHECK(cudaEventCreate(&to));
  std::vector<double> times;
  for (int r = -2; r < reps; ++r) {
    CHECK(cudaEventRecord(from, s));
    CHECK(cudaGraphLaunch(exec, s));
    CHECK(cudaEventRecord(to, s));
    CHECK(cudaEventSynchronize(to));
    float ms = 0;
    CHECK(cudaEventElapsedTime(&ms, from, to));
    if (r >= 0) times.push_back(double(ms) * 1e3 / launches);
  }
  std::sort(times.begin(), times.end());
  CHECK(cudaGraphExecDestroy(exec)), CHECK(cudaGraphDestroy(graph));
  CHECK(cudaEventDestroy(from)), CHECK(cudaEventDestroy(to));
  return times[times.size() / 2];
}
__global__ void touch_kernel(Element* x, int n) {
  fk::device::launch_next();
  fk::device::wait_for_previous();
  const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) x[i] = -x[i];
}

struct Shape {
  const char* name;
  int n, k;
};

class Bench {
 public:
  Bench(Shape shape, int sms, cublasLtHandle_t lt, void* workspace, cudaStream_t s)
      : shape_(shape),
        sms_(sms),
        lt_(lt),
        workspace_(workspace),
        s_(s),
        each_(size_t(shape.n) * size_t(shape.k)),
        copies_(int(std::max<size_t>(2, (250000000 + each_ * 2 - 1) / (each_ * 2)))),
        w_(each_ * size_t(copies_)) {
    fill(w_, each_ * size_t(copies_), 2, 0.02f);
  }

  void run(int m, bool sweep) {
    const int n = shape_.n, k = shape_.k;
    const double flops = 2.0 * m * n * k, bytes = 2.0 * (double(each_) + double(m) * (n + k));
    // About 1.5 ms a graph, so that its own start does not count.
    launches_ = int(std::clamp(1500 / std::max(bytes / 4e6, flops / 6e8), 2.0, 64.0));
    Buffer<Element> x(size_t(m) * size_t(k)), y(size_t(m) * size_t(n));
    fill(x, size_t(m) * size_t(k), 1, 1);
    auto touch = [&] {
      fk::launch(touch_kernel, unsigned((m * k + 255) / 256), 256, 0, s_, true, x, m * k);
    };
    // cuBLASLt: its favourite and the fastest of 32.
    const Problem p{m, n, k, k, k, n, CUDA_R_16BF, CUDA_R_16BF, false, 256, 256, 256};
    const Matmul matmul(p, nullptr);
    const auto proposals = matmul.proposals(lt_, kWorkspace, 32);
    auto library = [&](size_t algo, int i) {
      return matmul.run(lt_, proposals[algo].algo, x, w_ + each_ * size_t(i % copies_), y,
                        workspace_, kWorkspace, s_);
    };
    double first = 0, best = 1e30;
    size_t best_at = 0;
    for (size_t algo = 0; algo < proposals.size(); ++algo) {
      if (library(algo, 0) != CUBLAS_STATUS_SUCCESS) continue;
      const double us = time_graph(
          s_, launches_, [&](int i) { library(algo, i); }, 5);
      if (algo == 0) first = us;
      if (us < best) best = us, best_at = algo;
    }
    if (proposals.empty() || best == 1e30) return void(std::printf("cuBLASLt has nothing\n"));
    best = time_graph(
        s_, launches_, [&](int i) { library(best_at, i); }, 15);
    if (m > fk::cuda::kSkinnyMax) {
      std::printf(
          "%-8s M=%-5d cuBLASLt best %8.2f us %6.1f TFLOP/s, first %8.2f us %6.1f TFLOP/s\n",
          shape_.name, m, best, flops / best / 1e6, first, flops / first / 1e6);
      return;
    }
    const double best_spaced = time_graph(
        s_, launches_, [&](int i) { touch(), library(best_at, i); }, 15);
    SkinnyPlan plan = fk::cuda::plan_skinny(m, n, k, sms_);
    auto ours = [&](const SkinnyPlan& q, int i) {
      fk::cuda::launch_linear_skinny<Element, fk::cuda::kAllShapes>(
          {w_ + each_ * size_t(i % copies_), x, nullptr, y, k, k, n, m, n, k, false}, q, s_);
    };
    const double us = time_graph(
        s_, launches_, [&](int i) { ours(plan, i); }, 15);
    const double spaced = time_graph(
        s_, launches_, [&](int i) { touch(), ours(plan, i); }, 15);
    CHECK(cudaMemset(y, 0xff, size_t(m) * size_t(n) * 2));
    ours(plan, 0);
    CHECK(cudaStreamSynchronize(s_));
    const double e = error({w_, x, nullptr, y, k, k, n, m, n, k, false}, samples(m, n, 2000));
    std::printf(
        "%-8s M=%-3d ours %7.2f us %5.2f TB/s | cuBLASLt best %7.2f %5.2f, first %7.2f | "
        "ratio %.2f | spaced %7.2f against %7.2f, ratio %.2f | shape %d split %d clusters "
        "%d | %s\n",
        shape_.name, m, us, bytes / us / 1e6, best, bytes / best / 1e6, first, best / us, spaced,
        best_spaced, best_spaced / spaced, plan.shape, plan.split, plan.clusters,
        e <= 1 ? "right" : "WRONG");
    if (sweep)
      sweep_plans(m, plan, spaced, [&](const SkinnyPlan& q, int i) { touch(), ours(q, i); });
  }

 private:
  // The fastest plan, if it beats the planner's by 2 % when spaced.
  template <class F>
  void sweep_plans(int m, SkinnyPlan chosen, double us, const F& ours) {
    SkinnyPlan best = chosen;
    double best_us = us * 0.98;
    for (int shape = 0; shape < fk::cuda::kAllShapes; ++shape) {
      if (kSkinnyShapes[shape].tokens() < m) continue;
      const int rows = kSkinnyShapes[shape].rows(), tiles = (shape_.n + rows - 1) / rows;
      for (int split : {1, 2, 4, 8})
        for (int clusters : {tiles, sms_ / split * 2, sms_ / split}) {
          if (clusters > tiles) continue;
          const SkinnyPlan plan{shape, split, clusters};
          const double t = time_graph(
              s_, launches_, [&](int i) { ours(plan, i); }, 3);
          if (t < best_us) best = plan, best_us = t;
        }
    }
    if (best_us < us * 0.98)
      std::printf("           faster plan: shape %d split %d clusters %d: spaced %.2f us\n",
                  best.shape, best.split, best.clusters, best_us);
  }

  Shape shape_;
  int sms_;
  cublasLtHandle_t lt_;
  void* workspace_;
  cudaStream_t s_;
  size_t each_;
  int copies_, launches_ = 0;
  Buffer<Element> w_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  cudaDeviceProp device;
  CHECK(cudaGetDeviceProperties(&device, 0));
  std::printf("%s, %d multiprocessors, cublasLt %zu\n", device.name, device.multiProcessorCount,
              cublasLtGetVersion());
  const int sms = device.multiProcessorCount;
  fk::cuda::prepare_linear_skinny<Element, fk::cuda::kAllShapes>();
  if (mode != "quick" && check_odd(sms)) return 1;
  if (mode == "check") return 0;
  cudaStream_t s;
  CHECK(cudaStreamCreate(&s));
  cublasLtHandle_t lt;
  FK_LT_CHECK(cublasLtCreate(&lt));
  Buffer<char> workspace(kWorkspace);
  for (Shape shape :
       {Shape{"qkv", 6144, 4096}, Shape{"o", 4096, 4096}, Shape{"gate_up", 28672, 4096},
        Shape{"down", 4096, 14336}, Shape{"lm_head", 128256, 4096}}) {
    Bench bench(shape, sms, lt, workspace, s);
    CHECK(cudaDeviceSynchronize());
    for (int m : {1, 2, 4, 8, 16, 32, 64, 512, 2048, 8192}) {
      if (mode == "quick" && m != 1 && m != 32) continue;
      if (m > 512 && shape.n > 100000) continue;  // logits of a whole prompt are never asked for
      bench.run(m, mode != "quick");
    }
  }
}
