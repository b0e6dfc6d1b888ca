#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# House rules that a machine can check: format, first line, length and size of files, and with `full` clang-tidy over the core.
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
# Goldens are small; what is larger was fetched or built, and got in by mistake.
while read -r bytes f; do
  echo "$f: $bytes bytes; a file in the repository has at most 1 MB"; bad=1
done < <(git ls-files -z | xargs -0 stat -c '%s %n' 2> /dev/null | awk '$1 > 1000000')
# Two types of one name in one namespace: each alone compiles, and the linker mixes up what templates made of them.
python3 - "${sources[@]}" <<'PY' || bad=1
import collections, re, sys
places = collections.defaultdict(set)
for file in (f for f in sys.argv[1:] if f.endswith(".hpp")):
    space = []
    for line in open(file):
        if m := re.match(r"namespace ([\w:]+) \{$", line):
            space.append(m[1])
        elif re.match(r"\}  // namespace", line) and space:
            space.pop()
        elif m := re.match(r"(?:struct|class|enum class) (\w+)(?: final)?(?: :[^:].*)? ?\{", line):
            places["::".join(space + [m[1]])].add(file)
twice = {name: files for name, files in places.items() if len(files) > 1}
for name, files in twice.items():
    print(f"lint: {name} is two types: {', '.join(sorted(files))}")
sys.exit(bool(twice))
PY
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
