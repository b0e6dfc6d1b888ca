// SPDX-License-Identifier: Apache-2.0
#include "core/judge/wire/cuda/cuda_bulk.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/dtype.hpp"
#include "core/device/cuda/cuda_device.hpp"
#include "core/judge/wire/cuda/bulk_kernels.hpp"

namespace fk::judge {
namespace {

using core::check_cuda;

// The lists travel by way of pinned memory, and so do the answers.
class CudaBulk : public Bulk {
 public:
  explicit CudaBulk(int device) : device_(device) {
    use();
    check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
    check_cuda(cudaMalloc(reinterpret_cast<void**>(&card_), kBytes),
               "memory for the Judge's lists");
    check_cuda(cudaMallocHost(reinterpret_cast<void**>(&host_), kBytes),
               "memory for the Judge's lists");
  }
  CudaBulk(const CudaBulk&) = delete;
  // A context that is broken frees nothing; its process ends soon.
  ~CudaBulk() override {
    cudaSetDevice(device_);
    if (host_) cudaFreeHost(host_);
    if (card_) cudaFree(card_);
    if (stream_) cudaStreamDestroy(stream_);
  }

  void copy(std::span<const Copy> all) override {
    use();
    in_parts(all, [&](std::span<const Copy> part, const Copy* list) {
      size_t most = 0;
      for (const Copy& c : part) most = std::max(most, c.bytes);
      check_cuda(launch_copies(list, unsigned(part.size()), most, stream_),
                 "copying on the device");
      wait();
    });
  }

  std::vector<double> differences(std::span<const Pair> all) override {
    use();
    std::vector<double> out;
    in_parts(all, [&](std::span<const Pair> part, const Pair* list) {
      size_t most = 0;
      for (const Pair& p : part) most = std::max(most, p.count * core::dtype_bytes(p.dtype));
      auto* largest = reinterpret_cast<unsigned long long*>(card_ + kListBytes);
      const size_t bytes = part.size() * sizeof(double);
      check_cuda(cudaMemsetAsync(largest, 0, bytes, stream_), "comparing on the device");
      check_cuda(launch_differences(list, unsigned(part.size()), most, largest, stream_),
                 "comparing on the device");
      check_cuda(cudaMemcpyAsync(host_, largest, bytes, cudaMemcpyDeviceToHost, stream_),
                 "comparing on the device");
      wait();
      const size_t before = out.size();
      out.resize(before + part.size());
      std::memcpy(out.data() + before, host_, bytes);
    });
    return out;
  }

 private:
  static constexpr size_t kMost = 4096;  // entries of one launch, whose grid takes 65535
  static constexpr size_t kListBytes = kMost * std::max(sizeof(Copy), sizeof(Pair)),
                          kBytes = kListBytes + kMost * sizeof(double);

  template <class T, class F>
  void in_parts(std::span<const T> all, const F& f) {
    for (size_t begin = 0; begin < all.size(); begin += kMost) {
      const auto part = all.subspan(begin, std::min(kMost, all.size() - begin));
      std::memcpy(host_, part.data(), part.size_bytes());
      check_cuda(cudaMemcpyAsync(card_, host_, part.size_bytes(), cudaMemcpyHostToDevice, stream_),
                 "copying a list to the device");
      f(part, reinterpret_cast<const T*>(card_));
    }
  }
  void use() const { check_cuda(cudaSetDevice(device_), "choosing the device"); }
  void wait() const { check_cuda(cudaStreamSynchronize(stream_), "the Judge's own kernels"); }

  int device_;
  cudaStream_t stream_ = nullptr;
  char *card_ = nullptr, *host_ = nullptr;
};

}  // namespace

std::unique_ptr<Bulk> open_cuda_bulk(int device) { return std::make_unique<CudaBulk>(device); }

}  // namespace fk::judge
