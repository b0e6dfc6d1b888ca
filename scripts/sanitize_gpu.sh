#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Our kernels under compute-sanitizer on the first card: scripts/sanitize_gpu.sh [TESTS] [TOOL ...], by default test_cases' tests of
# all tasks under memcheck, racecheck and initcheck. Libraries' plugins are left out: with them racecheck ended with an error of its
# own in our kernels, too. Parts of the cases run side by side (PARTS, LIMIT seconds each); what was not brought to an end counts as
# failed.
set -uo pipefail
cd "$(dirname "$0")/.."
tests=${1:-*} parts=${PARTS:-4} limit=${LIMIT:-600} out=${OUT_DIR:-build/sanitize_gpu}
shift || true
tools=("$@")
[ ${#tools[@]} -gt 0 ] || tools=(memcheck racecheck initcheck)
export FK_TEST_DEVICE=cuda:0
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null) || {
  echo "sanitize_gpu: no compute-sanitizer on PATH nor in /usr/local/cuda/bin; it is part of the CUDA toolkit" >&2
  exit 3
}
[ -x build/bin/test_cases ] || { echo "sanitize_gpu: no build/bin/test_cases; build with -DFK_TESTS=ON -DFK_CUDA=ON" >&2; exit 3; }
mkdir -p "$out"
export FK_TEST_PLUGINS=$out/plugins
rm -rf "$FK_TEST_PLUGINS" && mkdir "$FK_TEST_PLUGINS" && cp -r build/plugins/* "$FK_TEST_PLUGINS" || exit 1
for library in cublaslt cudnn flashinfer cutlass deepgemm vllm_ops; do rm -rf "${FK_TEST_PLUGINS:?}/$library"; done
failed=0
for tool in "${tools[@]}"; do
  rm -f "$out/$tool".*.txt  # of a run with more parts
  for part in $(seq "$parts"); do
    FK_TEST_PART=$part/$parts timeout "$limit" "$sanitizer" --tool "$tool" --kernel-name kns=2fk --print-limit 10 \
      build/bin/test_cases --gtest_filter="$tests" > "$out/$tool.$part.txt" 2>&1 &
  done
  wait
  ok=$(cat "$out/$tool".*.txt | grep -c '^\[       OK')
  bad=$(cat "$out/$tool".*.txt | grep -c '^\[  FAILED  \].*ms)')
  ended=$(cat "$out/$tool".*.txt | grep -c '^\[==========\].*ran\.')
  found=$(cat "$out/$tool".*.txt | grep -v SUMMARY | grep -cE '^=========.*(Invalid|Uninitialized|hazard|Error|out of bounds|misaligned)')
  echo "$tool: $ok tests of parts passed, $bad failed, $ended of $parts parts ended, $found reports ($out/$tool.*.txt)"
  if [ "$bad" -gt 0 ] || [ "$found" -gt 0 ] || [ "$ended" -lt "$parts" ]; then failed=1; fi
done
exit $failed
