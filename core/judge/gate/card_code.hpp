// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace fk::judge {

// What kernels a library carries, read out of its bytes.
struct CardCode {
  std::set<int> machine, ptx;  // architectures: 90 is sm_90
  bool any() const { return !machine.empty() || !ptx.empty(); }
};
// Of every container of kernels in the bytes. Bounds-checked; what is damaged is passed over.
CardCode card_code(std::string_view bytes);

// What cuobjdump says of them.
struct CardResources {
  size_t kernels = 0, most_registers = 0, most_stack = 0, global_bytes = 0;
};
// Of the text that `cuobjdump --dump-resource-usage` prints.
CardResources parse_resources(std::string_view text);
// Nothing where there is no cuobjdump or it says nothing.
std::optional<CardResources> card_resources(const std::filesystem::path&);

}  // namespace fk::judge
