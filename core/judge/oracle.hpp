// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "core/judge/cases/random_weights.hpp"
#include "core/judge/cases/run_case.hpp"
#include "core/judge/plugin_file.hpp"

namespace fk::judge {

// What is right: the project's reference in float64, and what the same reference gives in the run
// dtype, by whose error everybody else's is measured. It runs in the Judge's process, out of the
// project's own plugins alone.
class Oracle {
 public:
  // `plugins`: the folder of the baselines. Throws Error when the reference is not there.
  Oracle(const core::Registry&, const std::filesystem::path& plugins);

  // The answers for one build of a task; weights depend on the case's seed.
  class Prepared {
   public:
    cases::Outcome golden(const cases::Problem& p) { return run_problem(*exact_, p, kExact); }
    cases::Outcome baseline(const cases::Problem& p) { return run_problem(*plain_, p, dtype_); }
    const cases::RandomWeights& weights() const { return *weights_; }
    const std::vector<core::StateUse>& states() const { return plain_->plan().states; }
    bool owns_state() const { return !states().empty(); }

   private:
    friend class Oracle;
    static constexpr fk_dtype kExact{FK_FLOAT, 64, 1};
    fk_dtype dtype_{};
    std::shared_ptr<cases::RandomWeights> weights_;
    std::unique_ptr<core::Model> exact_, plain_;
  };
  Prepared prepare(const core::TaskSpec&, const cases::Case&) const;
  const core::Catalog& catalog() const { return catalog_; }

 private:
  core::Catalog catalog_;
};

}  // namespace fk::judge
