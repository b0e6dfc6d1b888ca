// SPDX-License-Identifier: Apache-2.0
// The kernels for any machine.
#include <cstring>
#include <utility>

#include "kernels.hpp"

namespace fkcpu {
namespace {
constexpr int kTile = 2, kPanels = 1;
#include "simd/generic.inl"
//
#include "kernels/all.inl"
}  // namespace

const Kernels kGenericKernels = make_table("generic");
}  // namespace fkcpu
