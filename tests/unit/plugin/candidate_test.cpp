// SPDX-License-Identifier: Apache-2.0
// Dropped-in sources: built when they changed, left out when they do not compile, scaffolded so
// that they pass at once.
#include <fstream>

#include "core/plugin/candidate_builder.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/plugin/scaffold.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/task_runner.hpp"

namespace fk::test {
namespace {

namespace fs = std::filesystem;

// A folder of its own for every test, with a cache of its own.
class Candidates : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(FK_BUILD_DIR) / "test-candidates" /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    setenv("FK_CACHE_DIR", (folder_ / "cache").c_str(), 1);
  }
  void write(const fs::path& file, const std::string& text) {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }
  // silu_and_mul that gives `value` everywhere.
  void write_constant(const std::string& name, int value) {
    write(name + "/plugin.yaml", "name: " + name + "\nversion: 1.0.0\nsources: ['*.cpp']\n");
    write(name + "/kernel.cpp", fmt::format(R"(#include "fk/plugin.hpp"
#include "fk/tasks/silu_and_mul.h"
struct K {{
  K(fk::Builder&, const fk_silu_and_mul_init&) {{}}
  void forward(const fk::Run&, const fk_silu_and_mul_args& a) {{
    static int calls = 0;
    ++calls;
    fk::Tensor y(a.y);
    for (int64_t r = 0; r < y.size(0); ++r)
      for (int64_t i = 0; i < y.size(1); ++i) y.data<float>()[r * y.stride(0) + i] = {} + calls;
  }}
}};
FK_IMPL(fk::SiluAndMul, "constant", "1.0.0", 0, K)
)",
                                            value));
  }
  core::CandidateBuilder builder() {
    return core::CandidateBuilder(core::Sdk::of_this_process(),
                                  [this](const std::string& line) { progress_.push_back(line); });
  }
  core::Catalog load() {
    core::Catalog c(registry());
    c.use_builder(builder().builder());
    c.add_folder(folder_, core::Implementation::Kind::kCandidate);
    return c;
  }
  static double run(const core::Catalog& c, const std::string& implementation) {
    TaskRunner runner("silu_and_mul", Json::object(), {}, {.implementation = implementation}, c);
    const Array x(kF32, {2, 4});
    Array y(kF32, {2, 2});
    runner.run({{"x", &x}, {"y", &y}});
    return y.at(3);
  }
  fs::path folder_;
  std::vector<std::string> progress_;
};

TEST_F(Candidates, BuiltOnceAndAgainWhenChanged) {
  write_constant("mine", 7);
  EXPECT_EQ(run(load(), "mine"), 8);
  EXPECT_EQ(progress_.size(), 2u);
  EXPECT_EQ(progress_[0], "building mine 1.0.0 from " + (folder_ / "mine").string());
  load();
  EXPECT_EQ(progress_.size(), 2u);  // nothing to do
  write_constant("mine", 70);
  EXPECT_EQ(run(load(), "mine"), 71);
  EXPECT_EQ(progress_.size(), 4u);
}

TEST_F(Candidates, BuiltAgainWhenAHeaderElsewhereChanged) {
  write("shared/value.hpp", "#define VALUE 7\n");
  write("shared/outer.hpp", "#pragma once\n# include \"value.hpp\"  // beside it\n");
  write_constant("mine", 1);
  const std::string text = core::read_file(folder_ / "mine/kernel.cpp");
  const size_t at = text.find("= 1 + calls");
  ASSERT_NE(at, text.npos);
  write("mine/kernel.cpp",
        "#include \"../shared/outer.hpp\"\n" + std::string(text).replace(at, 5, "= VALUE + "));
  EXPECT_EQ(run(load(), "mine"), 8);
  write("shared/value.hpp", "#define VALUE 70\n");
  EXPECT_EQ(run(load(), "mine"), 71);
  const size_t built = progress_.size();
  write("shared/nobodys.hpp", "#define VALUE 0\n");
  load();
  EXPECT_EQ(progress_.size(), built);
}

