// SPDX-License-Identifier: Apache-2.0
// What the program says to wrong usage, word for word, and how it ends.
#include <gtest/gtest.h>

#include "tests/e2e/program.hpp"

namespace fk::test {
namespace {

const std::string kRoot = FK_SOURCE_DIR;

void expect_refused(const Outcome& o, int code, const std::string& message) {
  EXPECT_EQ(o.code, code);
  EXPECT_EQ(o.err, message + "\n");
  EXPECT_EQ(o.out, "");
}

TEST(Usage, HelpTeaches) {
  Outcome o = fk_run({"--help"});
  EXPECT_EQ(o.code, 0);
  for (const char* text :
       {"--config", "--top-logits", "--pin", "examples:", "exit codes: 0 ok, 1 a check failed"}) {
    EXPECT_NE(o.out.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(start("fk", {"--help"}).code, 0);
  EXPECT_NE(start("fk", {"run", "--help"}).out.find("--max-tokens"), std::string::npos);
  EXPECT_EQ(start("fk", {}).code, 2);
}

TEST(Usage, AWrongFlagIsNamedWithTheNearest) {
  expect_refused(
      fk_run({"--config", "configs/llama.yaml", "--promt", "x"}), 2,
      "fk-run: unknown flag --promt (did you mean '--prompt'?); `fk-run --help` lists them all");
  expect_refused(
      fk_run({"--config", "configs/llama.yaml", "hello"}), 2,
      "fk-run: unexpected word 'hello': every value follows its flag; `fk-run --help` shows how");
  Outcome o = fk_run({"--max-tokens", "many"});
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(o.err.find("fk-run: "), 0u);
  EXPECT_NE(o.err.find("--max-tokens"), std::string::npos) << o.err;
}

TEST(Usage, CommandsOfALaterVersionSaySo) {
  expect_refused(start("fk-serve", {}), 2,
                 "fk-serve: `fk serve` (an HTTP server (fk-serve)) is not in this version; `fk "
                 "--help` names the commands that are");
  expect_refused(start("fk", {"check"}), 2,
                 "fk check: say which task to judge, or --all; `fk list` names them, e.g. fk check "
                 "rms_norm");
  expect_refused(start("fk", {"lst"}), 2,
                 "fk lst: unknown command 'lst' (did you mean 'list'?); fk has: run, list, "
                 "describe, new, tokenize, score, check, bench, "
                 "resolve, eval, results, compare, history, report, serve");
}

TEST(Usage, NothingToRun) {
  Folder f;
  expect_refused(fk_run({}), 2,
                 "fk-run: --config is needed: the model to run, e.g. --config " + kRoot +
                     "/configs/llama.yaml");
  expect_refused(
      fk_run({"--config", tiny_config(f)}), 2,
      "fk-run: nothing to run: give --prompt TEXT, --input FILE, or --chat on a terminal");
  expect_refused(fk_run({"--config", tiny_config(f), "--prompt", ""}), 2,
                 "fk-run: --prompt: the prompt is empty");
  expect_refused(fk_run({"--config", tiny_config(f), "--prompt", "a", "--input", "b"}), 2,
                 "fk-run: --prompt and --input: give one of them");
}

TEST(Usage, ValuesThatMeanNothing) {
  Folder f;
  std::string config = tiny_config(f);
  auto refused = [&](std::vector<std::string> words, int code, const std::string& message) {
    words.insert(words.begin(), {"--config", config, "--prompt", "x"});
    expect_refused(fk_run(words), code, "fk-run: " + message);
  };
  refused({"--device", "gpu"}, 2, "--device gpu: expected auto, cpu or cuda:N");
  // There on no machine, with a toolkit or without: the reasons differ, the way out does not.
  const Outcome far = fk_run({"--config", config, "--prompt", "x", "--device", "cuda:999"});
  EXPECT_EQ(far.code, 3);
  EXPECT_TRUE(far.err.starts_with("fk-run: cuda:999: ")) << far.err;
  refused({"--dtype", "float31"}, 2,
          "--dtype float31: expected bfloat16, float16 or float32 (did you mean 'float32'?)");
  refused({"--quant", "q4"}, 2, "--quant q4: expected keep or none");
  refused({"--layers", "validate,tim"}, 2,
          "--layers validate,tim: unknown layer 'tim' (did you mean 'time'?); expected some of "
          "validate, trace, time, nvtx");
  refused({"--weights", f / "none"}, 2, "--weights " + f / "none" + ": no such file or folder");
  refused({"--query", "x"}, 2, "--query: " + config + " is no encoder");
  refused({"--chat"}, 2,
          "--chat: it reads the terminal, so --prompt and --input do not go with it");
}

TEST(Usage, PinsAndPolicies) {
  Folder f;
  std::string config = tiny_config(f);
  auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"--config", config, "--prompt", "x"});
    return fk_run(words);
  };
  Outcome o = run({"--pin", "silu_and_mul"});
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(o.err,
            "fk-run: pin \"silu_and_mul\": \"=\" is missing; write "
            "task[:decode|:prefill][@path-pattern]=implementation, e.g. "
            "silu_and_mul@model.layers.*=mine\n");
  o = run({"--pin", "silu_and_mul@model.layers.9.*=reference"});
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("silu_and_mul@model.layers.9.*=reference"), std::string::npos) << o.err;
  o = run({"--pin", "silu_and_mu=reference"});
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("silu_and_mul"), std::string::npos) << o.err;
  // What a pin decides nobody judges; the rest are baselines without a rival.
  o = run({"--policy", "best", "--pin", "silu_and_mul=reference", "--device", "cpu"});
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.err.find("best: pinned and not judged: silu_and_mul=reference\n"), std::string::npos)
      << o.err;
  o = run({"--policy", "bset"});
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("bset"), std::string::npos) << o.err;
}

TEST(Usage, AMissingPackageSaysHowToGetIt) {
  Folder f;
  std::string config =
      f.write("c.yaml",
              "model: llama\nengine: causal_lm\nweights: {package: nobody-has-it, path: m.gguf}\n");
  expect_refused(fk_run({"--config", config, "--prompt", "x"}), 3,
                 "fk-run: " + config +
                     ": weights: third_party/models/nobody-has-it/m.gguf is not there; run "
                     "scripts/fetch_models.sh, which "
                     "fetches the package nobody-has-it by version and hash, or give a file or "
                     "folder with --weights");
}

TEST(Usage, ConfigsAreReadStrictly) {
  Folder f;
  std::string config = f.write("c.yaml", "model: lama\nengine: causal_lm\nweights: {seed: 1}\n");
  Outcome o = fk_run({"--config", config, "--prompt", "x"});
  EXPECT_EQ(o.code, 2);
  EXPECT_NE(o.err.find("lama"), std::string::npos);
  EXPECT_NE(o.err.find("llama"), std::string::npos) << o.err;
  config = f.write("c.yaml", "model: llama\nengine: causal_lm\nweight: {seed: 1}\n");
  o = fk_run({"--config", config, "--prompt", "x"});
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(o.err.find("fk-run: " + config + ":3:1: unknown key \"weight\""), 0u) << o.err;
  o = fk_run({"--config", f / "none.yaml", "--prompt", "x"});
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(o.err, "fk-run: " + f / "none.yaml" + ": no such config; its folder holds c.yaml\n");
}

}  // namespace
}  // namespace fk::test
