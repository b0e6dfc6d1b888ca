#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts what `mlflow server` needs into third_party/mlflow/, by name, version and hash (tests/mlflow.txt): python3 with this
# folder as PYTHONPATH runs it. No venv: Debian's and Ubuntu's python3 make none without a package of their own.
# Exit 3 when a package cannot be had; what is already there is not fetched again.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
list=$root/tests/mlflow.txt
out=$root/third_party/mlflow
# Compiled modules are for one version of Python.
want="$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])') $(sha256sum < "$list" | cut -d' ' -f1)"
if [[ $(cat "$out/.version" 2> /dev/null) == "$want" ]]; then exit 0; fi
echo "fetching what mlflow server needs (60 MB)"
mkdir -p "$root/third_party"
# Beside its place, so that it gets there whole or not at all: a rename within one file system.
tmp=$(mktemp -d "$root/third_party/mlflow.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
if ! python3 -m pip install -q --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes --target "$tmp" -r "$list" > "$tmp.log" 2>&1; then
  tail -5 "$tmp.log" >&2; rm -f "$tmp.log"
  echo "fetch_mlflow: the packages of $list could not be fetched, or their hashes differ; it knows CPython 3.11 and 3.12 on x86-64." >&2
  echo "  Way out: on a machine with a network 'pip download --no-deps --only-binary=:all: --require-hashes -d wheels -r tests/mlflow.txt'," >&2
  echo "  then here 'PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels scripts/fetch_mlflow.sh'. Without them the tests of core/tracking fail." >&2
  exit 3
fi
rm -f "$tmp.log"
echo "$want" > "$tmp/.version"
chmod 755 "$tmp"
rm -rf "$out"
mv "$tmp" "$out"
