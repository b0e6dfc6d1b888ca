// SPDX-License-Identifier: Apache-2.0
// One kernel.
#include "tests/plugins/corpus.cuh"

FORWARD { right_on(a, stream_of(run)); }

CUDA_PLUGIN("plain")
