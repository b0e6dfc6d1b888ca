#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the tests under a sanitizer: `address,undefined` (all of them) or `thread` (those that share data).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
kind=$1
cd "$root"
case $kind in
  address,undefined) preset=asan build=build-address select=(-LE no_sanitizer) targets=(all) ;;
  thread) preset=tsan build=build-thread select=(-L '^(engine|runtime|plugin|spec)$') targets=(test_engine test_runtime test_plugin test_spec) ;;
  *) echo "sanitize: $kind is neither address,undefined nor thread" >&2; exit 2 ;;
esac
cmake --preset "$preset" > "$build.log" 2>&1 || { cat "$build.log"; exit 1; }
cmake --build "$build" -j "$(nproc)" --target "${targets[@]}" -- --quiet
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1
export LSAN_OPTIONS=suppressions=$root/scripts/lsan.supp:print_suppressions=0
ctest --test-dir "$build" --no-tests=error --output-on-failure -j "$(nproc)" "${select[@]}"