TEST_F(Candidates, TwoVersionsSideBySide) {
  write_constant("mine", 10);
  const core::Manifest m = core::Manifest::read(folder_ / "mine/plugin.yaml");
  const fs::path first = builder().build(m).library;
  write_constant("mine", 20);
  const fs::path second = builder().build(m).library;
  core::Catalog c(registry());
  c.add_file(first, core::Implementation::Kind::kCandidate);
  c.add_file(second, core::Implementation::Kind::kCandidate);
  ASSERT_TRUE(c.refusals().empty()) << c.refusals()[0].reason;
  const auto both = c.implementations("silu_and_mul");
  ASSERT_EQ(both.size(), 2u);
  EXPECT_NE(both[0]->hash, both[1]->hash);
  const std::string a = "mine/constant@" + both[0]->hash.substr(0, 8),
                    b = "mine/constant@" + both[1]->hash.substr(0, 8);
  EXPECT_EQ(run(c, a), 11);  // each counts its own calls: statics are not shared
  EXPECT_EQ(run(c, b), 21);
  EXPECT_EQ(run(c, a), 12);
  EXPECT_EQ(error_of([&] { run(c, "mine"); }),
            fmt::format("pin \"silu_and_mul=mine\": two files match: mine/constant@{0} ({1}) and "
                        "mine/constant@{2} ({3}); add "
                        "the hash of one: mine@{2}",
                        both[0]->hash.substr(0, 8), first.string(), both[1]->hash.substr(0, 8),
                        second.string()));
}

TEST_F(Candidates, CompilerErrorsAreShownAndTheRestWorks) {
  write_constant("good", 1);
  write_constant("broken", 2);
  write("broken/kernel.cpp", "int answer = forty_two;\n");
  const core::Catalog c = load();
  EXPECT_EQ(run(c, "good"), 2);
  ASSERT_EQ(c.refusals().size(), 1u);
  EXPECT_EQ(c.refusals()[0].plugin, "broken");
  EXPECT_TRUE(c.refusals()[0].reason.starts_with("does not compile:\n")) << c.refusals()[0].reason;
  EXPECT_NE(c.refusals()[0].reason.find("broken/kernel.cpp:1:14: error: "), std::string::npos)
      << c.refusals()[0].reason;
  const std::string text = error_of([&] { run(c, "broken"); });
  EXPECT_NE(text.find("refused: "), std::string::npos) << text;
  EXPECT_NE(text.find("forty_two"), std::string::npos) << text;
}

TEST_F(Candidates, WhatDoesNotCompileIsNotCompiledAgain) {
  write_constant("broken", 2);
  write("broken/kernel.cpp", "int answer = forty_two;\n");
  const std::string first = load().refusals().at(0).reason;
  EXPECT_EQ(progress_.size(), 1u) << "building";
  EXPECT_EQ(load().refusals().at(0).reason, first);
  EXPECT_EQ(progress_.size(), 1u) << "remembered";
  write_constant("broken", 2);
  EXPECT_TRUE(load().refusals().empty()) << "other sources";
}

TEST_F(Candidates, UndefinedSymbolsAreToldAtLink) {
  write_constant("mine", 1);
  write("mine/more.cpp",
        "int elsewhere();\nint (*const at)() = elsewhere;\n__attribute__((used)) static int use() "
        "{ return at(); }\n");
  const core::Catalog c = load();
  ASSERT_EQ(c.refusals().size(), 1u);
  EXPECT_TRUE(c.refusals()[0].reason.starts_with("does not link:\n")) << c.refusals()[0].reason;
  EXPECT_NE(c.refusals()[0].reason.find("elsewhere"), std::string::npos);
}

TEST_F(Candidates, SaysWhatIsMissing) {
  write("mine/plugin.yaml", "name: mine\nversion: 1.0.0\nsources: ['*.cpp']\n");
  EXPECT_EQ(load().refusals().at(0).reason,
            "sources: \"*.cpp\" matches no file in " + (folder_ / "mine").string());
  write("mine/plugin.yaml", "name: mine\nversion: 1.0.0\nsources: ['*.f90']\n");
  write("mine/kernel.f90", "end\n");
  EXPECT_EQ(load().refusals().at(0).reason,
            "sources: " + (folder_ / "mine/kernel.f90").string() +
                " is neither C (.c), C++ (.cpp, .cc) nor CUDA (.cu)");
  core::Catalog c(registry());
  c.add_folder(folder_, core::Implementation::Kind::kCandidate);
  EXPECT_EQ(c.refusals().at(0).reason,
            "it has sources and nothing here builds them; give a prebuilt \"library\"");
  setenv("CXX", "/no/such/compiler", 1);
  write_constant("mine", 1);
  fs::remove(folder_ / "mine/kernel.f90");
  EXPECT_EQ(load().refusals().at(0).reason,
            (folder_ / "mine/kernel.cpp").string() +
                " needs a C++ compiler: it is not on PATH; install it or set CXX");
  unsetenv("CXX");
}

