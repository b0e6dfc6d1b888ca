// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/judge/wire/placement.hpp"
#include "core/judge/wire/region.hpp"
#include "core/runtime/tensor_box.hpp"
#include "core/weights/weight_store.hpp"

namespace fk::judge {

// Weights that the Judge wrote into shared memory, where they cannot be changed.
class PlacedWeights : public core::WeightStore {
 public:
  PlacedWeights(const Json& list, const Region& region) {
    for (const Json& j : list) {
      const Placement p = Placement::from_json(j);
      tensors_.emplace(
          p.name, std::make_unique<core::TensorBox>(region.data() + p.offset, fk_device{FK_CPU, 0},
                                                    p.dtype, p.shape));
    }
  }
  const fk_tensor* get(const core::ParamRequest& r) override {
    const auto at = tensors_.find(r.path);
    if (at == tensors_.end())
      core::bad_input("param \"{}\": the task's reference has none of this name", r.path);
    const fk_tensor* t = at->second->get();
    if (!std::equal(r.shape.begin(), r.shape.end(), t->shape, t->shape + t->ndim) ||
        !core::same(r.dtype, t->dtype))
      core::bad_input("param \"{}\": asked for in another shape or dtype than the task's", r.path);
    return t;
  }
  std::vector<std::string> unused() const override { return {}; }
  size_t bytes() const override { return 0; }

 private:
  std::map<std::string, std::unique_ptr<core::TensorBox>> tensors_;
};

}  // namespace fk::judge
