#!/bin/bash
# What tools that look for faults say of the sources and the tests.
#
#   analyze.sh [BUILD]       a build folder, made if it is missing; default: build
#
# First each tool has to find what tests/analyze/planted.c has for it. Two files at a time (JOBS=N). Each step is named
# with the processor's seconds that it took, user + system; the last line is `N passed, N failed`.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
jobs=${JOBS:-2}
passed=0
failed=0
work=$(mktemp -d)
planted=tests/analyze/planted.c

# Whatever way this ends, the sum is the last line.
on_exit()
{
    local code=$?
    trap - EXIT
    rm -rf "$work"
    [[ $code -eq 0 || $failed -gt 0 ]] || failed=1
    echo "$passed passed, $failed failed"
    [[ $failed -eq 0 && $passed -gt 0 ]] || exit 1
    exit 0
}
trap on_exit EXIT

stop()
{
    echo "analyze.sh: $*" >&2
    exit 1
}

for tool in cppcheck clang-tidy gcc jq meson ninja; do
    command -v "$tool" >/dev/null || stop "$tool is missing; \`sh packaging/deps.sh\` installs what the tests need"
done

if [[ ! -f $build/compile_commands.json ]]; then
    meson setup "$build" >"$work/said" 2>&1 || {
        cat "$work/said"
        stop "the build in $build can't be set up"
    }
fi
ninja -C "$build" --quiet || stop "the build in $build failed"

# The compile commands of all sources and tests, once each, however often the build compiles them.
database=$work/compile_commands.json
jq 'unique_by(.file)' "$build/compile_commands.json" >"$database"
sources=(src/*/*.c)
[[ $(jq '[.[].file | select(test("(^|/)src/[a-z]+/[^/]*[.]c$"))] | length' "$database") -eq ${#sources[@]} ]] ||
    stop "the build in $build does not compile all of src"

# step TITLE COMMAND…: what the command prints is shown if it fails.
step()
{
    local title=$1 code=0 TIMEFORMAT='%U + %S s'
    shift
    { time "$@" >"$work/said" 2>&1; } 2>"$work/time" || code=$?
    if [[ $code -eq 0 ]]; then
        passed=$((passed + 1))
        echo "good: $title ($(<"$work/time"))"
    else
        failed=$((failed + 1))
        echo "bad:  $title ($(<"$work/time"))"
        grep -v "^[0-9]* warnings generated" "$work/said" | tail -n 200
    fi
}

# It looks for no system headers; the macros of these two it must know.
cppcheck_reads()
{
    cppcheck --quiet -j "$jobs" --error-exitcode=1 --enable=warning,portability,performance --inline-suppr \
        --suppress=missingIncludeSystem --include=/usr/include/utlist.h --include=/usr/include/uthash.h "$@"
}

# The analyzer follows a function for so many steps (instead of 225,000): a third of the time, and nothing less found.
clang_tidy_reads()
{
    clang-tidy --quiet --extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=30000 "$@"
}

# The analyzer on, and nothing written. What is left out of gcc 12's, and why:
#   malloc-leak        it loses sight of what goes into a table or a list, and of what is given away as its first member;
#                      the sanitizers and valgrind watch over leaks
#   -O, the parameter  keep `a || b` two branches: folded into one, the test of a pointer for NULL is forgotten
gcc_reads()
{
    timeout 300 gcc "$@" -O0 -fanalyzer -Werror -Wno-analyzer-malloc-leak --param logical-op-non-short-circuit=0 \
        -fdiagnostics-color=never -o /dev/null
}

# A source by its own compile command, without the compiler's name and what it writes.
gcc_reads_as_built()
{
    local directory=${1%%$'\t'*} command=${1#*$'\t'} source
    source=${command##* }
    command=${command#ccache }
    command=${command#* }
    command=${command%% -MD *}
    cd "$directory" || return
    eval "gcc_reads $command -c $source"
}

by_cppcheck()
{
    cppcheck_reads --project="$database"
}

# The slowest of them: the tests are left out.
by_clang_tidy()
{
    printf '%s\0' "${sources[@]}" | xargs -0 -P "$jobs" -n 1 bash -c "clang_tidy_reads -p \"$work\" \"\$@\"" _
}

by_gcc()
{
    jq -j '.[] | .directory + "\t" + .command + "\u0000"' "$database" |
        xargs -0 -P "$jobs" -n 1 bash -c "gcc_reads_as_built \"\$@\"" _
}

# finds PATTERN COMMAND…: whether the command fails, and for this reason.
finds()
{
    local pattern=$1
    shift
    if "$@" >"$work/found" 2>&1 || ! grep -q -e "$pattern" "$work/found"; then
        echo "not found: $pattern"
        cat "$work/found"
        return 1
    fi
}

each_finds_what_is_planted()
{
    local flags=(-std=c17 -D_GNU_SOURCE)
    finds arrayIndexOutOfBounds cppcheck_reads "$planted" &&
        finds bugprone-macro-parentheses clang_tidy_reads "$planted" -- "${flags[@]}" &&
        finds clang-analyzer-core.NullDereference clang_tidy_reads "$planted" -- "${flags[@]}" &&
        finds analyzer-use-after-free gcc_reads "${flags[@]}" -c "$planted"
}

export -f clang_tidy_reads gcc_reads gcc_reads_as_built
export work

step 'each tool finds what is planted for it' each_finds_what_is_planted
step 'cppcheck' by_cppcheck
step 'clang-tidy' by_clang_tidy
step 'gcc -fanalyzer' by_gcc