TEST_F(Candidates, PlainC) {
  write("plain/plugin.yaml", "name: good\nversion: 1.0.0\nlanguage: c\nsources: [good.c]\n");
  fs::copy(fs::path(FK_SOURCE_DIR) / "tests/plugins/zoo/good.c", folder_ / "plain/good.c");
  fs::copy(fs::path(FK_SOURCE_DIR) / "tests/plugins/zoo/zoo.h", folder_ / "plain/zoo.h");
  const core::Catalog c = load();
  ASSERT_TRUE(c.refusals().empty()) << c.refusals()[0].reason;
  EXPECT_EQ(run(c, "good/zero"), 0);
}

constexpr const char* kCudaKernel = R"(#include "fk/cuda.hpp"
#include "fk/tasks/silu_and_mul.h"
__global__ void silu_and_mul_kernel(const float* x, float* y, int64_t d) {
  const float g = x[blockIdx.x * 2 * d + threadIdx.x];
  y[blockIdx.x * d + threadIdx.x] = g / (1 + expf(-g)) * x[blockIdx.x * 2 * d + d + threadIdx.x];
}
struct K {
  static void supports(fk_device device, int32_t sm, const fk_silu_and_mul_init&) {
    fk::support_cuda(device, sm, 90);
  }
  K(fk::Builder&, const fk_silu_and_mul_init&) {}
  void forward(const fk::Run& run, const fk_silu_and_mul_args& a) {
    const fk::Tensor x(a.x), y(a.y);
    fk::launch(silu_and_mul_kernel, dim3(unsigned(y.size(0))), dim3(unsigned(y.size(1))), 0,
               fk::stream_of(run), false, x.data<float>(), y.data<float>(), y.size(1));
  }
};
FK_IMPL(fk::SiluAndMul, "mine", "1.0.0", FK_IMPL_GRAPH_SAFE, K)
)";

// With a toolkit they are built and loaded, and say that the CPU is not theirs; without one the
// reason says what is missing. CMake found nvcc where the builder looks.
void expect_cuda_candidate(const core::Catalog& c, const std::string& source, const char* refused) {
#ifdef FK_NVCC
  for (const core::Refusal& r : c.refusals()) ADD_FAILURE() << source << ": " << r.reason;
  ASSERT_EQ(c.implementations("silu_and_mul").size(), 1u);
  EXPECT_EQ(error_of([&] {
              TaskRunner("silu_and_mul", Json::object(), {}, {.implementation = "mine"}, c);
            }),
            std::string("pinned: silu_and_mul=mine: no implementation of silu_and_mul supports "
                        "this\n  mine/mine: ") +
                refused);
#else
  (void)refused;
  EXPECT_EQ(c.refusals().at(0).reason,
            source + " needs nvcc: it is not on PATH; install it or set NVCC");
#endif
}

TEST_F(Candidates, CudaSourcesAreBuilt) {
  write("mine/plugin.yaml",
        "name: mine\nversion: 1.0.0\nlanguage: cuda\nsources: ['*.cu']\ntasks: [silu_and_mul]\n");
  write("mine/kernel.cu", kCudaKernel);
  expect_cuda_candidate(load(), (folder_ / "mine/kernel.cu").string(), "needs a CUDA device");
}

TEST_F(Candidates, CudaNeedsNvcc) {
  write("mine/plugin.yaml", "name: mine\nversion: 1.0.0\nsources: ['*.cu']\n");
  write("mine/kernel.cu", kCudaKernel);
  setenv("NVCC", "/no/such/nvcc", 1);
  EXPECT_EQ(load().refusals().at(0).reason,
            (folder_ / "mine/kernel.cu").string() +
                " needs nvcc: it is not on PATH; install it or set NVCC");
  unsetenv("NVCC");
}

