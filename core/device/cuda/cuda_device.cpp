// SPDX-License-Identifier: Apache-2.0
#include "core/device/cuda/cuda_device.hpp"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/device/cuda/staging.hpp"

namespace fk::core {
namespace {

constexpr size_t kStaged = size_t{4} << 20;  // less is not worth the threads

class CudaGraph : public Graph {
 public:
  CudaGraph(cudaGraphExec_t exec, cudaStream_t stream) : exec_(exec), stream_(stream) {}
  ~CudaGraph() override { cudaGraphExecDestroy(exec_); }
  void launch() override { check_cuda(cudaGraphLaunch(exec_, stream_), "launching a graph"); }

 private:
  cudaGraphExec_t exec_;
  cudaStream_t stream_;
};

class CudaEvent : public Event {
 public:
  explicit CudaEvent(cudaStream_t stream) : stream_(stream) {
    check_cuda(cudaEventCreate(&event_), "creating an event");
  }
  ~CudaEvent() override { cudaEventDestroy(event_); }
  void record() override { check_cuda(cudaEventRecord(event_, stream_), "recording an event"); }
  void wait() override { check_cuda(cudaEventSynchronize(event_), "a kernel of this step"); }
  float milliseconds_since(const Event& earlier) const override {
    float ms = 0;
    check_cuda(cudaEventElapsedTime(&ms, static_cast<const CudaEvent&>(earlier).event_, event_),
               "reading events");
    return ms;
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t event_ = nullptr;
};

class CudaDevice : public Device {
 public:
  CudaDevice(int index, int sm, std::string name) : Device({FK_CUDA, index}, sm, std::move(name)) {
    cudaStream_t s = nullptr;
    check_cuda(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking), "creating the stream");
    stream_ = s;
  }
  ~CudaDevice() override {
    cudaSetDevice(id_.index);  // fails when the process is ending: then there is nothing to free
    staging_.reset();
    cudaStreamDestroy(stream());
  }
  cudaStream_t stream() const { return static_cast<cudaStream_t>(stream_); }

  void make_current() override { check_cuda(cudaSetDevice(id_.index), "choosing the device"); }
  Memory memory() const override {
    size_t free = 0, total = 0;
    check_cuda(cudaMemGetInfo(&free, &total), "asking for free memory");
    return {free, total};
  }
  std::vector<std::pair<std::string, std::string>> facts() const override {
    auto attribute = [&](cudaDeviceAttr a) {
      int value = 0;
      check_cuda(cudaDeviceGetAttribute(&value, a, id_.index), "reading the device's attributes");
      return value;
    };
    auto version = [](int v) { return fmt::format("{}.{}", v / 1000, v % 1000 / 10); };
    int driver = 0, runtime = 0;
    check_cuda(cudaDriverGetVersion(&driver), "asking for the driver's version");
    check_cuda(cudaRuntimeGetVersion(&runtime), "asking for the runtime's version");
    char bus[32] = "";
    check_cuda(cudaDeviceGetPCIBusId(bus, sizeof bus, id_.index), "asking for the bus id");
    return {{"cuda_driver", version(driver)},
            {"cuda_runtime", version(runtime)},
            {"multiprocessors", std::to_string(attribute(cudaDevAttrMultiProcessorCount))},
            {"l2_bytes", std::to_string(attribute(cudaDevAttrL2CacheSize))},
            {"clock_khz", std::to_string(attribute(cudaDevAttrClockRate))},
            {"memory_clock_khz", std::to_string(attribute(cudaDevAttrMemoryClockRate))},
            {"memory_bus_bits", std::to_string(attribute(cudaDevAttrGlobalMemoryBusWidth))},
            {"ecc", attribute(cudaDevAttrEccEnabled) ? "on" : "off"},
            {"pci", bus}};
  }
  void* allocate(size_t bytes) override {
    void* p = nullptr;
    const cudaError_t e = cudaMalloc(&p, bytes ? bytes : 1);
    if (e == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      out_of_memory(*this, bytes);
    }
    check_cuda(e, "allocating device memory");
    if (const cudaError_t cleared = cudaMemsetAsync(p, 0, bytes, stream())) {
      cudaFree(p);
      check_cuda(cleared, "clearing device memory");
    }
    return p;
  }
  void release(void* p, size_t) noexcept override { cudaFree(p); }
  void* allocate_host(size_t bytes) override {
    void* p = nullptr;
    check_cuda(cudaMallocHost(&p, bytes ? bytes : 1), "allocating pinned host memory");
    return p;
  }
  void release_host(void* p) noexcept override { cudaFreeHost(p); }

