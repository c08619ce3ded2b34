#!/bin/bash
# Runs the unit tests under valgrind: no leak, no use of what is not there.
#
#   valgrind.sh [BUILD]      a build folder, without sanitizers; default: build
#
# First it has to find what tests/analyze/planted.c has for it. Two programs at a time. The last line is `N passed, N failed`.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
planted=tests/analyze/planted.c
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export work

valgrind_runs()
{
    valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible \
        --child-silent-after-fork=yes "$@"
}

# What it printed is shown in one piece, though others run beside it.
unit_test_under_valgrind()
{
    valgrind_runs "$1" >"$work/${1##*/}" 2>&1 || {
        echo "$1 ended with $?:"
        cat "$work/${1##*/}"
        return 1
    }
}

finds_what_is_planted()
{
    gcc -std=c17 -D_GNU_SOURCE -g -o "$work/planted" "$planted" && valgrind_runs "$work/planted" well || return
    ! valgrind_runs "$work/planted" >"$work/found" 2>&1 && grep -q 'definitely lost' "$work/found"
}

verdict()
{
    if unit_test_under_valgrind "$1"; then echo "good: $1"; else echo "bad:  $1"; fi
}

export -f valgrind_runs unit_test_under_valgrind verdict

if ! finds_what_is_planted; then
    echo "bad:  valgrind does not find what is planted"
    echo "0 passed, 1 failed"
    exit 1
fi
mapfile -t programs < <(printf '%s\n' "$build"/tests/unit/test_* | grep -v '[.]p$')
printf '%s\0' "${programs[@]}" | xargs -0 -P 2 -n 1 bash -c "verdict \"\$@\"" _ >"$work/report"
cat "$work/report"
passed=$(grep -c '^good: ' "$work/report")
failed=$(grep -c '^bad:  ' "$work/report")
lost=$((${#programs[@]} - passed - failed))
if [[ $lost -ne 0 ]]; then
    echo "$lost programs were not run to their end"
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
