# SPDX-License-Identifier: Apache-2.0
"""Golden numbers of SmolLM2-135M-Instruct: transformers (fp32, eager) on the dequantised weights of the GGUF file.

Writes smollm2.json: for every prompt of smollm2_prompts.json its ids, greedy tokens with the gap between the two largest
logits at each step, the 32 largest logits and 64 fixed ones at the last prompt position; how far transformers' own bfloat16
lies from its fp32; and the nll of the first bytes of LICENSE.

Usage: make_smollm2.py MODEL.gguf [--tokens 48] [--threads 1]
Made with torch 2.11.0, transformers 5.17.0, tokenizers 0.23.3, gguf (see "versions" in the output). No random numbers.
"""
import argparse
import hashlib
import json
import pathlib
import time

import gguf
import tokenizers
import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

HERE = pathlib.Path(__file__).parent
SCORED_BYTES = 9000  # of LICENSE: about 1,900 tokens


def load_tokenizer(path):
    """The file's own tokenizer; AutoTokenizer on a GGUF file leaves out the digit step."""
    fields = gguf.GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
    types = fields["tokenizer.ggml.token_type"].contents()
    t = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = decoders.ByteLevel()
    t.add_special_tokens([AddedToken(x, special=True, normalized=False) for x, k in zip(tokens, types) if k == 3])
    return t


def rounded(values):
    return [float(f"{v:.7g}") for v in values]


@torch.inference_mode()
def greedy(model, prompts, count):
    """Greedy tokens and gaps of several prompts at once, padded on the left. No stop token stops it."""
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    tokens, gaps, past = [[] for _ in prompts], [[] for _ in prompts], None
    for _ in range(count):
        out = model(ids, attention_mask=mask, position_ids=positions, past_key_values=past, use_cache=True, logits_to_keep=1)
        top, past = torch.topk(out.logits[:, -1].float(), 2), out.past_key_values
        for i in range(len(prompts)):
            tokens[i].append(int(top.indices[i, 0]))
            gaps[i].append(float(f"{top.values[i, 0] - top.values[i, 1]:.4g}"))
        ids, positions = top.indices[:, :1], positions[:, -1:] + 1
        mask = torch.cat([mask, mask.new_ones(len(prompts), 1)], 1)
    return tokens, gaps


@torch.inference_mode()
def last_logits(model, ids):
    return model(torch.tensor([ids]), use_cache=False).logits[0, -1].float()


@torch.inference_mode()
def score(model, ids):
    logits = model(torch.tensor([ids]), use_cache=False).logits[0].float()
    logp = torch.log_softmax(logits[:-1].double(), -1)
    return float(-logp.gather(1, torch.tensor(ids[1:])[:, None]).sum())


def main():
    p = argparse.ArgumentParser()
    p.add_argument("gguf", type=pathlib.Path)
    p.add_argument("--tokens", type=int, default=48)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    torch.set_num_threads(a.threads)

    tokenizer = load_tokenizer(a.gguf)
    load = lambda: transformers.AutoModelForCausalLM.from_pretrained(  # noqa: E731
        str(a.gguf.parent), gguf_file=a.gguf.name, dtype=torch.float32, attn_implementation="eager").eval()
    model = load()
    strided = [(i * 769 + 11) % model.config.vocab_size for i in range(64)]
    prompts, all_first, began = [], [], time.time()
    for text in json.loads((HERE / "smollm2_prompts.json").read_text()):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        first = last_logits(model, ids)
        top = torch.topk(first, 32)
        prompts.append({
            "text": text, "ids": ids, "tokens": [], "gaps": [],
            "top_ids": top.indices.tolist(), "top_logits": rounded(top.values.tolist()),
            "strided_logits": rounded(first[strided].tolist()),
        })
        all_first.append(first)
    print(len(prompts), "prompts", f"{time.time() - began:.0f}s", flush=True)
    by_length = sorted(prompts, key=lambda p: len(p["ids"]))
    for at in range(0, len(prompts), 18):
        group = by_length[at:at + 18]
        for prompt, tokens, gaps in zip(group, *greedy(model, [p["ids"] for p in group], a.tokens)):
            prompt["tokens"], prompt["gaps"] = tokens, gaps
            assert tokens[0] == prompt["top_ids"][0] or gaps[0] < 1e-4, prompt["text"]
        print("greedy", at, f"{time.time() - began:.0f}s", flush=True)

    text = (HERE / "../../LICENSE").resolve().read_bytes()[:SCORED_BYTES].decode()
    text_ids = tokenizer.encode(text, add_special_tokens=False).ids
    nll = score(model, text_ids)

    model = model.to(torch.bfloat16)
    worst, total = 0.0, 0.0
    for prompt, first in zip(prompts, all_first):
        error = (last_logits(model, prompt["ids"]) - first).abs()
        prompt["bf16_max_error"] = float(f"{error.max():.4g}")
        prompt["bf16_mean_error"] = float(f"{error.mean():.4g}")
        worst, total = max(worst, prompt["bf16_max_error"]), total + prompt["bf16_mean_error"]
    golden = {
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__,
                     "tokenizers": tokenizers.__version__},
        "model_sha256": hashlib.sha256(a.gguf.read_bytes()).hexdigest(),
        "strided_ids": strided,
        "bf16": {"max_error": worst, "mean_error": total / len(prompts)},
        "score": {"file": "LICENSE", "bytes": SCORED_BYTES, "sha256": hashlib.sha256(text.encode()).hexdigest(),
                  "tokens": len(text_ids), "nll": nll},
        "prompts": prompts,
    }
    lines = json.dumps(golden, ensure_ascii=False).replace(', {"text"', ',\n{"text"')
    (HERE / "smollm2.json").write_text(lines + "\n")
    print("score", len(text_ids), nll, "bf16", worst, total / len(prompts))


if __name__ == "__main__":
    main()