// So a lock file of one machine is good for another.
TEST_F(Candidates, TheSameSourcesGiveTheSameBytes) {
  std::vector<std::string> made[2];
  for (auto& bytes : made) {
    fs::remove_all(folder_);
    write_constant("plain", 7);
#ifdef FK_NVCC
    write("mine/plugin.yaml", "name: mine\nversion: 1.0.0\nsources: ['*.cu']\n");
    write(
        "mine/kernel.cu",
        "namespace {\n__global__ void k(float* x) { x[threadIdx.x] += 1; }\n}\n"
        "extern \"C\" __attribute__((visibility(\"default\"))) const void* fk_plugin_entry_v1() {\n"
        "  k<<<1, 32>>>(nullptr);\n  return nullptr;\n}\n");
#endif
    for (const core::Found& f : core::discover(folder_, builder().builder())) {
      EXPECT_EQ(f.refusal, "");
      bytes.push_back(f.hash);
    }
  }
  EXPECT_EQ(made[0], made[1]);
  EXPECT_EQ(progress_.size(), 4 * made[0].size()) << "each was built twice";
}

#ifdef FK_NVCC
TEST_F(Candidates, TheProjectsOwnAreBuilt) {
  core::Catalog c(registry());
  c.use_builder(builder().builder());
  c.add_folder(fs::path(FK_SOURCE_DIR) / "candidates", core::Implementation::Kind::kCandidate);
  for (const core::Refusal& r : c.refusals()) ADD_FAILURE() << r.file << ": " << r.reason;
  EXPECT_GE(c.implementations("linear").size(), 1u);
  EXPECT_GE(c.implementations("attention").size(), 1u);
}
#endif

// Without a CUDA baseline of the task an empty kernel, otherwise the baseline's.
TEST_F(Candidates, ScaffoldedCudaBuildsAtOnce) {
  const core::Written files =
      core::new_candidate(registry(), "silu_and_mul", "mine", folder_ / "candidates",
                          folder_ / "nothing", core::Manifest::Language::kCuda);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[1], folder_ / "candidates/silu_and_mul/mine/mine.cu");
  expect_cuda_candidate(load(), files[1].string(), "needs a CUDA device");
}

TEST_F(Candidates, ScaffoldedCudaStartsFromTheBaseline) {
  const std::string text = kCudaKernel;
  write("baselines/cuda/L1/pointwise.cu",
        "#include \"../common.hpp\"\nnamespace fk::cuda {\nusing reference::kAny;\n" +
            text.substr(text.find("__global__")) +
            "FK_IMPL(fk::Gelu, \"other\", \"1.0.0\", 0, Other)\n}  // namespace fk::cuda\n");
  write("baselines/cuda/common.hpp",
        "#pragma once\n#include \"../reference/checks.hpp\"\n#include \"fk/cuda.hpp\"\n#include "
        "\"fk/tasks/silu_and_mul.h\"\n");
  write("baselines/reference/checks.hpp",
        "#pragma once\nnamespace fk::reference {\ninline constexpr int kAny = -1;\n}\n");
  const core::Written files =
      core::new_candidate(registry(), "silu_and_mul", "mine", folder_ / "candidates",
                          folder_ / "baselines", core::Manifest::Language::kCuda);
  EXPECT_EQ(files.size(), 4u);
  expect_cuda_candidate(load(), files[1].string(), "needs a CUDA device");
}

TEST_F(Candidates, PrebuiltNeedsNothingRebuilt) {
  fs::copy(fs::path(FK_BUILD_DIR) / "zoo/good/good.so", folder_ / "good.so");
  EXPECT_EQ(load().refusals().at(0).reason,
            "no plugin.yaml beside it: write one with name, version and library");
  write("plugin.yaml", "name: good\nversion: 1.0.0\nlibrary: good.so\n");
  EXPECT_EQ(run(load(), "good"), 0);
  EXPECT_TRUE(progress_.empty());
}

fs::path baselines() { return fs::path(FK_SOURCE_DIR) / "baselines"; }

