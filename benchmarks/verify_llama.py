#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Llama-3.1-8B at full width and depth against transformers, on one GPU, with the same seeded weights.

    python3 benchmarks/verify_llama.py --build build --out benchmarks/results/verify_llama_3_1_8b.json

Logits at the end of prompts of 1, 17, 512, 4096 and 8192 tokens: ours in bf16 (batch 1, batch 32, chunked, one token a
step, eager and by graphs) and transformers' LlamaForCausalLM in bf16, each against transformers in fp32. Ours passes with
an error of at most 1.25 times transformers' own, mean and max. Then 256 tokens decoded greedily, alone and in a batch
of 32: at every position the fp32 logit of our token lies as close to the largest one as twice the largest error allows.
Needs torch and transformers; the weights are those of tools/seeded_weights.py, made on the GPU. --layers N: a smaller
model, for trying things out.
"""
import argparse
import atexit
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEED, GOLDEN = 1, 0x9E3779B97F4A7C15
LENGTHS = (1, 17, 512, 4096, 8192)


def signed(x):
    return x - (1 << 64) if x >= 1 << 63 else x


def shift(z, n):  # of unsigned 64-bit numbers, which torch keeps as signed ones
    return (z >> n) & ((1 << (64 - n)) - 1)


def mix(z):
    z = (z ^ shift(z, 30)) * signed(0xBF58476D1CE4E5B9)
    z = (z ^ shift(z, 27)) * signed(0x94D049BB133111EB)
    return z ^ shift(z, 31)


def fnv1a64(name):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & ((1 << 64) - 1)
    return h


def values(name, shape):
    """As tools/seeded_weights.py, in slices: float32 on the GPU."""
    norm = len(shape) == 1
    mean, std = (1.0, 0.1) if norm else (0.0, shape[-1] ** -0.5)
    device = "cuda"
    seed = mix(torch.tensor([SEED], dtype=torch.int64, device=device))
    key = mix(torch.tensor([signed(fnv1a64(name))], dtype=torch.int64, device=device) ^ seed)
    count = torch.Size(shape).numel()
    out = torch.empty(count, dtype=torch.float32, device=device)
    for begin in range(0, count, 1 << 26):
        end = min(count, begin + (1 << 26))
        h = mix(key + torch.arange(begin + 1, end + 1, dtype=torch.int64, device=device) * signed(GOLDEN))
        total = sum((shift(h, s) & 0xFFFF) if s else (h & 0xFFFF) for s in (0, 16, 32, 48))
        out[begin:end] = (mean + (std / 37837.227) * (total - 131070).double()).float()
    return out.view(shape)


def reference(layers, dtype):
    config = LlamaConfig(
        vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=layers, num_attention_heads=32,
        num_key_value_heads=8, rms_norm_eps=1e-5, max_position_embeddings=131072, tie_word_embeddings=False,
        rope_parameters={"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 8192})
    torch.set_default_dtype(dtype)
    with torch.device("cuda"):
        model = LlamaForCausalLM(config).eval()
    torch.set_default_dtype(torch.float32)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(values(name, tuple(p.shape)))
    return model


def prompt(n, salt=0):
    return [(i * 7919 + salt * 104729 + 13) % 120000 + 300 for i in range(n)]


@torch.no_grad()
def last_logits(model, ids):
    return model(torch.tensor([ids], device="cuda"), logits_to_keep=1, use_cache=False).logits[0, -1].float()


def ours(o, lines, *flags):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as f:
        f.write("\n".join(json.dumps(x) for x in lines) + "\n")
        f.flush()
        config = o.config
        command = [str(o.build / "bin/fk-run"), "--config", str(config), "--device", "cuda:0", "--input", f.name, "--json",
                   "--ignore-eos", *map(str, flags), *(x for pin in o.pin for x in ("--pin", pin))]
        start = time.time()
        r = subprocess.run(command, capture_output=True, text=True, check=False)
        if r.returncode:
            sys.exit(f"{' '.join(command)}\n{r.stderr[-3000:]}")
    print(f"  {' '.join(map(str, flags))}: {time.time() - start:.1f} s", flush=True)
    return [json.loads(x) for x in r.stdout.splitlines()]


def vector(row):
    out = torch.empty(128256)
    ids, logits = zip(*row["top_logits"])
    out[torch.tensor(ids)] = torch.tensor(logits)
    return out


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    a.add_argument("--layers", type=int, default=32)
    a.add_argument("--out", type=pathlib.Path)
    a.add_argument("--pin", action="append", default=[], help="for fk-run")
    a.add_argument("--quick", action="store_true", help="prompts up to 512 tokens only")
    o = a.parse_args()
    text = (ROOT / "configs/llama_3_1_8b.yaml").read_text()
    o.config = ROOT / f"configs/.verify_{o.layers}.yaml"
    atexit.register(o.config.unlink, missing_ok=True)  # name maps are found relative to a config
    o.config.write_text(text.replace("num_hidden_layers: 32", f"num_hidden_layers: {o.layers}"))
    lengths = [n for n in LENGTHS if not o.quick or n <= 512]
    found, bad = {}, 0
    full = ["--top-logits", 128256, "--max-tokens", 1]
    plain = [{"token_ids": prompt(n), "id": str(n)} for n in lengths]
    small = [x for x in plain if len(x["token_ids"]) <= 512]
    runs = {
        "batch 1": (plain, [*full, "--max-num-seqs", 1]),
        "batch 1 eager": (plain[:3], [*full, "--max-num-seqs", 1, "--enforce-eager"]),
        "chunks of 512": (plain, [*full, "--max-num-seqs", 4, "--max-num-batched-tokens", 512]),
        "a token a step": (small, [*full, "--max-num-seqs", 1, "--max-num-batched-tokens", 1]),
        "batch 32": (plain + [{"token_ids": prompt(400 + i, i + 1), "id": f"x{i}"} for i in range(32 - len(plain))],
                     [*full, "--max-num-seqs", 32]),
    }
    for name, (lines, flags) in runs.items():
        rows = ours(o, lines, *flags)
        found[name] = {int(r["id"]): vector(r) for r in rows[:-1] if str(r.get("id", "")).isdigit() and int(r["id"]) in lengths}
    decode = [{"token_ids": prompt(512, i), "id": f"d{i}"} for i in range(32)]
    alone = ours(o, decode[:1], "--max-tokens", 256, "--max-num-seqs", 1)
    eager = ours(o, decode[:1], "--max-tokens", 256, "--max-num-seqs", 1, "--enforce-eager")
    batch = ours(o, decode, "--max-tokens", 256, "--max-num-seqs", 32)
    same = alone[0]["token_ids"] == eager[0]["token_ids"]
    print("eager and graph give the same tokens:", same)
    bad += not same

    fp32, theirs = {}, {}
    torch.backends.cuda.matmul.allow_tf32 = False
    model = reference(o.layers, torch.bfloat16)
    for n in lengths:
        theirs[n] = last_logits(model, prompt(n)).cpu()
    del model
    torch.cuda.empty_cache()
    model = reference(o.layers, torch.float32)
    for n in lengths:
        fp32[n] = last_logits(model, prompt(n)).cpu()
    report = {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__, "layers": o.layers, "errors": []}
    largest = 0.0
    # One number a length is one sample of an error: the bound is on the means over all lengths, and on the largest.
    mean_theirs = sum((theirs[n] - fp32[n]).abs().mean().item() for n in lengths) / len(lengths)
    max_theirs = max((theirs[n] - fp32[n]).abs().max().item() for n in lengths)
    print(f"{'run':16} {'tokens':>6} {'mean':>9} {'theirs':>9} {'ratio':>6} {'max':>9} {'theirs':>9} {'ratio':>6}")
    for name, rows in found.items():
        for n, logits in rows.items():
            e, t = (logits - fp32[n]).abs(), (theirs[n] - fp32[n]).abs()
            largest = max(largest, e.max().item())
            row = {"run": name, "tokens": n, "mean": e.mean().item(), "mean_transformers": t.mean().item(),
                   "max": e.max().item(), "max_transformers": t.max().item()}
            report["errors"].append(row)
            print(f"{name:16} {n:6} {row['mean']:9.5f} {row['mean_transformers']:9.5f} {row['mean'] / row['mean_transformers']:6.2f} "
                  f"{row['max']:9.5f} {row['max_transformers']:9.5f} {row['max'] / row['max_transformers']:6.2f}")
        mean = sum((rows[n] - fp32[n]).abs().mean().item() for n in rows) / len(rows)
        base = sum((theirs[n] - fp32[n]).abs().mean().item() for n in rows) / len(rows)
        top = max((rows[n] - fp32[n]).abs().max().item() for n in rows)
        top_base = max((theirs[n] - fp32[n]).abs().max().item() for n in rows)
        ok = mean <= 1.25 * base and top <= 1.25 * top_base
        bad += not ok
        report.setdefault("summary", {})[name] = {"mean_ratio": mean / base, "max_ratio": top / top_base, "ok": ok}
        print(f"{name:16} mean ratio {mean / base:.3f}, max ratio {top / top_base:.3f} {'ok' if ok else 'TOO LARGE'}")
    print(f"transformers bf16: mean {mean_theirs:.5f}, max {max_theirs:.5f}")
    for name, rows in (("alone", alone[:-1]), ("batch 32", batch[:-1])):
        for r in rows:
            ids = r["prompt_token_ids"] + r["token_ids"]
            with torch.no_grad():
                logits = model(torch.tensor([ids], device="cuda"), logits_to_keep=257, use_cache=False).logits[0, :-1]
            chosen = logits.gather(1, torch.tensor(r["token_ids"], device="cuda")[:, None])[:, 0]
            gaps = logits.max(1).values - chosen
            gap, where = gaps.max().item(), gaps.argmax().item()
            equal = (logits.argmax(1).cpu() == torch.tensor(r["token_ids"])).float().mean().item()
            ok = gap <= 2 * max(largest, max_theirs)
            bad += not ok
            report.setdefault("decode", []).append({"run": name, "id": r["id"], "largest_gap": gap, "at": where, "argmax_equal": equal, "ok": ok})
            if not ok or name == "alone" or r["id"] == "d0":
                print(f"decode {name} {r['id']}: largest gap to fp32's best {gap:.4f} at token {where}, same token at {100 * equal:.1f} % {'ok' if ok else 'TOO LARGE'}")
    report["ok"] = bad == 0
    if o.out:
        o.out.parent.mkdir(parents=True, exist_ok=True)
        o.out.write_text(json.dumps(report, indent=1) + "\n")
    print("verify_llama:", "ok" if bad == 0 else f"{bad} checks failed")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
