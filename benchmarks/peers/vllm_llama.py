#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times vLLM's offline LLM class on Llama-3.1-8B with random weights, one engine a run; see README.md.

bench.py copy OUT.json              device-to-device copy bandwidth
bench.py engine OUT.json [options]  latency and throughput of one engine configuration
"""
import argparse, json, os, statistics, tempfile, time

CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "attention_bias": False, "attention_dropout": 0.0,
    "bos_token_id": 128000, "eos_token_id": 128001, "hidden_act": "silu", "hidden_size": 4096,
    "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 131072, "mlp_bias": False,
    "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "pretraining_tp": 1,
    "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
    "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                     "original_max_position_embeddings": 8192},
    "tie_word_embeddings": False, "torch_dtype": "bfloat16", "use_cache": True, "vocab_size": 128256,
}
THROUGHPUT = [(1024, 512), (512, 512), (512, 1024)]  # prompt tokens, new tokens; 1000 requests each


def copy_bandwidth():
    import torch
    n = 8 << 30
    a = torch.randint(0, 256, (n,), dtype=torch.uint8, device="cuda")
    b = torch.empty_like(a)
    times = []
    for i in range(25):
        s, e = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        s.record(); b.copy_(a); e.record(); torch.cuda.synchronize()
        if i >= 5:
            times.append(s.elapsed_time(e))
    assert torch.equal(a[:1 << 20], b[:1 << 20])
    ms = statistics.median(times)
    return {"device": torch.cuda.get_device_name(), "torch": torch.__version__, "bytes_copied": n, "median_ms": ms,
            "read_plus_write_TB_s": 2 * n / ms / 1e9}


def normal_weights(model):
    """Runs in the worker: replaces the dummy weights in place by N(0, 0.02), norms by 1."""
    import torch
    g = torch.Generator(device="cuda").manual_seed(1)
    for name, p in model.named_parameters():
        if p.dim() == 1:
            p.data.fill_(1.0)
        else:
            p.data.normal_(0.0, 0.02, generator=g)
    torch.cuda.synchronize()
    return sum(p.numel() for p in model.parameters())


class Bench:
    def __init__(self, args):
        self.args, self.out, self.res = args, args.out, {}
        self.model = os.path.join(tempfile.gettempdir(), "llama-3.1-8b")  # one path, so that later engines find the compile cache
        os.makedirs(self.model, exist_ok=True)
        json.dump(CONFIG, open(os.path.join(self.model, "config.json"), "w"))
        t = time.perf_counter()
        import vllm
        kw = {"max_num_seqs": args.max_num_seqs} if args.max_num_seqs else {}
        self.SamplingParams = vllm.SamplingParams
        import_s = time.perf_counter() - t
        self.llm = vllm.LLM(model=self.model, load_format="dummy", skip_tokenizer_init=True, dtype="bfloat16", seed=0,
                            max_model_len=16384, gpu_memory_utilization=0.9, enable_prefix_caching=False, **kw)
        c = self.llm.llm_engine.vllm_config
        import numpy, torch
        self.rng = numpy.random.default_rng(0)
        self.put("engine", {
            "vllm": vllm.__version__, "torch": torch.__version__, "import_s": import_s,
            "start_s": time.perf_counter() - t, "max_num_seqs": c.scheduler_config.max_num_seqs,
            "max_num_batched_tokens": c.scheduler_config.max_num_batched_tokens,
            "async_scheduling": c.scheduler_config.async_scheduling, "v2_model_runner": c.use_v2_model_runner,
            "chunked_prefill": c.scheduler_config.enable_chunked_prefill,
            "prefix_caching": c.cache_config.enable_prefix_caching,
            "cudagraph_mode": str(c.compilation_config.cudagraph_mode),
            "max_cudagraph_capture_size": c.compilation_config.max_cudagraph_capture_size,
            "gpu_blocks": c.cache_config.num_gpu_blocks, "block_size": c.cache_config.block_size})
        self.gen(32, 128, 16)  # warm up

    def put(self, key, value):
        self.res[key] = value
        json.dump(self.res, open(self.out, "w"), indent=1)
        print("RESULT", key, json.dumps(value), flush=True)

    def gen(self, n, prompt, new):
        """Seconds for n requests of `prompt` random tokens, exactly `new` greedy tokens each."""
        ps = [{"prompt_token_ids": p} for p in self.rng.integers(0, 128000, (n, prompt)).tolist()]
        sp = self.SamplingParams(temperature=0.0, max_tokens=new, ignore_eos=True, detokenize=False)
        t = time.perf_counter()
        r = self.llm.generate(ps, sp, use_tqdm=False)
        t = time.perf_counter() - t
        assert len(r) == n and all(len(x.outputs[0].token_ids) == new for x in r)
        return t

    def steps(self, key, n, prompt, a, b, reps):
        """ms per decode step: (median time for b new tokens - median time for a) / (b - a)."""
        self.gen(n, prompt, b)
        ta, tb = zip(*[(self.gen(n, prompt, a), self.gen(n, prompt, b)) for _ in range(reps)])
        self.put(key, {"batch": n, "prompt": prompt, "new": [a, b], "times_a_s": ta, "times_b_s": tb,
                       "ms_per_step": (statistics.median(tb) - statistics.median(ta)) / (b - a) * 1e3})

    def prefill(self, key, prompt, reps):
        self.gen(1, prompt, 1)
        ts = [self.gen(1, prompt, 1) * 1e3 for _ in range(reps)]
        self.put(key, {"prompt": prompt, "times_ms": ts, "median_ms": statistics.median(ts)})

    def throughput(self, key, n, prompt, new):
        t = self.gen(n, prompt, new)
        self.put(key, {"requests": n, "prompt": prompt, "new": new, "seconds": t,
                       "output_tok_s": n * new / t, "total_tok_s": n * (prompt + new) / t})

    def latency(self, tag=""):
        self.steps("single_512" + tag, 1, 512, 1, 256, 5)
        self.prefill("prefill_512" + tag, 512, 9)
        self.prefill("prefill_8192" + tag, 8192, 9)
        self.steps("batch32_1024" + tag, 32, 1024, 1, 128, 5)
        if not tag:
            self.steps("batch32_1024_long", 32, 1024, 32, 160, 3)  # both times hold the same ramp up and down
            self.steps("batch256_1024", 256, 1024, 32, 96, 3)

    def run(self):
        todo = self.args.parts.split(",")
        if "latency" in todo:
            self.latency()
        if "throughput" in todo:
            self.gen(256, 512, 32)
            for p, o in THROUGHPUT:
                self.throughput(f"throughput_{p}_{o}", 1000, p, o)
        if "normal" in todo:  # does the dummy weights' narrow range matter?
            print("weights", self.llm.apply_model(normal_weights), flush=True)
            self.latency("_normal")
            self.throughput("throughput_512_512_normal", 1000, 512, 512)


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("what", choices=["copy", "engine"])
    p.add_argument("out")
    p.add_argument("--max-num-seqs", type=int, default=0, help="0: vLLM's default")
    p.add_argument("--parts", default="latency,throughput", help="of latency, throughput, normal")
    a = p.parse_args()
    if a.what == "copy":
        r = copy_bandwidth()
        json.dump(r, open(a.out, "w"), indent=1)
        print("RESULT copy", json.dumps(r), flush=True)
    else:
        Bench(a).run()