TEST_F(Candidates, ScaffoldedL1EqualsTheReference) {
  const core::Written files =
      core::new_candidate(registry(), "silu_and_mul", "mine", folder_ / "candidates", baselines());
  ASSERT_GE(files.size(), 2u);
  EXPECT_EQ(files[0], folder_ / "candidates/silu_and_mul/mine/plugin.yaml");
  EXPECT_EQ(files[1], folder_ / "candidates/silu_and_mul/mine/mine.cpp");
  core::Catalog c = load();
  ASSERT_TRUE(c.refusals().empty()) << c.refusals()[0].reason;
  c.add_folder(fs::path(FK_BUILD_DIR) / "plugins/reference",
               core::Implementation::Kind::kReference);
  const Array x = Array::random(kF32, {3, 74}, 1);
  Array ys[2]{Array(kF32, {3, 37}), Array(kF32, {3, 37})};
  for (int i = 0; i < 2; ++i)
    TaskRunner("silu_and_mul", Json::object(), {}, {.implementation = i ? "mine" : "reference"}, c)
        .run({{"x", &x}, {"y", &ys[i]}});
  EXPECT_EQ(ys[0].bytes(), ys[1].bytes());
  EXPECT_EQ(error_of([&] {
              core::new_candidate(registry(), "silu_and_mul", "mine", folder_ / "candidates",
                                  baselines());
            }),
            (folder_ / "candidates/silu_and_mul/mine").string() +
                ": it exists; choose another name or remove it");
}

// Every task of the registry gets a candidate that compiles, links and is taken.
TEST_F(Candidates, ScaffoldsOfTheWellKnown) {
  for (const char* task : {"rms_norm", "linear", "llama_mlp", "qkv_parallel_linear"})
    core::new_candidate(registry(), task, "mine_" + std::string(task), folder_ / "candidates",
                        baselines());
  const core::Catalog c = load();
  for (const core::Refusal& r : c.refusals()) ADD_FAILURE() << r.file << ": " << r.reason;
  for (const char* task : {"rms_norm", "linear", "llama_mlp", "qkv_parallel_linear"}) {
    ASSERT_EQ(c.implementations(task).size(), 1u) << task;
    EXPECT_EQ(c.implementations(task)[0]->id(), fmt::format("mine_{0}/mine_{0}", task));
  }
}

TEST_F(Candidates, ScaffoldWithoutABaselineSaysSo) {
  core::new_candidate(registry(), "silu_and_mul", "mine", folder_ / "candidates",
                      folder_ / "nothing");
  EXPECT_EQ(error_of([&] { run(load(), "mine"); }),
            "pinned: silu_and_mul=mine: no implementation of silu_and_mul supports this\n"
            "  mine/mine: not written yet: fill in forward() of mine and remove this line");
}

TEST_F(Candidates, ScaffoldRefuses) {
  EXPECT_EQ(error_of([&] {
              core::new_candidate(registry(), "silu_and_mul", "../x", folder_, baselines());
            }),
            "candidate \"../x\": a name starts with a-z and goes on with a-z, 0-9 and _");
  EXPECT_NE(error_of([&] {
              core::new_candidate(registry(), "silu_and_mull", "x", folder_, baselines());
            }).find("(did you mean 'silu_and_mul'?)"),
            std::string::npos);
}

// The registry reads the new task back, and its candidate builds against the headers once they are
// generated.
TEST_F(Candidates, NewTaskIsReadBack) {
  for (int level : {1, 2}) {
    const std::string name = fmt::format("brand_new_{}", level);
    const core::Written files = core::new_task(registry(), name, level, folder_);
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(files[0], folder_ / fmt::format("registry/tasks/L{}/{}.yaml", level, name));
  }
  fs::copy(fs::path(FK_SOURCE_DIR) / "registry/structs", folder_ / "registry/structs",
           fs::copy_options::recursive);
  const core::Registry r = core::Registry::load(folder_ / "registry");
  EXPECT_EQ(r.task("brand_new_1").level, 1);
  EXPECT_EQ(r.task("brand_new_2").level, 2);
  EXPECT_NE(error_of([&] {
              core::new_task(registry(), "rms_norm", 1, folder_);
            }).find("task rms_norm exists: "),
            std::string::npos);
}

}  // namespace
}  // namespace fk::test
