#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing on Debian 12 or Ubuntu 24.04 (apt) and fetches the pinned weights. Safe to run again: does
# nothing when everything is there.
#   scripts/setup.sh build    compilers and libraries, the models of the demo
#   scripts/setup.sh test     those and what the tests and checks need
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
what=${1:-build}

# docs/dependencies.md says why each is here.
packages=(g++ gcc cmake ninja-build pkg-config ccache python3 python3-pip
  libboost-dev libboost-filesystem-dev libyaml-cpp-dev nlohmann-json3-dev libcli11-dev libfmt-dev
  libpcre2-dev libsentencepiece-dev libutf8proc-dev libopenblas-pthread-dev libsqlite3-dev libcurl4-openssl-dev
  libgtest-dev libbenchmark-dev)
if [[ $what == test ]]; then
  packages+=(clang clang-format clang-tidy libdlpack-dev git)
  # Not what apt knows but what the system is: a bare image has no lists before `apt-get update`. What looks at the page of
  # `fk report`: Ubuntu has Chromium as a snap alone, which is none in a container, but Qt's.
  if [[ $(. /etc/os-release && echo "$ID") == debian ]]; then packages+=(libclang-rt-14-dev chromium-headless-shell)
  else packages+=(libclang-rt-18-dev python3-pyqt6.qtwebengine); fi
fi

missing=()
for p in "${packages[@]}"; do
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2> /dev/null) == installed ]] || missing+=("$p")
done
if ((${#missing[@]})); then
  sudo=; ((EUID == 0)) || sudo=sudo
  echo "setup: installing ${missing[*]}"
  if ! { $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"; } > /tmp/fk-setup.log 2>&1; then
    tail -5 /tmp/fk-setup.log >&2
    echo "setup: apt could not install ${missing[*]} (whole log: /tmp/fk-setup.log)." >&2
    echo "  Way out: install them by hand (Debian 12 and Ubuntu 24.04 name them so), then run this again." >&2
    exit 3
  fi
fi
"$root/scripts/fetch_models.sh"
"$root/scripts/fetch_cuda.sh" || echo "setup: going on without the library plugins whose headers are missing"
if [[ $what == test ]]; then
  "$root/scripts/fetch_models.sh" "$root/tests/packages.txt"
  "$root/scripts/fetch_mlflow.sh"
fi
