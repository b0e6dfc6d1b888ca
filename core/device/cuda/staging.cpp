// SPDX-License-Identifier: Apache-2.0
#include "core/device/cuda/staging.hpp"

#include <algorithm>
#include <cstring>
#include <system_error>
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

void Staging::run(Lane& lane, const Job& job, size_t first, int& status) {
  auto ok = [&](cudaError_t e) {
    if (e != cudaSuccess) status = int(e);
    return e == cudaSuccess;
  };
  if (!ok(cudaSetDevice(device_))) return;
  int turn = 0;
  for (size_t at = first * job.piece; at < job.bytes; at += job.lanes * job.piece, turn ^= 1) {
    const size_t size = std::min(job.piece, job.bytes - at);
    if (!ok(cudaEventSynchronize(lane.done[turn]))) return;
    std::memcpy(lane.buffer[turn], job.from + at, size);
    if (!ok(cudaMemcpyAsync(job.to + at, lane.buffer[turn], size, cudaMemcpyHostToDevice,
                            lane.stream)))
      return;
    if (!ok(cudaEventRecord(lane.done[turn], lane.stream))) return;
  }
  ok(cudaStreamSynchronize(lane.stream));
}

void Staging::copy(void* to, const void* from, size_t bytes) {
  // A few MiB are shared by all lanes, too: two pieces each, so that one is filled while the other
  // is on its way.
  constexpr size_t kLeast = size_t{1} << 20;
  const size_t piece = std::clamp(bytes / (2 * lanes_.size()), kLeast, kPiece);
  const size_t count = std::min((bytes + piece - 1) / piece, lanes_.size());
  const Job job{static_cast<char*>(to), static_cast<const char*>(from), bytes, piece, count};
  std::vector<int> status(count, 0);
  std::vector<std::thread> threads;
  size_t started = 1;
  try {
    for (; started < count; ++started)
      threads.emplace_back([&, i = started] { run(lanes_[i], job, i, status[i]); });
  } catch (const std::system_error&) {}  // none may be started: in a sandbox
  if (count) run(lanes_[0], job, 0, status[0]);
  for (size_t i = started; i < count; ++i) run(lanes_[i], job, i, status[i]);
  for (std::thread& t : threads) t.join();
  for (int e : status) check_cuda(e, "copying weights to the device");
}

}  // namespace fk::core
