// SPDX-License-Identifier: Apache-2.0
// vLLM's prebuilt ops, opened over the shim when the first instance asks for them.
#pragma once
#include <initializer_list>
#include <string>

#include "fk/cuda.hpp"
#include "shim.hpp"

namespace fk::vllm_ops {

// NULL when `op` ("_C::rms_norm") can be called, else why not. $FK_VLLM_OPS_PATH names
// _C_stable_libtorch.abi3.so or its folder. Touches no device.
const char* op_fault(const char* op);

// Arguments of an op in the order of its schema.
class Call {
 public:
  Call& tensor(void* data, fk_dtype dtype, int device, std::initializer_list<int64_t> size,
               std::initializer_list<int64_t> stride = {});  // without strides: contiguous
  Call& some();                                              // the tensor before is optional
  Call& number(double x);
  Call& text(const char* s);
  // Enqueues the op on `stream`.
  void run(const char* op, cudaStream_t stream);

 private:
  uint64_t stack_[16] = {};
  int count_ = 0;
};

}  // namespace fk::vllm_ops
