// SPDX-License-Identifier: Apache-2.0
// all-MiniLM-L6-v2 with its real weights against sentence-transformers
// (tests/golden/make_minilm.py). The weights come from scripts/fetch_models.sh; without them these
// tests fail and say so.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/base/error.hpp"
#include "core/engine/assets.hpp"
#include "core/engine/encoder_engine.hpp"
#include "core/engine/encoder_text.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::test {
namespace {

const std::string kRoot = FK_SOURCE_DIR;

struct Sentence {
  std::string text;
  std::vector<int32_t> ids;
  const float* embedding;
};

struct Golden {
  std::shared_ptr<core::TensorFile> file =
      core::TensorFile::open(kRoot + "/tests/golden/minilm/embeddings.safetensors");
  std::vector<Sentence> sentences;
  Golden() {
    std::ifstream in(kRoot + "/tests/golden/minilm/sentences.json");
    const float* row = reinterpret_cast<const float*>(file->find("embeddings")->data);
    for (const auto& s : nlohmann::json::parse(in)) {
      sentences.push_back({s.at("text"), s.at("ids"), row});
      row += 384;
    }
  }
  std::vector<std::vector<int32_t>> ids() const {
    std::vector<std::vector<int32_t>> out;
    for (const Sentence& s : sentences) out.push_back(s.ids);
    return out;
  }
};

const core::Assets& assets() {
  static const core::Assets a = core::load_assets(
      registry(), core::load_config(kRoot + "/configs/minilm.yaml", kRoot + "/third_party/models"),
      {});
  return a;
}

std::unique_ptr<core::EncoderEngine> engine(core::EngineOptions options = assets().config.options,
                                            int threads = 0) {
  core::BuildOptions build;
  build.threads = threads;
  return core::EncoderEngine::build(catalog(), assets().open_weights(registry()), "bert",
                                    assets().init, build, options);
}

double cosine(const std::vector<float>& a, const float* b) {
  double dot = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    dot += double(a[i]) * b[i];
    aa += double(a[i]) * a[i];
    bb += double(b[i]) * b[i];
  }
  return dot / std::sqrt(aa * bb);
}

TEST(Minilm, TokensAreThoseOfTheTokenizersPackage) {
  for (const Sentence& s : Golden().sentences)
    EXPECT_EQ(core::encode_for_embedding(*assets().tokenizer, s.text, 256).ids, s.ids) << s.text;
}

TEST(Minilm, CutsTheTextAndKeepsTheSpecialTokens) {
  const auto cut = core::encode_for_embedding(*assets().tokenizer, "A cat sits on the mat.", 5);
  EXPECT_EQ(cut.ids, (std::vector<int32_t>{101, 1037, 4937, 7719, 102}));
  EXPECT_EQ(cut.dropped, 4);
  EXPECT_EQ(core::encode_for_embedding(*assets().tokenizer, "", 5).ids,
            (std::vector<int32_t>{101, 102}));
  try {
    core::encode_for_embedding(*assets().tokenizer, "cat", 1);
    FAIL() << "one token has no room for [CLS] and [SEP]";
  } catch (const core::Error& e) {
    EXPECT_EQ(e.text(), "the tokenizer's special tokens alone do not fit into 1 tokens");
  }
}

TEST(Minilm, EmbeddingsOfMixedLengthsMatchSentenceTransformers) {
  const Golden golden;
  ASSERT_GE(golden.sentences.size(), 100u);
  auto minilm = engine();
  EXPECT_EQ(minilm->max_tokens(), 256);
  EXPECT_EQ(minilm->dimension(), 384);
  const auto got = minilm->embed(golden.ids());
  ASSERT_EQ(got.size(), golden.sentences.size());
  double least = 1, worst = 0;
  for (size_t s = 0; s < got.size(); ++s) {
    ASSERT_EQ(got[s].size(), 384u);
    const double c = cosine(got[s], golden.sentences[s].embedding);
    EXPECT_GE(c, 0.99999) << golden.sentences[s].text;
    least = std::min(least, c);
    for (size_t i = 0; i < 384; ++i)
      worst = std::max(worst, std::fabs(double(got[s][i]) - golden.sentences[s].embedding[i]));
  }
  EXPECT_LE(worst, 1e-5);
  std::printf("least cosine 1 - %.3g, max abs error %.3g\n", 1 - least, worst);
}

