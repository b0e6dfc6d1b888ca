// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "core/device/device.hpp"
#include "core/engine/config.hpp"
#include "core/resolve/plan.hpp"

namespace fk::core {

// KV cache blocks that fit beside the weights, the logits and the scratch of the largest step,
// within options.gpu_memory_utilization of the card. `dry_plan` was built for options.num_blocks
// blocks. Throws Error kMissing, with the numbers, when not even one sequence of max_model_len
// fits and somebody `asked_for` that length, or no block at all.
int64_t blocks_that_fit(const Device&, const Plan& dry_plan, const EngineOptions&,
                        int64_t vocab_size, bool asked_for);

// Bytes of all states that one cache block takes, of a plan built for `num_blocks`.
double block_bytes(const Plan&, int64_t num_blocks);

}  // namespace fk::core
