// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/rwkv7/tiny_model.hpp"

#include <cmath>

namespace fk::test {

TinyRwkv7::TinyRwkv7(std::shared_ptr<core::WeightStore> weights, const Json& init, int slots,
                     const std::string& pin) {
  core::BuildOptions options;
  options.threads = 1;
  options.dims = {{"num_slots", slots}, {"num_blocks", 1}, {"block_size", 1}};
  options.layers.validate = true;
  if (!pin.empty()) options.policy.pins.push_back(core::Pin::parse(pin));
  vocab_ = init.at("vocab_size").get<int64_t>();
  model_ = core::Model::build(catalog(), std::move(weights), "rwkv7", init, options);
}

std::vector<std::vector<float>> TinyRwkv7::step(const std::vector<Chunk>& chunks) {
  int64_t n = 0, longest = 0, seen = 0;
  const int64_t count = int64_t(chunks.size());
  Array starts(kI32, {count + 1}), lengths(kI32, {count}), slots(kI32, {count});
  for (int64_t s = 0; s < count; ++s) {
    const Chunk& c = chunks[size_t(s)];
    n += int64_t(c.tokens.size());
    starts.data<int32_t>()[s + 1] = int32_t(n);
    lengths.data<int32_t>()[s] = int32_t(size_t(c.context) + c.tokens.size());
    slots.data<int32_t>()[s] = c.slot;
    longest = std::max(longest, int64_t(c.tokens.size()));
    seen = std::max(seen, int64_t(lengths.data<int32_t>()[s]));
  }
  Array ids(kI32, {n}), positions(kI64, {n}), rows(kI32, {n}), logits(kF32, {n, vocab_});
  int64_t at = 0;
  for (const Chunk& c : chunks)
    for (size_t i = 0; i < c.tokens.size(); ++i, ++at) {
      ids.data<int32_t>()[at] = c.tokens[i];
      positions.data<int64_t>()[at] = c.context + int64_t(i);
      rows.data<int32_t>()[at] = int32_t(at);
    }
  auto step = core::StructValue::step(registry().struct_spec("batch_step"));
  step.set("num_seqs", count);
  step.set("num_tokens", n);
  step.set("max_query_len", longest);
  step.set("max_seq_len", seen);
  for (const char* name : {"query_start_loc", "query_start_loc_host"})
    step.set(name, starts.tensor());
  for (const char* name : {"seq_lens", "seq_lens_host"}) step.set(name, lengths.tensor());
  step.set("state_indices", slots.tensor());
  auto args = core::StructValue::args(registry().task("rwkv7"));
  args.set("input_ids", ids.tensor());
  args.set("positions", positions.tensor());
  args.set("logits_indices", rows.tensor());
  args.set("logits", logits.tensor());
  model_->run(step.data(), args.data());
  std::vector<std::vector<float>> out;
  for (int64_t r = 0; r < n; ++r)
    out.emplace_back(logits.data<float>() + r * vocab_, logits.data<float>() + (r + 1) * vocab_);
  return out;
}

std::string golden(const std::string& file) {
  return std::string(FK_SOURCE_DIR) + "/tests/golden/" + file;
}
std::shared_ptr<core::TensorFile> open_golden(const std::string& file) {
  return core::TensorFile::open(golden(file));
}

std::vector<int32_t> golden_ints(const core::TensorFile& file, const std::string& name) {
  const core::FileTensor* t = file.find(name);
  if (!t) throw std::runtime_error("the golden file has no tensor " + name);
  std::vector<int32_t> out(t->bytes / 4);
  std::memcpy(out.data(), t->data, t->bytes);
  return out;
}

double max_abs_difference(const std::vector<float>& a, const float* b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = std::fabs(double(a[i]) - double(b[i]));
    worst = d > worst || std::isnan(d) ? d : worst;
  }
  return worst;
}

}  // namespace fk::test
