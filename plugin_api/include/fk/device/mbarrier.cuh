// SPDX-License-Identifier: Apache-2.0
// Barriers in shared memory that count arrivals and bytes copied (sm_90). A phase ends when both
// are complete; waiting names the parity of the phase: 0 for the first, 1 for the second, 0 ...
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace fk::device {

__device__ inline uint32_t shared_address(const void* p) {
  return uint32_t(__cvta_generic_to_shared(p));
}

class Barrier {  // a view of 8 bytes in shared memory
 public:
  __device__ explicit Barrier(uint64_t* at) : at_(shared_address(at)) {}
  // By one thread, then fence_barrier_init() and __syncthreads().
  __device__ void init(uint32_t arrivals) const {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at_), "r"(arrivals) : "memory");
  }
  __device__ void arrive() const {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(at_) : "memory");
  }
  // At the barrier that lies there in block `rank` of the cluster.
  __device__ void arrive_in(uint32_t rank) const {
    asm volatile(
        "{\n"
        ".reg .b32 there;\n"
        "mapa.shared::cluster.u32 there, %0, %1;\n"
        "mbarrier.arrive.shared::cluster.b64 _, [there];\n"
        "}\n" ::"r"(at_),
        "r"(rank)
        : "memory");
  }
  // An arrival that also makes the phase wait for `bytes` of copies.
  __device__ void arrive_expecting(uint32_t bytes) const {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at_), "r"(bytes)
                 : "memory");
  }
  __device__ void wait(uint32_t parity) const {
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@!done bra again;\n"
        "}\n" ::"r"(at_),
        "r"(parity)
        : "memory");
  }
  __device__ uint32_t address() const { return at_; }

 private:
  uint32_t at_;
};

__device__ inline void fence_barrier_init() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// L2 policies for data that is read once, for data that everybody reads, and for what is neither.
__device__ inline uint64_t evict_first() {
  uint64_t policy;
  asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
  return policy;
}
__device__ inline uint64_t evict_last() {
  uint64_t policy;
  asm("createpolicy.fractional.L2::evict_last.b64 %0, 1.0;" : "=l"(policy));
  return policy;
}
__device__ inline uint64_t evict_normal() {
  uint64_t policy;
  asm("createpolicy.fractional.L2::evict_normal.b64 %0, 1.0;" : "=l"(policy));
  return policy;
}

}  // namespace fk::device
