// SPDX-License-Identifier: Apache-2.0
#include "core/base/quant.hpp"

#include <cmath>

#include "core/base/dtype.hpp"
#include "tests/unit/weights/helpers.hpp"

namespace fk::core::test {
namespace {

// Every readable type against gguf-py, bit for bit (tests/golden/weights/make_gguf.py).
TEST(Quant, DequantisesAsGgufPy) {
  const auto file = TensorFile::open(kGolden / "dequantised.gguf");
  const std::string expected = read_file(kGolden / "dequantised.f32");
  size_t at = 0;
  for (const auto& [name, t] : file->tensors()) {
    if (name == "i32") continue;
    const int64_t n = t.shape[0] * t.shape[1];
    std::vector<float> out(static_cast<size_t>(n));
    dequantize(t.ggml_type, t.data, out);
    ASSERT_LE(at + out.size() * 4, expected.size());
    EXPECT_EQ(std::memcmp(out.data(), expected.data() + at, out.size() * 4), 0) << name;
    at += out.size() * 4;
  }
  EXPECT_EQ(at, expected.size());
  EXPECT_EQ(file->tensors().size(), 9u);
}

TEST(Quant, QuantisesAsGgufPy) {
  const std::string golden = read_file(kGolden / "quantised.bin");
  const char* at = golden.data();
  for (const char* quant : {"q4_0", "q4_1", "q8_0"}) {
    std::vector<float> x(128);
    std::memcpy(x.data(), at, 512);
    at += 512;
    std::vector<uint8_t> blocks(4 * size_t(block_info(quant)->bytes));
    quantize(quant, x, blocks.data());
    EXPECT_EQ(std::memcmp(blocks.data(), at, blocks.size()), 0) << quant;
    at += blocks.size();
  }
  EXPECT_EQ(at, golden.data() + golden.size());
}

TEST(Half, RoundsToNearestEven) {
  for (uint32_t h = 0; h < 0x7c00; ++h) {
    const float f = f16_to_float(uint16_t(h));
    ASSERT_EQ(float_to_f16(f), h);
    ASSERT_EQ(float_to_f16(-f), h | 0x8000);
    const float next = h == 0x7bff ? 65536.0f : f16_to_float(uint16_t(h + 1)),
                middle = (f + next) / 2;  // exact
    ASSERT_EQ(float_to_f16(middle), h + (h & 1));
    ASSERT_EQ(float_to_f16(std::nextafter(middle, 0.0f)), h);
    ASSERT_EQ(float_to_f16(std::nextafter(middle, next)), h + 1);
  }
  EXPECT_EQ(f16_to_float(0x3555), 0.333251953125f);
  EXPECT_EQ(f16_to_float(0x0001), 0x1p-24f);
  EXPECT_EQ(float_to_f16(1e30f), 0x7c00);
  EXPECT_TRUE(std::isinf(f16_to_float(0xfc00)));
  EXPECT_TRUE(std::isnan(f16_to_float(float_to_f16(std::nanf("")))));
}

TEST(Quant, KnowsItsTypes) {
  EXPECT_EQ(block_info("q4_1")->bytes, 20);
  EXPECT_FALSE(block_info("none"));
  EXPECT_FALSE(block_info("q5_k"));
  EXPECT_FALSE(block_info(13u));
  EXPECT_EQ(ggml_type_name(13), "Q5_K (13)");
  EXPECT_EQ(ggml_type_name(77), "unknown type 77");
  EXPECT_EQ(quant_of(8), "q8_0");
  EXPECT_EQ(quant_of(12), "none");
  float out[3];
  const uint8_t in[40] = {};
  EXPECT_EQ(error_of([&] {
              dequantize(3, in, {out, 3});
            }),
            "cannot dequantise 3 elements of Q4_1 (3)");
  EXPECT_EQ(error_of([&] {
              dequantize(13, in, {out, 0});
            }),
            "cannot dequantise 0 elements of Q5_K (13)");
}

}  // namespace
}  // namespace fk::core::test
