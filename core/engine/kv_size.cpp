// SPDX-License-Identifier: Apache-2.0
#include "core/engine/kv_size.hpp"

#include <algorithm>
#include <limits>

#include "core/base/error.hpp"

namespace fk::core {
namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;

// Hidden states, projections and the wider inner layer of a token, in the run dtype, with what GEMM
// libraries and attention keep beside them: from the widest weight rows of the plan.
size_t scratch_bytes(const Plan& plan, const EngineOptions& o) {
  int64_t widest = 0;
  size_t element = 2;
  for (const ParamUse& p : plan.params) {
    if (p.shape.size() != 2 || p.path.find("embed") != std::string::npos ||
        p.path.find("lm_head") != std::string::npos)
      continue;
    widest = std::max(widest, p.shape[0]);
    element = std::max<size_t>(element, p.dtype.bits / 8);
  }
  return size_t(o.max_num_batched_tokens) * size_t(widest) * element * 3 + (size_t{512} << 20);
}

}  // namespace

int64_t blocks_that_fit(const Device& device, const Plan& plan, const EngineOptions& o,
                        int64_t vocab_size) {
  size_t weights = 0, states = 0;
  for (const ParamUse& p : plan.params) weights += p.bytes;
  for (const StateUse& s : plan.states) states += s.bytes;
  const double block = double(states) / double(o.num_blocks);
  const Device::Memory m = device.memory();
  const double used = double(m.total - m.free), scratch = double(scratch_bytes(plan, o)),
               logits = double(std::max<int64_t>(o.max_num_seqs, 64)) * double(vocab_size) * 4;
  const double room =
      o.gpu_memory_utilization * double(m.total) - used - double(weights) - scratch - logits;
  const auto blocks = int64_t(std::max(0.0, room) / block);
  if (blocks < 1)
    missing(
        "{}: no room for a KV cache: of {:.2f} GiB, {:.0f} % may be used; {:.2f} GiB are taken, "
        "weights need {:.2f}, scratch {:.2f}, logits {:.2f} and one block of {} tokens {:.3f}; use "
        "a "
        "smaller --max-num-batched-tokens or --max-num-seqs, or a larger --gpu-memory-utilization",
        device.name(), double(m.total) / kGiB, 100 * o.gpu_memory_utilization, used / kGiB,
        double(weights) / kGiB, scratch / kGiB, logits / kGiB, o.block_size, block / kGiB);
  // More than every sequence at its longest is of no use.
  const int64_t per_sequence = (o.max_model_len + o.block_size - 1) / o.block_size;
  const int64_t useful = per_sequence * o.max_num_seqs;
  return std::min({blocks, useful, int64_t(std::numeric_limits<int32_t>::max()) / o.block_size});
}

}  // namespace fk::core
