// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/device/device.hpp"

namespace fk::test {

// A card that is none: memory of the host, as much as a test says, under any name, kind and
// compute capability. What is allocated and not released shows in used().
class LimitedDevice : public core::Device {
 public:
  explicit LimitedDevice(size_t total, fk_device id = {FK_CPU, 0}, int sm = 0)
      : Device(id, sm, "a small card"), total_(total) {}

  size_t used() const { return used_; }
  void grow(size_t bytes) { total_ += bytes; }

  Memory memory() const override { return {total_ - used_, total_}; }
  void* allocate(size_t bytes) override {
    if (bytes > total_ - used_) core::out_of_memory(*this, bytes);
    void* p = cpu().allocate(bytes);
    used_ += bytes;
    return p;
  }
  void release(void* p, size_t bytes) noexcept override {
    cpu().release(p, bytes);
    used_ -= bytes;
  }
  void* allocate_host(size_t bytes) override { return cpu().allocate_host(bytes); }
  void release_host(void* p) noexcept override { cpu().release_host(p); }
  void zero(void* p, size_t bytes) override { cpu().zero(p, bytes); }
  void upload(void* to, const void* from, size_t n) override { cpu().upload(to, from, n); }
  void download(void* to, const void* from, size_t n) override { cpu().download(to, from, n); }
  void upload_rows(void* to, const void* from, size_t pitch, size_t n, size_t rows) override {
    cpu().upload_rows(to, from, pitch, n, rows);
  }
  void upload_large(void* to, const void* from, size_t n) override { upload(to, from, n); }
  void synchronize() override {}
  std::unique_ptr<core::Event> event() override { return cpu().event(); }

 private:
  static core::Device& cpu() { return *core::cpu_device(); }
  size_t total_, used_ = 0;
};

}  // namespace fk::test
