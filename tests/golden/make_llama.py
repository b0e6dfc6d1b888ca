# SPDX-License-Identifier: Apache-2.0
"""Golden numbers of small random Llama-like models: transformers (fp32, eager) on seeded weights.

Writes llama_small.json: for every variant its transformers config, our init, and for a few prompts the logits at the last
position, greedy tokens and the gap between the two largest logits at each step. Variants with a "folder" also get
llama_small/<name>/{config.json, model.safetensors}: the same weights rounded to bfloat16, as a checkpoint is published.

Usage: make_llama.py      Made with torch 2.11.0, transformers 5.17.0; weights by tools/seeded_weights.py, seed 20.
"""
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "../../tools"))
import seeded_weights  # noqa: E402

SEED = 20
TOKENS = 24
LENGTHS = [1, 7, 33, 90]
BASE = dict(vocab_size=199, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=8,
            num_key_value_heads=2, rms_norm_eps=1e-5, max_position_embeddings=256, tie_word_embeddings=False)
# name: (config class, its fields over BASE, our init over BASE's, written as a checkpoint folder)
VARIANTS = {
    "gqa": ("LlamaConfig", {}, {}, False),
    "mha_tied": ("LlamaConfig", dict(num_key_value_heads=8, tie_word_embeddings=True),
                 dict(num_key_value_heads=8, tie_word_embeddings=True), False),
    "llama3_rope": ("LlamaConfig", dict(rope_parameters=dict(
        rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=32)), dict(
        rope_type="llama3", rope_factor=8.0, rope_low_freq_factor=1.0, rope_high_freq_factor=4.0,
        rope_original_max_position_embeddings=32), True),
    "linear_rope_biases": ("LlamaConfig", dict(
        rope_parameters=dict(rope_type="linear", rope_theta=5000.0, factor=4.0), attention_bias=True, mlp_bias=True),
        dict(rope_type="linear", rope_theta=5000.0, rope_factor=4.0, qkv_bias=True, o_bias=True, mlp_bias=True), False),
    "qwen2": ("Qwen2Config", dict(tie_word_embeddings=True, use_sliding_window=False),
              dict(tie_word_embeddings=True, qkv_bias=True), True),
    "qwen3": ("Qwen3Config", dict(head_dim=24, tie_word_embeddings=True),
              dict(head_dim=24, tie_word_embeddings=True, qk_norm=True), True),
    "mistral": ("MistralConfig", dict(sliding_window=8), dict(sliding_window=8), True),
}


def build(config_class, fields, folder):
    config = getattr(transformers, config_class)(**{**BASE, **fields})
    config.architectures = [config_class.replace("Config", "ForCausalLM")]
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval().float()
    for name, p in model.named_parameters():
        values = torch.from_numpy(seeded_weights.values(SEED, name, list(p.shape)))
        p.data.copy_(values.bfloat16().float() if folder else values)
    return config, model


@torch.inference_mode()
def answer(model, ids):
    first, tokens, gaps = None, [], []
    for _ in range(TOKENS):  # the whole sequence every time: no cache to doubt
        logits = model(torch.tensor([ids + tokens]), use_cache=False).logits[0, -1]
        first = logits if first is None else first
        top = torch.topk(logits, 2)
        tokens.append(int(top.indices[0]))
        gaps.append(float(f"{top.values[0] - top.values[1]:.4g}"))
    return {"ids": ids, "logits": [float(f"{v:.7g}") for v in first.tolist()], "tokens": tokens, "gaps": gaps}


def main():
    torch.set_num_threads(1)
    lines = []
    for name, (config_class, fields, init, folder) in VARIANTS.items():
        config, model = build(config_class, fields, folder)
        if folder:
            out = HERE / "llama_small" / name
            out.mkdir(parents=True, exist_ok=True)
            (out / "config.json").write_text(json.dumps(config.to_diff_dict(), indent=1, sort_keys=True) + "\n")
            tensors = {n: p.data.bfloat16().contiguous() for n, p in model.named_parameters()}
            save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
        prompts = [answer(model, [(7 * i * i + 13 * i + 3 * n) % BASE["vocab_size"] for i in range(n)]) for n in LENGTHS]
        lines.append(json.dumps({"name": name, "seed": SEED, "init": {**BASE, **init}, "folder": folder,
                                 "prompts": prompts}))
        print(name, sum(p.numel() for p in model.parameters()), prompts[-1]["tokens"][:8], min(prompts[-1]["gaps"]))
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    body = ",\n".join(lines)
    (HERE / "llama_small.json").write_text(f'{{"versions": {json.dumps(versions)}, "variants": [\n{body}\n]}}\n')


if __name__ == "__main__":
    main()
