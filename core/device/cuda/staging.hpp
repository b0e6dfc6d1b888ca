// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <vector>

namespace fk::core {

// Copies pageable host memory (mapped weight files) to the device: several threads fill pinned
// buffers, each with a stream of its own, so that reading the file, the host copy and the bus work
// at the same time. A plain cudaMemcpy does these one after another.
class Staging {
 public:
  explicit Staging(int device);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  // Done with `from` on return, and `to` holds the bytes for every stream.
  void copy(void* to, const void* from, size_t bytes);

 private:
  static constexpr size_t kPiece = size_t{8} << 20;  // at most
  struct Lane {                                      // one thread's: two buffers in turn
    cudaStream_t stream = nullptr;
    void* buffer[2] = {};
    cudaEvent_t done[2] = {};
  };
  struct Job {
    char* to;
    const char* from;
    size_t bytes, piece, lanes;
  };
  void run(Lane&, const Job&, size_t first, int& status);
  int device_;
  std::vector<Lane> lanes_;
};

}  // namespace fk::core
