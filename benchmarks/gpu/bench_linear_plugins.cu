// SPDX-License-Identifier: Apache-2.0
// Every implementation of `linear` in the plugins named, as the framework calls it, on the shapes
// of Llama-3.1-8B in bfloat16: which is the best of all at a shape.
//   bench_gpu_linear_plugins plugins/cublaslt/cublaslt.so plugins/cutlass/cutlass.so ... [quick]
// Times are medians of graph replays, a launch each, weights rotated through more than 250 MB.
// "spaced" has a tiny kernel that rewrites x before each, its time included, as a model has a norm.
// quick: M = 1, 32, 512 and 8192 only.
#include <cuda_bf16.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "fk/device/pdl.cuh"
#include "fk/tasks/linear.h"
#include "graph_timing.cuh"
#include "plugin_host.hpp"

namespace fk::bench {
namespace {

using T = __nv_bfloat16;
constexpr fk_device kGpu{FK_CUDA, 0};

__global__ void fill_kernel(T* p, size_t n, uint64_t seed, float deviation) {
  for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < n;
       i += size_t(gridDim.x) * blockDim.x)
    p[i] = __float2bfloat16(normal(seed << 40 | i, deviation));
}
void fill(T* p, size_t n, uint64_t seed, float deviation) {
  fill_kernel<<<1056, 256>>>(p, n, seed, deviation);
  BENCH_CUDA(cudaGetLastError());
}
__global__ void negate_kernel(T* x, int64_t n) {
  device::launch_next();
  device::wait_for_previous();
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) x[i] = -x[i];
}

// A block an element of y: its exact value, and what was found there.
__global__ void oracle_kernel(const T* x, const T* w, const T* y, int m, int n, int k,
                              double2* out) {
  __shared__ double sums[128];
  const int row = blockIdx.x < 2 ? int(blockIdx.x) * (m - 1) : int(mixed(2 * blockIdx.x) % m);
  const int column =
      blockIdx.x < 2 ? int(blockIdx.x) * (n - 1) : int(mixed(2 * blockIdx.x + 1) % n);
  double sum = 0;
  for (int i = threadIdx.x; i < k; i += 128)
    sum += double(float(x[int64_t(row) * k + i])) * double(float(w[int64_t(column) * k + i]));
  sums[threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.x) return;
  for (int i = 1; i < 128; ++i) sum += sums[i];
  out[blockIdx.x] = {sum, double(float(y[int64_t(row) * n + column]))};
}
// The largest error in units of what y's rounding and fp32 sums may cost; above 1 is wrong.
double error(const T* x, const T* w, const T* y, int m, int n, int k) {
  constexpr int kSamples = 4096;
  Buffers out(kSamples * sizeof(double2), 1);
  oracle_kernel<<<kSamples, 128>>>(x, w, y, m, n, k, out.all<double2>());
  std::vector<double2> pairs(kSamples);
  BENCH_CUDA(cudaMemcpy(pairs.data(), out.all<void>(), kSamples * sizeof(double2),
                        cudaMemcpyDeviceToHost));
  double squares = 0, worst = 0;
  for (const double2& p : pairs) squares += p.x * p.x;
  const double size = std::sqrt(squares / kSamples);
  for (const double2& p : pairs) {
    const double e = std::fabs(p.y - p.x) / (std::fabs(p.x) * 0x1p-8 + 512 * 0x1p-24 * size);
    if (!(e <= worst)) worst = std::isfinite(e) ? e : 1e30;
  }
  return worst;
}

struct Shape {
  const char* name;
  int n, k;
};
struct Provider {
  std::string name;
  const fk_impl* impl;
};

// An implementation with an instance for every copy of the weight.
class Product {
 public:
  Product(PluginHost& host, const Provider& p, Shape s, const Buffers& w, int copies)
      : host_(host), impl_(p.impl), name_(p.name), shape_(s) {
    fk_linear_init init;
    init.in_features = s.k, init.out_features = s.n;
    for (int i = 0; i < copies; ++i) {
      weights_.push_back(std::make_unique<TensorView>(w.at<T>(i), kGpu, kBFloat16,
                                                      std::initializer_list<int64_t>{s.n, s.k}));
      host.set_param("weight", *weights_.back());
      const fk_run run = host.run(nullptr);
      void* state = nullptr;
      if (impl_->supports(host.get(), kGpu, 90, &init) ||
          impl_->create(host.get(), &run, &init, &state)) {
        std::printf("%-8s %-30s %s\n", s.name, name_.c_str(), host.message());
        return;
      }
      states_.push_back(state);
    }
  }
  Product(const Product&) = delete;
  ~Product() {
    for (void* state : states_) impl_->destroy(state);
  }
  bool usable() const { return states_.size() == weights_.size(); }
  const std::string& name() const { return name_; }
  fk_status run(int m, T* x, T* y, int weight, uint32_t flags) {
    TensorView from(x, kGpu, kBFloat16, {m, shape_.k}), to(y, kGpu, kBFloat16, {m, shape_.n});
    fk_linear_args args;
    args.x = from, args.y = to;
    fk_run run = host_.run(nullptr);
    run.stream = stream_;
    run.flags = flags;
    return impl_->forward(states_[size_t(weight)], host_.get(), &run, &args);
  }
  void on(cudaStream_t stream) { stream_ = stream; }

