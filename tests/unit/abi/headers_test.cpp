// SPDX-License-Identifier: Apache-2.0
// Every public header compiles alone, strictly, in every language and compiler it is meant for.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

namespace fs = std::filesystem;

std::vector<std::string> headers(const char* root, const char* folder) {
  std::vector<std::string> out;
  for (const auto& e : fs::directory_iterator(fs::path(root) / folder))
    if (e.path().extension() == ".h")
      out.push_back(std::string(folder) + "/" + e.path().filename().string());
  return out;
}

// One translation unit a header; all in one compiler run.
void compile(const std::string& compiler, const std::string& standard, const std::string& suffix,
             const std::vector<std::string>& names) {
  const fs::path dir =
      fs::path(testing::TempDir()) / ("fk_headers_" + suffix + "_" + std::to_string(getpid()));
  fs::create_directories(dir);
  std::string command = compiler + " -std=" + standard +
                        " -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I " FK_SOURCE_DIR
                        "/plugin_api/include -I " FK_BUILD_DIR "/gen";
  for (size_t i = 0; i < names.size(); ++i) {
    const fs::path file = dir / ("header" + std::to_string(i) + "." + suffix);
    std::ofstream(file) << "#include \"" << names[i] << "\"\n#include \"" << names[i]
                        << "\"\ntypedef int not_empty;\n";
    command += " " + file.string();
  }
  const fs::path log = dir / "log";
  int status = std::system((command + " 2> " + log.string()).c_str());
  std::stringstream text;
  text << std::ifstream(log).rdbuf();
  EXPECT_EQ(status, 0) << command << "\n" << text.str();
  fs::remove_all(dir);
}

std::vector<std::string> c_headers() {
  std::vector<std::string> all = headers(FK_BUILD_DIR "/gen", "fk/tasks");
  for (std::string& h : headers(FK_BUILD_DIR "/gen", "fk/structs")) all.push_back(h);
  all.push_back("fk/abi.h");
  return all;
}

TEST(Headers, CompileAloneAsC11) {
  ASSERT_GT(c_headers().size(), 20u);
  compile("gcc", "c11", "c", c_headers());
  compile("clang", "c11", "c", c_headers());
}

TEST(Headers, CompileAloneAsCxx20) {
  std::vector<std::string> all = c_headers();
  all.push_back("fk/plugin.hpp");
  compile("g++", "c++20", "cpp", all);
  compile("clang++", "c++20", "cpp", all);
}

#ifdef FK_NVCC
TEST(Headers, CompileAsCuda) {
  const fs::path file =
      fs::path(testing::TempDir()) / ("fk_headers_" + std::to_string(getpid()) + ".cu");
  std::ofstream out(file);
  out << "#include \"fk/plugin.hpp\"\n";
  for (const std::string& h : c_headers()) out << "#include \"" << h << "\"\n";
  out.close();
  const std::string command =
      FK_NVCC " -std=c++20 -Xcompiler=-Wall,-Wextra -Werror all-warnings -I " FK_SOURCE_DIR
              "/plugin_api/include -I " FK_BUILD_DIR "/gen -c -o " +
      file.string() + ".o " + file.string();
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  fs::remove(file);
  fs::remove(file.string() + ".o");
}
#endif

}  // namespace
