#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `make demo` shows: a real model answers, its plan, its speed; then a kernel dropped in, used in every layer.
#   scripts/demo.sh [BUILD]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
bin=${1:-build}/bin
say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }

say "fk-run --config configs/llama.yaml --prompt 'Why is the sky blue? Answer in two sentences.' --max-tokens 80"
"$bin/fk-run" --config configs/llama.yaml --prompt "Why is the sky blue? Answer in two sentences." --max-tokens 80

lines=$(mktemp)
trap 'rm -rf "$lines" "$root/candidates/silu_and_mul/demo"; rmdir "$root/candidates/silu_and_mul" 2> /dev/null || true' EXIT
printf '%s\n' "A dog is lying on the rug." "The stock market fell on Tuesday." "Two kittens share a cushion." > "$lines"
say "fk-run --config configs/minilm.yaml --query 'A cat sits on the mat.' --input lines.txt"
"$bin/fk-run" --config configs/minilm.yaml --query "A cat sits on the mat." --input "$lines" --quiet

rm -rf candidates/silu_and_mul/demo
say "fk new candidate silu_and_mul demo"
"$bin/fk" new candidate silu_and_mul demo
say "fk-run --config configs/llama.yaml --pin silu_and_mul=demo --prompt Hello --max-tokens 24   (built by fk-run itself)"
"$bin/fk-run" --config configs/llama.yaml --pin silu_and_mul=demo --prompt "Hello" --max-tokens 24 2>&1 | grep -v -E 'cpu/cpu|composed/composed'
