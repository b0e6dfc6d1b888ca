// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "core/engine/causal_lm.hpp"

namespace fk::core {
namespace {

bool names(const Field& state, const char* dim) {
  for (const Expr& e : state.tensor.shape) {
    for (const std::string& n : e.names()) {
      if (n == dim) return true;
    }
  }
  return false;
}

}  // namespace

CacheKinds cache_kinds(const Registry& registry, const Plan& plan) {
  CacheKinds kinds;
  for (const Choice& c : plan.choices) {
    for (const Field& state : registry.task(c.task).states) {
      kinds.kv |= names(state, "num_blocks");
      kinds.recurrent |= names(state, "num_slots");
    }
  }
  return kinds;
}

std::map<std::string, int64_t> engine_dims(const EngineOptions& o) {
  return {
      {"num_blocks", o.num_blocks}, {"block_size", o.block_size}, {"num_slots", o.max_num_seqs}};
}

EngineOptions fill_options(const Registry& registry, const std::string& task, const Json& init,
                           EngineOptions o, fk_device device) {
  const bool gpu = device.type != FK_CPU;
  if (!o.block_size) o.block_size = gpu ? 64 : 16;
  if (!o.max_num_seqs) o.max_num_seqs = gpu ? 256 : 16;
  if (!o.async_scheduling) o.async_scheduling = gpu;
  if (!o.max_num_batched_tokens) o.max_num_batched_tokens = gpu ? 8192 : 512;
  // Positions past this have no meaning for the model (rotary tables end there); a task without the
  // field has no limit.
  InitValue value = InitValue::from_json(registry, registry.task(task), init);
  int64_t limit = std::numeric_limits<int32_t>::max();
  if (auto v = value.lookup("max_position_embeddings"); v && std::holds_alternative<int64_t>(*v))
    limit = std::get<int64_t>(*v);
  o.max_model_len = o.max_model_len ? std::min(o.max_model_len, limit) : limit;
  int64_t blocks = (o.max_model_len + o.block_size - 1) / o.block_size;
  if (!o.num_blocks)
    o.num_blocks =
        std::min<int64_t>(2 * blocks, std::numeric_limits<int32_t>::max() / o.block_size);
  return o;
}

}  // namespace fk::core
