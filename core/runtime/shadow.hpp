// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/spec/task_spec.hpp"
#include "fk/abi.h"

namespace fk::core {

// A copy of a tensor with canaries around it and between its rows, which an implementation gets in
// place of the real one.
class Shadow {
 public:
  // `keep`: starts with the real values (in-place arguments); otherwise with a NaN that no kernel
  // writes.
  Shadow(const Field&, const fk_tensor& real, bool keep);
  const fk_tensor* get() const { return &copy_; }
  const fk_tensor* real() const { return real_; }
  // Copies the elements back to the real tensor; returns what went wrong, or "".
  std::string close();

 private:
  std::string unwritten() const;
  const Field& field_;
  const fk_tensor* real_;
  fk_tensor copy_;
  bool keep_;
  std::unique_ptr<unsigned char[]> memory_;
  size_t bytes_;         // of the extent
  unsigned char* data_;  // 256-byte aligned, inside memory_
};

}  // namespace fk::core
