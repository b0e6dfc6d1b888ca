// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "core/base/error.hpp"
#include "core/weights/tensor_readers.hpp"

// Any bytes either parse into tensors that lie within them, or are refused with an Error.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> bytes(data, data + size);
  try {
    const fk::core::ParsedFile f = fk::core::parse_safetensors(bytes, "f");
    for (const auto& [name, t] : f.tensors) {
      if (t.data < bytes.data() || t.data + t.bytes > bytes.data() + bytes.size()) __builtin_trap();
      if (t.bytes > 0 && t.data[0] + t.data[t.bytes - 1] > 510) __builtin_trap();
    }
  } catch (const fk::core::Error&) {}
  return 0;
}
