// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <map>
#include <set>

#include "core/base/dtype.hpp"
#include "core/base/error.hpp"
#include "core/base/nearest.hpp"
#include "core/weights/host_arena.hpp"
#include "core/weights/tensor_readers.hpp"
#include "core/weights/tensor_view.hpp"
#include "core/weights/weight_store.hpp"

namespace fk::core {
namespace {

class MemoryStore final : public WeightStore {
 public:
  explicit MemoryStore(std::vector<HostTensor> tensors) {
    for (HostTensor& t : tensors) {
      const std::optional<int64_t> count = element_count(t.shape);
      if (!count || uint64_t(*count) * dtype_bytes(t.dtype) != t.bytes.size())
        bad_input("weight {}: shape {} of {} does not fit {} bytes", t.path, shape_text(t.shape),
                  dtype_name(t.dtype), t.bytes.size());
      uint8_t* data = arena_.allocate(t.bytes.size());
      if (!t.bytes.empty()) std::memcpy(data, t.bytes.data(), t.bytes.size());
      if (!views_.try_emplace(t.path, data, std::move(t.shape), t.dtype).second)
        bad_input("weight {} is given twice", t.path);
    }
  }
  const fk_tensor* get(const ParamRequest& r) override {
    auto at = views_.find(r.path);
    if (at == views_.end()) {
      std::vector<std::string> names;
      for (const auto& [name, unused] : views_) names.push_back(name);
      bad_input("no weight {}{}", r.path, did_you_mean(r.path, names));
    }
    const TensorView& v = at->second;
    if (v.shape != r.shape || !same(v.tensor.dtype, r.dtype))
      bad_input("weight {} is {} {}, expected {} {}", r.path, dtype_name(v.tensor.dtype),
                shape_text(v.shape), dtype_name(r.dtype), shape_text(r.shape));
    used_.insert(r.path);
    return &v.tensor;
  }
  std::vector<std::string> unused() const override {
    std::vector<std::string> names;
    for (const auto& [name, view] : views_)
      if (!used_.contains(name)) names.push_back(name);
    return names;
  }
  size_t bytes() const override { return arena_.bytes(); }

 private:
  HostArena arena_;
  std::map<std::string, TensorView, std::less<>> views_;
  std::set<std::string> used_;
};

}  // namespace

std::unique_ptr<WeightStore> WeightStore::from_tensors(std::vector<HostTensor> tensors) {
  return std::make_unique<MemoryStore>(std::move(tensors));
}

}  // namespace fk::core
