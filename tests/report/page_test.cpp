// SPDX-License-Identifier: Apache-2.0
// `fk report` as people start it, and its page as people see it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/report/report.hpp"
#include "tests/report/sample.hpp"
#include "tests/support/temp_folder.hpp"

namespace fk::test {
namespace {

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

struct Page : testing::Test {
  TempFolder folder;
  std::string path = folder / "results.db";
  std::string out, err;

  // The exit code of `words`, which the shell splits.
  int run(const std::string& words) {
    const std::string o = folder / "out", e = folder / "err";
    const int status = std::system((words + " >" + o + " 2>" + e).c_str());
    out = read(o), err = read(e);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int report(const std::string& flags) {
    return run(FK_BUILD_DIR "/bin/fk report --store " + path + " " + flags);
  }
  void fill() {
    store::Store store(path);
    fill_sample(store, core::Registry::load(FK_SOURCE_DIR "/registry"));
  }
};

TEST_F(Page, IsWrittenAndIsJsonToo) {
  fill();
  const std::string page = folder / "page.html";
  ASSERT_EQ(report("--out " + page), 0) << err;
  EXPECT_TRUE(out.starts_with(page + ": ")) << out;
  EXPECT_TRUE(read(page).starts_with("<!doctype html>"));
  ASSERT_EQ(report("--out -"), 0) << err;
  EXPECT_TRUE(out.starts_with("<!doctype html>"));
  ASSERT_EQ(report("--json"), 0) << err;
  const auto all = store::Json::parse(out);
  const std::string id = all["measurements"][0]["id"];
  EXPECT_NE(read(page).find(">" + id + "<"), std::string::npos);
  EXPECT_EQ(run(FK_BUILD_DIR "/bin/fk results rerun " + id + " --store " + path), 0) << err;
  EXPECT_TRUE(out.starts_with("fk bench ")) << out;
}

TEST_F(Page, SaysWhatIsWrongWithItsFlags) {
  EXPECT_EQ(report(""), 3);
  EXPECT_EQ(err, "fk report: " + path + ": no results store there yet; FK_STORE names another\n");
  fill();
  EXPECT_EQ(report("--since yesterday"), 2);
  EXPECT_EQ(err,
            "fk report: --since yesterday: expected a time in UTC such as 2026-11-21T08:30, or "
            "30m, 12h, 7d\n");
  EXPECT_EQ(report("--out " + path + "/page.html"), 2);
  EXPECT_EQ(err, "fk report: --out " + path +
                     "/page.html: cannot be written; is its folder there, and may you write to "
                     "it?\n");
}

#ifdef FK_BROWSER
// On a phone and on a desk, in the light and in the dark; a full store and an empty one.
TEST_F(Page, LooksRightInABrowser) {
  const std::string full = folder / "full.html", empty = folder / "empty.html";
  fill();
  store::Store store(path, store::Store::Access::kRead);
  const auto registry = core::Registry::load(FK_SOURCE_DIR "/registry");
  for (const auto& [file, since] : {std::pair(full, ""), std::pair(empty, "2030")})
    std::ofstream(file) << report::to_html(report::gather(store, registry, {since, ""}));
  const char* shots = std::getenv("FK_SHOTS");  // a folder to keep pictures in
  EXPECT_EQ(run(FK_PYTHON " " FK_SOURCE_DIR "/tests/report/browse.py " FK_BROWSER " " + full + " " +
                empty + (shots ? std::string(" --shots ") + shots : "")),
            0)
      << out << err;
}
#endif

}  // namespace
}  // namespace fk::test
