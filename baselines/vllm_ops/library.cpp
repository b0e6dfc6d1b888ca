// SPDX-License-Identifier: Apache-2.0
#include "library.hpp"

#include <dlfcn.h>

#include <cstdlib>

namespace fk::vllm_ops {
namespace {

constexpr const char* kFile = "_C_stable_libtorch.abi3.so";

struct Loaded {
  std::string fault;
  decltype(&fk_shim_op) op = nullptr;
  decltype(&fk_shim_set_stream) set_stream = nullptr;
  int32_t (*new_string)(const char*, size_t, std::string**) = nullptr;
};

Loaded load() {
  Loaded l;
  const char* path = std::getenv("FK_VLLM_OPS_PATH");
  if (!path || !*path) {
    l.fault = std::string("FK_VLLM_OPS_PATH does not say where ") + kFile + " is";
    return l;
  }
  // By name the libraries ask for these; the loader gives them the ones that are already open.
  void* shim = nullptr;
  for (const char* name : {"libtorch_cpu.so", "libtorch_cuda.so", "libtorch.so"}) {
    void* opened =
        dlopen((std::string(FK_VLLM_SHIM_FOLDER) + "/" + name).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!opened) return l.fault = dlerror(), l;
    if (!shim) shim = opened;
  }
  void* ops = dlopen((std::string(path) + "/" + kFile).c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (!ops) ops = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (!ops) return l.fault = dlerror(), l;
  l.op = reinterpret_cast<decltype(l.op)>(dlsym(shim, "fk_shim_op"));
  l.set_stream = reinterpret_cast<decltype(l.set_stream)>(dlsym(shim, "fk_shim_set_stream"));
  l.new_string = reinterpret_cast<decltype(l.new_string)>(dlsym(shim, "torch_new_string_handle"));
  if (!l.op || !l.set_stream || !l.new_string)
    l.fault = "libtorch_cpu.so is not the plugin's: PyTorch is in this process";
  return l;
}

const Loaded& loaded() {
  static const Loaded l = load();
  return l;
}

int32_t torch_dtype(fk_dtype d) {
  if (d == kFloat32) return 6;
  if (d == kFloat16) return 5;
  if (d == kBFloat16) return 15;
  if (d == kInt64) return 4;
  throw Error(FK_UNSUPPORTED, "vLLM's ops are not given dtype code %d with %d bits", d.code,
              d.bits);
}

}  // namespace

const char* op_fault(const char* op) {
  const Loaded& l = loaded();
  if (!l.fault.empty()) return l.fault.c_str();
  return l.op(op) ? nullptr : "the library has no such op";
}

Call& Call::tensor(void* data, fk_dtype dtype, int device, std::initializer_list<int64_t> size,
                   std::initializer_list<int64_t> stride) {
  auto* view = new View{data, torch_dtype(dtype), device, int64_t(size.size()), {}, {}};
  std::copy(size.begin(), size.end(), view->size);
  int64_t step = 1;
  for (int64_t i = view->dims - 1; i >= 0; step *= view->size[i--]) view->stride[i] = step;
  std::copy(stride.begin(), stride.end(), view->stride);
  stack_[count_++] = reinterpret_cast<uint64_t>(view);
  return *this;
}
Call& Call::some() {  // an optional is a cell on the heap, the op's to delete
  stack_[count_ - 1] = reinterpret_cast<uint64_t>(new uint64_t(stack_[count_ - 1]));
  return *this;
}
Call& Call::number(double x) {
  std::memcpy(&stack_[count_++], &x, sizeof x);
  return *this;
}
Call& Call::text(const char* s) {
  std::string* made = nullptr;
  loaded().new_string(s, std::strlen(s), &made);
  stack_[count_++] = reinterpret_cast<uint64_t>(made);
  return *this;
}
void Call::run(const char* op, cudaStream_t stream) {
  loaded().set_stream(stream);
  try {
    loaded().op(op)(stack_, uint64_t(count_), 0);
  } catch (const std::exception& e) { throw Error(FK_DEVICE_ERROR, "vLLM's %s: %s", op, e.what()); }
}

}  // namespace fk::vllm_ops
