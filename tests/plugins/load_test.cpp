// SPDX-License-Identifier: Apache-2.0
// Plugins that must be refused when they are loaded, each with its exact reason.
#include <cmath>
#include <fstream>

#include "core/plugin/content_hash.hpp"
#include "tests/plugins/zoo.hpp"

namespace fk::test {
namespace {

namespace fs = std::filesystem;

std::string refusal(const std::string& name) {
  const core::Catalog c = load_zoo(name);
  EXPECT_EQ(c.refusals().size(), 1u);
  if (c.refusals().empty()) return {};
  EXPECT_EQ(c.refusals()[0].plugin, name);
  return c.refusals()[0].reason;
}

TEST(Load, GoodPluginIsTaken) {
  const core::Catalog c = load_zoo("good");
  EXPECT_TRUE(c.refusals().empty());
  ASSERT_EQ(c.implementations("silu_and_mul").size(), 1u);
  const core::Implementation& i = *c.implementations("silu_and_mul")[0];
  EXPECT_EQ(i.id(), "good/zero");
  EXPECT_EQ(i.version, "1.0.0");
  EXPECT_EQ(i.hash.size(), 32u);
}

TEST(Load, NoSymbol) {
  EXPECT_EQ(refusal("no_symbol"), "exports no fk_plugin_entry_v1: is FK_PLUGIN missing?");
}

TEST(Load, WrongMajor) {
  EXPECT_EQ(refusal("wrong_major"),
            "exports fk_plugin_entry_v2, this host speaks ABI major 1 (fk_plugin_entry_v1): "
            "rebuild the plugin with this host's SDK");
}

TEST(Load, WrongMajorInside) {
  EXPECT_EQ(refusal("wrong_major_inside"),
            "built for ABI major 2, this host has 1: rebuild the plugin with this host's SDK");
}

TEST(Load, NeedsNewerMinor) {
  EXPECT_EQ(refusal("newer_minor"),
            fmt::format("needs ABI 1.97, this host has 1.{}: update the host, or build the plugin "
                        "without the newer fields",
                        FK_ABI_MINOR));
}

TEST(Load, NullFunctions) {
  const core::Catalog c = load_zoo("null_functions");
  std::vector<std::string> reasons;
  for (const core::Refusal& r : c.refusals()) reasons.push_back(r.implementation + ": " + r.reason);
  EXPECT_EQ(reasons, (std::vector<std::string>{
                         "no_create: create is NULL", "no_destroy: destroy is NULL",
                         "no_forward: forward is NULL", ": implementation 3 is NULL"}));
  ASSERT_EQ(c.implementations("silu_and_mul").size(), 1u);  // the good one beside them
}

TEST(Load, StaleSignature) {
  EXPECT_EQ(refusal("stale_signature"),
            "built with another signature of silu_and_mul\n"
            "  plugin:   silu_and_mul r0 (limit:init float) (x:in tensor) -> (y:out tensor)\n"
            "  registry: silu_and_mul r1 () (x:in tensor) -> (y:out tensor)\n"
            "rebuild the plugin against this registry");
}

TEST(Load, UnknownTask) {
  EXPECT_EQ(refusal("unknown_task"),
            "unknown task \"silu_and_mull\" (did you mean 'silu_and_mul'?)");
}

TEST(Load, DuplicateNames) {
  EXPECT_EQ(refusal("duplicate_names"),
            "two implementations of silu_and_mul are called \"same\"; the first is kept");
}

TEST(Load, ExportsTooMuch) {
  EXPECT_EQ(refusal("exports_too_much"),
            "exports 2 symbols besides its entry (another_helper, helper): build it with "
            "fk_add_plugin or its version script");
}

TEST(Load, MissingLibrary) {
  EXPECT_EQ(refusal("missing_library"),
            "missing library libfk_absent.so: install it or put its folder on LD_LIBRARY_PATH "
            "(needed by this plugin; "
            "cannot open shared object file: No such file or directory)");
}

TEST(Load, EntryFails) {
  EXPECT_EQ(refusal("entry_fails"), "fk_plugin_entry_v1 failed: this plugin needs a newer driver");
}

TEST(Load, EntryThrows) {
  EXPECT_EQ(refusal("entry_throws"),
            "fk_plugin_entry_v1 failed: an exception escaped from fk_plugin_entry_v1 (rule 2): no "
            "config file");
}

TEST(Load, NullDescriptor) {
  EXPECT_EQ(refusal("null_descriptor"),
            "fk_plugin_entry_v1 returned FK_OK and no descriptor (NULL)");
}

TEST(Load, Empty) {
  EXPECT_EQ(refusal("empty"), "it holds no implementation: is FK_IMPL missing?");
}

TEST(Load, ManifestDisagrees) {
  EXPECT_EQ(refusal("manifest_disagrees"),
            "plugin.yaml says version \"2.0.0\", the library says \"1.0.0\"");
}

TEST(Load, SameFileTwice) {
  core::Catalog c(registry());
  for (int i = 0; i < 2; ++i)
    c.add_folder(zoo_folder("good"), core::Implementation::Kind::kCandidate);
  ASSERT_EQ(c.refusals().size(), 1u);
  const std::string file = (zoo_folder("good") / "good.so").string();
  EXPECT_EQ(c.refusals()[0].reason, "the same file as " + file + ", which is loaded");
}

// Every length of a truncated file is told before dlopen sees it (which would map past the end of
// the file).
TEST(Load, TruncatedFile) {
  const fs::path folder = fs::path(testing::TempDir()) / "fk_truncated";
  fs::create_directories(folder);
  const std::string whole = core::read_file(zoo_folder("good") / "good.so");
  std::ofstream(folder / "plugin.yaml") << "name: good\nversion: 1.0.0\nlibrary: good.so\n";
  std::string half_reason;
  for (size_t size :
       {size_t{0}, size_t{3}, size_t{40}, size_t{200}, whole.size() / 2, whole.size() - 1}) {
    std::ofstream(folder / "good.so", std::ios::binary) << whole.substr(0, size);
    core::Catalog c(registry());
    c.add_folder(folder, core::Implementation::Kind::kCandidate);
    ASSERT_EQ(c.refusals().size(), 1u) << size;
    EXPECT_TRUE(c.implementations("silu_and_mul").empty()) << size;
    const std::string& reason = c.refusals()[0].reason;
    if (size == 0)
      EXPECT_EQ(reason, "the file is empty");
    else if (size == 3)
      EXPECT_EQ(reason, "not a shared library: the file does not start with an ELF header");
    else if (size == 40)
      EXPECT_EQ(reason, "the file is truncated: its ELF header ends at byte 64, the file has 40");
    else
      EXPECT_TRUE(reason.starts_with("the file is truncated: its ") &&
                  reason.ends_with(fmt::format("the file has {}", size)))
          << reason;
  }
}

TEST(Load, NotALibrary) {
  const fs::path folder = fs::path(testing::TempDir()) / "fk_text";
  fs::create_directories(folder);
  std::ofstream(folder / "plugin.yaml") << "name: text\nversion: 1.0.0\nlibrary: text.so\n";
  std::ofstream(folder / "text.so") << "this is not a library";
  core::Catalog c(registry());
  c.add_folder(folder, core::Implementation::Kind::kCandidate);
  ASSERT_EQ(c.refusals().size(), 1u);
  EXPECT_EQ(c.refusals()[0].reason,
            "not a shared library: the file does not start with an ELF header");
}

#ifdef FK_CUBLASLT_PLUGIN
// The plugin of a library that this machine lacks: it steps aside with the reason, wherever its
// tasks are asked for, and its tasks are computed by the others.
TEST(Load, MissingCudaLibrary) {
  std::string bytes = core::read_file(FK_CUBLASLT_PLUGIN);
  const std::string name = "libcublasLt.so";
  size_t found = 0;
  for (size_t at = 0; (at = bytes.find(name, at)) != bytes.npos; ++found)
    bytes.replace(at, name.size(), "libcublasXX.so");
  ASSERT_GE(found, 1u);
  const fs::path folder = fs::path(testing::TempDir()) / "fk_no_cublaslt";
  fs::create_directories(folder);
  std::ofstream(folder / "cublaslt.so", std::ios::binary) << bytes;
  std::ofstream(folder / "plugin.yaml")
      << "name: cublaslt\nversion: 1.0.0\nlibrary: cublaslt.so\ntasks: [linear]\n";
  core::Catalog c(registry());
  c.add_folder(folder, core::Implementation::Kind::kBaseline);
  ASSERT_EQ(c.refusals().size(), 1u);
  const std::string reason = c.refusals()[0].reason;
  EXPECT_TRUE(reason.starts_with("missing library libcublasXX.so.")) << reason;
  EXPECT_TRUE(
      reason.ends_with(": install it or put its folder on LD_LIBRARY_PATH (needed by this "
                       "plugin; cannot open shared object file: No such file or directory)"))
      << reason;
  core::BuildOptions options;
  options.dry = true;
  options.device = {FK_CUDA, 0};
  const Json init{{"in_features", 64}, {"out_features", 64}};
  const auto plan = [&] { return core::Model::build(c, nullptr, "linear", init, options)->plan(); };
  const core::Plan alone = plan();
  EXPECT_EQ(alone.missing_tasks, std::vector<std::string>{"linear"});
  EXPECT_EQ(alone.choices.at(0).reason,
            fmt::format("no implementation of linear is loaded\n  refused: cublaslt ({}): {}",
                        (folder / "cublaslt.so").string(), reason));
  c.add_folder(fs::path(FK_BUILD_DIR) / "plugins/cuda", core::Implementation::Kind::kBaseline);
  EXPECT_EQ(plan().choices.at(0).implementation, "cuda/float");
}
#endif

// A folder full of bad plugins takes nothing away from the good ones beside them.
TEST(Load, TheRestKeepsWorking) {
  core::Catalog c(registry());
  c.add_folder(zoo_folder(""), core::Implementation::Kind::kCandidate);
  c.add_folder(fs::path(FK_BUILD_DIR) / "plugins", core::Implementation::Kind::kBaseline);
  EXPECT_GE(c.refusals().size(), 15u);
  TaskRunner runner("silu_and_mul", Json::object(), {}, {}, c);
  const Array x(kF32, {1, 2}, {1, 2});
  Array y(kF32, {1, 1});
  runner.run({{"x", &x}, {"y", &y}});
  EXPECT_NEAR(y.at(0), 2 / (1 + std::exp(-1.0)), 1e-6);
}

}  // namespace
}  // namespace fk::test