 private:
  PluginHost& host_;
  const fk_impl* impl_;
  std::string name_;
  Shape shape_;
  cudaStream_t stream_ = nullptr;
  std::vector<std::unique_ptr<TensorView>> weights_;
  std::vector<void*> states_;
};

bool time_shape(PluginHost& host, const std::vector<Provider>& providers, Shape s,
                cudaStream_t stream, bool quick) {
  const size_t each = size_t(s.n) * size_t(s.k);
  const int copies = int(std::max<size_t>(2, (250000000 + each * 2 - 1) / (each * 2)));
  Buffers w(each * 2, copies);
  fill(w.all<T>(), w.bytes() / 2, 2, 0.02f);
  std::vector<std::unique_ptr<Product>> products;
  for (const Provider& p : providers) {
    products.push_back(std::make_unique<Product>(host, p, s, w, copies));
    if (!products.back()->usable()) products.pop_back();
  }
  bool right = true;
  for (int m : {1, 2, 4, 8, 16, 32, 64, 512, 2048, 8192}) {
    if (quick && m != 1 && m != 32 && m != 512 && m != 8192) continue;
    if (m > 512 && s.n > 100000) continue;  // logits of a whole prompt are never asked for
    const int64_t inputs = int64_t(m) * s.k;
    const size_t outputs = size_t(m) * size_t(s.n);
    Buffers x(size_t(inputs) * 2, 1), y(outputs * 2, 1);
    fill(x.all<T>(), size_t(inputs), 1, 1);
    const double bytes = 2.0 * (double(each) + double(inputs) + double(outputs));
    const double flops = 2.0 * m * double(each);
    std::string best = "none";
    double least = 1e30;
    for (const auto& p : products) {
      fk_status status = FK_OK;  // what is chosen on first use is chosen here, outside a graph
      p->on(stream);
      for (int i = 0; i < copies && !status; ++i) status = p->run(m, x.all<T>(), y.all<T>(), i, 0);
      BENCH_CUDA(cudaStreamSynchronize(stream));
      BENCH_CUDA(cudaMemset(y.all<void>(), 0xff, outputs * 2));
      if (!status) status = p->run(m, x.all<T>(), y.all<T>(), 0, 0);
      BENCH_CUDA(cudaStreamSynchronize(stream));
      if (status) {
        std::printf("%-8s M=%-5d %-30s %s\n", s.name, m, p->name().c_str(), host.message());
        right = false;
        continue;
      }
      const double e = error(x.all<T>(), w.at<T>(0), y.all<T>(), m, s.n, s.k);
      const auto call = [&](int i, cudaStream_t on) {
        p->on(on);
        p->run(m, x.all<T>(), y.all<T>(), i, FK_RUN_CAPTURING);
      };
      const double us = microseconds(copies, call);
      const double spaced = microseconds(copies, [&](int i, cudaStream_t on) {
        launch(negate_kernel, unsigned((inputs + 255) / 256), 256, 0, on, true, x.all<T>(), inputs);
        call(i, on);
      });
      std::printf("%-8s M=%-5d %-30s %8.2f us %5.2f TB/s %6.1f TFLOP/s | spaced %8.2f | %s\n",
                  s.name, m, p->name().c_str(), us, bytes / us / 1e6, flops / us / 1e6, spaced,
                  e <= 1 ? "right" : "WRONG");
      right &= e <= 1;
      if (e <= 1 && us < least) least = us, best = p->name();
    }
    std::printf("%-8s M=%-5d best: %s, %.2f us\n", s.name, m, best.c_str(), least);
    std::fflush(stdout);
  }
  return right;
}

}  // namespace
}  // namespace fk::bench

int main(int argc, char** argv) {
  using namespace fk::bench;
  bool quick = false;
  cudaStream_t stream;
  BENCH_CUDA(cudaStreamCreate(&stream));
  PluginHost host(stream);
  std::vector<Provider> providers;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "quick") {
      quick = true;
      continue;
    }
    const fk_plugin& plugin = open_plugin(host, word.c_str());
    for (size_t j = 0; j < plugin.impl_count; ++j) {
      const fk_impl* impl = plugin.impls[j];
      if (std::string_view(impl->task.data, impl->task.size) == "linear")
        providers.push_back({std::string(plugin.name.data, plugin.name.size) + "/" +
                                 std::string(impl->name.data, impl->name.size),
                             impl});
    }
  }
  if (providers.empty()) {
    std::printf("usage: %s PLUGIN.so ... [quick]\n", argv[0]);
    return 2;
  }
  cudaDeviceProp device;
  BENCH_CUDA(cudaGetDeviceProperties(&device, 0));
  std::printf("%s, %d SMs\n", device.name, device.multiProcessorCount);
  bool right = true;
  for (Shape s : {Shape{"qkv", 6144, 4096}, Shape{"o", 4096, 4096}, Shape{"gate_up", 28672, 4096},
                  Shape{"down", 4096, 14336}, Shape{"lm_head", 128256, 4096}})
    right &= time_shape(host, providers, s, stream, quick);
  std::printf(right ? "all right\n" : "SOMETHING IS WRONG\n");
  return right ? 0 : 1;
}
