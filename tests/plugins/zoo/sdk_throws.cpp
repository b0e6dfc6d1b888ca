// SPDX-License-Identifier: Apache-2.0
// The same through the SDK: its guards turn exceptions into messages.
#include <stdexcept>

#include "fk/plugin.hpp"
#include "fk/tasks/silu_and_mul.h"

namespace {

struct Base {
  Base(fk::Builder&, const fk_silu_and_mul_init&) {}
  void forward(const fk::Run&, const fk_silu_and_mul_args&) {}
};
struct Create : Base {
  Create(fk::Builder& b, const fk_silu_and_mul_init& i) : Base(b, i) {
    throw std::runtime_error("no table for this size");
  }
};
struct Forward : Base {
  using Base::Base;
  void forward(const fk::Run&, const fk_silu_and_mul_args&) {
    FK_REQUIRE(false, "width %d is odd", 3);
  }
};
struct Destructor : Base {
  using Base::Base;
  ~Destructor() noexcept(false) { throw std::runtime_error("the log cannot be closed"); }
};
struct Supports : Base {
  using Base::Base;
  static void supports(fk_device, int32_t, const fk_silu_and_mul_init&) {
    FK_SUPPORT(false, "needs a device from next year");
  }
};
struct Late : Base {
  Late(fk::Builder& b, const fk_silu_and_mul_init& i) : Base(b, i) {
    FK_SUPPORT(false, "found out in create");
  }
};

FK_IMPL(fk::SiluAndMul, "create", "1.0.0", 0, Create)
FK_IMPL(fk::SiluAndMul, "forward", "1.0.0", 0, Forward)
FK_IMPL(fk::SiluAndMul, "destructor", "1.0.0", 0, Destructor)
FK_IMPL(fk::SiluAndMul, "supports", "1.0.0", 0, Supports)
FK_IMPL(fk::SiluAndMul, "late", "1.0.0", 0, Late)

}  // namespace
FK_PLUGIN("sdk_throws", "1.0.0", "zoo")
