// SPDX-License-Identifier: Apache-2.0
#include "core/runtime/capture_file.hpp"

#include <fstream>
#include <sstream>

#include "tests/support/errors.hpp"
#include "tests/support/task_runner.hpp"
#include "tests/support/temp_folder.hpp"

namespace fk::test {
namespace {

using core::CapturedCall;
using core::CaptureFile;

CaptureFile one_call() {
  CapturedCall c;
  c.task = "paged_attention";
  c.case_init = {{"num_heads", 4}, {"num_kv_heads", 2},         {"head_size", 8},
                 {"scale", 0.25},  {"sliding_window", nullptr}, {"logits_soft_cap", 0.0},
                 {"alibi", false}};
  c.init = c.case_init.dump();
  c.phase = core::Phase::kDecode;
  c.dtype = kBf16;
  c.dims = {{"n", 3}, {"num_blocks", 9}, {"block_size", 4}};
  c.seqs = {{1, 5}, {1, 5}, {1, 7}};
  c.calls = 12;
  c.seconds = 0.5;
  c.self_seconds = 0.25;
  c.paths = {"layers.0.attn", "layers.1.attn"};
  c.implementation = "cpu/cpu";
  c.values["step.block_table"] = {0, 1, 2, 3, 4, 5};
  return {"configs/x.yaml", "llama", "cpu", "2026-11-22T00:00:00Z", "abc", {c}};
}

struct File {
  TempFolder folder;
  std::string text;
  File() {
    core::write_capture(folder.path(), one_call());
    std::stringstream s;
    s << std::ifstream(folder / "capture.json").rdbuf();
    text = s.str();
  }
  // What the reader says when `from` stands as `to`, without the file's name.
  std::string error_with(const std::string& from, const std::string& to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, text.npos) << from << " is not in\n" << text;
    std::string changed = text;
    changed.replace(at, from.size(), to);
    std::ofstream(folder / "capture.json") << changed;
    const std::string said = error_of([&] { core::read_capture(folder.path(), registry()); });
    const std::string file = (folder / "capture.json").string() + ": ";
    EXPECT_TRUE(said.starts_with(file)) << said;
    return said.substr(std::min(file.size(), said.size()));
  }
};

TEST(CaptureFile, IsReadAsItWasWritten) {
  File f;
  const CaptureFile want = one_call(), got = core::read_capture(f.folder.path(), registry());
  EXPECT_EQ(got.config, want.config);
  EXPECT_EQ(got.revision, want.revision);
  ASSERT_EQ(got.calls.size(), 1u);
  const CapturedCall &a = want.calls[0], &b = got.calls[0];
  EXPECT_EQ(b.identity(), a.identity());
  EXPECT_EQ(b.case_init, a.case_init);
  EXPECT_EQ(b.calls, 12);
  EXPECT_EQ(b.seconds, 0.5);
  EXPECT_EQ(b.self_seconds, 0.25);
  EXPECT_EQ(b.values, a.values);
  EXPECT_EQ(b.implementation, "cpu/cpu");
  EXPECT_EQ(b.paths, (std::set<std::string>{"layers.*.attn"}));
}

TEST(CaptureFile, SaysWhatIsWrongWhere) {
  File f;
  EXPECT_EQ(f.error_with("\"capture\": 1", "\"capture\": 2"),
            "capture: found 2, expected 1; write it again with fk-run --capture");
  EXPECT_EQ(f.error_with("\"date\"", "\"dates\""),
            "file: has no \"date\", expected one; write it again with fk-run --capture");
  EXPECT_EQ(f.error_with("\"task\":\"paged_attention\"", "\"task\":\"paged_atention\""),
            "calls[0].task: no task paged_atention (did you mean 'paged_attention'?)");
  EXPECT_EQ(f.error_with("\"calls\":12", "\"calls\":\"many\""),
            "calls[0].calls: found \"many\", expected an integer of at least 1");
  EXPECT_EQ(f.error_with("\"seconds\":0.5", "\"seconds\":-1"),
            "calls[0].seconds: found -1, expected seconds");
  EXPECT_EQ(f.error_with("\"decode\"", "\"decoding\""),
            "calls[0].phase: found \"decoding\", expected prefill or decode");
  EXPECT_EQ(f.error_with("\"bfloat16\"", "\"bf16\""),
            "calls[0].dtype: found \"bf16\", expected a dtype such as \"float32\"");
  EXPECT_EQ(f.error_with("\"head_size\":8", "\"head_size\":\"8\""),
            "calls[0].init: paged_attention init.head_size: found \"8\", expected an integer");
  EXPECT_EQ(f.error_with("\"n\":3", "\"n\":-3"),
            "calls[0].dims.n: found -3, expected an integer of at least 0");
  EXPECT_EQ(f.error_with("\"n\":3", "\"n\":4"),
            "calls[0].dims: n is 4, and its seqs have 3 tokens");
  EXPECT_EQ(f.error_with("\"n\":3", "\"rows\":3"),
            "calls[0].dims: has no \"n\", which is a size of q of paged_attention");
  EXPECT_EQ(f.error_with("[1,5,2]", "[1,5]"),
            "calls[0].seqs[0]: found [1,5], expected [query, context, how many]");
  EXPECT_EQ(f.error_with("[1,5,2]", "[2,-1,2]"),
            "calls[0].seqs[0]: found [2,-1,2], expected a query of 1, as a sequence that pads has");
  EXPECT_EQ(f.error_with("[0,1,2,3,4,5]", "[0,\"one\"]"),
            "calls[0].values.step.block_table[1]: found \"one\", expected a number");
  EXPECT_EQ(
      f.error_with("step.block_table", "key_cach"),
      "calls[0].values.key_cach: paged_attention has no tensor \"key_cach\", expected one of: "
      "q, key_cache, value_cache, out (did you mean 'key_cache'?)");
  EXPECT_EQ(f.error_with("\"paths\"", "\"path\"").find("calls[0]: has no \"paths\""), 0u);
}

TEST(CaptureFile, ItsAbsenceComesWithTheWayOut) {
  const TempFolder empty;
  const std::string at = empty.path().string();
  EXPECT_EQ(error_of([&] { core::read_capture(empty.path(), registry()); }),
            at + "/capture.json: not there; `fk-run --config FILE --prompt TEXT --capture " + at +
                "` writes it");
}

}  // namespace
}  // namespace fk::test
