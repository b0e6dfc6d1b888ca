#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the tests under a sanitizer: `address,undefined` (all of them) or `thread` (those that share data).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
kind=$1
build=$root/build-${kind%%,*}
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Sanitize -DFK_SANITIZE="$kind" -DFK_BENCHMARKS=OFF > "$build.log" 2>&1 || { cat "$build.log"; exit 1; }
if [[ $kind == thread ]]; then select=(-L tsan); else select=(-LE no_sanitizer); fi
cmake --build "$build" -j "$(nproc)" -- --quiet 2>&1 || exit 1
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1
export LSAN_OPTIONS=suppressions=$root/scripts/lsan.supp:print_suppressions=0
ctest --test-dir "$build" --output-on-failure -j "$(nproc)" "${select[@]}"