  void zero(void* p, size_t bytes) override {
    check_cuda(cudaMemsetAsync(p, 0, bytes, stream()), "clearing device memory");
  }
  void upload(void* to, const void* from, size_t bytes) override {
    check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream()),
               "copying to the device");
  }
  void download(void* to, const void* from, size_t bytes) override {
    check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream()),
               "copying from the device");
  }
  void upload_rows(void* to, const void* from, size_t pitch, size_t bytes, size_t rows) override {
    if (bytes == 0 || rows == 0) return;
    check_cuda(
        cudaMemcpy2DAsync(to, pitch, from, pitch, bytes, rows, cudaMemcpyHostToDevice, stream()),
        "copying to the device");
  }
  void upload_large(void* to, const void* from, size_t bytes) override {
    if (bytes < kStaged) {
      check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream()),
                 "copying to the device");
      return synchronize();
    }
    if (!staging_) staging_ = std::make_unique<Staging>(id_.index);
    synchronize();  // the staging streams know nothing of this one, which may be clearing `to`
    staging_->copy(to, from, bytes);
  }
  void synchronize() override {
    check_cuda(cudaStreamSynchronize(stream()), "a kernel of this run");
  }

  std::unique_ptr<Event> event() override { return std::make_unique<CudaEvent>(stream()); }
  bool can_capture() const override { return true; }
  void begin_capture() override {
    check_cuda(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal),
               "beginning a graph");
  }
  std::unique_ptr<Graph> end_capture() override {
    cudaGraph_t graph = nullptr;
    check_cuda(cudaStreamEndCapture(stream(), &graph), "ending a graph");
    cudaGraphExec_t exec = nullptr;
    const cudaError_t e = cudaGraphInstantiate(&exec, graph, 0);
    cudaGraphDestroy(graph);
    check_cuda(e, "instantiating a graph");
    return std::make_unique<CudaGraph>(exec, stream());
  }
  void abandon_capture() noexcept override {
    cudaGraph_t graph = nullptr;
    if (cudaStreamEndCapture(stream(), &graph) == cudaSuccess && graph) cudaGraphDestroy(graph);
    cudaGetLastError();
  }

 private:
  std::unique_ptr<Staging> staging_;
};

}  // namespace

void check_cuda(int status, const char* what) {
  const auto e = cudaError_t(status);
  if (e == cudaSuccess) return;
  const Code code =
      e == cudaErrorMemoryAllocation || e == cudaErrorNoDevice || e == cudaErrorInsufficientDriver
          ? Code::kMissing
          : Code::kCheckFailed;
  throw Error(code, fmt::format("{}: {}: {}", what, cudaGetErrorName(e), cudaGetErrorString(e)));
}

std::shared_ptr<Device> open_cuda_device(int index) {
  int count = 0;
  const cudaError_t e = cudaGetDeviceCount(&count);
  if (e != cudaSuccess || count == 0) {
    cudaGetLastError();
    missing(
        "cuda:{}: no CUDA device can be used here ({}); nvidia-smi shows what the driver sees; use "
        "--device cpu, or --dry to see the model's tree",
        index, e == cudaSuccess ? "the driver finds none" : cudaGetErrorString(e));
  }
  if (index >= count)
    missing("cuda:{}: there {} only {} CUDA device{}, cuda:0 to cuda:{}", index,
            count == 1 ? "is" : "are", count, count == 1 ? "" : "s", count - 1);
  check_cuda(cudaSetDevice(index), "choosing the device");
  cudaDeviceProp p;
  check_cuda(cudaGetDeviceProperties(&p, index), "reading the device's properties");
  if (p.major < 8)
    missing("cuda:{}: {} has compute capability {}.{}; 8.0 or later is needed", index, p.name,
            p.major, p.minor);
  return std::make_shared<CudaDevice>(index, 10 * p.major + p.minor, p.name);
}

}  // namespace fk::core
