// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fk::core {

// Names a stretch of the calling thread for profilers; nothing in a build without NVTX's headers.
class NvtxRange {
 public:
  explicit NvtxRange(const char* name);
  ~NvtxRange();
  NvtxRange(const NvtxRange&) = delete;
  NvtxRange& operator=(const NvtxRange&) = delete;
};

}  // namespace fk::core
