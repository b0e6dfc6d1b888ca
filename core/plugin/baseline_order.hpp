// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace fk::core {

// What a step is made of: one query token a sequence, or anything else. A node may be computed by
// one implementation in decode steps and by another in the rest.
enum class Phase { kPrefill, kDecode };
inline const char* phase_name(Phase p) { return p == Phase::kDecode ? "decode" : "prefill"; }

// order.yaml beside the baselines: which of them goes first where several can, as measured.
//
//   decode:  {paged_attention: [cuda, flashinfer]}      task: plugins or plugin/name, the best
//   first prefill: {paged_attention: [flashinfer]}            those not listed come after, in the
//   usual order
struct BaselineOrder {
  std::map<std::string, std::vector<std::string>, std::less<>> decode, prefill;
  const std::vector<std::string>* find(std::string_view task, Phase) const;
  bool empty() const { return decode.empty() && prefill.empty(); }
  // Throws Error "file:line:column: ..." for what is not of that form.
  static BaselineOrder read(const std::filesystem::path&);
};

}  // namespace fk::core
