// SPDX-License-Identifier: Apache-2.0
#include "core/engine/step_tensor.hpp"

#include <cassert>
#include <cstring>

namespace fk::core {
namespace {
constexpr size_t kAlign = 256;
size_t aligned(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }
}  // namespace

StepTensor::StepTensor(fk_device device, fk_dtype dtype, std::initializer_list<int64_t> shape) {
  int64_t n = 1, i = int64_t(shape.size());
  for (const int64_t* d = shape.end(); d-- != shape.begin();) {
    shape_[size_t(--i)] = *d;
    strides_[size_t(i)] = n;
    n *= *d;
  }
  device_ = {nullptr, device, int32_t(shape.size()), dtype, shape_.data(), strides_.data(), 0};
  host_ = device_;
  host_.device = {FK_CPU, 0};
  capacity_ = shape_[0];
}

StepPack::StepPack(std::shared_ptr<Device> device) : device_(std::move(device)) {}

StepPack::~StepPack() {
  if (device_->is_cpu()) return;
  for (void* p : sides_)
    if (p) device_->release_host(p);
}

StepTensor& StepPack::add(fk_dtype dtype, std::initializer_list<int64_t> shape) {
  assert(!memory_);
  StepTensor& t = tensors_.emplace_back(device_->id(), dtype, shape);
  bytes_ += aligned(t.bytes());
  return t;
}

void StepPack::allocate() {
  memory_ = std::make_unique<DeviceMemory>(device_, bytes_);
  for (void*& p : sides_) {
    p = device_->is_cpu() ? memory_->data() : device_->allocate_host(bytes_);
    std::memset(p, 0, bytes_);
  }
  place();
}

void StepPack::place() {
  size_t at = 0;
  for (StepTensor& t : tensors_) {
    t.place(static_cast<char*>(memory_->data()) + at, static_cast<char*>(sides_[side_]) + at);
    at += aligned(t.bytes());
  }
}

void StepPack::flip() {
  if (device_->is_cpu()) return;
  side_ ^= 1;
  place();
}

void StepPack::upload() {
  if (!device_->is_cpu()) device_->upload(memory_->data(), sides_[side_], bytes_);
}

void StepPack::upload_rows(const StepTensor& t, size_t bytes) {
  if (!device_->is_cpu())
    device_->upload_rows(t.get()->data, t.host()->data, t.row_bytes(), bytes, size_t(t.rows()));
}

void StepPack::download(const StepTensor& t) {
  if (!device_->is_cpu())
    device_->download(t.host()->data, t.get()->data, size_t(t.rows()) * t.row_bytes());
}

}  // namespace fk::core
