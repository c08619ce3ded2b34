#!/bin/bash
# Runs the unit tests of a build, and counts their cases.
#
#   unit.sh FOLDER       a build folder (see build.sh); one with the sanitizers gets more time
#
# A program of cmocka tells how many cases it runs and names each that was good; one that dies has lost the rest. The last line
# is `N passed, N failed`.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
build=${1:?a build folder}
log=$build/meson-logs/testlog.json
more=()
if [[ $build == *asan* ]]; then more=(--timeout-multiplier 5); fi

rm -f "$log"
code=0
meson test -C "$build" --no-rebuild --suite unit --print-errorlogs "${more[@]}" || code=$?
if [[ ! -s $log ]]; then
    echo "no unit test ran"
    echo "0 passed, 1 failed"
    exit 1
fi
counts=$(jq -r -s '
    def count: (.stdout // "") as $out
        | ([$out | scan("Running ([0-9]+) test") | .[0] | tonumber] | add) as $cases
        | ([$out | scan("\\[ +OK +\\]")] | length) as $good
        | ([$out | scan("\\[  SKIPPED \\] \\w+\n")] | length) as $skipped
        | (.result == "OK") as $ok
        | if $cases == null then (if $ok then [1, 0, 0] else [0, 1, 0] end)
          else [$good, ([$cases - $good - $skipped, (if $ok then 0 else 1 end)] | max), $skipped] end;
    map(count) | transpose | map(add) | join(" ")' "$log")
read -r passed failed skipped <<<"$counts"
if [[ $code -ne 0 && $failed -eq 0 ]]; then
    echo "meson ended with $code"
    failed=1
fi
if [[ $skipped -gt 0 ]]; then echo "$skipped skipped"; fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
