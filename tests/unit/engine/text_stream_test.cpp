// SPDX-License-Identifier: Apache-2.0
#include "core/engine/text_stream.hpp"

#include <gtest/gtest.h>

#include "tests/unit/engine/tiny_llama.hpp"

namespace fk::test {
namespace {

using core::TextStream;

struct Shown {
  std::string all;
  bool stopped = false;
};

// Feeds bytes as tokens; what was shown piece by piece must join to the text.
Shown feed(TextStream& s, std::string_view bytes, std::vector<std::string>* pieces = nullptr) {
  Shown out;
  for (unsigned char b : bytes) {
    out.stopped = s.push(b);
    std::string piece(s.fresh());
    if (pieces) pieces->push_back(piece);
    out.all += piece;
    if (out.stopped) break;
  }
  s.finish();
  out.all += s.fresh();
  EXPECT_EQ(out.all, s.text());
  return out;
}

TEST(TextStream, PassesTextOn) {
  auto t = byte_tokenizer();
  TextStream s(*t, {});
  EXPECT_EQ(feed(s, "hello").all, "hello");
}

TEST(TextStream, HoldsBackHalfACharacter) {
  auto t = byte_tokenizer();
  TextStream s(*t, {});
  std::vector<std::string> pieces;
  feed(s, "a\xc3\xa9", &pieces);
  EXPECT_EQ(pieces, (std::vector<std::string>{"a", "", "\xc3\xa9"}));
}

TEST(TextStream, AnUnfinishedCharacterAtTheEndIsReplaced) {
  auto t = byte_tokenizer();
  TextStream s(*t, {});
  EXPECT_EQ(feed(s, "a\xc3").all, "a\xef\xbf\xbd");
}

TEST(TextStream, StopsBeforeAStopStringAndNeverShowsItsBeginning) {
  auto t = byte_tokenizer();
  TextStream s(*t, {"\nUser:"});
  std::vector<std::string> pieces;
  Shown shown = feed(s, "yes\nUs\nUser: more", &pieces);
  EXPECT_TRUE(shown.stopped);
  EXPECT_EQ(shown.all, "yes\nUs");
  EXPECT_EQ(pieces[3], "");  // the newline may be the beginning
}

TEST(TextStream, ABeginningThatComesToNothingIsShownAtTheEnd) {
  auto t = byte_tokenizer();
  TextStream s(*t, {"END"});
  Shown shown = feed(s, "the EN");
  EXPECT_FALSE(shown.stopped);
  EXPECT_EQ(shown.all, "the EN");
}

TEST(TextStream, TheFirstOfSeveralStopStringsCuts) {
  auto t = byte_tokenizer();
  TextStream s(*t, {"cd", "bcd"});
  EXPECT_EQ(feed(s, "abcd").all, "a");
}

TEST(TextStream, AStopStringOfOneByte) {
  auto t = byte_tokenizer();
  TextStream s(*t, {"."});
  EXPECT_EQ(feed(s, "One. Two.").all, "One");
}

}  // namespace
}  // namespace fk::test
