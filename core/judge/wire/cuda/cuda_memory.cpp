// SPDX-License-Identifier: Apache-2.0
#include "core/judge/wire/cuda/cuda_memory.hpp"

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/device/cuda/cuda_device.hpp"

namespace fk::judge {
namespace {

using core::check_cuda;

// The driver's calls by way of the runtime, so that nothing here is linked with libcuda: a machine
// without a driver runs this program too.
template <class F>
F driver_call(const char* name) {
  void* found = nullptr;
  cudaDriverEntryPointQueryResult result{};
  const cudaError_t e =
      cudaGetDriverEntryPointByVersion(name, &found, 12000, cudaEnableDefault, &result);
  if (e != cudaSuccess || result != cudaDriverEntryPointSuccess || !found) {
    cudaGetLastError();
    core::missing("the CUDA driver has no {}: a newer driver is needed to share memory of a card",
                  name);
  }
  return reinterpret_cast<F>(found);
}
#define FK_DRIVER(name) decltype(&name) name##_ = driver_call<decltype(&name)>(#name)

struct Driver {
  FK_DRIVER(cuGetErrorName);
  FK_DRIVER(cuMemGetAllocationGranularity);
  FK_DRIVER(cuMemCreate);
  FK_DRIVER(cuMemRelease);
  FK_DRIVER(cuMemExportToShareableHandle);
  FK_DRIVER(cuMemImportFromShareableHandle);
  FK_DRIVER(cuMemAddressReserve);
  FK_DRIVER(cuMemAddressFree);
  FK_DRIVER(cuMemMap);
  FK_DRIVER(cuMemUnmap);
  FK_DRIVER(cuMemSetAccess);
};
#undef FK_DRIVER

const Driver& driver() {
  static const Driver d;
  return d;
}

void check_driver(CUresult r, const char* what, size_t bytes) {
  if (r == CUDA_SUCCESS) return;
  const char* name = "an unknown error";
  driver().cuGetErrorName_(r, &name);
  core::missing("{} of {} bytes that two processes share: {}", what, bytes, name);
}

class Mapped : public CudaMemory {
 public:
  explicit Mapped(int device) : device_(device) {
    check_cuda(cudaSetDevice(device), "choosing the device");
    check_cuda(cudaFree(nullptr), "making the device's context");
    property_.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    property_.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
    property_.location = {CU_MEM_LOCATION_TYPE_DEVICE, device};
  }
  // A context that is broken frees nothing; its process ends soon.
  ~Mapped() override {
    cudaSetDevice(device_);
    if (stream_) cudaStreamDestroy(stream_);
    if (mapped_) driver().cuMemUnmap_(at_, size_);
    if (at_) driver().cuMemAddressFree_(at_, size_);
    if (made_) driver().cuMemRelease_(handle_);
    if (descriptor_ >= 0) close(descriptor_);
  }

  void make(size_t bytes) {
    round_up(bytes);
    check_driver(driver().cuMemCreate_(&handle_, size_, &property_, 0), "an allocation", size_);
    made_ = true;
    check_driver(driver().cuMemExportToShareableHandle_(
                     &descriptor_, handle_, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0),
                 "exporting the memory", size_);
    map(true);
    clear();
  }
  void take(int descriptor, size_t bytes, bool writable) {
    round_up(bytes);
    check_driver(driver().cuMemImportFromShareableHandle_(
                     &handle_, reinterpret_cast<void*>(intptr_t(descriptor)),
                     CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR),
                 "importing the memory", size_);
    made_ = true;
    map(writable);
  }

  void* address() const override { return reinterpret_cast<void*>(at_); }
  int descriptor() const override { return descriptor_; }
  void upload(size_t offset, const void* from, size_t bytes) override {
    check_cuda(cudaSetDevice(device_), "choosing the device");
    check_cuda(cudaMemcpyAsync(static_cast<char*>(address()) + offset, from, bytes,
                               cudaMemcpyHostToDevice, stream_),
               "copying to the device");
    check_cuda(cudaStreamSynchronize(stream_), "copying to the device");
  }
  void clear() override {
    check_cuda(cudaSetDevice(device_), "choosing the device");
    check_cuda(cudaMemsetAsync(address(), 0, size_, stream_), "clearing shared memory");
    check_cuda(cudaStreamSynchronize(stream_), "clearing shared memory");
  }
  void download(void* to, size_t offset, size_t bytes) const override {
    check_cuda(cudaSetDevice(device_), "choosing the device");
    check_cuda(cudaMemcpyAsync(to, static_cast<char*>(address()) + offset, bytes,
                               cudaMemcpyDeviceToHost, stream_),
               "copying from the device");
    check_cuda(cudaStreamSynchronize(stream_), "copying from the device");
  }

 private:
  // Both sides come to the same size. Beyond it nothing is mapped: reading there faults.
  void round_up(size_t bytes) {
    size_t unit = 0;
    check_driver(driver().cuMemGetAllocationGranularity_(&unit, &property_,
                                                         CU_MEM_ALLOC_GRANULARITY_MINIMUM),
                 "the unit of allocations", bytes);
    size_ = (bytes / unit + 1) * unit;
  }
  void map(bool writable) {
    check_driver(driver().cuMemAddressReserve_(&at_, size_, 0, 0, 0), "addresses", size_);
    check_driver(driver().cuMemMap_(at_, size_, 0, handle_, 0), "mapping", size_);
    mapped_ = true;
    CUmemAccessDesc rights{};
    rights.location = property_.location;
    rights.flags = writable ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_READ;
    check_driver(driver().cuMemSetAccess_(at_, size_, &rights, 1), "the rights", size_);
    check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
  }

  int device_;
  CUmemAllocationProp property_{};
  CUmemGenericAllocationHandle handle_ = 0;
  CUdeviceptr at_ = 0;
  size_t size_ = 0;
  int descriptor_ = -1;
  bool made_ = false, mapped_ = false;
  cudaStream_t stream_ = nullptr;
};

}  // namespace

std::unique_ptr<CudaMemory> CudaMemory::create(int device, size_t bytes) {
  auto m = std::make_unique<Mapped>(device);
  m->make(bytes);
  return m;
}

std::unique_ptr<CudaMemory> CudaMemory::import(int device, int descriptor, size_t bytes,
                                               bool writable) {
  auto m = std::make_unique<Mapped>(device);
  m->take(descriptor, bytes, writable);
  return m;
}

}  // namespace fk::judge
