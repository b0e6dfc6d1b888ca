// SPDX-License-Identifier: Apache-2.0
// fifty_passes with one pass more: what fk bench must be able to see.
#define PASSES 51
#include "tests/plugins/passes.cuh"

CUDA_PLUGIN("two_percent_slower")
