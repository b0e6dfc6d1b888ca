// SPDX-License-Identifier: Apache-2.0
// A stand-in for the part of PyTorch that vLLM's prebuilt libraries import: the C functions of its
// stable interface, over plain views of memory. It is built as libtorch_cpu.so, which is what those
// libraries ask the loader for; a process that holds it cannot hold PyTorch.
#pragma once
#include <cstddef>
#include <cstdint>

namespace fk::vllm_ops {

struct View {  // never owns data
  void* data;
  int32_t dtype, device;  // dtype: PyTorch's number
  int64_t dims;           // -1: undefined
  int64_t size[8], stride[8];
};

// An op's entry: takes its arguments from `stack` as 64-bit words, a View* it deletes where it
// wants a tensor.
using Op = void (*)(uint64_t* stack, uint64_t inputs, uint64_t outputs);

}  // namespace fk::vllm_ops

extern "C" {
// The op "_C::rms_norm" of the libraries opened so far, or NULL.
fk::vllm_ops::Op fk_shim_op(const char* name);
void fk_shim_set_stream(void* stream);  // where ops of this thread are enqueued
}
