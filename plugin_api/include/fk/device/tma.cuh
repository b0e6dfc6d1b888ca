// SPDX-License-Identifier: Apache-2.0
// The tensor memory accelerator (sm_90): boxes of a tensor in global memory to shared memory. The
// tensor map is made on the host (tensor_map.hpp) and passed by value as a __grid_constant__
// parameter; coordinates are in elements, the contiguous dimension first; what lies outside reads
// as zeros and still counts its bytes.
#pragma once
#include <cuda.h>

#include "bulk.cuh"

namespace fk::device {

__device__ inline void load_box(uint32_t to, const CUtensorMap& map, int c0, int c1, Barrier done,
                                uint64_t policy) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
      ".L2::cache_hint [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(to),
      "l"(&map), "r"(c0), "r"(c1), "r"(done.address()), "l"(policy)
      : "memory");
}
__device__ inline void load_box(uint32_t to, const CUtensorMap& map, int c0, int c1, int c2, int c3,
                                Barrier done, uint64_t policy) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
      ".L2::cache_hint [%0], [%1, {%2, %3, %4, %5}], [%6], %7;" ::"r"(to),
      "l"(&map), "r"(c0), "r"(c1), "r"(c2), "r"(c3), "r"(done.address()), "l"(policy)
      : "memory");
}
// To the same place in every block of `mask` of the cluster, counted by the barrier at the same
// place there.
__device__ inline void load_box_for_all(uint32_t to, const CUtensorMap& map, int c0, int c1,
                                        Barrier done, uint16_t mask, uint64_t policy) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
      ".multicast::cluster.L2::cache_hint [%0], [%1, {%2, %3}], [%4], %5, %6;" ::"r"(to),
      "l"(&map), "r"(c0), "r"(c1), "r"(done.address()), "h"(mask), "l"(policy)
      : "memory");
}
// The other way, what lies outside left out: after fence_shared_for_tma() by the threads that wrote
// the box and a barrier; in bulk groups of the thread that stores.
__device__ inline void store_box(const CUtensorMap& map, int c0, int c1, uint32_t from) {
  asm volatile(
      "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%1, %2}], [%3];" ::"l"(&map),
      "r"(c0), "r"(c1), "r"(from)
      : "memory");
}
// Into L2 only: for what will be loaded soon.
__device__ inline void prefetch_box(const CUtensorMap& map, int c0, int c1) {
  asm volatile("cp.async.bulk.prefetch.tensor.2d.L2.global.tile [%0, {%1, %2}];" ::"l"(&map),
               "r"(c0), "r"(c1)
               : "memory");
}
__device__ inline void prefetch_box(const CUtensorMap& map, int c0, int c1, int c2, int c3) {
  asm volatile(
      "cp.async.bulk.prefetch.tensor.4d.L2.global.tile [%0, {%1, %2, %3, %4}];" ::"l"(&map),
      "r"(c0), "r"(c1), "r"(c2), "r"(c3)
      : "memory");
}

}  // namespace fk::device
