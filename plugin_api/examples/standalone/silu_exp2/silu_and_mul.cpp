// SPDX-License-Identifier: Apache-2.0
// silu(g) = g / (1 + 2^(-g * log2 e)): one exp2 an element, which CPUs have a cheaper way to than
// exp.
#include "fk/tasks/silu_and_mul.h"

#include <cmath>

#include "fk/plugin.hpp"

namespace {

class SiluAndMul {
 public:
  SiluAndMul(fk::Builder& b, const fk_silu_and_mul_init&) : threads_(b.host) {}

  static void supports(fk_device device, int32_t, const fk_silu_and_mul_init&) {
    FK_SUPPORT(device.type == FK_CPU, "needs a CPU");
  }

  void forward(const fk::Run&, const fk_silu_and_mul_args& args) const {
    const fk::Tensor x(args.x), y(args.y);
    FK_SUPPORT(x.dtype() == fk::kFloat32, "x has another dtype than float32");
    const int64_t d = y.size(-1);
    threads_.parallel_for(y.rows(), [&](int64_t begin, int64_t end, int) {
      for (int64_t r = begin; r < end; ++r) {
        const float* in = x.data<float>() + r * x.stride(0);
        float* out = y.data<float>() + r * y.stride(0);
        for (int64_t i = 0; i < d; ++i)
          out[i] = in[i] / (1 + std::exp2(-1.44269504f * in[i])) * in[d + i];
      }
    });
  }

 private:
  fk::Threads threads_;
};

}  // namespace

FK_IMPL(fk::SiluAndMul, "exp2", "1.0.0", FK_IMPL_GRAPH_SAFE, SiluAndMul)
