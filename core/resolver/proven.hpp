// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/resolver/measurer.hpp"
#include "core/resolver/proof.hpp"

namespace fk::resolver {

// Plans that were proven or refuted in the whole model, as the store keeps them.
class ProvenPlans {
 public:
  ProvenPlans(Measurer&, const Subject&, const Workload&);
  struct KeptOut {
    std::string task, init, implementation, reason;
  };
  struct Entry {
    std::string id;
    std::vector<KeptOut> kept_out;  // none: the plan pays
    std::optional<Gain> gain;
    std::optional<Agreement> agreement;
    core::search::PerPhase predicted{1, 1};
    double predicted_whole = 1;
  };
  // On this device, with these weights, of this workload; the newest. `beside`: the hash of the
  // plan that it was held against; "": the baselines', which is a proof, the others are trials.
  std::optional<Entry> find(const std::string& plan_hash, const std::string& beside = "") const;
  // The record's id; "" without a store.
  std::string add(const core::Plan&, const Entry&, const std::vector<std::string>& notes,
                  const std::string& beside = "") const;

 private:
  Measurer& measurer_;
  const Subject& subject_;
  const Workload workload_;
};

core::Json to_json(const Gain&);
core::Json to_json(const Agreement&);

}  // namespace fk::resolver
