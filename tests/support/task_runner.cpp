// SPDX-License-Identifier: Apache-2.0
#include "tests/support/task_runner.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "core/base/error.hpp"

namespace fk::test {
namespace {

// Tests leave no files in the user's cache.
[[maybe_unused]] const int kCacheIsSet = setenv("FK_CACHE_DIR", FK_BUILD_DIR "/test-cache", 0);

core::BuildOptions build_options(const std::string& task, const TaskOptions& options) {
  core::BuildOptions b;
  b.dtype = options.dtype;
  b.threads = options.threads;
  b.dims = options.dims;
  b.layers = options.layers;
  if (!options.implementation.empty())
    b.policy.pins.push_back(core::Pin::parse(task + "=" + options.implementation));
  for (const std::string& pin : options.pins) b.policy.pins.push_back(core::Pin::parse(pin));
  return b;
}

core::Catalog load_catalog() {
  core::Catalog c(registry());
  const char* named = std::getenv("FK_TEST_PLUGINS");
  c.add_folder(named ? named : FK_BUILD_DIR "/plugins", core::Implementation::Kind::kBaseline);
  std::string text;
  for (const core::Refusal& r : c.refusals())
    text += "\n" + r.file + ": " + r.implementation + ": " + r.reason;
  if (!text.empty()) throw std::runtime_error("plugins of the build tree are refused:" + text);
  return c;
}

}  // namespace

const core::Registry& registry() {
  static const core::Registry r =
      core::Registry::load(std::filesystem::path(FK_SOURCE_DIR) / "registry");
  return r;
}

const core::Catalog& catalog() {
  static const core::Catalog c = load_catalog();
  return c;
}

std::vector<core::ParamUse> params_of(const std::string& task, const Json& init,
                                      const TaskOptions& options) {
  core::BuildOptions b = build_options(task, options);
  b.dry = true;
  const auto model = core::Model::build(catalog(), nullptr, task, init, b);
  if (!model->plan().missing_tasks.empty())
    throw std::runtime_error(task + " needs " + model->plan().missing_tasks[0] +
                             ", which has no implementation");
  return model->plan().params;
}

Arrays random_params(const std::string& task, const Json& init, uint64_t seed, double scale,
                     const TaskOptions& options) {
  Arrays out;
  for (const core::ParamUse& p : params_of(task, init, options)) {
    const bool real = p.dtype.code == FK_FLOAT || p.dtype.code == FK_BFLOAT;
    out.emplace(p.path, Array::random(p.dtype, p.shape, ++seed * 7919, real ? -scale : 0,
                                      real ? scale : 256));
  }
  return out;
}

TaskRunner::TaskRunner(const std::string& task, const Json& init, const Arrays& params,
                       const TaskOptions& options, const core::Catalog& plugins) {
  std::vector<core::HostTensor> tensors;
  for (const auto& [path, a] : params) tensors.push_back({path, a.shape(), a.dtype(), a.bytes()});
  weights_ = core::WeightStore::from_tensors(std::move(tensors));
  model_ = core::Model::build(plugins, weights_, task, init, build_options(task, options));
}

void TaskRunner::run(const std::map<std::string, const Array*>& args, const void* step) {
  std::map<std::string, const fk_tensor*> tensors;
  for (const auto& [name, a] : args) tensors[name] = a ? a->tensor() : nullptr;
  run_tensors(tensors, step);
}

void TaskRunner::run_tensors(const std::map<std::string, const fk_tensor*>& args,
                             const void* step) {
  core::StructValue value = core::StructValue::args(model_->task());
  for (const auto& [name, t] : args) value.set(name, t);
  model_->run(step, value.data());
}

BatchStep::BatchStep(const std::vector<int>& query_lens, const std::vector<int>& context_lens,
                     int block_size) {
  const auto n = int64_t(query_lens.size());
  query_start_loc_ = Array(kI32, {n + 1});
  seq_lens_ = Array(kI32, {n});
  state_indices_ = Array(kI32, {n});
  int max_blocks = 0;
  for (size_t s = 0; s < query_lens.size(); ++s) {
    const int length = context_lens.at(s) + query_lens[s];
    num_tokens_ += query_lens[s];
    max_query_ = std::max(max_query_, query_lens[s]);
    max_seq_ = std::max(max_seq_, length);
    max_blocks = std::max(max_blocks, (length + block_size - 1) / block_size);
    query_start_loc_.set(int64_t(s) + 1, num_tokens_);
    seq_lens_.set(int64_t(s), length);
    state_indices_.set(int64_t(s), double(s));
  }
  block_table_ = Array(kI32, {n, max_blocks});
  slot_mapping_ = Array(kI64, {num_tokens_});
  positions_ = Array(kI64, {num_tokens_});
  int row = 0;
  for (size_t s = 0; s < query_lens.size(); ++s) {
    const int length = context_lens[s] + query_lens[s], first = num_blocks_;
    for (int b = 0; b * block_size < length; ++b)
      block_table_.set(int64_t(s) * max_blocks + b, num_blocks_++);
    for (int i = context_lens[s]; i < length; ++i, ++row) {
      positions_.set(row, i);
      slot_mapping_.set(row, first * block_size + i);
    }
  }
}

const void* BatchStep::get() const {
  value_ = std::make_unique<core::StructValue>(
      core::StructValue::step(registry().struct_spec("batch_step")));
  value_->set("num_seqs", seq_lens_.numel());
  value_->set("num_tokens", int64_t(num_tokens_));
  value_->set("max_query_len", int64_t(max_query_));
  value_->set("max_seq_len", int64_t(max_seq_));
  for (const char* name : {"query_start_loc", "query_start_loc_host"})
    value_->set(name, query_start_loc_.tensor());
  for (const char* name : {"seq_lens", "seq_lens_host"}) value_->set(name, seq_lens_.tensor());
  value_->set("block_table", block_table_.tensor());
  value_->set("slot_mapping", slot_mapping_.tensor());
  value_->set("state_indices", state_indices_.tensor());
  return value_->data();
}

}  // namespace fk::test
