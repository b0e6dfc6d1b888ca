// SPDX-License-Identifier: Apache-2.0
// The smallest host that runs one L1 implementation out of a plugin on a GPU: what a kernel costs
// as the framework calls it, without the framework. Any fault ends the program.
#pragma once
#include <cuda_runtime.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "fk/abi.h"

namespace fk::bench {

#define BENCH_CUDA(x)                                                                  \
  do {                                                                                 \
    if (cudaError_t e_ = (x)) {                                                        \
      std::printf("%s: %s (%s:%d)\n", #x, cudaGetErrorString(e_), __FILE__, __LINE__); \
      std::exit(2);                                                                    \
    }                                                                                  \
  } while (0)

class PluginHost {
 public:
  static constexpr size_t kScratch = size_t{256} << 20;

  explicit PluginHost(cudaStream_t stream) : stream_(stream) {
    host_ = {sizeof(fk_host), FK_ABI_MAJOR, FK_ABI_MINOR, this,  log,     error,
             alloc,           child,        param,        state, scratch, service};
    BENCH_CUDA(cudaMalloc(&scratch_, kScratch));
  }
  PluginHost(const PluginHost&) = delete;
  ~PluginHost() { cudaFree(scratch_); }

  const fk_host* get() const { return &host_; }
  const char* message() const { return message_; }
  fk_run run(const void* step) {
    used_ = 0;
    return {sizeof(fk_run), stream_, {FK_CUDA, 0}, 0, step, {}};
  }

 private:
  static PluginHost& self(const fk_host* h) { return *static_cast<PluginHost*>(h->self); }
  static void log(const fk_host*, int32_t, fk_str) {}
  static fk_status error(const fk_host* h, fk_status code, fk_str text) {
    std::snprintf(self(h).message_, sizeof self(h).message_, "%.*s", int(text.size), text.data);
    return code;
  }
  static fk_status alloc(const fk_host*, fk_device, size_t bytes, void** out) {
    BENCH_CUDA(cudaMalloc(out, bytes));
    return FK_OK;
  }
  static fk_status child(const fk_host* h, fk_str, fk_str, uint64_t, const void*, fk_instance**) {
    return error(h, FK_UNSUPPORTED, {"no children here", 16});
  }
  static fk_status param(const fk_host* h, fk_str, const fk_tensor**) {
    return error(h, FK_UNSUPPORTED, {"no params here", 14});
  }
  static fk_status state(const fk_host* h, fk_str, const fk_tensor**) {
    return error(h, FK_UNSUPPORTED, {"no state here", 13});
  }
  static fk_status scratch(const fk_host* h, const fk_run*, size_t bytes, void** out) {
    PluginHost& s = self(h);
    *out = static_cast<char*>(s.scratch_) + s.used_;
    s.used_ += (bytes + 255) / 256 * 256;
    return s.used_ <= kScratch ? FK_OK : error(h, FK_OUT_OF_MEMORY, {"out of scratch", 14});
  }
  static const void* service(const fk_host*, fk_str) { return nullptr; }

  fk_host host_;
  cudaStream_t stream_;
  void* scratch_ = nullptr;
  size_t used_ = 0;
  char message_[512] = "";
};

// One implementation of `task` in the plugin at `path`; ends the program when there is none.
inline const fk_impl* find_impl(PluginHost& host, const char* path, std::string_view task) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) std::printf("%s\n", dlerror()), std::exit(2);
  const auto entry = reinterpret_cast<fk_plugin_entry_fn>(dlsym(library, "fk_plugin_entry_v1"));
  const fk_plugin* plugin = nullptr;
  if (!entry || entry(host.get(), &plugin)) std::printf("%s: no entry\n", path), std::exit(2);
  for (size_t i = 0; i < plugin->impl_count; ++i)
    if (std::string_view(plugin->impls[i]->task.data, plugin->impls[i]->task.size) == task)
      return plugin->impls[i];
  std::printf("%s has no %.*s\n", path, int(task.size()), task.data());
  std::exit(2);
}

}  // namespace fk::bench
