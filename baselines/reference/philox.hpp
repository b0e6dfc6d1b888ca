// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace fk::reference {

// First word of Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"): a
// pure function of (key, counter), so that draw number `counter` of a request is the same on every
// device.
inline uint32_t philox4x32_10(uint64_t key, uint64_t counter) {
  uint32_t c[4] = {uint32_t(counter), uint32_t(counter >> 32), 0, 0};
  uint32_t k[2] = {uint32_t(key), uint32_t(key >> 32)};
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t(0xD2511F53u) * c[0], b = uint64_t(0xCD9E8D57u) * c[2];
    const uint32_t next[4] = {uint32_t(b >> 32) ^ c[1] ^ k[0], uint32_t(b),
                              uint32_t(a >> 32) ^ c[3] ^ k[1], uint32_t(a)};
    for (int i = 0; i < 4; ++i) c[i] = next[i];
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c[0];
}

}  // namespace fk::reference
