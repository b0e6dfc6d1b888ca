#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every libFuzzer target for FUZZ_SECONDS (60), two at a time. A crash stops with the input that caused it.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build-address  # the objects of the tests under AddressSanitizer are those of the fuzz targets
seconds=${FUZZ_SECONDS:-60}
cd "$root"
cmake --preset asan > "$build.log" 2>&1 || { cat "$build.log"; exit 1; }
cmake --build "$build" -j "$(nproc)" --target fuzzers -- --quiet
one() {
  local name=$1 work=$2/work/$1
  mkdir -p "$work"
  if ! "$2/bin/fuzz_$name" -max_total_time="$3" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -artifact_prefix="$2/" \
      "$work" "$4/tests/fuzz/corpus/$name" > "$2/fuzz_$name.log" 2>&1; then
    tail -40 "$2/fuzz_$name.log"; echo "fuzz: $name failed; the input is in $2"; exit 1
  fi
  echo "fuzz: $name: $(grep -c . <(ls "$work")) new inputs, $(grep -oE 'Done [0-9]+ runs' "$2/fuzz_$name.log")"
}
export -f one
ls "$root"/tests/fuzz/corpus | xargs -P "$(nproc)" -I{} bash -c "one {} '$build' '$seconds' '$root'"
