// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "core/base/error.hpp"
#include "core/weights/convert.hpp"
#include "core/weights/tensor_readers.hpp"

// Any bytes either parse into tensors that lie within them and can be dequantised, or are refused
// with an Error.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> bytes(data, data + size);
  try {
    const fk::core::ParsedFile f = fk::core::parse_gguf(bytes, "f");
    for (const auto& [name, t] : f.tensors) {
      if (t.bytes > 0 && (t.data < bytes.data() || t.data + t.bytes > bytes.data() + bytes.size()))
        __builtin_trap();
      const auto block = fk::core::block_info(t.ggml_type);
      if (!block || t.bytes == 0) continue;
      std::vector<float> out(t.bytes / size_t(block->bytes) * size_t(block->elements));
      fk::core::dequantize(t.ggml_type, t.data, out);
    }
  } catch (const fk::core::Error&) {}
  return 0;
}
