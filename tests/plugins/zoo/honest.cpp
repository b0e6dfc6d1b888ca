// SPDX-License-Identifier: Apache-2.0
// Nothing bad: implementations that use what the others abuse. A fused composite that asks for its
// would-be children's weights, one that misspells them, one that reads the init of an instance it
// borrows, and a kernel that plans in on_step.
#include <cmath>

#include "fk/plugin.hpp"
#include "fk/tasks/llama_mlp.h"
#include "fk/tasks/rope_store_kvcache.h"
#include "fk/tasks/rotary_embedding.h"
#include "fk/tasks/silu_and_mul.h"

namespace {

class FusedMlp {
 public:
  FusedMlp(fk::Builder& b, const fk_llama_mlp_init& i)
      : hidden_(i.hidden_size),
        width_(i.intermediate_size),
        gate_up_(b.param("gate_up_proj.weight")),
        down_(b.param("down_proj.weight")),
        copy_(b.alloc<float>(down_.numel())) {
    if (!b.dry())
      std::copy_n(down_.data<float>(), down_.numel(), copy_);  // kept, as a repacking kernel would
  }
  static void supports(fk_device, int32_t, const fk_llama_mlp_init& i) {
    FK_SUPPORT(i.quant == 0 && !i.bias, "plain weights without bias only");
  }
  void forward(const fk::Run& run, const fk_llama_mlp_args& a) const {
    const fk::Tensor x(a.x), y(a.y);
    double* h = run.scratch<double>(width_);
    for (int64_t r = 0; r < x.size(0); ++r) {
      const float* in = x.data<float>() + r * x.stride(0);
      for (int64_t j = 0; j < width_; ++j) {
        const double gate = dot(in, gate_up_.data<float>() + j * hidden_),
                     up = dot(in, gate_up_.data<float>() + (width_ + j) * hidden_);
        h[j] = gate / (1 + std::exp(-gate)) * up;
      }
      for (int64_t o = 0; o < hidden_; ++o) {
        double sum = 0;
        for (int64_t j = 0; j < width_; ++j) sum += h[j] * double(copy_[o * width_ + j]);
        y.data<float>()[r * y.stride(0) + o] = float(sum);
      }
    }
  }

 private:
  double dot(const float* a, const float* b) const {
    double sum = 0;
    for (int64_t k = 0; k < hidden_; ++k) sum += double(a[k]) * double(b[k]);
    return sum;
  }
  int64_t hidden_, width_;
  fk::Tensor gate_up_, down_;
  float* copy_;
};

struct Misspelt {
  Misspelt(fk::Builder& b, const fk_llama_mlp_init&) { b.param("gate_up_proj.weigth"); }
  void forward(const fk::Run&, const fk_llama_mlp_args&) const {}
};

struct Steps {
  Steps(fk::Builder&, const fk_silu_and_mul_init&) {}
  void on_step(const fk::Run&) { ++steps_; }
  void forward(const fk::Run& run, const fk_silu_and_mul_args& a) const {
    const fk::Tensor y(a.y);
    fk::Threads(run.host).parallel_for(y.size(0), [&](int64_t begin, int64_t end, int) {
      for (int64_t r = begin; r < end; ++r)
        for (int64_t i = 0; i < y.size(1); ++i)
          y.data<float>()[r * y.stride(0) + i] = float(steps_);
    });
  }
  int steps_ = 0;
};

// Writes what it reads of the instance's init into q.
struct ReadsInit {
  ReadsInit(fk::Builder& b, const fk_rope_store_kvcache_init& i)
      : rope_(fk::Child<fk::RotaryEmbedding>::borrow(i.rotary_emb)) {
    b.need_minor(1);
  }
  void forward(const fk::Run&, const fk_rope_store_kvcache_args& a) const {
    float* q = fk::Tensor(a.q).data<float>();
    q[0] = float(rope_.init().rotary_dim);
    q[1] = float(rope_.init().base);
    q[2] = float(rope_.init().is_neox_style);
  }
  fk::Child<fk::RotaryEmbedding> rope_;
};

struct FromTheFuture {
  FromTheFuture(fk::Builder& b, const fk_silu_and_mul_init&) { b.need_minor(1000); }
  void forward(const fk::Run&, const fk_silu_and_mul_args&) const {}
};

FK_IMPL(fk::LlamaMlp, "fused", "1.0.0", 0, FusedMlp)
FK_IMPL(fk::LlamaMlp, "misspelt", "1.0.0", 0, Misspelt)
FK_IMPL(fk::RopeStoreKvcache, "reads_init", "1.0.0", 0, ReadsInit)
FK_IMPL(fk::SiluAndMul, "from_the_future", "1.0.0", 0, FromTheFuture)
FK_IMPL(fk::SiluAndMul, "steps", "1.0.0", 0, Steps)

}  // namespace
FK_PLUGIN("honest", "1.0.0", "zoo")
