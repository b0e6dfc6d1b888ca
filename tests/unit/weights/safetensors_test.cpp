// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/weights/helpers.hpp"

namespace fk::core::test {
namespace {

const std::string kData40(40, 'x');

std::string one(const std::string& entry, size_t data_bytes = 24) {
  return parse_error(safetensors("{\"a\":" + entry + "}", std::string(data_bytes, 'x')));
}
std::string two(const std::string& a, const std::string& b, size_t data_bytes) {
  return parse_error(
      safetensors("{\"a\":{\"dtype\":\"F32\"," + a + "},\"b\":{\"dtype\":\"F32\"," + b + "}}",
                  std::string(data_bytes, 'x')));
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
  const std::vector<float> a{1, 2, 3, 4, 5, 6};
  InMemory f(safetensors(
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
      R"("b":{"dtype":"BF16","shape":[],"data_offsets":[24,26]},)"
      R"("none":{"dtype":"I64","shape":[0,4],"data_offsets":[26,26]}})",
      bytes_of(a) + "\x80\x3f"));
  EXPECT_EQ(f.file->format(), "safetensors");
  EXPECT_EQ(f.file->metadata()["format"], "pt");
  const FileTensor* t = f.file->find("a");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(t->data, a.data(), 24), 0);
  EXPECT_EQ(t->type_name(), "float32");
  EXPECT_EQ(f.file->find("b")->type_name(), "bfloat16");
  EXPECT_EQ(f.file->find("none")->bytes, 0u);
  EXPECT_FALSE(f.file->find("c"));
}

TEST(Safetensors, HeaderOutOfBounds) {
  EXPECT_EQ(parse_error("abc"),
            "f: 3 bytes are too few for a safetensors file, which begins with the 8 bytes of its "
            "header's length");
  EXPECT_EQ(parse_error(le(100, 8) + "{}"),
            "f: header length 100 is more than the 2 bytes that follow; the file is truncated, "
            "download it again");
  EXPECT_EQ(parse_error(le(~0ull, 8) + "{}"),
            "f: header length 18446744073709551615 is over the limit of 100000000 bytes");
}

TEST(Safetensors, HeaderIsNoJson) {
  EXPECT_EQ(parse_error(safetensors("{\"a\":,}", "")),
            "f: the header is not valid JSON at byte 13 of the file");
  EXPECT_EQ(parse_error(safetensors("{\"a\":[1e999]}", "")),
            "f: the header holds a number that is out of range");
  EXPECT_EQ(parse_error(le(0, 8)), "f: the header is not valid JSON at byte 8 of the file");
  EXPECT_EQ(parse_error(safetensors(std::string(100000, '{'), "")),
            "f: the header is not valid JSON at byte 9 of the file");
}

TEST(Safetensors, DuplicateNames) {
  const std::string t = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(parse_error(safetensors("{\"a\":" + t + ",\"a\":" + t + "}", "x")),
            "f: the header has tensor \"a\" twice");
  EXPECT_EQ(one(R"({"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]})", 1),
            "f: the header has key \"dtype\" twice");
}

TEST(Safetensors, EntryIsMalformed) {
  EXPECT_EQ(one("3"), "f: tensor \"a\": expected an object with dtype, shape, data_offsets");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[6]})"), "f: tensor \"a\": has no data_offsets");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[6],"data_offsets":[0,24],"x":1})"),
            "f: tensor \"a\": unknown key \"x\"; expected dtype, shape, data_offsets");
  EXPECT_EQ(one(R"({"dtype":7,"shape":[6],"data_offsets":[0,24]})"),
            "f: tensor \"a\": dtype must be a string");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":6,"data_offsets":[0,24]})"),
            "f: tensor \"a\": shape must be an array");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[-6],"data_offsets":[0,24]})"),
            "f: tensor \"a\": a dimension must be a whole number from 0, found -6");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[6.0],"data_offsets":[0,24]})"),
            "f: tensor \"a\": a dimension must be a whole number from 0, found 6.0");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[6],"data_offsets":[0]})"),
            "f: tensor \"a\": data_offsets must be [begin, end]");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[6],"data_offsets":[0,"24"]})"),
            "f: tensor \"a\": data_offsets[1] must be a whole number from 0, found \"24\"");
  EXPECT_EQ(parse_error(safetensors(R"({"__metadata__":{"a":1}})", "")),
            "f: __metadata__ \"a\" must be a string");
}

TEST(Safetensors, WrongDtype) {
  EXPECT_EQ(one(R"({"dtype":"BF17","shape":[6],"data_offsets":[0,24]})"),
            "f: tensor \"a\": unknown dtype \"BF17\" (did you mean 'BF16'?); known: F32 BF16 F16 "
            "F64 I8 I16 I32 I64 U8 U16 "
            "U32 U64 BOOL F8_E4M3 F8_E5M2 F8_E8M0");
}

