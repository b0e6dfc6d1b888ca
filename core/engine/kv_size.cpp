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

double block_bytes(const Plan& plan, int64_t num_blocks) {
  size_t states = 0;
  for (const StateUse& s : plan.states) states += s.bytes;
  return double(states) / double(num_blocks);
}

int64_t blocks_that_fit(const Device& device, const Plan& plan, const EngineOptions& o,
                        int64_t vocab_size, bool asked_for) {
  size_t weights = 0;
  for (const ParamUse& p : plan.params) weights += p.bytes;
  const double block = block_bytes(plan, o.num_blocks);
  const Device::Memory m = device.memory();
  const double used = double(m.total - m.free), scratch = double(scratch_bytes(plan, o)),
               logits = double(std::max<int64_t>(o.max_num_seqs, 64)) * double(vocab_size) * 4;
  const double room =
      o.gpu_memory_utilization * double(m.total) - used - double(weights) - scratch - logits;
  const auto blocks = int64_t(std::max(0.0, room) / block);
  const std::string taken = fmt::format(
      "of {:.2f} GiB, {:.0f} % may be used; {:.2f} GiB are taken, weights need {:.2f}, scratch "
      "{:.2f} and logits {:.2f}",
      double(m.total) / kGiB, 100 * o.gpu_memory_utilization, used / kGiB, double(weights) / kGiB,
      scratch / kGiB, logits / kGiB);
  if (blocks < 1)
    missing(
        "{}: no room for a KV cache: {}, one block of {} tokens {:.3f}; use a smaller "
        "--max-num-batched-tokens or --max-num-seqs, or a larger --gpu-memory-utilization",
        device.name(), taken, o.block_size, block / kGiB);
  const int64_t per_sequence = (o.max_model_len + o.block_size - 1) / o.block_size;
  if (asked_for && blocks < per_sequence)
    missing(
        "{}: the KV cache is too small for one sequence of max_model_len {}: it needs {} blocks of "
        "{} tokens ({:.2f} GiB) and {} fit ({:.2f} GiB): {}; use a larger --gpu-memory-utilization "
        "or a --max-model-len of at most {}",
        device.name(), o.max_model_len, per_sequence, o.block_size,
        double(per_sequence) * block / kGiB, blocks, double(blocks) * block / kGiB, taken,
        blocks * o.block_size);
  // More than every sequence at its longest is of no use.
  const int64_t useful = per_sequence * o.max_num_seqs;
  return std::min({blocks, useful, int64_t(std::numeric_limits<int32_t>::max()) / o.block_size});
}

}  // namespace fk::core
