#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetches the wheels whose headers the CUDA library plugins compile with, pinned by name, version and hash, and unpacks
# the folders listed into third_party/cuda/<name>/. Does nothing where there is no nvcc.
#   scripts/fetch_cuda.sh [--all] [FOLDER]      (default: third_party/cuda; --all: large and optional ones too)
# Exit 3 when a package cannot be had; what is already there is not fetched again.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
all=
if [[ ${1:-} == --all ]]; then all=1; shift; fi
out=${1:-$root/third_party/cuda}
toolkit=${CUDA_PATH:-/usr/local/cuda}
if ! command -v nvcc > /dev/null && [[ ! -x $toolkit/bin/nvcc ]]; then
  echo "fetch_cuda: no nvcc here, so nothing to fetch"
  exit 0
fi
[[ -x $toolkit/bin/nvcc ]] || toolkit=$(dirname "$(dirname "$(command -v nvcc)")")
mkdir -p "$out"
while read -r when requirement hash folders; do
  [[ -z $when || $when == \#* ]] && continue
  if [[ $when == optional && -z $all ]]; then continue; fi
  if [[ $when == without:* && -f $toolkit/include/${when#without:} ]]; then continue; fi
  name=${requirement%%==*} version=${requirement##*==}
  stamp="$version ${hash#--hash=} $folders"
  if [[ $(cat "$out/$name/.version" 2>/dev/null) == "$stamp" ]]; then continue; fi
  echo "fetching $requirement"
  tmp=$(mktemp -d)
  printf '%s %s\n' "$requirement" "$hash" > "$tmp/requirements.txt"
  # Only headers are used, so the wheel of one Python serves all.
  if ! python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
      --python-version 3.11 --implementation cp --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
      -d "$tmp" -r "$tmp/requirements.txt"; then
    echo "fetch_cuda: $requirement could not be fetched or its hash differs from $hash." >&2
    echo "  Way out: build without it (its plugin is left out), or download that wheel on another machine, check its sha256," >&2
    echo "  unpack it into $out/$name/ and write '$stamp' into $out/$name/.version" >&2
    rm -rf "$tmp"; exit 3
  fi
  rm -rf "${out:?}/$name" && mkdir -p "$out/$name"
  python3 - "$tmp"/*.whl "$out/$name" $folders << 'PYTHON'
import sys, zipfile
wheel, out, *folders = sys.argv[1:]
z = zipfile.ZipFile(wheel)
z.extractall(out, [n for n in z.namelist()
                   if n.startswith(tuple(f + '/' for f in folders)) or 'license' in n.lower() and '.dist-info/' in n])
PYTHON
  # One wheel says Apache-2.0 and carries files that are not: none of them may be in what was unpacked.
  if grep -rlI "strictly prohibited" "$out/$name" >&2; then
    echo "fetch_cuda: the files above of $requirement are not free to use; take their folder out of the list." >&2
    rm -rf "${out:?}/$name" "$tmp"; exit 3
  fi
  echo "$stamp" > "$out/$name/.version"
  rm -rf "$tmp"
done < "$root/scripts/cuda_packages.txt"