TEST(Safetensors, ShapeAndOffsetsDisagree) {
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[2,3],"data_offsets":[0,20]})"),
            "f: tensor \"a\": shape [2, 3] of F32 takes 24 bytes, data_offsets [0, 20] hold 20");
  EXPECT_EQ(one(R"({"dtype":"F64","shape":[6],"data_offsets":[0,24]})"),
            "f: tensor \"a\": shape [6] of F64 takes 48 bytes, data_offsets [0, 24] hold 24");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,24]})"),
            "f: tensor \"a\": shape [4611686018427387904, 4] overflows 64 bits");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,24]})"),
            "f: tensor \"a\": shape [4611686018427387904] overflows 64 bits");
  EXPECT_EQ(
      one(R"({"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,24]})"),
      "f: tensor \"a\": a dimension must be a whole number from 0, found 18446744073709551615");
}

TEST(Safetensors, Truncated) {
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[6],"data_offsets":[0,24]})", 20),
            "f: tensor \"a\": data_offsets [0, 24] end past the 20 bytes of data; the file is "
            "truncated, download it again");
  EXPECT_EQ(one(R"({"dtype":"F32","shape":[6],"data_offsets":[24,0]})"),
            "f: tensor \"a\": data_offsets [24, 0] run backwards");
}

TEST(Safetensors, Overlapping) {
  EXPECT_EQ(two(R"("shape":[4],"data_offsets":[0,16])", R"("shape":[4],"data_offsets":[8,24])", 24),
            "f: tensors \"a\" [0, 16] and \"b\" [8, 24] overlap");
  EXPECT_EQ(two(R"("shape":[4],"data_offsets":[0,16])", R"("shape":[4],"data_offsets":[0,16])", 16),
            "f: tensors \"a\" [0, 16] and \"b\" [0, 16] overlap");
}

TEST(Safetensors, Gaps) {
  EXPECT_EQ(
      two(R"("shape":[4],"data_offsets":[0,16])", R"("shape":[4],"data_offsets":[24,40])", 40),
      "f: bytes [16, 24] of the data, before tensor \"b\", belong to no tensor");
  EXPECT_EQ(
      two(R"("shape":[4],"data_offsets":[0,16])", R"("shape":[4],"data_offsets":[16,32])", 40),
      "f: bytes [32, 40] at the end of the data belong to no tensor");
}

TEST(Safetensors, Misaligned) {
  const std::string header =
      R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})";
  EXPECT_EQ(parse_error(safetensors(header, "123456")),
            "f: tensor \"b\": data_offsets [2, 6] begin at byte 122 of the file, no multiple of 4 "
            "(F32); write the file again "
            "with a current safetensors library");
}

TEST(Safetensors, OtherFiles) {
  EXPECT_EQ(parse_error("PK\x03\x04 and so on"),
            "f: a pickled PyTorch checkpoint, which can run code when it is read; convert it to "
            "safetensors");
  EXPECT_EQ(parse_error("version https://git-lfs.github.com/spec/v1\n"),
            "f: a Git LFS pointer, not the weights; fetch them with `git lfs pull`");
  EXPECT_EQ(parse_error("FUGG\0\0\0\x03 and so on"),
            "f: a big-endian GGUF file; convert it to little-endian");
  EXPECT_EQ(parse_error("\x7f"
                        "ELF and so on"),
            "f: neither GGUF nor safetensors (begins with 7f 45 4c 46)");
}

TEST(TensorFolder, FindsItsFile) {
  Folder folder;
  const std::string path = folder.path().string();
  EXPECT_EQ(error_of([&] { TensorFile::open(folder.path() / "x"); }),
            path + "/x: no such weight file or folder");
  EXPECT_EQ(error_of([&] { TensorFile::open(folder.path()); }),
            path +
                ": no weights in this folder; expected model.safetensors, "
                "model.safetensors.index.json, or one "
                "*.safetensors or *.gguf");
  const std::string bytes =
      safetensors(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "x");
  folder.write("one.safetensors", bytes);
  folder.write("config.json", R"({"hidden_size": 4})");
  EXPECT_EQ(TensorFile::open(folder.path())->metadata()["config"]["hidden_size"], 4);
  folder.write("two.safetensors", bytes);
  EXPECT_EQ(error_of([&] { TensorFile::open(folder.path()); }),
            path +
                ": 2 weight files (one.safetensors, two.safetensors ...) and no "
                "model.safetensors.index.json; name one of "
                "them");
  folder.write("config.json", R"({"hidden_size": )");
  EXPECT_EQ(error_of([&] { TensorFile::open(folder.path() / "one.safetensors"); }),
            path + "/config.json: not valid JSON at byte 17");
}

