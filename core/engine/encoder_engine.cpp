// SPDX-License-Identifier: Apache-2.0
#include "core/engine/encoder_engine.hpp"

#include <algorithm>
#include <chrono>

#include "core/base/error.hpp"
#include "core/engine/causal_lm.hpp"
#include "core/engine/step_tensor.hpp"

namespace fk::core {

// All tensors are allocated once, for the largest step. position_ids count from 0 in every sequence
// and token types are 0.
struct EncoderEngine::Impl {
  Impl(const Registry& registry, std::unique_ptr<Model> built, int64_t max_tokens,
       int64_t step_tokens, int64_t step_seqs, int64_t dimension, bool token_types, fk_dtype dtype)
      : model(std::move(built)),
        longest(max_tokens),
        inputs(model->device()),
        results(model->device()),
        input_ids(inputs.add(kInt32, {step_tokens})),
        position_ids(inputs.add(kInt32, {step_tokens})),
        token_type_ids(inputs.add(kInt32, {step_tokens})),
        query_start_loc(inputs.add(kInt32, {step_seqs + 1})),
        seq_lens(inputs.add(kInt32, {step_seqs})),
        embeddings(results.add(dtype, {step_seqs, dimension})),
        args(StructValue::args(model->task())),
        step(StructValue::step(registry.struct_spec("batch_step"))) {
    inputs.allocate();
    results.allocate();
    args.set("input_ids", input_ids.get());
    args.set("position_ids", position_ids.get());
    if (token_types) args.set("token_type_ids", token_type_ids.get());
    args.set("embeddings", embeddings.get());
    step.set("query_start_loc", query_start_loc.get());
    step.set("query_start_loc_host", query_start_loc.host());
    step.set("seq_lens", seq_lens.get());
    step.set("seq_lens_host", seq_lens.host());
  }

  // How many sequences from `first` on fit into one step.
  size_t fit(std::span<const std::vector<int32_t>> sequences, size_t first) const {
    int64_t tokens = 0;
    size_t last = first;
    while (last < sequences.size() && int64_t(last - first) < seq_lens.capacity()) {
      tokens += int64_t(sequences[last].size());
      if (tokens > input_ids.capacity()) break;
      ++last;
    }
    return last - first;
  }

  void run(std::span<const std::vector<int32_t>> batch) {
    const int64_t count = int64_t(batch.size());
    int64_t tokens = 0, longest_here = 0;
    query_start_loc.resize(count + 1);
    query_start_loc.data<int32_t>()[0] = 0;
    for (int64_t s = 0; s < count; ++s) {
      const std::vector<int32_t>& ids = batch[size_t(s)];
      std::copy(ids.begin(), ids.end(), input_ids.data<int32_t>() + tokens);
      for (size_t i = 0; i < ids.size(); ++i)
        position_ids.data<int32_t>()[tokens + int64_t(i)] = int32_t(i);
      tokens += int64_t(ids.size());
      longest_here = std::max(longest_here, int64_t(ids.size()));
      seq_lens.data<int32_t>()[s] = int32_t(ids.size());
      query_start_loc.data<int32_t>()[s + 1] = int32_t(tokens);
    }
    for (StepTensor* t : {&input_ids, &position_ids, &token_type_ids}) t->resize(tokens);
    for (StepTensor* t : {&seq_lens, &embeddings}) t->resize(count);
    step.set("num_seqs", count);
    step.set("num_tokens", tokens);
    step.set("max_query_len", longest_here);
    step.set("max_seq_len", longest_here);
    inputs.upload();
    model->run(step.data(), args.data());
    results.download(embeddings);
    model->device()->synchronize();
  }

  std::vector<float> embedding(int64_t s) {
    std::vector<float> out(size_t(embeddings.row_size()));
    const fk_dtype dtype = embeddings.get()->dtype;
    for (size_t i = 0; i < out.size(); ++i) {
      if (same(dtype, kFloat32))
        out[i] = embeddings.row<float>(s)[i];
      else if (dtype.code == FK_BFLOAT)
        out[i] = bf16_to_float(embeddings.row<uint16_t>(s)[i]);
      else
        out[i] = f16_to_float(embeddings.row<uint16_t>(s)[i]);
    }
    return out;
  }

