// SPDX-License-Identifier: Apache-2.0
// Variants of Llama (grouped heads, scaled rotary, q/k norm, biases, tied embeddings, sliding
// window) against transformers.
#include "core/weights/tensor_file.hpp"
#include "golden_causal_lm.hpp"

namespace fk::golden {
namespace {

constexpr double kError = 1e-3, kTie = 2 * kError;

const Json& golden() {
  static const Json g = read_json("tests/golden/llama_small.json");
  return g;
}
const Json& variant(const std::string& name) {
  for (const auto& v : golden().at("variants"))
    if (v.at("name") == name) return v;
  throw std::out_of_range(name);
}
fs::path name_map() { return source("configs/weights/llama_hf.yaml"); }
std::shared_ptr<core::WeightStore> seeded(const Json& v) {
  return core::WeightStore::seeded(v.at("seed").get<uint64_t>(), name_map(), v.at("init"));
}

void expect_golden(core::CausalLm& lm, const Json& v) {
  const Json& prompts = v.at("prompts");
  const auto found = complete(lm, prompt_ids(prompts), 24, int(lm.vocab_size()));
  for (size_t i = 0; i < found.size(); ++i) {
    SCOPED_TRACE("prompt " + std::to_string(i));
    const auto want = prompts[i].at("logits").get<std::vector<float>>();
    const auto logits = by_id(found[i]);
    ASSERT_EQ(logits.size(), want.size());
    for (size_t k = 0; k < want.size(); ++k)
      EXPECT_NEAR(logits[k], want[k], kError) << "logit " << k;
    EXPECT_GT(expect_tokens(prompts[i], found[i].tokens, kTie), 0u);
  }
}

class LlamaSmall : public testing::TestWithParam<std::string> {};

TEST_P(LlamaSmall, EqualsTransformers) {
  const Json& v = variant(GetParam());
  if (!v.at("folder").get<bool>())
    return expect_golden(*engine(seeded(v), "llama", v.at("init"), {}), v);
  const auto file = core::TensorFile::open(source("tests/golden/llama_small/" + GetParam()));
  const Json init = core::init_from_file(*file, name_map(), true);
  for (const auto& [key, value] : v.at("init").items())
    EXPECT_EQ(init.value(key, Json()), value) << key;
  std::shared_ptr<core::WeightStore> weights = core::WeightStore::open(file, name_map(), init);
  const auto lm = engine(weights, "llama", init, {});
  EXPECT_EQ(weights->unused(), std::vector<std::string>{});
  expect_golden(*lm, v);
}

// What must change no token: how prompts are cut into chunks, which sequences share a step and in
// what order, the size of cache blocks, the number of threads.
TEST_P(LlamaSmall, ScheduleChangesNoToken) {
  const Json& v = variant(GetParam());
  auto prompts = prompt_ids(v.at("prompts"));
  for (int i = 0; i < 5; ++i)
    prompts.push_back({prompts[3].begin() + 7 * i, prompts[3].begin() + 7 * i + 20 + i});
  const auto tokens = [&](const Sizes& s, bool reversed) {
    auto given = prompts;
    if (reversed) std::reverse(given.begin(), given.end());
    const auto lm = engine(seeded(v), "llama", v.at("init"), s);
    std::vector<std::vector<int32_t>> out;
    for (auto& c : complete(*lm, given, 24)) out.push_back(c.tokens);
    if (reversed) std::reverse(out.begin(), out.end());
    return out;
  };
  const auto want = tokens({.threads = 1, .sequences = 1, .context = 256}, false);
  EXPECT_EQ(tokens({.context = 256}, false), want);
  EXPECT_EQ(tokens({.context = 256}, true), want) << "order";
  EXPECT_EQ(tokens({.chunk = 17, .context = 256}, false), want) << "chunked prefill";
  EXPECT_EQ(tokens({.block_size = 1, .context = 256}, false), want) << "block size 1";
  EXPECT_EQ(tokens({.block_size = 64, .chunk = 40, .context = 256}, true), want) << "block size 64";
  EXPECT_EQ(tokens({.threads = 3, .sequences = 5, .context = 256}, false), want) << "threads";
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& v : golden().at("variants")) out.push_back(v.at("name").get<std::string>());
  return out;
}
INSTANTIATE_TEST_SUITE_P(Variants, LlamaSmall, testing::ValuesIn(names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fk::golden
