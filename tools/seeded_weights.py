#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeded random weights as a safetensors folder, the same fp32 values bit for bit as the engine's `seeded` weights.

    tools/seeded_weights.py --config config.json --seed 1 --out folder

writes folder/model.safetensors and folder/config.json for a Hugging Face config of the Llama family, so that an
upstream implementation can load what the engine makes by itself. Other models: import this file, list the tensors
and call write(). Needs numpy alone. The values are defined in core/weights/seeded.hpp.
"""
import argparse
import json
import math
import pathlib
import struct

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def _mix(z):
    """splitmix64's finaliser; z is an array of uint64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _fnv1a64(name):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def default_scale(name, shape):
    """(mean, std) of a tensor that its name map says nothing about."""
    lower = name.lower()
    if sum(d != 1 for d in shape) <= 1:
        weight = lower == "weight" or lower.endswith(".weight")
        norm = weight and ("norm" in lower or lower.startswith("ln") or ".ln" in lower)
        return (1.0 if norm else 0.0), 0.1
    return 0.0, 1 / math.sqrt(shape[-1])


def values(seed, name, shape, mean=None, std=None):
    """The float32 array of one tensor. mean and std as the name map's `seeded`, or the default."""
    if std is None:
        mean, std = default_scale(name, shape)
    with np.errstate(over="ignore"):
        seed_key = int(_mix(np.array([seed & MASK], np.uint64))[0])
        key = _mix(np.array([_fnv1a64(name) ^ seed_key], np.uint64))[0]
        count = math.prod(shape)
        h = _mix(key + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN))
    total = np.zeros(count, np.int64)
    for shift in (0, 16, 32, 48):
        total += ((h >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
    centred = (total - 131070).astype(np.float64)
    return ((mean or 0.0) + (std / 37837.227) * centred).astype(np.float32).reshape(shape)


def llama_tensors(config):
    """Names and shapes of a LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM or Qwen3ForCausalLM."""
    kind = config.get("model_type", "llama")
    d, f = config["hidden_size"], config["intermediate_size"]
    heads = config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads") or heads
    head_dim = config.get("head_dim") or d // heads
    attention_bias = config.get("attention_bias", False)
    qkv_bias = kind == "qwen2" or attention_bias
    o_bias = kind != "qwen2" and attention_bias
    mlp_bias = config.get("mlp_bias", False)
    yield "model.embed_tokens.weight", (config["vocab_size"], d)
    for i in range(config["num_hidden_layers"]):
        p = f"model.layers.{i}."
        yield p + "input_layernorm.weight", (d,)
        yield p + "post_attention_layernorm.weight", (d,)
        for name, rows, columns, bias in (
            ("self_attn.q_proj", heads * head_dim, d, qkv_bias),
            ("self_attn.k_proj", kv_heads * head_dim, d, qkv_bias),
            ("self_attn.v_proj", kv_heads * head_dim, d, qkv_bias),
            ("self_attn.o_proj", d, heads * head_dim, o_bias),
            ("mlp.gate_proj", f, d, mlp_bias),
            ("mlp.up_proj", f, d, mlp_bias),
            ("mlp.down_proj", d, f, mlp_bias),
        ):
            yield p + name + ".weight", (rows, columns)
            if bias:
                yield p + name + ".bias", (rows,)
        if kind == "qwen3":
            yield p + "self_attn.q_norm.weight", (head_dim,)
            yield p + "self_attn.k_norm.weight", (head_dim,)
    yield "model.norm.weight", (d,)
    if not config.get("tie_word_embeddings", False):
        yield "lm_head.weight", (config["vocab_size"], d)


def write(path, tensors):
    """A safetensors file of float32 tensors, {name: array}."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            out.write(np.ascontiguousarray(array, np.dtype("<f4")).tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=pathlib.Path, required=True, help="a Hugging Face config.json")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write")
    args = parser.parse_args()
    config = json.loads(args.config.read_text())
    args.out.mkdir(parents=True, exist_ok=True)
    write(args.out / "model.safetensors",
          {name: values(args.seed, name, shape) for name, shape in llama_tensors(config)})
    (args.out / "config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main()
