#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# House rules that a machine can check: format, first line, length of files, and with `full` clang-tidy over the core.
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
bad=0
mapfile -t sources < <(git ls-files '*.cpp' '*.hpp' '*.inl' '*.h' '*.c' '*.cu' '*.cuh')
clang-format --dry-run -Werror "${sources[@]}" 2> .lint.log || { grep -m 20 error .lint.log; echo "lint: run make format"; bad=1; }
for f in "${sources[@]}"; do
  head -1 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || { echo "$f:1: the first line must be the SPDX licence line"; bad=1; }
  lines=$(wc -l < "$f")
  ((lines <= 800)) || { echo "$f: $lines lines; a file has one idea and at most 800"; bad=1; }
done
if [[ ${1:-} == full ]]; then
  # The generated headers are all that clang-tidy needs of a build.
  if ! { cmake -S . -B build -G Ninja && cmake --build build -j "$(nproc)" --target fk_generate; } > .configure.log 2>&1; then
    tail -20 .configure.log; bad=1
  elif ! git ls-files 'core/*.cpp' | xargs -P "$(nproc)" -n 4 clang-tidy -p build --quiet > .lint.log 2>&1; then
    grep -E 'warning:|error:' .lint.log || tail -20 .lint.log
    echo "lint: clang-tidy"; bad=1
  fi
fi
rm -f .lint.log
((bad)) || echo "lint: ${#sources[@]} files in order"
exit $bad
