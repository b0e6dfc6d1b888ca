// SPDX-License-Identifier: Apache-2.0
// fk/cuda.hpp -- what a CUDA plugin includes beside plugin.hpp: errors, the stream, launches. Needs
// the CUDA runtime's headers; compiles with nvcc and with a host compiler.
#pragma once
#include <cuda_runtime.h>

#include <string_view>
#include <utility>

#include "plugin.hpp"

namespace fk {

inline void check_cuda(cudaError_t e, const char* what) {
  if (e != cudaSuccess)
    throw Error(e == cudaErrorMemoryAllocation ? FK_OUT_OF_MEMORY : FK_DEVICE_ERROR, "%s: %s: %s",
                what, cudaGetErrorName(e), cudaGetErrorString(e));
}
#define FK_CUDA_CHECK(x) ::fk::check_cuda((x), #x)

inline cudaStream_t stream_of(const Run& run) { return static_cast<cudaStream_t>(run.raw.stream); }
inline cudaStream_t stream_of(const Builder& b) { return static_cast<cudaStream_t>(b.run.stream); }

// Whether code for `archs` runs on a card of compute capability sm / 10. archs: "sm_80 sm_90a",
// machine code (for cards of the same generation from that one on; with an a, for that one alone),
// or "compute_90", PTX, which the driver compiles for that one and later ones. Other words run.
constexpr bool runs_on(std::string_view archs, int32_t sm) {
  while (!archs.empty()) {
    const std::string_view arch = archs.substr(0, archs.find(' '));
    archs.remove_prefix(arch.size() < archs.size() ? arch.size() + 1 : arch.size());
    const bool machine = arch.substr(0, 3) == "sm_", ptx = arch.substr(0, 8) == "compute_";
    if (!machine && !ptx) return true;
    int32_t number = 0;
    for (const char c : arch)
      if (c >= '0' && c <= '9') number = 10 * number + (c - '0');
    if (arch.back() == 'a' ? sm == number : sm >= number && (ptx || sm / 10 == number / 10))
      return true;
  }
  return false;
}

// What fk_add_plugin compiles the including file's kernels for.
#ifndef FK_COMPILED_FOR
#define FK_COMPILED_FOR "any"
#endif

// The first line of every CUDA implementation's supports(): refuses the CPU, cards below `sm` (90
// for Hopper) and cards for which the plugin holds no code.
static inline void support_cuda(fk_device device, int32_t sm, int32_t needed) {  // a file's own
  constexpr const char* archs = FK_COMPILED_FOR;
  FK_SUPPORT(device.type == FK_CUDA, "needs a CUDA device");
  FK_SUPPORT(sm >= needed, "needs sm_%d or later, this card is sm_%d", needed, sm);
  FK_SUPPORT(runs_on(archs, sm), "compiled for %s, this card is sm_%d", archs, sm);
}

// Whether this process's cards have what came with Hopper: programmatic launches and clusters.
inline bool has_clusters() {
  static const bool all = [] {
    int count = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess) return false;
    for (int i = 0; i < count; ++i) {
      int major = 0;
      if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, i) != cudaSuccess ||
          major < 9)
        return false;
    }
    return true;
  }();
  return all;
}

#ifdef __CUDACC__
// Launches with programmatic dependent launch: the kernel may start while the one before it still
// runs, and must call wait_for_previous() (device/pdl.cuh) before it touches anything that one
// wrote. `cluster`: blocks that stand side by side in x are a cluster, so many at a time; 0 for
// kernels that know no clusters.
template <class... Params, class... Args>
void launch_clusters(void (*kernel)(Params...), unsigned cluster, dim3 grid, dim3 block,
                     size_t shared, cudaStream_t stream, bool pdl, Args&&... args) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  cudaLaunchAttribute attributes[3]{};
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared;
  config.stream = stream;
  config.attrs = attributes;
  if (pdl && has_clusters()) {
    cudaLaunchAttribute& early = attributes[config.numAttrs++];
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
    // A multiprocessor changes its split of L1 and shared memory only when it is empty: a block
    // that waits with another split would keep the next kernel's blocks, and their early loads,
    // away.
    cudaLaunchAttribute& carveout = attributes[config.numAttrs++];
    carveout.id = cudaLaunchAttributePreferredSharedMemoryCarveout;
    carveout.val.sharedMemCarveout = cudaSharedmemCarveoutMaxShared;
  }
  if (cluster > 0) {
    cudaLaunchAttribute& together = attributes[config.numAttrs++];
    together.id = cudaLaunchAttributeClusterDimension;
    together.val.clusterDim = {cluster, 1, 1};
  }
  check_cuda(cudaLaunchKernelEx(&config, kernel, Params(std::forward<Args>(args))...),
             "kernel launch");
}
// As above, without clusters.
template <class... Params, class... Args>
void launch(void (*kernel)(Params...), dim3 grid, dim3 block, size_t shared, cudaStream_t stream,
            bool pdl, Args&&... args) {
  launch_clusters(kernel, 0, grid, block, shared, stream, pdl, std::forward<Args>(args)...);
}
#endif

}  // namespace fk
