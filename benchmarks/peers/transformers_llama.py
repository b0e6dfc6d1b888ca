#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times transformers' LlamaForCausalLM at Llama-3.1-8B's size with random bf16 weights.

    transformers_llama.py OUT.json [--modes eager,compile]

eager: generate() with its default, growing cache. compile: generate() with a static cache, whose decode step it compiles
(torch.compile, CUDA graphs). A decode step is the difference between two lengths of answer over the number of steps
between them; prefill is one forward with the last position's logits. Greedy, ids at random, wall clock after a synchronize.
"""
import argparse
import json
import statistics
import time

import torch
import transformers
from vllm_llama import CONFIG

STEPS = {"single stream (prompt 512)": (1, 512, 8, 72), "batch 32 (prompt 1024)": (32, 1024, 8, 40)}


def model():
    torch.manual_seed(1)
    config = transformers.LlamaConfig(**{k: v for k, v in CONFIG.items() if k not in ("architectures", "model_type", "torch_dtype")})
    config.eos_token_id = None
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        m = transformers.LlamaForCausalLM(config)
    torch.set_default_dtype(torch.float32)
    return m.eval()


def wall(f):
    torch.cuda.synchronize()
    t = time.perf_counter()
    f()
    torch.cuda.synchronize()
    return 1e3 * (time.perf_counter() - t)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("out")
    a.add_argument("--modes", default="eager,compile")
    o = a.parse_args()
    result = {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "transformers": transformers.__version__, "ms": {}}
    m = model()
    with torch.inference_mode():
        for mode in o.modes.split(","):
            ms = result["ms"][mode] = {}
            if mode == "eager":
                for n in (512, 8192):
                    ids = torch.randint(0, 128000, (1, n), device="cuda")
                    times = [wall(lambda: m(ids, logits_to_keep=1, use_cache=True)) for _ in range(7)]
                    ms[f"prefill {n}"] = statistics.median(times[2:])
            for name, (batch, prompt, short, long) in STEPS.items():
                ids = torch.randint(0, 128000, (batch, prompt), device="cuda")

                def answer(n):
                    more = {"cache_implementation": "static"} if mode == "compile" else {}
                    m.generation_config.max_length = None  # max_new_tokens alone decides
                    m.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, min_new_tokens=n, max_new_tokens=n,
                               pad_token_id=0, **more)

                for n in (long, short):
                    answer(n)
                times = {n: statistics.median(wall(lambda: answer(n)) for _ in range(3)) for n in (short, long)}
                ms[name] = (times[long] - times[short]) / (long - short)
                print("RESULT", mode, name, round(ms[name], 3), flush=True)
            json.dump(result, open(o.out, "w"), indent=1)
    print("RESULT", json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
