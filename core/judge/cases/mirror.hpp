// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/device/device.hpp"
#include "core/judge/cases/host_tensor.hpp"

namespace fk::cases {

// A host tensor as a model on `device` sees it: the tensor itself on the CPU, otherwise a copy of
// its whole memory, gaps and guard included.
class Mirror {
 public:
  Mirror(const std::shared_ptr<core::Device>& device, HostTensor& host)
      : device_(device), host_(host), copy_(*host.get()) {
    if (device->is_cpu()) return;
    memory_ = std::make_unique<core::DeviceMemory>(device, host.memory_bytes());
    device->upload_large(memory_->data(), host.data(), host.memory_bytes());
    copy_.data = memory_->data();
    copy_.device = device->id();
  }
  const fk_tensor* get() const { return device_->is_cpu() ? host_.get() : &copy_; }
  // After the device is done: everything back to the host tensor.
  void fetch() {
    if (!memory_) return;
    void* p = device_->allocate_host(host_.memory_bytes());
    device_->download(p, memory_->data(), host_.memory_bytes());
    device_->synchronize();
    std::memcpy(host_.data(), p, host_.memory_bytes());
    device_->release_host(p);
  }

 private:
  std::shared_ptr<core::Device> device_;
  HostTensor& host_;
  fk_tensor copy_;
  std::unique_ptr<core::DeviceMemory> memory_;
};

}  // namespace fk::cases
