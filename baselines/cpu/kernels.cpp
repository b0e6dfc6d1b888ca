// SPDX-License-Identifier: Apache-2.0
#include "kernels.hpp"

#include <cpuid.h>

#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace fkcpu {
namespace {

// By hand: clang 14 does not know this name in __builtin_cpu_supports.
bool has_f16c() {
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

}  // namespace

const Kernels* find_kernels(const char* isa) {
  __builtin_cpu_init();
  if (!std::strcmp(isa, "generic")) return &kGenericKernels;
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
  if (!std::strcmp(isa, "avx2")) return avx2 ? &kAvx2Kernels : nullptr;
  if (!std::strcmp(isa, "avx512"))
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
               ? &kAvx512Kernels
               : nullptr;
  return nullptr;
}

const Kernels& kernels() {
  static const Kernels& best = [&]() -> const Kernels& {
    const char* wish = std::getenv("FASTKERNELS_CPU_ISA");
    if (wish)
      if (const Kernels* k = find_kernels(wish)) return *k;
    for (const char* isa : {"avx512", "avx2"})
      if (const Kernels* k = find_kernels(isa)) return *k;
    return kGenericKernels;
  }();
  return best;
}

}  // namespace fkcpu