  std::unique_ptr<Model> model;
  int64_t longest;
  StepPack inputs, results;
  StepTensor &input_ids, &position_ids, &token_type_ids, &query_start_loc, &seq_lens, &embeddings;
  StructValue args, step;
  std::vector<double> batch_seconds;
};

namespace {

int64_t int_field(const InitValue& init, const char* field) {
  const auto v = init.lookup(field);
  return v && std::holds_alternative<int64_t>(*v) ? std::get<int64_t>(*v) : 0;
}

}  // namespace

EncoderEngine::EncoderEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EncoderEngine::~EncoderEngine() = default;

std::unique_ptr<EncoderEngine> EncoderEngine::build(const Catalog& catalog,
                                                    std::shared_ptr<WeightStore> weights,
                                                    const std::string& task, const Json& init,
                                                    const BuildOptions& build,
                                                    const EngineOptions& given) {
  const TaskSpec& spec = catalog.registry().task(task);
  if (spec.interface != "encoder")
    bad_input(
        "task {} has the interface '{}'; the encoder engine drives tasks with the interface "
        "'encoder'",
        task, spec.interface);
  const InitValue value = InitValue::from_json(catalog.registry(), spec, init);
  const auto pooling = value.lookup("pooling");
  if (pooling && *pooling == Value(std::string("none")))
    bad_input(
        "{}: pooling is none, which gives no embedding; set it to mean, cls or last under `init:`",
        task);
  const int64_t positions = int_field(value, "max_position_embeddings");
  EngineOptions options = fill_options(catalog.registry(), task, init, given, build.device);
  options.max_model_len = given.max_model_len;
  if (options.max_model_len > positions)
    bad_input("max_model_len is {}, but {} has {} positions (max_position_embeddings)",
              options.max_model_len, task, positions);
  const int64_t longest = options.max_model_len ? options.max_model_len : positions;
  const int64_t step_tokens = std::max(options.max_num_batched_tokens, longest);
  return std::unique_ptr<EncoderEngine>(new EncoderEngine(std::make_unique<Impl>(
      catalog.registry(), Model::build(catalog, std::move(weights), task, init, build), longest,
      step_tokens, options.max_num_seqs, int_field(value, "hidden_size"),
      int_field(value, "type_vocab_size") > 0, build.dtype)));
}

std::vector<std::vector<float>> EncoderEngine::embed(
    std::span<const std::vector<int32_t>> sequences) {
  const int64_t vocabulary = int_field(impl_->model->init(), "vocab_size");
  for (size_t s = 0; s < sequences.size(); ++s) {
    const auto& ids = sequences[s];
    if (ids.empty()) bad_input("sequence {} has no tokens; an embedding needs at least one", s);
    if (int64_t(ids.size()) > impl_->longest)
      bad_input("sequence {} has {} tokens, the encoder takes at most {}", s, ids.size(),
                impl_->longest);
    for (int32_t id : ids)
      if (id < 0 || id >= vocabulary)
        bad_input("sequence {} has token id {}, want 0 to {}", s, id, vocabulary - 1);
  }
  std::vector<std::vector<float>> out;
  out.reserve(sequences.size());
  impl_->batch_seconds.clear();
  for (size_t first = 0; first < sequences.size();) {
    const size_t count = impl_->fit(sequences, first);
    const auto start = std::chrono::steady_clock::now();
    impl_->run(sequences.subspan(first, count));
    impl_->batch_seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    for (size_t s = 0; s < count; ++s) out.push_back(impl_->embedding(int64_t(s)));
    first += count;
  }
  return out;
}

int64_t EncoderEngine::max_tokens() const { return impl_->longest; }
int64_t EncoderEngine::dimension() const { return impl_->embeddings.row_size(); }
const std::vector<double>& EncoderEngine::batch_seconds() const { return impl_->batch_seconds; }
const Model& EncoderEngine::model() const { return *impl_->model; }

}  // namespace fk::core
