// SPDX-License-Identifier: Apache-2.0
// `linear` for few tokens against cuBLASLt, on the shapes of Llama-3.1-8B in bfloat16.
//
//   bench_gpu_linear           checks odd shapes, then times
//   bench_gpu_linear check     only checks
//   bench_gpu_linear quick     times M = 1 and 32 only
//   bench_gpu_linear layer     only the four products of a layer one after another
//
// Times are medians of graph replays, a launch each, weights rotated through more than 200 MB.
// "chain" is launches back to back, where ours overlaps its start with the end of the one before;
// "spaced" has a tiny kernel that rewrites x before each, its time included, as a model has a norm;
// it lets the next kernel start early.
#include <cuda_bf16.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "baselines/cublaslt/matmul.hpp"
#include "baselines/cuda/linear_skinny.cuh"
#include "baselines/cuda/silu_and_mul.cuh"

namespace {

using Element = __nv_bfloat16;
using fk::cublaslt::Matmul;
using fk::cublaslt::Problem;
using fk::cuda::SkinnyArgs;
using fk::cuda::SkinnyWeight;

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
// One product as both sides see it: w [n, k], y [m, outputs()].
struct Product {
  const Element *w, *x, *bias;
  void* y;
  int64_t ldw, ldx, ldy;
  int m, n, k;
  bool gated, y_float;
  __host__ __device__ int outputs() const { return gated ? n / 2 : n; }
};

// out[i] = y[token][row] in double, for the pairs (token, row).
__global__ void oracle_kernel(Product a, const int2* at, double* out) {
  __shared__ double sums[2][128];
  const int2 p = at[blockIdx.x];
  for (int half = 0; half <= int(a.gated); ++half) {
    const int row = p.y + half * a.outputs();
    double sum = 0;
    for (int i = threadIdx.x; i < a.k; i += 128)
      sum += double(float(a.x[p.x * a.ldx + i])) * double(float(a.w[row * a.ldw + i]));
    sums[half][threadIdx.x] = sum;
  }
  __syncthreads();
  if (threadIdx.x) return;
  double total[2] = {};
  for (int half = 0; half <= int(a.gated); ++half) {
    for (int i = 0; i < 128; ++i) total[half] += sums[half][i];
    if (a.bias) total[half] += double(float(a.bias[p.y + half * a.outputs()]));
  }
  out[blockIdx.x] = a.gated ? total[0] / (1 + exp(-total[0])) * total[1] : total[0];
}

// The largest error, in units of what y's rounding and fp32 sums may cost; above 1 is wrong.
double error(const Product& a, const std::vector<int2>& at) {
  Buffer<int2> where(at.size());
  Buffer<double> out(at.size());
  CHECK(cudaMemcpy(where, at.data(), at.size() * sizeof(int2), cudaMemcpyHostToDevice));
  oracle_kernel<<<unsigned(at.size()), 128>>>(a, where, out);
  CHECK(cudaDeviceSynchronize());
  const auto want = out.download();
  double squares = 0, worst = 0;
  for (double v : want) squares += v * v;
  const double size = std::sqrt(squares / double(want.size()));
  const size_t count = size_t((a.m - 1) * a.ldy + a.outputs());
  std::vector<float> found(count);
  if (a.y_float) {
    CHECK(cudaMemcpy(found.data(), a.y, count * 4, cudaMemcpyDeviceToHost));
  } else {
    std::vector<Element> bits(count);
    CHECK(cudaMemcpy(bits.data(), a.y, count * 2, cudaMemcpyDeviceToHost));
    for (size_t i = 0; i < count; ++i) found[i] = float(bits[i]);
  }
  for (size_t i = 0; i < at.size(); ++i) {
    const double allowed = (a.y_float ? 0 : std::fabs(want[i]) * 0x1p-8) +
                           (a.gated ? 8192 : 512) * 0x1p-24 * size + 1e-30;
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

class Skinny {
 public:
  explicit Skinny(int sms) : sms_(sms) {}
  void run(const SkinnyWeight& w, const Product& p, cudaStream_t s, int split = 0,
           int shared = 0) const {
    const SkinnyArgs a{.x = p.x,
                       .bias = p.bias,
                       .y = p.y,
                       .ldx = p.ldx,
                       .ldy = p.ldy,
                       .m = p.m,
                       .y_float = p.y_float,
                       .split = split,
                       .shared = shared};
    p.gated ? fk::cuda::launch_linear_skinny<Element, true>(w, a, sms_, s)
            : fk::cuda::launch_linear_skinny<Element, false>(w, a, sms_, s);
  }
  int sms() const { return sms_; }

 private:
  int sms_;
};

// Shapes with tails everywhere, rows with gaps, bias, both types of y, gated and plain; each twice,
// to see that the bits are the same.
int check_odd(const Skinny& skinny) {
  int wrong = 0, done = 0;
  for (int m : {1, 2, 7, 8, 9, 16, 23, 32, 33, 63, 64})
    for (int n : {1, 15, 16, 17, 130, 576, 4112, 17008})  // the last one in tiles of 112
      for (int k : {8, 40, 248, 576, 1544, 4096})
        for (int variant = 0; variant < 4; ++variant) {
          const bool gaps = variant % 2, gated = variant >= 2;
          if (gated && n % 16) continue;
          const int64_t ldx = k + gaps * 24, ldw = k + gaps * 8, ldy = n + gaps * 3;
          Buffer<Element> x(size_t(m * ldx)), w(size_t(n * ldw)), bias{size_t(n)};
          Buffer<float> y(size_t(m * ldy));
          fill(x, size_t(m * ldx), 1, 1), fill(w, size_t(n * ldw), 2, gated ? 0.2f : 0.02f);
          fill(bias, size_t(n), 3, 1);
          const Product p{
              w,     x,   gaps ? static_cast<Element*>(bias) : nullptr, y, ldw, ldx, ldy, m, n, k,
              gated, gaps};
          const auto weight = SkinnyWeight::make(fk::kBFloat16, w, ldw, n, k, gated, skinny.sms());
          std::vector<int2> all;
          for (int t = 0; t < m; ++t)
            for (int r = 0; r < p.outputs(); ++r) all.push_back({t, r});
          if (all.size() > 4000) all = samples(m, p.outputs(), 4000);
          std::vector<float> bits[2];
          for (auto& b : bits) {
            CHECK(cudaMemset(y, 0xff, size_t(m * ldy) * 4));
            skinny.run(weight, p, nullptr);
            CHECK(cudaDeviceSynchronize());
            b = y.download();
          }
          ++done;
          const double e = error(p, all);
          const bool same = std::memcmp(bits[0].data(), bits[1].data(), bits[0].size() * 4) == 0;
          if ((e > 1 || !same) && ++wrong <= 20)
            std::printf("WRONG m=%d n=%d k=%d variant=%d: %.3g%s\n", m, n, k, variant, e,
                        same ? "" : ", other bits the second time");
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
__global__ void touch_kernel(uint4* x, int n) {
  fk::device::launch_next();
  fk::device::wait_for_previous();
  const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= n) return;
  const uint4 v = x[i];
  x[i] = {v.x ^ 0x80008000u, v.y ^ 0x80008000u, v.z ^ 0x80008000u, v.w ^ 0x80008000u};
}

struct Shape {
  const char* name;
  int n, k;
  bool gated = false;
};

// Copies of a weight, more than 250 MB in all, with what each side needs to use them.
class Weights {
 public:
  Weights(Shape shape, int sms, int at_least = 2)
      : each_(size_t(shape.n) * size_t(shape.k)),
        count_(int(std::max<size_t>(size_t(at_least), (250000000 + each_ * 2 - 1) / (each_ * 2)))),
        data_(each_ * size_t(count_)) {
    fill(data_, each_ * size_t(count_), 2, 0.02f);
    for (int i = 0; i < count_; ++i) maps_.push_back(make(shape, at(i), sms));
  }
  size_t elements() const { return each_; }
  const Element* at(int i) const { return data_ + each_ * size_t(i % count_); }
  const SkinnyWeight& map(int i) const { return maps_[size_t(i % count_)]; }

 private:
  static SkinnyWeight make(Shape s, const Element* w, int sms) {
    return SkinnyWeight::make(fk::kBFloat16, w, s.k, s.n, s.k, s.gated, sms);
  }
  size_t each_;
  int count_;
  Buffer<Element> data_;
  std::vector<SkinnyWeight> maps_;
};

class Bench {
 public:
  Bench(int sms, cublasLtHandle_t lt, void* workspace, cudaStream_t s)
      : lt_(lt), workspace_(workspace), s_(s), skinny_(sms) {}

  // One product alone, against cuBLASLt.
  void product(Shape shape, const Weights& w, int m, bool sweep) {
    const int n = shape.n, k = shape.k;
    const double flops = 2.0 * m * n * k,
                 bytes = 2.0 * (double(w.elements()) + double(m) * (n + k));
    // About 1.5 ms a graph, so that its own start does not count.
    const int launches = int(std::clamp(1500 / std::max(bytes / 4e6, flops / 6e8), 2.0, 64.0));
    Buffer<Element> x(size_t(m) * size_t(k)), y(size_t(m) * size_t(n)), h(size_t(m) * size_t(n));
    fill(x, size_t(m) * size_t(k), 1, 1);
    const Matmul matmul(problem(shape, m), nullptr);
    double first = 0;
    const auto algo = fastest(matmul, w, x, y, launches, first);
    if (!algo) return void(std::printf("cuBLASLt has nothing\n"));
    auto library = [&](int i) {
      run(matmul, *algo, x, w.at(i), y);
      if (shape.gated) silu_and_mul(y, h, m, n / 2);
    };
    auto spaced = [&](const std::function<void(int)>& f) {
      return time_graph(
          s_, launches, [&](int i) { touch(x, m * k), f(i); }, 15);
    };
    const double best = time_graph(s_, launches, library, 15);
    if (m > fk::cuda::kSkinnyMax) {
      std::printf(
          "%-8s M=%-5d cuBLASLt best %8.2f us %6.1f TFLOP/s, first %8.2f us %6.1f TFLOP/s\n",
          shape.name, m, best, flops / best / 1e6, first, flops / first / 1e6);
      return;
    }
    const double best_spaced = spaced(library);
    const Product p = of(shape, w.at(0), x, y, m);
    auto ours = [&](int i) { skinny_.run(w.map(i), p, s_); };
    const double us = time_graph(s_, launches, ours, 15), us_spaced = spaced(ours);
    CHECK(cudaMemset(y, 0xff, size_t(m) * size_t(n) * 2));
    ours(0);
    CHECK(cudaStreamSynchronize(s_));
    const double e = error(p, samples(m, p.outputs(), 2000));
    std::printf(
        "%-8s M=%-3d ours %7.2f us %5.2f TB/s | cuBLASLt best %7.2f %5.2f, first %7.2f | "
        "ratio %.2f | spaced %7.2f against %7.2f, ratio %.2f | %s\n",
        shape.name, m, us, bytes / us / 1e6, best, bytes / best / 1e6, first, best / us, us_spaced,
        best_spaced, best_spaced / us_spaced, e <= 1 ? "right" : "WRONG");
    if (sweep && m > fk::cuda::kGemvMax) {
      std::printf("  spaced by blocks a tile, half and whole shared memory:");
      for (int split : {1, 2, 3, 4, 6, 8})
        std::printf(" %d: %.2f %.2f", split,
                    spaced([&](int i) { skinny_.run(w.map(i), p, s_, split, 1); }),
                    spaced([&](int i) { skinny_.run(w.map(i), p, s_, split, 2); }));
      std::printf("\n");
    }
  }

  // The products of 16 layers, a tiny kernel before each: what of a step is not attention.
  void layer(const std::vector<Shape>& shapes, const std::vector<Weights*>& w, int m) {
    constexpr int kLayers = 16;
    struct Part {
      Shape shape;
      const Weights& w;
      Matmul matmul;
      Buffer<Element> x, y, h;
      cublasLtMatmulAlgo_t algo;
    };
    std::vector<std::unique_ptr<Part>> parts;
    double bytes = 0;
    for (size_t i = 0; i < shapes.size(); ++i) {
      const Shape& s = shapes[i];
      const size_t most = size_t(m) * size_t(std::max(s.n, s.k));
      parts.emplace_back(new Part{s,
                                  *w[i],
                                  Matmul(problem(s, m), nullptr),
                                  Buffer<Element>(most),
                                  Buffer<Element>(most),
                                  Buffer<Element>(most),
                                  {}});
      Part& part = *parts.back();
      fill(part.x, size_t(m) * size_t(s.k), i, 1);
      double first = 0;
      part.algo = *fastest(part.matmul, part.w, part.x, part.y, 8, first);
      bytes += 2.0 * double(w[i]->elements());
    }
    const double library = time_graph(
        s_, kLayers,
        [&](int l) {
          for (const auto& part : parts) {
            touch(part->x, m * part->shape.k);
            run(part->matmul, part->algo, part->x, part->w.at(l), part->y);
            if (part->shape.gated) silu_and_mul(part->y, part->h, m, part->shape.n / 2);
          }
        },
        15);
    const double us = time_graph(
        s_, kLayers,
        [&](int l) {
          for (const auto& part : parts) {
            touch(part->x, m * part->shape.k);
            skinny_.run(part->w.map(l), of(part->shape, part->w.at(l), part->x, part->y, m), s_);
          }
        },
        15);
    std::printf("layer    M=%-3d ours %7.2f us %5.2f TB/s | cuBLASLt %7.2f %5.2f | ratio %.2f\n", m,
                us, bytes / us / 1e6, library, bytes / library / 1e6, library / us);
  }

  const Skinny& skinny() const { return skinny_; }

 private:
  static Problem problem(Shape s, int m) {
    return {m, s.n, s.k, s.k, s.k, s.n, CUDA_R_16BF, CUDA_R_16BF, false, 256, 256, 256};
  }
  static Product of(Shape s, const Element* w, const Element* x, Element* y, int m) {
    return {w, x, nullptr, y, s.k, s.k, s.gated ? s.n / 2 : s.n, m, s.n, s.k, s.gated, false};
  }
  cublasStatus_t run(const Matmul& matmul, const cublasLtMatmulAlgo_t& algo, const Element* x,
                     const Element* w, Element* y) const {
    return matmul.run(lt_, algo, x, w, y, workspace_, kWorkspace, s_);
  }
  void touch(Element* x, int n) const {
    fk::launch(touch_kernel, unsigned((n + 2047) / 2048), 256, 0, s_, true,
               reinterpret_cast<uint4*>(x), n / 8);
  }
  void silu_and_mul(const Element* x, Element* y, int m, int d) const {
    fk::cuda::launch_silu_and_mul(x, {2 * d, 0, 1}, y, {d, 0, 1}, m, d, true, s_);
  }
  // The fastest of 32; `first` gets the time of the library's favourite.
  std::optional<cublasLtMatmulAlgo_t> fastest(const Matmul& matmul, const Weights& w,
                                              const Element* x, Element* y, int launches,
                                              double& first) const {
    std::optional<cublasLtMatmulAlgo_t> best;
    double best_us = 1e30;
    const auto proposals = matmul.proposals(lt_, kWorkspace, 32);
    for (const auto& p : proposals) {
      if (run(matmul, p.algo, x, w.at(0), y) != CUBLAS_STATUS_SUCCESS) continue;
      const double us = time_graph(
          s_, launches, [&](int i) { run(matmul, p.algo, x, w.at(i), y); }, 5);
      if (&p == &proposals.front()) first = us;
      if (us < best_us) best = p.algo, best_us = us;
    }
    return best;
  }

  cublasLtHandle_t lt_;
  void* workspace_;
  cudaStream_t s_;
  Skinny skinny_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  cudaDeviceProp device;
  CHECK(cudaGetDeviceProperties(&device, 0));
  std::printf("%s, %d multiprocessors, cublasLt %zu\n", device.name, device.multiProcessorCount,
              cublasLtGetVersion());
  fk::cuda::prepare_linear_skinny<Element, false>();
  fk::cuda::prepare_linear_skinny<Element, true>();
  cudaStream_t s;
  CHECK(cudaStreamCreate(&s));
  cublasLtHandle_t lt;
  FK_LT_CHECK(cublasLtCreate(&lt));
  Buffer<char> workspace(kWorkspace);
  Bench bench(device.multiProcessorCount, lt, workspace, s);
  if (mode != "quick" && mode != "layer" && check_odd(bench.skinny())) return 1;
  if (mode == "check") return 0;
  const std::vector<Shape> layer{
      {"qkv", 6144, 4096}, {"o", 4096, 4096}, {"mlp_in", 28672, 4096, true}, {"down", 4096, 14336}};
  {
    std::vector<std::unique_ptr<Weights>> held;
    std::vector<Weights*> w;
    for (const Shape& shape : layer)
      w.push_back(
          held.emplace_back(std::make_unique<Weights>(shape, device.multiProcessorCount, 16))
              .get());
    for (int m : {1, 8, 16, 32, 64}) bench.layer(layer, w, m);
  }
  if (mode == "layer") return 0;
  std::vector<Shape> shapes = layer;
  shapes.push_back({"gate_up", 28672, 4096});
  shapes.push_back({"lm_head", 128256, 4096});
  for (const Shape& shape : shapes) {
    const Weights w(shape, device.multiProcessorCount);
    for (int m : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 2048, 8192}) {
      if (mode == "quick" && m != 1 && m != 32) continue;
      if (m > 512 && shape.n > 100000) continue;  // logits of a whole prompt are never asked for
      bench.product(shape, w, m, mode != "quick");
    }
  }
}
