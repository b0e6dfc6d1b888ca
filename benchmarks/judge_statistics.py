#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often `fk bench` errs: an implementation against itself, and against one that needs 2 % longer.

    python3 benchmarks/judge_statistics.py --build build [--equal 2000] [--slower 200] [--budget 3] [--out runs.jsonl]
    python3 benchmarks/judge_statistics.py --device cuda:0 [--case llama_decode]

Every run is a program of its own, as people start it. Against itself FAST and SLOW are false: at most 1 % may be. The
2 % are found where the verdict is SLOW: at least 95 % have to be. No run may be refused, and verifying may take a quarter
of the time. The machine should do nothing else. --out gets a line a run; what is there already counts, so that an hour's
runs may be made in parts, and those of several processes (each on cores of its own) joined. --short is for tests: of
few runs on a busy machine most have to be right.
Exit codes: 0 within the limits, 1 not.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys


def run(a, candidate):
    card = a.device != "cpu"
    command = [str(a.build / "bin/fk"), "bench", "silu_and_mul", "--case", a.case, "--impl", candidate, "--against", a.baseline,
               "--device", a.device, "--budget", str(a.budget), "--json", "--no-store"] + ([] if card else ["--threads", "1"])
    for name in {a.baseline, candidate}:
        command += ["--candidates", str(a.build / "corpus" / ("cuda/honest" if card else "honest") / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        result = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}, and no result: {done.stderr}")
    result.pop("samples", None)
    return result


def series(a, candidate, count, known):
    out = a.out
    codes, widths, ratios, shares = collections.Counter(), [], [], []
    for i in range(max(count, len(known))):
        r = known[i] if i < len(known) else run(a, candidate)
        if out and i >= len(known):
            with out.open("a") as f:
                f.write(json.dumps(r) + "\n")
        codes[r["code"]] += 1
        if "speedup" in r:
            widths.append((r["speedup"]["high"] - r["speedup"]["low"]) / 2)
            ratios.append(r["speedup"]["median"])
            shares.append(r["verify_seconds"] / r["seconds"])
        if sys.stderr.isatty():
            print(f"\r{candidate}: {i + 1}/{count} {dict(codes)} ", end="", file=sys.stderr)
    if widths:
        widths.sort()
        ratios.sort()
        print(f"{candidate}: {dict(codes)}; ratio: median {ratios[len(ratios) // 2]:.4f}, {ratios[0]:.4f} to {ratios[-1]:.4f}; "
              f"half of the interval: median {widths[len(widths) // 2]:.4f}, "
              f"largest {widths[-1]:.4f}; verifying: at most {100 * max(shares):.0f} % of the time")
    return codes, shares


def of(results, candidate):
    return [r for r in results if r["candidate"].split("/")[0] == candidate]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    p.add_argument("--equal", type=int, default=2000)
    p.add_argument("--slower", type=int, default=200)
    p.add_argument("--budget", type=float, default=3, help="seconds of measuring a run")
    p.add_argument("--device", default="cpu", help="cpu, or cuda:0")
    p.add_argument("--case", default="smollm2/float32", help="of silu_and_mul")
    p.add_argument("--short", action="store_true", help="few runs on a machine that does other things, too")
    p.add_argument("--out", type=pathlib.Path)
    a = p.parse_args()
    # What is 2 % slower than it, and itself.
    a.baseline = "fifty_passes"
    known, bad = [], []
    if a.out and a.out.exists():
        known = [json.loads(line) for line in a.out.read_text().splitlines()]
    equal, shares = series(a, a.baseline, a.equal, of(known, a.baseline))
    slower, more = series(a, "two_percent_slower", a.slower, of(known, "two_percent_slower"))
    a.equal, a.slower = sum(equal.values()), sum(slower.values())
    false = equal["FAST"] + equal["SLOW"]
    if false > (max(1, a.equal // 4) if a.short else a.equal // 100):
        bad.append(f"{false} of {a.equal} runs against itself are FAST or SLOW")
    found = slower["SLOW"]
    if slower["FAST"] > (a.slower // 4 if a.short else 0) or (not a.short and found < 0.95 * a.slower):
        bad.append(f"2 % were found in {found} of {a.slower} runs, {slower['FAST']} were FAST")
    if equal["REFUSED"] + slower["REFUSED"]:
        bad.append("runs were refused")
    if max(shares + more, default=0) > 0.25:
        bad.append("verifying takes more than a quarter of the time")
    print("\n".join(bad) or f"false: {false} of {a.equal}; found: {found} of {a.slower}")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
