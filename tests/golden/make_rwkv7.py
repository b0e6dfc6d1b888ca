# SPDX-License-Identifier: Apache-2.0
"""Writes rwkv7/tiny.safetensors (a small seeded RWKV-7 checkpoint with the original names, bfloat16) and
rwkv7/tiny_logits.safetensors (1,000 tokens and the fp32 logits after each of them), and rwkv7/seeded_logits.safetensors:
1,000 tokens and some logits of the random model that configs/rwkv7_tiny.yaml describes.

The logits are those of the package rwkv 0.8.32 (RWKV_V7_ON=1, JIT off, strategy "cpu fp32") under torch 2.11.0 and
numpy 2.4; the weights of tiny come from numpy's PCG64 with seed 7, the others from tools/seeded_weights.py. Run from anywhere: python make_rwkv7.py
"""
import os
import pathlib
import sys
import tempfile

os.environ["RWKV_V7_ON"] = "1"
os.environ["RWKV_JIT_ON"] = "0"
os.environ["RWKV_CUDA_ON"] = "0"

import numpy as np
import torch
import yaml
from rwkv.model import RWKV
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import seeded_weights

HERE = ROOT / "tests/golden/rwkv7"
VOCAB, C, N, LAYERS, FFN = 64, 48, 16, 3, 160
RANK = {"w": 8, "a": 6, "v": 4, "g": 12}
STEPS = 1000


def weights():
    rng = np.random.Generator(np.random.PCG64(7))

    def normal(*shape, std=1.0, mean=0.0):
        values = rng.standard_normal(shape) * std + mean
        return torch.tensor(values, dtype=torch.float32).to(torch.bfloat16)

    def uniform(*shape, low=0.0, high=1.0):
        return torch.tensor(rng.uniform(low, high, shape), dtype=torch.float32).to(torch.bfloat16)

    z = {"emb.weight": normal(VOCAB, C, std=0.5)}
    norm = lambda name: z.update({name + ".weight": normal(C, std=0.1, mean=1), name + ".bias": normal(C, std=0.1)})
    norm("blocks.0.ln0")
    for i in range(LAYERS):
        b = f"blocks.{i}."
        norm(b + "ln1")
        norm(b + "ln2")
        for x in "rwkvag":
            z[b + "att.x_" + x] = uniform(1, 1, C)
        # w0 from slow to fast decay, as in training; the state then remembers hundreds of tokens.
        z[b + "att.w0"] = uniform(1, 1, C, low=-6, high=1)
        z[b + "att.a0"] = normal(1, 1, C, std=0.5)
        z[b + "att.v0"] = normal(1, 1, C, std=0.5)
        for x, rank in RANK.items():
            z[b + f"att.{x}1"] = normal(C, rank, std=C**-0.5)
            z[b + f"att.{x}2"] = normal(rank, C, std=rank**-0.5)
        z[b + "att.k_k"] = normal(1, 1, C, std=0.2, mean=0.8)
        z[b + "att.k_a"] = normal(1, 1, C, std=0.2, mean=1)
        z[b + "att.r_k"] = normal(C // N, N, std=0.3)
        for x in ("receptance", "key", "value", "output"):
            z[b + f"att.{x}.weight"] = normal(C, C, std=C**-0.5)
        norm(b + "att.ln_x")
        z[b + "ffn.x_k"] = uniform(1, 1, C)
        z[b + "ffn.key.weight"] = normal(FFN, C, std=C**-0.5)
        z[b + "ffn.value.weight"] = normal(C, FFN, std=FFN**-0.5)
    norm("ln_out")
    z["head.weight"] = normal(VOCAB, C, std=C**-0.5)
    return z


def seeded():
    """The weights that the engine makes for configs/rwkv7_tiny.yaml, under their original names."""
    config = yaml.safe_load((ROOT / "configs/rwkv7_tiny.yaml").read_text())
    i, seed = config["init"], config["weights"]["seed"]
    names = yaml.safe_load((ROOT / "configs/weights/rwkv7.yaml").read_text())["params"].values()
    scales = {n["from"].split("*.")[1]: n["seeded"] for n in names if isinstance(n, dict) and "seeded" in n}
    c, n, ffn = i["hidden_size"], i["head_dim"], i["intermediate_size"]
    ranks = {x: i[f"{name}_low_rank_dim"] for x, name in {"w": "decay", "a": "a", "v": "v", "g": "gate"}.items()}
    shapes = {"emb.weight": (i["vocab_size"], c), "head.weight": (i["vocab_size"], c)}
    norms = ["ln_out", "blocks.0.ln0"]
    for layer in range(i["num_hidden_layers"]):
        b = f"blocks.{layer}."
        norms += [b + "ln1", b + "ln2", b + "att.ln_x"]
        for x in ["x_" + x for x in "rwkvag"] + ["w0", "a0", "k_k", "k_a"] + (["v0"] if layer else []):
            shapes[b + "att." + x] = (1, 1, c)
        for x, rank in ranks.items():
            if x != "v" or layer:
                shapes[b + f"att.{x}1"], shapes[b + f"att.{x}2"] = (c, rank), (rank, c)
        shapes[b + "att.r_k"] = (c // n, n)
        for x in ("receptance", "key", "value", "output"):
            shapes[b + f"att.{x}.weight"] = (c, c)
        shapes[b + "ffn.x_k"] = (1, 1, c)
        shapes[b + "ffn.key.weight"], shapes[b + "ffn.value.weight"] = (ffn, c), (c, ffn)
    for name in norms:
        shapes[name + ".weight"] = shapes[name + ".bias"] = (c,)
    out = {}
    for name, shape in shapes.items():
        scale = scales.get(name.split(".", 2)[2] if name.startswith("blocks.") else name, {})
        out[name] = torch.from_numpy(seeded_weights.values(seed, name, shape, **scale))
    return out, i["vocab_size"]


def run(z, vocab, seed):
    """1,000 random tokens one by one, and the logits after each."""
    tokens = np.random.Generator(np.random.PCG64(seed)).integers(0, vocab, STEPS).tolist()
    with tempfile.TemporaryDirectory() as folder:
        torch.save(z, folder + "/model.pth")
        model = RWKV(model=folder + "/model", strategy="cpu fp32")
    state, rows = None, []
    for token in tokens:
        logits, state = model.forward([token], state)
        rows.append(logits.clone())
    logits = torch.stack(rows)
    whole, _ = model.forward(tokens, None, full_output=True)
    print("step by step against one sequence:", (logits - whole).abs().max().item())
    print("largest logit:", logits.abs().max().item(), "spread over the last step:", logits[-1].std().item())
    return torch.tensor(tokens, dtype=torch.int32), logits.contiguous()


def main():
    torch.set_num_threads(1)
    HERE.mkdir(exist_ok=True)
    z = weights()
    tokens, logits = run(z, VOCAB, 8)
    save_file(z, HERE / "tiny.safetensors")
    save_file({"tokens": tokens, "logits": logits}, HERE / "tiny_logits.safetensors")
    z, vocab = seeded()
    tokens, logits = run(z, vocab, 9)
    at = [0, 1, 9, 99, 499, 999]
    save_file({"tokens": tokens, "positions": torch.tensor(at, dtype=torch.int32), "logits": logits[at].contiguous()},
              HERE / "seeded_logits.safetensors")


if __name__ == "__main__":
    main()
