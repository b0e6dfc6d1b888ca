// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>

#include "tests/e2e/planting.hpp"

namespace fk::test {

bool has(const std::string& text, const std::string& part);

// `fk resolve` and `fk run` on a model whose baselines are the reference's slow loops.
struct ResolvedModel : Planting {
  std::string lock = f / "plan.lock.yaml", workload = "1x24/8";
  std::vector<std::string> flags = {"--threads", "1"};  // of both

  // `fk resolve`, which has to end well; its --json.
  Json resolve(std::vector<std::string> more = {}) const;
  Outcome run(std::vector<std::string> more = {}) const;
  // What computes a task in the lock file, by path.
  std::map<std::string, std::string> locked(const std::string& task) const;
  std::string lock_text() const;
};

// What a resolve says of the first part that an implementation competed for; null: of none.
const Json* finding(const Json& result, const std::string& implementation);

}  // namespace fk::test
