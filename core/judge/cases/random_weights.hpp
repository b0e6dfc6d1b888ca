// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>

#include "core/judge/cases/host_tensor.hpp"
#include "core/judge/cases/threads.hpp"
#include "core/weights/weight_store.hpp"

namespace fk::cases {

// Weights that depend on the seed and the path alone. Values are rounded to `dtype` first, so that
// a float64 build sees what a build in that dtype sees.
class RandomWeights : public core::WeightStore {
 public:
  RandomWeights(uint64_t seed, fk_dtype dtype) : seed_(seed), dtype_(dtype) {}

  const fk_tensor* get(const core::ParamRequest& r) override {
    auto& [request, slot] = tensors_[r.path + (r.dtype.bits == 64 ? " float64" : "")];
    if (slot) return slot->get();
    request = r;
    slot = std::make_unique<HostTensor>(r.dtype, r.shape);
    Random random(seed_of(seed_, r.path));
    if (r.quant != "none")
      fill_blocks(*slot, r, random);
    else
      fill_plain(*slot, r, random);
    return slot->get();
  }
  // f(request, tensor) for every one that was asked for in another dtype than float64.
  template <class F>
  void for_each(const F& f) const {
    for (const auto& [key, entry] : tensors_)
      if (entry.first.dtype.bits != 64) f(entry.first, *entry.second);
  }
  std::vector<std::string> unused() const override { return {}; }
  size_t bytes() const override { return 0; }

 private:
  void fill_plain(HostTensor& t, const core::ParamRequest& r, const Random& random) const {
    // Gains of norms lie round one, matrices keep the size of what goes through them.
    const bool gain = r.shape.size() == 1 && r.path.ends_with("weight");
    const double scale =
        r.shape.size() == 1 ? 0.1 : 1 / std::sqrt(double(std::max<int64_t>(1, r.shape.back())));
    const fk_dtype rounding = r.dtype.bits == 64 ? dtype_ : r.dtype;
    const double middle = gain ? 1 : 0;
    const auto fill = [&](int64_t begin, int64_t end) {
      Random own = random;
      own.skip(uint64_t(begin));
      with_format(rounding, [&](auto given) {
        with_format(r.dtype, [&](auto format) {
          for (int64_t i = begin; i < end; ++i) {
            uint8_t bytes[8];
            given.write(bytes, middle + scale * own.normal());
            format.write(t.data() + size_t(i) * format.kBytes, given.read(bytes));
          }
        });
      });
    };
    if (t.size() < 1 << 16) return fill(0, t.size());
    // Alone they would be half the time that a linear layer is judged.
    for_ranges(t.size(), fill);
  }

  static void fill_blocks(HostTensor& t, const core::ParamRequest& r, Random& random) {
    const auto info = core::block_info(r.quant);
    const int64_t block = info->bytes;
    for (int64_t i = 0; i < t.size(); ++i) t.data()[i] = uint8_t(random.bits());
    const double step = (r.quant == "q8_0" ? 1.0 / 128 : 1.0 / 8) /
                        std::sqrt(double(r.shape.back() / block * info->elements));
    for (int64_t i = 0; i < t.size(); i += block) {
      write(t.data() + i, {FK_FLOAT, 16, 1}, step * (0.5 + random.uniform()));
      if (r.quant == "q4_1")
        write(t.data() + i + 2, {FK_FLOAT, 16, 1}, -step * (7 + random.uniform()));
    }
  }

  uint64_t seed_;
  fk_dtype dtype_;
  std::map<std::string, std::pair<core::ParamRequest, std::unique_ptr<HostTensor>>> tensors_;
};

}  // namespace fk::cases
