#!/bin/bash
# What tools that look for faults say of the sources, and valgrind of the unit tests.
#
#   analyze.sh [BUILD]       a build folder that is set up and built; default: build
#
# Two files at a time (JOBS=N). Each step is named with its time; the last line is `N passed, N failed`.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
jobs=${JOBS:-2}
passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[[ -f $build/compile_commands.json ]] || {
    echo "analyze.sh: $build is no build folder; run \`meson setup $build && ninja -C $build\` first" >&2
    exit 1
}

# step TITLE COMMAND…: what the command prints is shown if it fails.
step()
{
    local title=$1 begin=$SECONDS
    shift
    if "$@" >"$work/said" 2>&1; then
        passed=$((passed + 1))
        echo "good: $title ($((SECONDS - begin)) s)"
    else
        failed=$((failed + 1))
        echo "bad:  $title ($((SECONDS - begin)) s)"
        tail -n 200 "$work/said"
    fi
}

# It looks for no system headers; the macros of these two it must know.
by_cppcheck()
{
    cppcheck --project="$build/compile_commands.json" --file-filter='src/*' --quiet -j "$jobs" --error-exitcode=1 \
        --enable=warning,portability,performance --inline-suppr --suppress=missingIncludeSystem \
        --include=/usr/include/utlist.h --include=/usr/include/uthash.h
}

by_clang_tidy()
{
    printf '%s\n' src/*/*.c | xargs -P "$jobs" -n 1 clang-tidy --quiet -p "$build"
}

under_valgrind()
{
    local log="$work/${1##*/}.valgrind"
    valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible \
        --child-silent-after-fork=yes "$1" >"$log" 2>&1 || {
        cat "$log"
        return 1
    }
}

by_valgrind()
{
    export -f under_valgrind
    export work
    find "$build/tests/unit" -maxdepth 1 -type f -perm /1 -name 'test_*' -print0 |
        xargs -0 -P "$jobs" -I PROGRAM bash -c 'under_valgrind PROGRAM'
}

step 'cppcheck' by_cppcheck
step 'clang-tidy' by_clang_tidy
step 'valgrind over the unit tests' by_valgrind

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
