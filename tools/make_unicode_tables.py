#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes core/text/unicode_tables.inc: what the `tokenizers` package thinks of every code point.

The tables are measured, not copied: each property is asked of the package one character at a time,
so that its three sources of Unicode data (Oniguruma, Rust's std, two old crates) need not be known.
Made with tokenizers 0.23.3 and Python 3.11 (unicodedata 14.0). Usage: make_unicode_tables.py > FILE
"""
import unicodedata

from tokenizers import Regex
from tokenizers import __version__ as version
from tokenizers import normalizers as N
from tokenizers import pre_tokenizers as P

CPS = [c for c in range(1, 0x110000) if not 0xD800 <= c <= 0xDFFF]


def regex(pattern):
    split = P.Split(Regex(pattern), "removed", invert=True)
    found = set()
    for i in range(0, len(CPS), 4096):
        text = "".join(map(chr, CPS[i:i + 4096]))
        for piece, _ in split.pre_tokenize_str(text):
            found.update(map(ord, piece))
    return found


def splits(step):
    def is_cut(c):
        text = "a" + chr(c) + "a"
        return [t for t, _ in step.pre_tokenize_str(text)] != [text]
    return {c for c in CPS if is_cut(c)}


def removed(step):
    return {c for c in CPS if step.normalize_str(chr(c)) == ""}


def bert(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return N.BertNormalizer(**{**off, **on})


def inert(marks, known_marks):
    """Code points younger than the package's normalisation data: never decomposed nor reordered."""
    out = marks - known_marks
    nfd, nfkd = N.NFD(), N.NFKD()
    for c in CPS:
        s = chr(c)
        if unicodedata.category(s) == "Cn" and nfkd.normalize_str(s) == s:
            out.add(c)
        elif nfd.normalize_str(s) != unicodedata.normalize("NFD", s) or \
                nfkd.normalize_str(s) != unicodedata.normalize("NFKD", s):
            out.add(c)
    return out


def main():
    marks = regex(r"\p{M}")
    known_marks = removed(N.StripAccents())
    one = P.Whitespace()
    bits = [
        ("kLetter", regex(r"\p{L}")), ("kNumber", regex(r"\p{N}")),
        ("kSpace", regex(r"\s")), ("kMark", marks),
        ("kRegexPunctuation", regex(r"\p{P}")), ("kSymbol", regex(r"\p{S}")),
        ("kNumeric", splits(P.Digits(individual_digits=True))),
        ("kControl", removed(bert(clean_text=True))),
        ("kPunctuation", splits(P.Punctuation())),
        ("kNonspacing", removed(bert(strip_accents=True))),
        ("kCombining", known_marks), ("kRegexWord", regex(r"\w")),
        ("kWord", {c for c in CPS if len(one.pre_tokenize_str("a" + chr(c) + "a")) == 1}),
        ("kInert", inert(marks, known_marks)),
    ]
    flags = [0] * 0x110000
    for i, (_, members) in enumerate(bits):
        for c in members:
            flags[c] |= 1 << i
    runs = [(c, flags[c]) for c in range(0x110000) if c == 0 or flags[c] != flags[c - 1]]
    lower = []
    for c in CPS:
        t = N.Lowercase().normalize_str(chr(c))
        if t != chr(c):
            if len(t) == 1:
                lower.append((c, ord(t) - c))
            else:
                assert c == 0x130 and t == "i\u0307", hex(c)
    spans = []  # start, count, stride, delta
    for c, d in lower:
        if spans:
            s, n, stride, delta = spans[-1]
            last = s + (n - 1) * stride
            if delta == d and (n == 1 and c - last <= 2 or n > 1 and c - last == stride):
                spans[-1] = (s, n + 1, c - last if n == 1 else stride, delta)
                continue
        spans.append((c, 1, 1, d))
    print("// SPDX-License-Identifier: Apache-2.0")
    print(f"// Written by tools/make_unicode_tables.py from tokenizers {version}. Do not edit.")
    for name, rows in (("kFlagRuns", runs), ("kLowerSpans", spans)):
        what = "FlagRun" if name == "kFlagRuns" else "LowerSpan"
        print(f"constexpr {what} {name}[] = {{")
        line = ""
        for row in rows:
            item = "{" + ",".join(f"0x{v:x}" if name == "kFlagRuns" else str(v) for v in row) + "},"
            if len(line) + len(item) > 100:
                print(line)
                line = ""
            line += item
        print(line)
        print("};")


main()
