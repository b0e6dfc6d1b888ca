// SPDX-License-Identifier: Apache-2.0
// The smallest host that runs an implementation out of a plugin on a GPU: what a kernel costs as
// the framework calls it, without the framework. Children come from what was offered, the first
// that supports them; states are given by name. Any fault ends the program.
#pragma once
#include <cuda_runtime.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
  ~PluginHost() {
    drop_children();
    cudaFree(scratch_);
  }

  const fk_host* get() const { return &host_; }
  const char* message() const { return message_; }
  fk_run run(const void* step) {
    used_ = 0;
    return {sizeof(fk_run), stream_, {FK_CUDA, 0}, 0, step, {}};
  }
  void offer(const fk_impl* impl) { offered_.push_back(impl); }
  // What implementations that are created from here on are given as their weight `name`.
  void set_param(const char* name, const fk_tensor* t) { params_[name] = t; }
  void set_state(const char* name, const fk_tensor* t) { states_[name] = t; }
  // Of all children that were made.
  fk_status on_step(const void* step) {
    for (const auto& c : children_) {
      const fk_run r = run(step);
      if (c->impl->on_step)
        if (fk_status s = c->impl->on_step(c->state, &host_, &r)) return s;
    }
    return FK_OK;
  }
  void drop_children() {
    for (const auto& c : children_) c->impl->destroy(c->state);
    children_.clear();
  }

 private:
  static PluginHost& self(const fk_host* h) { return *static_cast<PluginHost*>(h->self); }
  static void log(const fk_host*, int32_t level, fk_str text) {
    if (level > 1) std::printf("  %.*s\n", int(text.size), text.data);
  }
  static fk_status error(const fk_host* h, fk_status code, fk_str text) {
    std::snprintf(self(h).message_, sizeof self(h).message_, "%.*s", int(text.size), text.data);
    return code;
  }
  static fk_status alloc(const fk_host*, fk_device, size_t bytes, void** out) {
    BENCH_CUDA(cudaMalloc(out, bytes));
    return FK_OK;
  }
  struct Child : fk_instance {
    const fk_host* host;
    const fk_impl* impl;
    void* state;
    static fk_status call(fk_instance* self, const fk_run* run, const void* args) {
      const Child& c = *static_cast<Child*>(self);
      return c.impl->forward(c.state, c.host, run, args);
    }
  };
  // The caller's init lives only until it returns, so children here must not look at it later.
  static fk_status child(const fk_host* h, fk_str, fk_str task, uint64_t, const void* init,
                         fk_instance** out) {
    PluginHost& s = self(h);
    const fk_run run = s.run(nullptr);
    for (const fk_impl* impl : s.offered_) {
      void* state = nullptr;
      if (std::string_view(impl->task.data, impl->task.size) !=
              std::string_view(task.data, task.size) ||
          impl->supports(h, run.device, 90, init) || impl->create(h, &run, init, &state))
        continue;
      auto made = std::make_unique<Child>();
      made->forward = Child::call;
      made->init = nullptr;
      made->host = h, made->impl = impl, made->state = state;
      *out = made.get();
      s.children_.push_back(std::move(made));
      return FK_OK;
    }
    return error(h, FK_UNSUPPORTED, {"no such child here", 18});
  }
  static fk_status param(const fk_host* h, fk_str name, const fk_tensor** out) {
    const auto at = self(h).params_.find(std::string(name.data, name.size));
    if (at == self(h).params_.end()) return error(h, FK_UNSUPPORTED, {"no such param here", 18});
    *out = at->second;
    return FK_OK;
  }
  static fk_status state(const fk_host* h, fk_str name, const fk_tensor** out) {
    const auto at = self(h).states_.find(std::string(name.data, name.size));
    if (at == self(h).states_.end()) return error(h, FK_UNSUPPORTED, {"no such state here", 18});
    *out = at->second;
    return FK_OK;
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
  std::vector<const fk_impl*> offered_;
  std::vector<std::unique_ptr<Child>> children_;
  std::map<std::string, const fk_tensor*> states_, params_;
  char message_[512] = "";
};

// An implementation of `task`, or NULL.
inline const fk_impl* find_impl(const fk_plugin& plugin, std::string_view task) {
  for (size_t i = 0; i < plugin.impl_count; ++i)
    if (std::string_view(plugin.impls[i]->task.data, plugin.impls[i]->task.size) == task)
      return plugin.impls[i];
  return nullptr;
}
inline const fk_plugin& open_plugin(PluginHost& host, const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) std::printf("%s\n", dlerror()), std::exit(2);
  const auto entry = reinterpret_cast<fk_plugin_entry_fn>(dlsym(library, "fk_plugin_entry_v1"));
  const fk_plugin* plugin = nullptr;
  if (!entry || entry(host.get(), &plugin)) std::printf("%s: no entry\n", path), std::exit(2);
  return *plugin;
}
// One implementation of `task` in the plugin at `path`; ends the program when there is none.
inline const fk_impl* find_impl(PluginHost& host, const char* path, std::string_view task) {
  if (const fk_impl* impl = find_impl(open_plugin(host, path), task)) return impl;
  std::printf("%s has no %.*s\n", path, int(task.size()), task.data());
  std::exit(2);
}

}  // namespace fk::bench
