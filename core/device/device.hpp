// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fk/abi.h"

namespace fk::core {

// Work that was recorded once and is launched as a whole.
class Graph {
 public:
  virtual ~Graph() = default;
  virtual void launch() = 0;  // on the device's stream
};

// A point in the device's stream.
class Event {
 public:
  virtual ~Event() = default;
  virtual void record() = 0;
  virtual void wait() = 0;  // the host waits until the device has passed the last record()
  virtual float milliseconds_since(const Event& earlier) const = 0;  // both recorded and passed
};

// Where a model lives: its memory, its one stream and the copies between it and the host.
// Everything that is enqueued happens in the order of the calls. One thread at a time. On the CPU
// every call is done when it returns.
class Device {
 public:
  struct Memory {
    size_t free, total;
  };

  // The CPU, or a CUDA device with a stream of its own. Throws Error kMissing, with the way out,
  // for a device that is not there or that this build cannot drive.
  static std::shared_ptr<Device> open(fk_device);
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  fk_device id() const { return id_; }
  bool is_cpu() const { return id_.type == FK_CPU; }
  int sm() const { return sm_; }                     // 90: compute capability 9.0; 0 on the CPU
  const std::string& name() const { return name_; }  // "NVIDIA H200", "cpu"
  void* stream() const { return stream_; }           // cudaStream_t; null on the CPU
  virtual void make_current() {}                     // for the calling thread
  virtual Memory memory() const = 0;
  // What the driver says about itself and the card, for reports: name and value.
  virtual std::vector<std::pair<std::string, std::string>> facts() const { return {}; }

  // 256-byte aligned and zero. Throws Error kMissing with the bytes asked for, free and total.
  virtual void* allocate(size_t bytes) = 0;
  virtual void release(void*, size_t bytes) noexcept = 0;
  // Host memory that copies can be enqueued from and to.
  virtual void* allocate_host(size_t bytes) = 0;
  virtual void release_host(void*) noexcept = 0;

  virtual void zero(void*, size_t bytes) = 0;
  // The host side is of allocate_host and stays as it is until the device has passed the copy.
  virtual void upload(void* to, const void* from, size_t bytes) = 0;
  virtual void download(void* to, const void* from, size_t bytes) = 0;
  // `rows` runs of `bytes`, `pitch` bytes apart on both sides.
  virtual void upload_rows(void* to, const void* from, size_t pitch, size_t bytes, size_t rows) = 0;
  // From any host memory; done with `from` on return. Staged, several threads: for weights.
  virtual void upload_large(void* to, const void* from, size_t bytes) = 0;
  virtual void synchronize() = 0;  // throws Error kCheckFailed for what a kernel did wrong

  virtual std::unique_ptr<Event> event() = 0;
  // What is enqueued between the two is recorded, not run. Only where can_capture().
  virtual bool can_capture() const { return false; }
  virtual void begin_capture() {}
  virtual std::unique_ptr<Graph> end_capture() { return nullptr; }
  virtual void abandon_capture() noexcept {}

 protected:
  Device(fk_device id, int sm, std::string name) : id_(id), sm_(sm), name_(std::move(name)) {}
  fk_device id_;
  int sm_;
  std::string name_;
  void* stream_ = nullptr;
};

// The one CPU device of the process.
const std::shared_ptr<Device>& cpu_device();

// Device memory that is released with the object.
class DeviceMemory {
 public:
  DeviceMemory(std::shared_ptr<Device> device, size_t bytes)
      : device_(std::move(device)), data_(device_->allocate(bytes)), bytes_(bytes) {}
  ~DeviceMemory() {
    if (data_) device_->release(data_, bytes_);
  }
  DeviceMemory(DeviceMemory&& other) noexcept
      : device_(other.device_), data_(other.data_), bytes_(other.bytes_) {
    other.data_ = nullptr;
  }
  DeviceMemory& operator=(DeviceMemory&&) = delete;
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<Device> device_;
  void* data_;
  size_t bytes_;
};

// Throws Error kMissing: what was asked for, what is free, and the way out.
[[noreturn]] void out_of_memory(const Device&, size_t bytes);

// "cpu", "cuda:0".
std::string device_text(fk_device);

// Whether a driver of a card is on this machine. Its files say so; asking it would start it.
bool card_present();

}  // namespace fk::core