// Published values: real numbers, so that golden files and engine cannot be wrong together.
TEST(Minilm, KnownVectorAndSimilarity) {
  const auto got = engine()->embed(std::vector<std::vector<int32_t>>{
      core::encode_for_embedding(*assets().tokenizer, "A cat sits on the mat.", 256).ids,
      core::encode_for_embedding(*assets().tokenizer, "A dog is lying on the rug.", 256).ids});
  const double known[] = {0.12654, -0.03285, -0.02906, 0.04441};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(got[0][i], known[i], 1e-5);
  EXPECT_NEAR(cosine(got[0], got[1].data()), 0.4247, 1e-4);
}

// How sequences are packed into steps is no part of the result.
TEST(Minilm, StepSizesAndThreadsChangeNothing) {
  const auto ids = Golden().ids();
  const auto want = engine()->embed(ids);
  for (const core::EngineOptions& o :
       {core::EngineOptions{.max_model_len = 256, .max_num_seqs = 1, .max_num_batched_tokens = 256},
        core::EngineOptions{
            .max_model_len = 256, .max_num_seqs = 7, .max_num_batched_tokens = 300}}) {
    const auto got = engine(o, 1)->embed(ids);
    for (size_t s = 0; s < ids.size(); ++s)
      EXPECT_GE(cosine(got[s], want[s].data()), 0.9999999) << "sequence " << s;
  }
}

std::string refusal(const std::vector<std::vector<int32_t>>& ids) {
  static const auto minilm = engine();
  try {
    minilm->embed(ids);
  } catch (const core::Error& e) { return e.text(); }
  return "";
}

TEST(Minilm, RefusesWhatItCannotEmbed) {
  EXPECT_EQ(refusal({{101, 102}, {}}), "sequence 1 has no tokens; an embedding needs at least one");
  EXPECT_EQ(refusal({std::vector<int32_t>(257, 101)}),
            "sequence 0 has 257 tokens, the encoder takes at most 256");
  EXPECT_EQ(refusal({{101, 30522, 102}}), "sequence 0 has token id 30522, want 0 to 30521");
  EXPECT_EQ(refusal({{101, -1, 102}}), "sequence 0 has token id -1, want 0 to 30521");
}

std::string build_refusal(const std::string& task, const Json& init,
                          const core::EngineOptions& options) {
  try {
    core::EncoderEngine::build(catalog(), nullptr, task, init, {}, options);
  } catch (const core::Error& e) { return e.text(); }
  return "";
}

TEST(EncoderEngine, RefusesWhatItCannotDrive) {
  Json init = {{"vocab_size", 8},          {"hidden_size", 12},
               {"intermediate_size", 16},  {"num_hidden_layers", 1},
               {"num_attention_heads", 2}, {"max_position_embeddings", 32}};
  EXPECT_EQ(
      build_refusal("bert", init, {}),
      "bert: pooling is none, which gives no embedding; set it to mean, cls or last under `init:`");
  init["pooling"] = "mean";
  EXPECT_EQ(build_refusal("bert", init, {.max_model_len = 33}),
            "max_model_len is 33, but bert has 32 positions (max_position_embeddings)");
  EXPECT_EQ(build_refusal("rms_norm", {{"hidden_size", 4}}, {}),
            "task rms_norm has the interface ''; the encoder engine drives tasks with the "
            "interface 'encoder'");
}

}  // namespace
}  // namespace fk::test
