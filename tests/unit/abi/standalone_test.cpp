// SPDX-License-Identifier: Apache-2.0
// The SDK as others get it: installed, found by find_package, two plugins built against it and
// loaded by the host.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/plugin/catalog.hpp"

namespace fk::core {
namespace {

namespace fs = std::filesystem;

class Standalone : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    root_ = fs::path(testing::TempDir()) / ("fk_standalone_" + std::to_string(getpid()));
    fs::create_directories(root_);
    const std::string cmake = "env -u DESTDIR " FK_CMAKE, build = (root_ / "build").string(),
                      sdk = (root_ / "sdk").string();
    run(cmake + " --install " FK_BUILD_DIR " --component sdk --prefix " + sdk);
    // A copy, so that nothing of the repository can be reached by a relative path.
    fs::copy(FK_SOURCE_DIR "/plugin_api/examples/standalone", root_ / "source",
             fs::copy_options::recursive);
    run(cmake + " -S " + (root_ / "source").string() + " -B " + build +
        " -DCMAKE_PREFIX_PATH=" + sdk +
        " -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=" FK_CC " -DCMAKE_CXX_COMPILER=" FK_CXX
        " '-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror'"
        " '-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Werror'");
    run(cmake + " --build " + build);
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }
  static void run(const std::string& command) {
    const std::string log = (root_ / "log").string();
    const int status = std::system((command + " > " + log + " 2>&1").c_str());
    std::stringstream text;
    text << std::ifstream(log).rdbuf();
    ASSERT_EQ(status, 0) << command << "\n" << text.str();
  }
  static std::string read(const fs::path& p) {
    std::stringstream text;
    text << std::ifstream(p).rdbuf();
    return text.str();
  }
  static inline fs::path root_;
};

TEST_F(Standalone, ManifestsSayWhatWasBuilt) {
  EXPECT_EQ(read(root_ / "build/plugins/silu_exp2/plugin.yaml"),
            "name: silu_exp2\nversion: 1.0.0\nlibrary: silu_exp2.so\nlanguage: cxx\ntasks: "
            "[silu_and_mul]\n");
  EXPECT_EQ(
      read(root_ / "build/plugins/plain_c/plugin.yaml"),
      "name: plain_c\nversion: 1.0.0\nlibrary: plain_c.so\nlanguage: c\ntasks: [squared_relu]\n");
}

TEST_F(Standalone, BothLoadAndRun) {
  static const Registry registry = Registry::load(FK_SOURCE_DIR "/registry");
  Catalog catalog(registry);
  catalog.add_folder(root_ / "build/plugins", Implementation::Kind::kCandidate);
  for (const Refusal& r : catalog.refusals()) ADD_FAILURE() << r.plugin << ": " << r.reason;
  auto forward = [&](const char* task, const char* id, std::vector<float> x, int64_t columns_out) {
    std::vector<float> y(size_t(2 * columns_out), NAN);
    for (const Implementation* i : catalog.implementations(task)) {
      if (i->id() != id) continue;
      int64_t in[2] = {2, int64_t(x.size()) / 2}, out[2] = {2, columns_out},
              in_step[2] = {in[1], 1}, out_step[2] = {columns_out, 1};
      fk_tensor tx{x.data(), {FK_CPU, 0}, 2, {FK_FLOAT, 32, 1}, in, in_step, 0},
          ty{y.data(), {FK_CPU, 0}, 2, {FK_FLOAT, 32, 1}, out, out_step, 0};
      StructValue args = StructValue::args(registry.task(task));
      args.set("x", &tx);
      args.set("y", &ty);
      fk_host host{};
      host.struct_size = sizeof host;
      fk_run run{};
      run.struct_size = sizeof run;
      run.device = {FK_CPU, 0};
      InitValue init = InitValue::from_json(registry, registry.task(task), Json::object());
      void* state = nullptr;
      EXPECT_EQ(i->impl->supports(&host, run.device, 0, init.data()), FK_OK);
      EXPECT_EQ(i->impl->create(&host, &run, init.data(), &state), FK_OK);
      EXPECT_EQ(i->impl->forward(state, &host, &run, args.data()), FK_OK);
      i->impl->destroy(state);
    }
    return y;
  };
  std::vector<float> y = forward("silu_and_mul", "silu_exp2/exp2", {1, -2, 3, 4, 0, 5, 6, 7}, 2);
  const float want[] = {3 / (1 + std::exp(-1.f)), -8 / (1 + std::exp(2.f)), 0,
                        35 / (1 + std::exp(-5.f))};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(y[size_t(i)], want[i], 1e-5) << i;
  EXPECT_EQ(forward("squared_relu", "plain_c/plain", {1, -2, 3, 0.5f}, 2),
            (std::vector<float>{1, 0, 9, 0.25f}));
}

// What fk_add_plugin() runs after linking.
TEST_F(Standalone, ExportCheckRefusesASecondSymbol) {
  const std::string source = (root_ / "leaky.c").string(), library = (root_ / "leaky.so").string(),
                    log = (root_ / "check.log").string();
  const std::string check = FK_CMAKE " -DNM=nm -DFILE=" + library +
                            " -P " FK_SOURCE_DIR "/plugin_api/cmake/check_exports.cmake > " + log +
                            " 2>&1";
  std::ofstream(source) << "int fk_plugin_entry_v1(void) { return 0; }\n";
  run(FK_CC " -shared -fPIC -o " + library + " " + source);
  EXPECT_EQ(std::system(check.c_str()), 0) << read(log);
  std::ofstream(source) << "int fk_plugin_entry_v1(void) { return 0; }\nint leaked;\n";
  run(FK_CC " -shared -fPIC -o " + library + " " + source);
  EXPECT_NE(std::system(check.c_str()), 0);
  std::string text = read(log);
  if (size_t at = text.find("\n  expected"); at != text.npos)
    text.replace(at, 3, " ");  // CMake wraps its messages
  EXPECT_NE(text.find("exports [fk_plugin_entry_v1, leaked], expected exactly fk_plugin_entry_v1"),
            std::string::npos)
      << text;
  EXPECT_FALSE(fs::exists(library)) << "a refused plugin must not be found by a later load";
}

}  // namespace
}  // namespace fk::core
