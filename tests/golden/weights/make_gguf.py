# SPDX-License-Identifier: Apache-2.0
"""Golden files of the weight readers: gguf 0.19.0, numpy 2.4.6, seed 7.

    python make_gguf.py [SmolLM2-135M-Instruct.Q4_1.gguf]

dequantised.gguf  one tensor of every type that is read, random blocks, and every kind of metadata value
dequantised.f32   the same tensors as gguf-py dequantises them, in the order of the names, little-endian float32
quantised.bin     for q4_0, q4_1, q8_0: 4 blocks of float32, then the blocks that gguf-py rounds them to
smollm2.json      FNV-1a of the dequantised fp32 bytes of every tensor of the real file
tiny/             a Qwen3 of two layers as tools/seeded_weights.py writes it, seed 5, from tiny/config.json
seeded.json       FNV-1a of seeded weights by tools/seeded_weights.py
"""
import json
import pathlib
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "tools"))
import seeded_weights  # noqa: E402

PRIME = 0x100000001B3
MASK = (1 << 64) - 1


def fnv_words(array):
    """FNV-1a over the 32-bit words: one step a word, so that Python is quick enough; kept in step with the test."""
    words = np.ascontiguousarray(array, "<f4").view("<u4").reshape(-1)
    # Blocks of 4096 words, each its own chain, then a chain over those: numpy does the chains side by side.
    pad = (-len(words)) % 4096
    lanes = np.concatenate([words, np.zeros(pad, "<u4")]).reshape(-1, 4096).astype(np.uint64)
    h = np.full(len(lanes), 0xCBF29CE484222325, np.uint64)
    with np.errstate(over="ignore"):
        for column in lanes.T:
            h = (h ^ column) * np.uint64(PRIME)
    total = 0xCBF29CE484222325
    for v in h.tolist():
        total = ((total ^ v) * PRIME) & MASK
    return f"{total:016x}"


def halves(rng, n):
    return rng.uniform(-0.01, 0.01, n).astype("<f2")


def blocks(rng, kind, rows, row_blocks):
    """Random bytes with sane scales: any nibble, any 6-bit scale."""
    size = gguf.GGML_QUANT_SIZES[kind][1]
    raw = rng.integers(0, 256, (rows * row_blocks, size), dtype=np.uint8)
    places = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q6_K: [208]}[kind]
    for at in places:
        raw[:, at:at + 2] = halves(rng, len(raw)).view(np.uint8).reshape(-1, 2)
    return raw.reshape(rows, row_blocks * size)


def main():
    rng = np.random.default_rng(7)
    writer = gguf.GGUFWriter(HERE / "dequantised.gguf", "test")
    writer.add_uint8("v.u8", 200)
    writer.add_int8("v.i8", -100)
    writer.add_uint16("v.u16", 60000)
    writer.add_int16("v.i16", -30000)
    writer.add_uint32("v.u32", 4000000000)
    writer.add_int32("v.i32", -2000000000)
    writer.add_uint64("v.u64", 2**63 + 1)
    writer.add_int64("v.i64", -(2**62))
    writer.add_float32("v.f32", 1e-5)
    writer.add_float64("v.f64", 1e-300)
    writer.add_bool("v.bool", True)
    writer.add_string("v.string", "naïve ✓")
    writer.add_array("v.strings", ["a", "", "ccc"])
    writer.add_array("v.ints", [1, -2, 3])
    expected = {}
    for kind, rows, row_blocks in ((T.Q4_0, 3, 2), (T.Q4_1, 3, 2), (T.Q8_0, 3, 2), (T.Q4_K, 2, 2), (T.Q6_K, 2, 2)):
        name = kind.name.lower()
        raw = blocks(rng, kind, rows, row_blocks)
        writer.add_tensor(name, raw, raw_dtype=kind)
        expected[name] = gguf.dequantize(raw, kind)
    plain = rng.standard_normal((5, 7)).astype(np.float32)
    writer.add_tensor("f32", plain)
    expected["f32"] = plain
    writer.add_tensor("f16", plain.astype(np.float16))
    expected["f16"] = plain.astype(np.float16).astype(np.float32)
    bf16 = gguf.quantize(plain, T.BF16)
    writer.add_tensor("bf16", bf16, raw_dtype=T.BF16)
    expected["bf16"] = gguf.dequantize(bf16, T.BF16)
    writer.add_tensor("i32", np.arange(6, dtype=np.int32).reshape(2, 3))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with open(HERE / "dequantised.f32", "wb") as out:
        for name in sorted(expected):
            out.write(expected[name].astype("<f4").tobytes())

    with open(HERE / "quantised.bin", "wb") as out:
        for kind in (T.Q4_0, T.Q4_1, T.Q8_0):
            x = (rng.standard_normal((4, 32)) * 0.05).astype(np.float32)
            x[3] = 0
            out.write(x.tobytes())
            out.write(gguf.quantize(x, kind).tobytes())

    seeded = []
    for seed, name, shape, mean, std in (
        (1, "model.embed_tokens.weight", (97, 32), None, None),
        (1, "model.layers.0.input_layernorm.weight", (33,), None, None),
        (1, "model.layers.0.self_attn.q_proj.bias", (33,), None, None),
        (2**63 + 5, "blocks.0.att.x_r", (1, 1, 64), 0.5, 0.2),
        (0, "blocks.0.ln0.weight", (64,), None, None),
    ):
        v = seeded_weights.values(seed, name, shape, mean, std)
        seeded.append({"seed": seed, "name": name, "shape": shape, "mean": mean, "std": std, "fnv": fnv_words(v),
                       "first": v.reshape(-1)[:2].tolist()})
    (HERE / "seeded.json").write_text(json.dumps(seeded, indent=1) + "\n")

    config = json.loads((HERE / "tiny/config.json").read_text())
    seeded_weights.write(HERE / "tiny/model.safetensors",
                         {n: seeded_weights.values(5, n, s) for n, s in seeded_weights.llama_tensors(config)})

    if len(sys.argv) > 1:
        reader = gguf.GGUFReader(sys.argv[1])
        sums = {t.name: fnv_words(gguf.dequantize(t.data, t.tensor_type)) for t in reader.tensors}
        (HERE / "smollm2.json").write_text(json.dumps(sums, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
