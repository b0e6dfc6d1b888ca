// SPDX-License-Identifier: Apache-2.0
// Variants of one plugin with a defect each, drawn at random: none is to get through. Some strike
// only at the ninth row, in a gap, or when numbers are large. FK_FUZZED_VARIANTS says how many
// (40), FK_FUZZED_SEED with which they begin.
#include <fstream>
#include <random>

#include "core/judge/cases/numbers.hpp"
#include "tests/judge/court.hpp"

namespace fk::judge {
namespace {

namespace fs = std::filesystem;

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::stoull(text) : otherwise;
}

class Variants {
 public:
  Variants() : folder_(fs::path(testing::TempDir()) / fmt::format("fk_variants_{}", getpid())) {
    const fs::path from = fs::path(FK_BUILD_DIR) / "corpus/fuzzed/variant";
    fs::create_directories(folder_);
    fs::copy_file(from / "plugin.yaml", folder_ / "plugin.yaml");
    std::ifstream in(from / "variant.so", std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(in), {});
    at_ = bytes_.find("FK_FUZZED_SEED_");
    if (at_ == bytes_.npos || bytes_.find("FK_FUZZED_SEED_", at_ + 1) != bytes_.npos)
      throw std::runtime_error("variant.so: the place of its seed is not to be found");
    at_ += 16;
  }
  ~Variants() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  PluginFile of(uint64_t seed) {
    std::memcpy(bytes_.data() + at_, &seed, sizeof seed);
    fs::remove(folder_ / "variant.so");
    std::ofstream(folder_ / "variant.so", std::ios::binary) << bytes_;
    return plugin_in(folder_, false);
  }

 private:
  fs::path folder_;
  std::string bytes_;
  size_t at_ = 0;
};

struct Refused {};  // nothing more is to be known of it

bool accepted(Judge& judge, const PluginFile& p) {
  try {
    return judge
        .check(p, "silu_and_mul", "variant/x",
               [](const CaseResult& c, size_t, size_t) {
                 if (c.failed()) throw Refused{};
               })
        .passed();
  } catch (const Refused&) { return false; }
}

TEST(Fuzz, TheVariantWithoutADefectPasses) {
  Judge judge(test::registry(), court_options());
  const CheckRecord r = judge.check(Variants().of(0), "silu_and_mul", "variant/x");
  EXPECT_TRUE(r.passed()) << failures(r);
}

TEST(Fuzz, NoVariantGetsThrough) {
  Variants variants;
  Judge judge(test::registry(), court_options());
  cases::Random random(from_environment("FK_FUZZED_SEED", std::random_device()()));
  const uint64_t count = from_environment("FK_FUZZED_VARIANTS", 40);
  std::string through;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t seed = random.bits() | 1;
    if (accepted(judge, variants.of(seed))) through += fmt::format(" {:#x}", seed);
  }
  EXPECT_EQ(through, "") << "accepted, of " << count;
}

}  // namespace
}  // namespace fk::judge
