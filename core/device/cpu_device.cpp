// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <new>

#include "core/device/device.hpp"

namespace fk::core {
namespace {

constexpr size_t kAlign = 256, kMapped = size_t{1} << 20;

class CpuEvent : public Event {
 public:
  void record() override { at_ = std::chrono::steady_clock::now(); }
  void wait() override {}
  float milliseconds_since(const Event& earlier) const override {
    return std::chrono::duration<float, std::milli>(at_ - static_cast<const CpuEvent&>(earlier).at_)
        .count();
  }

 private:
  std::chrono::steady_clock::time_point at_;
};

class CpuDevice : public Device {
 public:
  CpuDevice() : Device({FK_CPU, 0}, 0, "cpu") {}

  Memory memory() const override {
    const size_t page = size_t(sysconf(_SC_PAGESIZE));
    return {size_t(sysconf(_SC_AVPHYS_PAGES)) * page, size_t(sysconf(_SC_PHYS_PAGES)) * page};
  }
  // Large blocks are mapped: untouched pages cost nothing.
  void* allocate(size_t bytes) override {
    if (bytes < kMapped) {
      const size_t size = bytes == 0 ? 1 : bytes;
      void* p = ::operator new (size, std::align_val_t{kAlign});
      std::memset(p, 0, size);
      return p;
    }
    void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    madvise(p, bytes, MADV_HUGEPAGE);
    return p;
  }
  void release(void* p, size_t bytes) noexcept override {
    if (bytes < kMapped)
      ::operator delete (p, std::align_val_t{kAlign});
    else
      munmap(p, bytes);
  }
  void* allocate_host(size_t bytes) override {
    return ::operator new (bytes ? bytes : 1, std::align_val_t{kAlign});
  }
  void release_host(void* p) noexcept override { ::operator delete (p, std::align_val_t{kAlign}); }
  void zero(void* p, size_t bytes) override { std::memset(p, 0, bytes); }
  void upload(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  void download(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  void upload_rows(void* to, const void* from, size_t pitch, size_t bytes, size_t rows) override {
    for (size_t i = 0; i < rows; ++i)
      std::memcpy(static_cast<char*>(to) + i * pitch, static_cast<const char*>(from) + i * pitch,
                  bytes);
  }
  void upload_large(void* to, const void* from, size_t bytes) override { upload(to, from, bytes); }
  void synchronize() override {}
  std::unique_ptr<Event> event() override { return std::make_unique<CpuEvent>(); }
};

}  // namespace

const std::shared_ptr<Device>& cpu_device() {
  static const std::shared_ptr<Device> device = std::make_shared<CpuDevice>();
  return device;
}

}  // namespace fk::core
