// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <memory>

namespace fk::judge {

// One allocation of a card that two processes map, each with rights of its own: the virtual memory
// calls of the driver. Its handle is a descriptor, so that it travels as a memfd does.
class CudaMemory {
 public:
  // Zeroed, readable and writable here, and ready to be sent. Throws Error kMissing.
  static std::unique_ptr<CudaMemory> create(int device, size_t bytes);
  // What another process made with the same `bytes`. Without `writable` a kernel of this process
  // that writes it faults. The descriptor stays the caller's. Throws Error kMissing.
  static std::unique_ptr<CudaMemory> import(int device, int descriptor, size_t bytes,
                                            bool writable);
  virtual ~CudaMemory() = default;
  virtual void* address() const = 0;
  virtual int descriptor() const = 0;  // of create(); else -1
  // Done on return, and after everything that any process enqueued and waited for.
  virtual void upload(size_t offset, const void* from, size_t bytes) = 0;
  virtual void download(void* to, size_t offset, size_t bytes) const = 0;
  virtual void clear() = 0;  // all of it becomes zero
};

}  // namespace fk::judge
