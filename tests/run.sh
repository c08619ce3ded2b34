#!/bin/sh
# Builds skystackfs, as it is released and with AddressSanitizer and UndefinedBehaviorSanitizer, and runs all its tests: the unit
# tests and the numbered faults (tests/faults) with both, each chapter of tests/bats on real mounts with one of them. A chapter
# whose subject is what something costs or how long it takes has the tag `release`; the others run with the sanitizers.
#
#   run.sh [--quick] [--release | --sanitize] [--no-deps]
#
#   --quick      leave out the compilation with clang
#   --release    everything with the released build alone
#   --sanitize   everything with the sanitizers alone
#   --no-deps    install nothing
#
# The last line is `N passed, N failed`; what failed stands above it. The result is 0 only if something ran and nothing
# failed. A test on mounts that failed beside others is tried once more, alone, and told of. FILES="one.bats two.bats" runs
# these alone; JOBS=N runs so many files at a time (2).
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

RELEASE='build-test' # with the steps at which the tests kill it
SANITIZED='build-asan'
quick=
builds="$RELEASE $SANITIZED"
deps=yes
for word; do
    case "$word" in
    --quick) quick=yes ;;
    --release) builds=$RELEASE ;;
    --sanitize) builds=$SANITIZED ;;
    --no-deps) deps= ;;
    *)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0" >&2
        exit 2
        ;;
    esac
done

passed=0
failed=0
skipped=0
work=

# shellcheck source=/dev/null
. tests/ours.sh

# Whatever way this ends, the sum is the last line.
on_exit()
{
    result=$?
    trap - EXIT
    if [ "$result" -ne 0 ]; then
        failed=$((failed + 1))
    fi
    if [ -n "$work" ]; then
        end_all
        rm -rf --one-file-system "$work"
    fi
    if [ "$skipped" -gt 0 ]; then
        echo "$skipped skipped"
    fi
    echo "$passed passed, $failed failed"
    if [ "$failed" -gt 0 ] || [ "$passed" -eq 0 ]; then
        exit 1
    fi
    exit 0
}
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

stop()
{
    echo "run.sh: $*" >&2
    exit 1
}

headline()
{
    printf '\n=== %s\n' "$*"
}

count()
{
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + ${3:-0}))
}

# --- building ---

if [ -n "$deps" ]; then
    sh packaging/deps.sh
fi
(: <>/dev/fuse) 2>/dev/null || stop "/dev/fuse can't be opened, and without it nothing can be mounted or tested" \
    "(\`modprobe fuse\`; in a container: --device /dev/fuse --cap-add SYS_ADMIN)"

# compile FOLDER [MESON OPTION]...
compile()
{
    folder=$1
    shift
    headline "building in $folder"
    if [ ! -f "$folder/build.ninja" ]; then
        meson setup "$folder" "$@" >"$folder.log" 2>&1 || {
            cat "$folder.log"
            rm -f "$folder.log"
            stop "the build in $folder can't be set up"
        }
        rm -f "$folder.log"
    fi
    ninja -C "$folder" --quiet || stop "the build in $folder failed"
}

for build in $builds; do
    case $build in
    "$RELEASE")
        if [ -z "$quick" ]; then
            CC=clang compile build-clang
        fi
        compile "$build" -Dbuildtype=release -Dc_args=-DSKY_CRASH_POINTS
        ;;
    *) compile "$build" -Db_sanitize=address,undefined -Dc_args=-DSKY_CRASH_POINTS ;;
    esac
done

# --- what this run leaves behind is told by this mark in each process's environment, and by this folder ---

work=$(mktemp -d "${TMPDIR:-/tmp}/skystackfs-test.XXXXXX")
mkdir "$work/tmp" "$work/bats" "$work/reports"
export SKYSTACKFS_TEST_RUN="$work"
export TMPDIR="$work/tmp"

our_mounts()
{
    awk '$3 == "fuse.skystackfs" { print $2 }' /proc/self/mounts | sort
}

# Lines `PID COMMAND…` of living programs of ours that this run ($1: -e) or anything else ($1: -v) started.
programs()
{
    for pid in $(pgrep -f 'skystack(fs|-sandbox)' || true); do
        command=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" || true)
        case "${command%% *}" in
        *skystackfs | *skystack-sandbox) ;;
        *) continue ;;
        esac
        if tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -q -x -F "SKYSTACKFS_TEST_RUN=$work"; then
            [ "$1" = ours ] && echo "$pid $command"
        else
            [ "$1" = others ] && echo "$pid $command"
        fi
    done
    true
}

our_mounts >"$work/mounts-before"

# In the background a program's standard error goes nowhere, so sanitizers report into files.
export ASAN_OPTIONS="log_path=$work/reports/asan:detect_leaks=1:abort_on_error=0:exitcode=99"
export UBSAN_OPTIONS="log_path=$work/reports/ubsan:print_stacktrace=1:halt_on_error=1:exitcode=99"

# --- unit tests ---

