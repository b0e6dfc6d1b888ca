// SPDX-License-Identifier: Apache-2.0
// Bulk copies between global and shared memory (sm_90): one thread's word for many bytes. Addresses
// and sizes are multiples of 16 bytes.
#pragma once
#include "mbarrier.cuh"

namespace fk::device {

// `done` counts the bytes: a phase of it is to expect them.
__device__ inline void bulk_load(uint32_t to, const void* from, uint32_t bytes, Barrier done,
                                 uint64_t policy) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint "
      "[%0], [%1], %2, [%3], %4;" ::"r"(to),
      "l"(from), "r"(bytes), "r"(done.address()), "l"(policy)
      : "memory");
}
// What threads wrote to shared memory is stored after their fence_shared_for_tma() and a barrier;
// in bulk groups of the thread that stores.
__device__ inline void bulk_store(void* to, uint32_t from, uint32_t bytes) {
  asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(to), "r"(from),
               "r"(bytes)
               : "memory");
}
__device__ inline void fence_shared_for_tma() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}
__device__ inline void commit_stores() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
// Until what was stored, but for the last kLeft groups, has been read from shared memory; until all
// of it has arrived.
template <int kLeft = 0>
__device__ inline void wait_stores_read() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(kLeft) : "memory");
}
__device__ inline void wait_stores() { asm volatile("cp.async.bulk.wait_group 0;" ::: "memory"); }
}  // namespace fk::device
