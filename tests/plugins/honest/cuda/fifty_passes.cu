// SPDX-License-Identifier: Apache-2.0
// As plain, done fifty times over.
#define PASSES 50
#include "tests/plugins/passes.cuh"

CUDA_PLUGIN("fifty_passes")