# A program of cmocka tells how many cases it runs and names each that was good; a program that dies has lost the rest.
unit_tests()
{
    headline "unit tests, $1"
    log=$1/meson-logs/testlog.json
    rm -f "$log"
    slower=
    if [ "$1" = "$SANITIZED" ]; then slower='--timeout-multiplier 5'; fi
    # shellcheck disable=SC2086  # an option and its value, or nothing
    meson test -C "$1" --no-rebuild --suite unit --print-errorlogs $slower || true
    [ -s "$log" ] || stop "no unit test ran"
    jq -r '
        (.stdout // "") as $out
        | ([$out | scan("Running ([0-9]+) test") | .[0] | tonumber] | add) as $cases
        | ([$out | scan("\\[ +OK +\\]")] | length) as $good
        | ([$out | scan("\\[  SKIPPED \\] \\w+\n")] | length) as $skipped
        | (.result == "OK") as $ok
        | if $cases == null then (if $ok then "1 0 0" else "0 1 0" end)
          else "\($good) \([$cases - $good - $skipped, (if $ok then 0 else 1 end)] | max) \($skipped)" end
    ' "$log" >"$work/unit"
    while read -r good bad skip; do
        count "$good" "$bad" "$skip"
    done <"$work/unit"
    echo "unit tests: $passed passed, $failed failed so far"
}

for build in $builds; do
    unit_tests "$build"
done

# --- bats ---

headline "tests on mounts"
export BATS_TEST_TIMEOUT="${BATS_TEST_TIMEOUT:-120}"
export WORK="$work"

# build_for CHAPTER: prints the build that it runs with
build_for()
{
    case $builds in
    *' '*) if grep -q '^# bats file_tags=.*release' "$1"; then echo "$RELEASE"; else echo "$SANITIZED"; fi ;;
    *) echo "$builds" ;;
    esac
}

# Each file's report is printed in one piece when it is through.
# shellcheck disable=SC2016  # the inner shell's variables
for file in ${FILES:-$(find tests/bats -name '*.bats' ! -name '8?-faults-*' | sort)}; do
    echo "$(build_for "$file")" "$file"
done | xargs -P "${JOBS:-2}" -n 2 sh -c '
    name=$(basename "$2" .bats)
    code=0
    echo "$1" >"$WORK/bats/$name.build"
    export SKYSTACKFS="$PWD/$1/src/app/skystackfs" SKYSTACK_SANDBOX="$PWD/$1/src/sandbox/skystack-sandbox"
    timeout -k 10 "${BATS_FILE_TIMEOUT:-900}" bats --formatter tap --print-output-on-failure "$2" \
        >"$WORK/bats/$name.tap" 2>"$WORK/bats/$name.err" </dev/null || code=$?
    echo "$code" >"$WORK/bats/$name.code"
    flock "$WORK" sh -c "echo; echo \"# \$1 (\$2)\"; cat \"\$3.tap\" \"\$3.err\"" sh "$2" "$1" "$WORK/bats/$name"
' sh || stop "the tests on mounts can't be run"

bash tests/again.sh "$work/bats"

for tap in "$work"/bats/*.tap; do
    code=$(cat "${tap%.tap}.code")
    planned=$(sed -n 's/^1\.\.\([0-9][0-9]*\)$/\1/p' "$tap" | head -n 1)
    skip=$(grep -c '^ok .* # skip' "$tap" || true)
    good=$(($(grep -c '^ok ' "$tap" || true) - skip))
    bad=$(grep -c '^not ok ' "$tap" || true)
    lost=$((${planned:-0} - good - bad - skip))
    if [ "$lost" -gt 0 ]; then
        echo "$(basename "$tap" .tap): $lost tests never ended"
        bad=$((bad + lost))
    fi
    if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ] && ! grep -q '# passed when tried again$' "$tap"; then
        echo "$(basename "$tap" .tap): bats ended with $code"
        bad=1
    fi
    count "$good" "$bad" "$skip"
done

# faults BUILD
faults()
{
    headline "the numbered faults, $1"
    SKYSTACKFS="$root/$1/src/app/skystackfs" SKYSTACK_SANDBOX="$root/$1/src/sandbox/skystack-sandbox" tests/faults |
        tee "$work/faults" || true
    sum=$(tail -n 1 "$work/faults")
    case "$sum" in
    *' passed, '*' failed') ;;
    *) sum='0 passed, 1 failed' ;;
    esac
    bad=${sum#* passed, }
    skip=$(sed -n 's/^\([0-9]*\) skipped$/\1/p' "$work/faults")
    count "${sum%% *}" "${bad% failed}" "${skip:-0}"
}

if [ -z "${FILES-}" ]; then
    for build in $builds; do
        faults "$build"
    done
fi

# --- what must not be left ---

headline "what is left behind"
clean=yes
tries=50
while [ -n "$(programs ours)" ] && [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    sleep 0.1
done

our_mounts | comm -13 "$work/mounts-before" - >"$work/mounts-new"
while read -r at; do
    case "$at" in
    "$work"/*) ;;
    *) ! programs others | grep -q -F -e " $at " || continue ;;
    esac
    echo "left mounted: $at"
    umount -l "$at" 2>/dev/null || fusermount3 -u -z "$at" || true
    clean=
done <"$work/mounts-new"

programs ours >"$work/programs-left"
while read -r pid command; do
    echo "left running: $pid $command"
    kill -KILL "$pid" 2>/dev/null || true
    clean=
done <"$work/programs-left"

for report in "$work"/reports/*; do
    [ -e "$report" ] || continue
    echo "a sanitizer's report:"
    cat "$report"
    count 0 1
done

if [ -n "$clean" ]; then
    echo "no mount, no process"
    count 1 0
else
    count 0 1
fi
echo
