// SPDX-License-Identifier: Apache-2.0
// What is read before a plugin is opened: its bytes, its tables, its manifest.
#include <filesystem>

#include "core/plugin/cache.hpp"
#include "core/plugin/content_hash.hpp"
#include "core/plugin/elf_file.hpp"
#include "core/plugin/manifest.hpp"
#include "tests/support/errors.hpp"

namespace fk::test {
namespace {

std::span<const uint8_t> bytes(const std::string& s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}

// Values of Python's hashlib.blake2b(digest_size=16).
TEST(ContentHash, EqualsBlake2b) {
  EXPECT_EQ(core::hash_bytes({}), "cae66941d9efbd404e4d88758ea67670");
  EXPECT_EQ(core::hash_bytes(bytes("abc")), "cf4ab791c62b8d2b2109c90275287816");
  EXPECT_EQ(core::hash_bytes(bytes(std::string(128, 'x'))), "874acca82a22239ec64a3e70c3ae494e");
  EXPECT_EQ(core::hash_bytes(bytes(std::string(129, 'x'))), "b9ee96f69e8210c624fee55d71d5a54f");
  EXPECT_EQ(core::hash_bytes(bytes(std::string(1000, 'x'))), "c9b2bd4ff487864c29fb41fab3e8187e");
}

TEST(ContentHash, PiecesDoNotMatter) {
  const std::string text(777, 'q');
  core::ContentHash h;
  for (size_t i = 0; i < text.size(); i += 50)
    h.add(text.data() + i, std::min<size_t>(50, text.size() - i));
  EXPECT_EQ(h.hex(), core::hash_bytes(bytes(text)));
}

TEST(ContentHash, TextsAreKeptApart) {
  core::ContentHash a, b;
  a.add(std::string_view("ab")), a.add(std::string_view("c"));
  b.add(std::string_view("a")), b.add(std::string_view("bc"));
  EXPECT_NE(a.hex(), b.hex());
}

std::string good_plugin() {
  return core::read_file(std::filesystem::path(FK_BUILD_DIR) / "zoo/good/good.so");
}

TEST(ElfFile, ReadsExports) {
  const core::ElfFile elf = core::ElfFile::parse(bytes(good_plugin()));
  EXPECT_EQ(elf.exports, std::vector<std::string>{"fk_plugin_entry_v1"});
}

// Any prefix and any flipped byte of a library either parses or throws; it never reads outside.
TEST(ElfFile, SurvivesDamage) {
  std::string file = good_plugin();
  int refused = 0;
  for (size_t size = 0; size < file.size(); size += size < 1024 ? 1 : 61) {
    try {
      core::ElfFile::parse(bytes(file.substr(0, size)));
    } catch (const core::Error&) { ++refused; }
  }
  EXPECT_GT(refused, 1000);
  uint64_t seed = 1;
  for (int i = 0; i < 20000; ++i) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    // Headers and tables stand at both ends of the file.
    const size_t from = (seed >> 62) == 0 ? 0 : file.size() - 4096;
    const size_t at = from + (seed >> 33) % 4096;
    const char before = file[at % file.size()];
    file[at % file.size()] = char(seed >> 20);
    try {
      core::ElfFile::parse(bytes(file));
    } catch (const core::Error&) {}
    file[at % file.size()] = before;
  }
}

core::Manifest parse(const std::string& text) {
  return core::Manifest::parse(text, "mine/plugin.yaml");
}

TEST(Manifest, Reads) {
  const core::Manifest m = parse(
      "name: mine\nversion: 1.2.0\nlanguage: cuda\nsources: ['*.cu', a.cpp]\nlibs: [openblas]\n"
      "flags: [-ffast-math]\ntasks: [silu_and_mul]\n");
  EXPECT_EQ(m.name, "mine");
  EXPECT_EQ(m.version, "1.2.0");
  EXPECT_EQ(m.language, core::Manifest::Language::kCuda);
  EXPECT_EQ(m.sources, (std::vector<std::string>{"*.cu", "a.cpp"}));
  EXPECT_EQ(m.libs, std::vector<std::string>{"openblas"});
  EXPECT_EQ(m.flags, std::vector<std::string>{"-ffast-math"});
  EXPECT_EQ(m.tasks, std::vector<std::string>{"silu_and_mul"});
  EXPECT_EQ(m.folder(), "mine");
}

TEST(Manifest, Refuses) {
  const std::string head = "name: mine\nversion: 1.0.0\n";
  const std::pair<std::string, std::string> cases[] = {
      {head + "libary: a.so\n",
       "mine/plugin.yaml:3:1: unknown key \"libary\" (did you mean 'library'?)"},
      {head + "library: [a.so]\n", "mine/plugin.yaml:3:10: \"library\" must be text"},
      {head + "sources: a.cpp\n", "mine/plugin.yaml:3:10: \"sources\" must be a list"},
      {head + "sources: [[a.cpp]]\n", "mine/plugin.yaml:3:11: \"sources\" must be a list of texts"},
      {head + "library: ../a.so\n",
       "mine/plugin.yaml:3:10: \"library: ../a.so\" leaves the plugin's folder"},
      {head + "opens: [/tmp/libmine.so]\n",
       "mine/plugin.yaml:3:8: \"opens: /tmp/libmine.so\" is no library's file name; expected one "
       "as "
       "the loader finds it, e.g. libnvrtc-builtins.so.13.0"},
      {head + "sources: [/etc/passwd]\n",
       "mine/plugin.yaml:3:10: \"sources: /etc/passwd\" leaves the plugin's folder"},
      {head + "language: cpp\n",
       "mine/plugin.yaml:3:11: unknown language \"cpp\" (did you mean 'c'?); one of c, cxx, cuda"},
      {head + "name: other\n", "mine/plugin.yaml:3:1: \"name\" stands here twice"},
      {head,
       "mine/plugin.yaml:1:1: either \"library\" (a prebuilt .so) or \"sources\" (to be built) "
       "must stand here"},
      {head + "library: a.so\nsources: [a.c]\n",
       "mine/plugin.yaml:1:1: either \"library\" (a prebuilt .so) or \"sources\" (to be built) "
       "must stand here, not both"},
      {"version: 1.0.0\nlibrary: a.so\n", "mine/plugin.yaml:1:1: \"name\" is missing"},
      {"name: mine\nlibrary: a.so\n", "mine/plugin.yaml:1:1: \"version\" is missing"},
      {"name: a/b\nversion: 1.0.0\nlibrary: a.so\n",
       "mine/plugin.yaml:1:7: name \"a/b\" may hold letters, digits, \"_\", \"-\" and \".\" only"},
      {"- a\n",
       "mine/plugin.yaml:1:1: a plugin.yaml is a map with the keys name, version, library or "
       "sources"},
      {"name: [\n", "mine/plugin.yaml:2:1: not YAML: end of sequence flow not found"},
  };
  for (const auto& c : cases) EXPECT_EQ(error_of([&] { parse(c.first); }), c.second) << c.first;
}

TEST(Cache, FolderFollowsTheEnvironment) {
  const std::string before = std::getenv("FK_CACHE_DIR") ? std::getenv("FK_CACHE_DIR") : "";
  setenv("FK_CACHE_DIR", "/one/two", 1);
  EXPECT_EQ(core::cache_folder(), "/one/two");
  unsetenv("FK_CACHE_DIR");
  setenv("XDG_CACHE_HOME", "/xdg", 1);
  EXPECT_EQ(core::cache_folder(), "/xdg/fastkernels");
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "/home/someone", 1);
  EXPECT_EQ(core::cache_folder(), "/home/someone/.cache/fastkernels");
  if (!before.empty()) setenv("FK_CACHE_DIR", before.c_str(), 1);
}

TEST(Cache, SaysWhatCannotBeWritten) {
  setenv("FK_CACHE_DIR", "/proc/nowhere", 1);
  const std::string text = error_of([] { core::cached_copy(bytes("x"), "hash", "name"); });
  EXPECT_TRUE(text.starts_with("/proc/nowhere/plugins/.name-hash.so.")) << text;
  EXPECT_TRUE(text.ends_with(
      "cannot be written: No such file or directory; set FK_CACHE_DIR to a folder that can"))
      << text;
  setenv("FK_CACHE_DIR", FK_BUILD_DIR "/test-cache", 1);
}

}  // namespace
}  // namespace fk::test
