#!/bin/bash
# What tools that look for faults say of the sources, and valgrind of the unit tests.
#
#   analyze.sh [BUILD]       a build folder, made if it is missing; default: build
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

if [[ ! -f $build/compile_commands.json ]]; then
    meson setup "$build" >"$work/said" 2>&1 || {
        cat "$work/said"
        exit 1
    }
fi
ninja -C "$build" --quiet || exit 1

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

# A source's own compile command, with the analyzer on and nothing written. What is left out of gcc 12's, and why:
#   malloc-leak        it loses sight of what goes into a table or a list, and of what is given away as its first member;
#                      the sanitizers and valgrind watch over leaks
#   -O, the parameter  keep `a || b` two branches: folded into one, the test of a pointer for NULL is forgotten
gcc_analyzes()
{
    local directory=${1%%$'\t'*} command=${1#*$'\t'} source
    source=${command##* }
    command=${command%% -MD *}
    cd "$directory" || return
    eval "timeout 300 ${command#ccache } -O0 -fanalyzer -Wno-analyzer-malloc-leak --param logical-op-non-short-circuit=0" \
        "-fdiagnostics-color=never -o /dev/null -c $source"
}

by_gcc()
{
    export -f gcc_analyzes
    jq -j '.[] | select(.file | test("src/[a-z]+/[^/]*[.]c$")) | .directory + "\t" + .command + "\u0000"' \
        "$build/compile_commands.json" | xargs -0 -P "$jobs" -I COMMAND bash -c "gcc_analyzes \"\$1\"" _ COMMAND
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
step 'gcc -fanalyzer' by_gcc
step 'valgrind over the unit tests' by_valgrind

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
