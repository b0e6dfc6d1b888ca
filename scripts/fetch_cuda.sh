#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetches the wheels whose headers the CUDA library plugins compile with, pinned by name, version and hash, and unpacks
# the folders listed into third_party/cuda/<name>/. Does nothing where there is no nvcc.
#   scripts/fetch_cuda.sh [FOLDER]      (default: third_party/cuda)
# Exit 3 when a package cannot be had; what is already there is not fetched again.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$root/third_party/cuda}
if ! command -v nvcc > /dev/null && [[ ! -x ${CUDA_PATH:-/usr/local/cuda}/bin/nvcc ]]; then
  echo "fetch_cuda: no nvcc here, so nothing to fetch"
  exit 0
fi
mkdir -p "$out"
while read -r requirement hash folders; do
  [[ -z $requirement || $requirement == \#* ]] && continue
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
