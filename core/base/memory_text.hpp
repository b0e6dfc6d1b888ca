// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <fmt/format.h>

#include <string>

namespace fk::core {

// "512 B", "11.00 KiB", "2.00 MiB", "139.72 GiB".
inline std::string memory_text(double bytes) {
  if (bytes < 1024) return fmt::format("{:.0f} B", bytes);
  const char* unit = "KiB";
  bytes /= 1024;
  for (const char* larger : {"MiB", "GiB"}) {
    if (bytes < 1024) break;
    bytes /= 1024;
    unit = larger;
  }
  return fmt::format("{:.2f} {}", bytes, unit);
}

}  // namespace fk::core
