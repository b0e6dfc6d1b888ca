// SPDX-License-Identifier: Apache-2.0
#include "core/device/cuda/staging.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

#include "core/device/cuda/cuda_device.hpp"

namespace fk::core {

Staging::Staging(int device) : device_(device) {
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  lanes_.resize(std::min(cores, 8u));
  for (Lane& lane : lanes_) {
    check_cuda(cudaStreamCreateWithFlags(&lane.stream, cudaStreamNonBlocking), "a staging stream");
    for (int i = 0; i < 2; ++i) {
      check_cuda(cudaMallocHost(&lane.buffer[i], kPiece), "a pinned staging buffer of 8 MiB");
      check_cuda(cudaEventCreateWithFlags(&lane.done[i], cudaEventDisableTiming),
                 "a staging event");
    }
  }
}

Staging::~Staging() {
  for (Lane& lane : lanes_) {
    for (int i = 0; i < 2; ++i) {
      if (lane.done[i]) cudaEventDestroy(lane.done[i]);
      if (lane.buffer[i]) cudaFreeHost(lane.buffer[i]);
    }
    if (lane.stream) cudaStreamDestroy(lane.stream);
  }
}

void Staging::run(Lane& lane, char* to, const char* from, size_t bytes, size_t first, size_t step,
                  int& status) {
  auto ok = [&](cudaError_t e) {
    if (e != cudaSuccess) status = int(e);
    return e == cudaSuccess;
  };
  if (!ok(cudaSetDevice(device_))) return;
  int turn = 0;
  for (size_t at = first * kPiece; at < bytes; at += step * kPiece, turn ^= 1) {
    const size_t size = std::min(kPiece, bytes - at);
    if (!ok(cudaEventSynchronize(lane.done[turn]))) return;
    std::memcpy(lane.buffer[turn], from + at, size);
    if (!ok(cudaMemcpyAsync(to + at, lane.buffer[turn], size, cudaMemcpyHostToDevice, lane.stream)))
      return;
    if (!ok(cudaEventRecord(lane.done[turn], lane.stream))) return;
  }
  ok(cudaStreamSynchronize(lane.stream));
}

void Staging::copy(void* to, const void* from, size_t bytes) {
  char* d = static_cast<char*>(to);
  const char* s = static_cast<const char*>(from);
  const size_t pieces = (bytes + kPiece - 1) / kPiece, count = std::min(pieces, lanes_.size());
  std::vector<int> status(count, 0);
  std::vector<std::thread> threads;
  for (size_t i = 1; i < count; ++i)
    threads.emplace_back([&, i] { run(lanes_[i], d, s, bytes, i, count, status[i]); });
  if (count) run(lanes_[0], d, s, bytes, 0, count, status[0]);
  for (std::thread& t : threads) t.join();
  for (int e : status) check_cuda(e, "copying weights to the device");
}

}  // namespace fk::core