TEST(TensorFolder, ReadsShards) {
  Folder folder;
  const std::string path = folder.path().string();
  auto shard = [](const std::string& names) {
    std::string header = "{";
    for (size_t i = 0; i < names.size(); ++i)
      header += fmt::format(R"({}"{}":{{"dtype":"U8","shape":[1],"data_offsets":[{},{}]}})",
                            i ? "," : "", names[i], i, i + 1);
    return safetensors(header + "}", names);
  };
  auto open = [&](const std::string& map) {
    folder.write("model.safetensors.index.json", map);
    return error_of([&] { TensorFile::open(folder.path()); });
  };
  const std::string index = path + "/model.safetensors.index.json";
  folder.write("s1.safetensors", shard("ab"));
  folder.write("s2.safetensors", shard("c"));
  ASSERT_EQ(
      open(
          R"({"metadata":{},"weight_map":{"a":"s1.safetensors","b":"s1.safetensors","c":"s2.safetensors"}})"),
      "no error");
  const auto file = TensorFile::open(folder.path());
  EXPECT_EQ(file->tensors().size(), 3u);
  EXPECT_EQ(*file->find("c")->data, 'c');
  EXPECT_EQ(open("[]"), index + ": expected an object with \"weight_map\": {tensor: file}");
  EXPECT_EQ(open(R"({"weight_map":{"a":"../s1.safetensors"}})"),
            index + ": tensor \"a\": the shard must be the name of a file in the same folder");
  EXPECT_EQ(open(R"({"weight_map":{"a":"s3.safetensors"}})"),
            index +
                ": shard s3.safetensors of 1 tensors (\"a\" ...) is missing; download it into that "
                "folder");
  EXPECT_EQ(open(R"({"weight_map":{"d":"s2.safetensors"}})"),
            index + ": tensor \"d\" is not in its shard s2.safetensors (did you mean 'c'?)");
  folder.write("s2.safetensors", shard("b"));
  EXPECT_EQ(open(R"({"weight_map":{"a":"s1.safetensors","b":"s2.safetensors"}})"),
            index + ": tensor \"b\" is in two shards, " + path + "/s1.safetensors and " + path +
                "/s2.safetensors");
}

// What the process holds of a folder: open files and mappings.
int held(const std::filesystem::path& folder) {
  int count = 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) count += line.ends_with(".safetensors");
  for (const auto& fd : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    count += std::filesystem::read_symlink(fd, gone).string().starts_with(folder.string());
  }
  return count;
}

// One shard of several is bad: which one, what is wrong with it, what to do, and the good ones are
// let go.
class BadShard : public testing::Test {
 protected:
  BadShard() {
    folder_.write("good.safetensors", tensor("a"));
    folder_.write("model.safetensors.index.json",
                  R"({"weight_map":{"a":"good.safetensors","b":"zbad.safetensors"}})");
    path_ = folder_.path().string();
  }
  static std::string tensor(const std::string& name) {
    return safetensors("{\"" + name + R"(":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}})",
                       std::string(24, 'x'));
  }
  std::string opened() {
    const std::string text = error_of([&] { TensorFile::open(folder_.path()); });
    EXPECT_EQ(held(folder_.path()), 0);
    return text;
  }
  std::filesystem::path bad() const { return folder_.path() / "zbad.safetensors"; }
  Folder folder_;
  std::string path_;
};

TEST_F(BadShard, Missing) {
  EXPECT_EQ(opened(), path_ +
                          "/model.safetensors.index.json: shard zbad.safetensors of 1 tensors "
                          "(\"b\" ...) is missing; download it into that folder");
  std::filesystem::create_symlink("nowhere", bad());  // as a cache that was cleared leaves it
  EXPECT_EQ(opened(), path_ +
                          "/model.safetensors.index.json: shard zbad.safetensors of 1 tensors "
                          "(\"b\" ...) is missing; download it into that folder");
}

TEST_F(BadShard, NotAllowed) {
  folder_.write("zbad.safetensors", tensor("b"));
  std::filesystem::permissions(bad(), std::filesystem::perms::none);
  const bool root = ::geteuid() == 0;  // may read everything: be somebody else for a moment
  if (root) {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::all);
    if (::seteuid(65534) != 0) GTEST_SKIP() << "root, and nobody else can be had here";
  }
  const std::string text = opened();
  if (root) ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(text, path_ +
                      "/zbad.safetensors: cannot open the weight file: Permission denied; give "
                      "this user the right to read it");
}

TEST_F(BadShard, NoFile) {
  std::filesystem::create_directory(bad());
  EXPECT_EQ(opened(), path_ + "/zbad.safetensors: cannot map the weight file: Is a directory");
  std::filesystem::remove(bad());
  std::filesystem::create_symlink("zbad.safetensors", bad());
  EXPECT_EQ(opened(), path_ +
                          "/zbad.safetensors: cannot open the weight file: Too many levels of "
                          "symbolic links");
}

TEST_F(BadShard, Truncated) {
  const std::string whole = tensor("b");
  folder_.write("zbad.safetensors", whole.substr(0, whole.size() - 1));
  EXPECT_EQ(opened(), path_ +
                          "/zbad.safetensors: tensor \"b\": data_offsets [0, 24] end past the 23 "
                          "bytes of data; the file is truncated, download it again");
  folder_.write("zbad.safetensors", whole.substr(0, 20));
  EXPECT_EQ(opened(), path_ + fmt::format("/zbad.safetensors: header length {} is more than the 12 "
                                          "bytes that follow; the file is truncated, download it "
                                          "again",
                                          whole.size() - 24 - 8));
  folder_.write("zbad.safetensors", "");
  EXPECT_EQ(opened(), path_ +
                          "/zbad.safetensors: 0 bytes are too few for a safetensors file, which "
                          "begins with the 8 bytes of its header's length");
}

}  // namespace
}  // namespace fk::core::test
