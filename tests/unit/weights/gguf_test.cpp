// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/weights/helpers.hpp"

namespace fk::core::test {
namespace {

TEST(Gguf, ReadsEveryKindOfValue) {
  const auto file = TensorFile::open(kGolden / "dequantised.gguf");
  const auto& m = file->metadata();
  EXPECT_EQ(file->format(), "gguf");
  EXPECT_EQ(m["general.architecture"], "test");
  EXPECT_EQ(m["v.u8"], 200);
  EXPECT_EQ(m["v.i8"], -100);
  EXPECT_EQ(m["v.u16"], 60000);
  EXPECT_EQ(m["v.i16"], -30000);
  EXPECT_EQ(m["v.u32"], 4000000000u);
  EXPECT_EQ(m["v.i32"], -2000000000);
  EXPECT_EQ(m["v.u64"], (uint64_t(1) << 63) + 1);
  EXPECT_EQ(m["v.i64"], -(int64_t(1) << 62));
  EXPECT_EQ(m["v.f32"].get<double>(), double(1e-5f));
  EXPECT_EQ(m["v.f64"], 1e-300);
  EXPECT_EQ(m["v.bool"], true);
  EXPECT_EQ(m["v.string"], "naïve ✓");
  EXPECT_EQ(m["v.strings"], (std::vector<std::string>{"a", "", "ccc"}));
  EXPECT_EQ(m["v.ints"], (std::vector<int>{1, -2, 3}));
  const FileTensor* t = file->find("q4_1");
  EXPECT_EQ(t->shape, (std::vector<int64_t>{3, 64}));
  EXPECT_EQ(t->bytes, 3u * 2 * 20);
  EXPECT_EQ(t->type_name(), "Q4_1 (3)");
  EXPECT_EQ(file->find("i32")->type_name(), "int32");
}

TEST(Gguf, MagicAndVersion) {
  EXPECT_EQ(parse_error("GGUF"), "f: truncated at byte 4: the version needs 4 bytes, 0 are left");
  Gguf g;
  g.version = 2;
  EXPECT_EQ(parse_error(g.bytes()),
            "f: GGUF version 2, only 3 is read; convert the file with a current gguf");
  g.version = 0x03000000;
  EXPECT_EQ(parse_error(g.bytes()), "f: a big-endian GGUF file; convert it to little-endian");
}

TEST(Gguf, CountsAreBounded) {
  const std::string head = "GGUF" + le(3, 4);
  EXPECT_EQ(parse_error(head + le(1ull << 60, 8) + le(0, 8)),
            "f: the number of tensors at byte 8 says 1152921504606846976, but the 8 bytes that "
            "follow hold 0 at most");
  EXPECT_EQ(parse_error(head + le(0, 8) + le(~0ull, 8)),
            "f: the number of keys at byte 16 says 18446744073709551615, but the 0 bytes that "
            "follow hold 0 at most");
  EXPECT_EQ(
      parse_error(head + le(0, 8) + le(1, 8) + le(1000, 8) + "abcdefgh"),
      "f: the name of key 0 at byte 24 says 1000, but the 8 bytes that follow hold 8 at most");
  EXPECT_EQ(parse_error(Gguf().key("a", 9, le(8, 4) + le(1ull << 40, 8)).bytes(1)),
            "f: the array of key \"a\" at byte 41 says 1099511627776, but the 0 bytes that follow "
            "hold 0 at most");
  EXPECT_EQ(parse_error(Gguf().key("k", 8, le(5, 8) + "abc").bytes(1)),
            "f: k at byte 37 says 5, but the 3 bytes that follow hold 3 at most");
}

TEST(Gguf, Values) {
  EXPECT_EQ(parse_error(Gguf().key("k", 13, le(0, 8)).bytes()),
            "f: key \"k\": unknown value type 13 (0 to 12 are known)");
  EXPECT_EQ(parse_error(Gguf().key("k", 9, le(77, 4) + le(0, 8)).bytes()),
            "f: key \"k\": unknown value type 77 (0 to 12 are known)");
  EXPECT_EQ(parse_error(Gguf().key("k", 7, le(2, 1)).bytes()),
            "f: key \"k\": a bool must be 0 or 1, found 2");
  EXPECT_EQ(parse_error(Gguf().key("k", 0, le(2, 1)).key("k", 0, le(2, 1)).bytes()),
            "f: key \"k\" is there twice");
  std::string deep;
  for (int i = 0; i < 5; ++i) deep += le(9, 4) + le(1, 8);
  EXPECT_EQ(parse_error(Gguf().key("k", 9, deep + std::string(12, '\0')).bytes()),
            "f: key \"k\": arrays nested deeper than 4");
}

TEST(Gguf, Alignment) {
  const std::string data(16, 'x');
  Gguf good;
  good.key("general.alignment", 4, le(8, 4)).tensor("a", {2}, 0, 0).tensor("b", {2}, 0, 8).data =
      data;
  EXPECT_EQ(parse_error(good.bytes(8)), "no error");
  EXPECT_EQ(parse_error(Gguf().key("general.alignment", 4, le(0, 4)).bytes()),
            "f: general.alignment must be a power of two from 8 to 1048576, found 0");
  EXPECT_EQ(parse_error(Gguf().key("general.alignment", 4, le(24, 4)).bytes()),
            "f: general.alignment must be a power of two from 8 to 1048576, found 24");
  EXPECT_EQ(parse_error(Gguf().key("general.alignment", 8, Gguf::text("32")).bytes()),
            "f: general.alignment must be a power of two from 8 to 1048576, found \"32\"");
}

TEST(Gguf, Shapes) {
  EXPECT_EQ(parse_error(Gguf().tensor("a", {1ull << 32, 1ull << 32}, 0, 0).bytes()),
            "f: tensor \"a\": shape [4294967296, 4294967296] overflows 64 bits");
  EXPECT_EQ(parse_error(Gguf().tensor("a", {1ull << 61, 2}, 0, 0).bytes()),
            "f: tensor \"a\": shape [2, 2305843009213693952] overflows 64 bits");
  EXPECT_EQ(parse_error(Gguf().tensor("a", {~0ull}, 0, 0).bytes()),
            "f: tensor \"a\": dimension 18446744073709551615 is out of range");
  EXPECT_EQ(parse_error(Gguf().tensor("a", {1, 1, 1, 1, 1, 1, 1, 1, 1}, 0, 0).bytes()),
            "f: tensor \"a\": 9 dimensions are more than the 8 of the format");
  EXPECT_EQ(parse_error(Gguf().add("a", {40, 2}, 3, std::string(50, 'x')).bytes()),
            "f: tensor \"a\": rows of 40 elements are not whole blocks of 32 (Q4_1 (3))");
}

TEST(Gguf, Truncated) {
  EXPECT_EQ(parse_error(Gguf().add("a", {8}, 0, std::string(28, 'x')).bytes()),
            "f: tensor \"a\": bytes [0, 32] end past the 28 bytes of data; the file is truncated, "
            "download it again");
  EXPECT_EQ(parse_error(Gguf().tensor("a", {8}, 0, 0).bytes(1)),
            "f: truncated at byte 57: the tensors begin at byte 64");
  const std::string whole = read_file(kGolden / "dequantised.gguf");
  for (size_t n = 0; n < whole.size() - 32; n += 7)  // the last bytes may be padding
    EXPECT_NE(parse_error(whole.substr(0, n)), "no error") << n;
}

TEST(Gguf, OffsetsOverlapOrLeaveHoles) {
  const std::string data(96, 'x');
  auto with = [&](uint64_t a, uint64_t b) {
    Gguf g;
    g.tensor("a", {8}, 0, a).tensor("b", {16}, 0, b).data = data;
    return parse_error(g.bytes());
  };
  EXPECT_EQ(with(0, 32), "no error");
  EXPECT_EQ(with(64, 0), "no error");
  EXPECT_EQ(with(0, 0), "f: tensors \"a\" [0, 32] and \"b\" at 0 overlap");
  EXPECT_EQ(with(32, 0), "f: tensors \"b\" [0, 64] and \"a\" at 32 overlap");
  EXPECT_EQ(with(0, 40), "f: tensor \"b\": offset 40 is no multiple of the alignment 32");
  EXPECT_EQ(with(0, 64),
            "f: tensor \"b\": bytes [64, 128] end past the 96 bytes of data; the file is "
            "truncated, download it again");
  EXPECT_EQ(with(0, 1ull << 62),
            "f: tensor \"b\": bytes [4611686018427387904, 4611686018427387968] end past the 96 "
            "bytes of data; the file is truncated, download it again");
  Gguf hole;
  hole.tensor("a", {8}, 0, 32).data = std::string(64, 'x');
  EXPECT_EQ(parse_error(hole.bytes()),
            "f: bytes [0, 32] of the data, before tensor \"a\", belong to no tensor");
  Gguf surplus;
  surplus.tensor("a", {8}, 0, 0).data = std::string(64, 'x');
  EXPECT_EQ(parse_error(surplus.bytes()),
            "f: bytes [32, 64] at the end of the data belong to no tensor");
}

TEST(Gguf, DuplicateNames) {
  EXPECT_EQ(parse_error(Gguf()
                            .add("a", {8}, 0, std::string(32, 'x'))
                            .add("a", {8}, 0, std::string(32, 'x'))
                            .bytes()),
            "f: tensor \"a\" is there twice");
}

TEST(Gguf, UnknownTypesFailOnlyWhenUsed) {
  InMemory f(Gguf()
                 .add("token_embd.weight", {32, 1}, 99, std::string(20, 'x'))
                 .add("output_norm.weight", {4}, 0, bytes_of<float>({1, 2, 3, 4}))
                 .bytes());
  auto store =
      WeightStore::open(f.file, kGgufMap, Json{{"hidden_size", 32}, {"num_attention_heads", 2}});
  EXPECT_EQ(values<float>(store->get({"model.norm.weight", {4}, kF32})),
            (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(error_of([&] {
              store->get({"model.embed_tokens.weight", {1, 32}, kF32});
            }),
            "f: tensor \"token_embd.weight\" is unknown type 99, which cannot be read; readable "
            "are F32, F16, BF16, Q4_0, Q4_1, "
            "Q8_0, Q4_K and Q6_K: convert the file");
}

}  // namespace
}  // namespace fk::core::test
