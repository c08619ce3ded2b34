#!/bin/sh
# Builds skystackfs and runs all its tests, in named steps:
#
#   format      the sources are formatted as .clang-format says
#   lint        what tools can tell of the sources: style, the layer law, shellcheck, cppcheck, clang-tidy, gcc's analyzer
#   build       gcc (as released, and with AddressSanitizer and UndefinedBehaviorSanitizer) and clang
#   unit        the unit tests
#   sim         simulated histories, and bugs that are planted for them to find
#   bats        the chapters of tests/bats on real mounts; those with the tag `release` with the released build, the others with the
#               sanitizers
#   contract    client and sandbox against docs/openapi.yaml
#   sanitizers  the unit tests with the sanitizers and under valgrind; calls that fail one by one; fuzzing
#   faults      the numbered faults, with the released build or with the sanitizers, as the seed says; with both where BOTH=1
#   package     Debian's packages: built, installed, used and removed
#   documents   every command of README and docs
#
#   run.sh [--quick] [--no-deps] [STEP]...     all steps, or these
#
#   --quick      for the inner loop: less than two minutes once it is built. It says what it leaves out.
#   --no-deps    install nothing
#
# What only calculates runs beside what works on mounts, and gives way to it. A step's output is printed in one piece when
# it is through. SEED=N chooses the histories and the places where calls fail (else the time does); JOBS=N runs so many chapters
# at a time (4). A test on mounts that failed beside others is tried once more, alone, and told of.
#
# The last line is `N passed, N failed`; what failed stands above it. The result is 0 only if something ran and nothing
# failed.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

ALL='format lint build unit sim bats contract sanitizers faults package documents'
QUICK='format lint build unit sim bats'
RELEASE='build-test' # with the steps at which the tests kill it
SANITIZED='build-asan'
quick=
deps=yes
wanted=
for word; do
    case "$word" in
    --quick) quick=yes ;;
    --no-deps) deps= ;;
    *)
        case " $ALL " in
        *" $word "*) wanted="$wanted $word" ;;
        *)
            sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0" >&2
            exit 2
            ;;
        esac
        ;;
    esac
done
if [ -z "$wanted" ]; then
    wanted=$ALL
    if [ -n "$quick" ]; then wanted=$QUICK; fi
fi
export SEED="${SEED:-$(date +%s)000}"
# The same sources are compiled in several folders, and in copies: what ccache has of one serves the others.
export CCACHE_NOHASHDIR=1

work=

# shellcheck source=/dev/null
. tests/ours.sh

# Whatever way this ends, the sum is the last line.
on_exit()
{
    result=$?
    trap - EXIT
    passed=0
    failed=0
    skipped=0
    if [ -n "$work" ]; then
        end_all
        summary
        rm -rf --one-file-system "$work"
    fi
    if [ "$result" -ne 0 ]; then
        failed=$((failed + 1))
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

# Adds the steps up, in their order.
summary()
{
    printf '\n=== in short, after %d s\n' $(($(date +%s) - began))
    for name in $ALL left-behind; do
        [ -f "$work/steps/$name" ] || continue
        read -r state seconds good bad skip <"$work/steps/$name"
        printf '%-8s %-11s %5d s  %5d passed  %3d failed  %3d skipped\n' "$state" "$name" "$seconds" "$good" "$bad" "$skip"
        passed=$((passed + good))
        failed=$((failed + bad))
        skipped=$((skipped + skip))
    done
}

stop()
{
    echo "run.sh: $*" >&2
    exit 1
}

trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

began=$(date +%s)
if [ -n "$deps" ]; then
    sh packaging/deps.sh
fi
(: <>/dev/fuse) 2>/dev/null || stop "/dev/fuse can't be opened, and without it nothing can be mounted or tested" \
    "(\`modprobe fuse\`; in a container: --device /dev/fuse --cap-add SYS_ADMIN)"

# What this run leaves behind is told by this mark in each process's environment, and by this folder.
work=$(mktemp -d "${TMPDIR:-/tmp}/skystackfs-test.XXXXXX")
mkdir "$work/tmp" "$work/steps" "$work/logs" "$work/reports"
export SKYSTACKFS_TEST_RUN="$work"
export TMPDIR="$work/tmp"
# In the background a program's standard error goes nowhere, so sanitizers report into files.
export ASAN_OPTIONS="log_path=$work/reports/asan:detect_leaks=1:abort_on_error=0:exitcode=99"
export UBSAN_OPTIONS="log_path=$work/reports/ubsan:print_stacktrace=1:halt_on_error=1:exitcode=99"

# --- steps ---

# part COMMAND…: one of a step's; its last line `N passed, N failed` counts, a line `N skipped` before it too; else it is one.
# shellcheck disable=SC2154  # $name is the step's
part()
{
    printf '\n--- %s\n' "$*"
    code=0
    "$@" >"$work/logs/$name.part" 2>&1 </dev/null || code=$?
    cat "$work/logs/$name.part"
    line=$(tail -n 1 "$work/logs/$name.part")
    part_good=0
    part_bad=0
    case $line in
    *[0-9]\ passed,\ [0-9]*\ failed)
        part_good=${line%% passed*}
        part_bad=${line#*passed, }
        part_bad=${part_bad%% failed*}
        ;;
    *) if [ "$code" -eq 0 ]; then part_good=1; fi ;;
    esac
    if [ "$code" -ne 0 ] && [ "$part_bad" -eq 0 ]; then part_bad=1; fi
    part_skip=$(sed -n 's/^\([0-9][0-9]*\) skipped.*/\1/p' "$work/logs/$name.part" | tail -n 1)
    good=$((good + part_good))
    bad=$((bad + part_bad))
    skip=$((skip + ${part_skip:-0}))
}

run_step()
{
    name=$1
    good=0
    bad=0
    skip=0
    start=$(date +%s)
    "step_$name" >"$work/logs/$name" 2>&1
    state=good
    if [ "$bad" -gt 0 ] || [ "$good" -eq 0 ]; then
        state=FAILED
        if [ "$bad" -eq 0 ]; then bad=1; fi
    fi
    seconds=$(($(date +%s) - start))
    echo "$state $seconds $good $bad $skip" >"$work/steps/$name"
    (
        flock 9
        printf '\n=== %s: %s, %d s\n' "$name" "$state" "$seconds"
        cat "$work/logs/$name"
    ) 9>"$work/lock"
    rm -f "$work/logs/$name" "$work/logs/$name.part"
}

# steps NAME…: those of them that are wanted
steps()
{
    for step in "$@"; do
        case " $wanted " in
        *" $step "*) run_step "$step" ;;
        esac
    done
}

step_format() { part bash tests/format.sh; }

step_lint()
{
    part bash tests/style.sh
    part bash tests/build.sh build
    part bash tests/layers.sh
    if [ -z "$quick" ]; then part bash tests/analyze.sh; else echo "left out: cppcheck, clang-tidy, gcc's analyzer"; fi
}

step_build()
{
    if [ -n "$quick" ]; then
        part bash tests/build.sh "$RELEASE"
        echo "left out: the builds with clang and with the sanitizers"
    else
        part bash tests/build.sh "$RELEASE" "$SANITIZED" build-clang
    fi
}

# Each step brings what it tests up to date, since it may be asked for alone; after `build` that takes no time.
step_unit()
{
    part bash tests/build.sh "$RELEASE"
    part bash tests/unit.sh "$RELEASE"
}

step_sim()
{
    if [ -n "$quick" ]; then
        part tests/sim --quick
        echo "left out: 19,000 histories, days of steady use, calls that fail, planted bugs"
    else
        part tests/sim
        part tests/sim --planted
        part tests/sim --torture
    fi
}

step_bats()
{
    if [ -n "$quick" ]; then
        part bash tests/build.sh "$RELEASE"
        part bash tests/mounts.sh "$RELEASE" "$RELEASE" 10-names 30-creating 32-deleting 47-configuration 51-updates
        echo "left out: the other chapters"
    else
        part bash tests/build.sh "$RELEASE" "$SANITIZED"
        part bash tests/mounts.sh "$RELEASE" "$SANITIZED"
    fi
}

step_contract()
{
    part bash tests/build.sh build
    part bash tests/contract.sh
}

step_sanitizers()
{
    part bash tests/build.sh build "$SANITIZED"
    part bash tests/unit.sh "$SANITIZED"
    part bash tests/valgrind.sh
    part env BUDGET="${TORTURE_SECONDS:-40}" tests/torture
    part bash tests/fuzz/run.sh "${FUZZ_SECONDS:-8}"
}

step_faults()
{
    part bash tests/build.sh "$RELEASE" "$SANITIZED"
    builds=$SANITIZED
    if [ $((SEED / 1000 % 2)) -eq 0 ]; then builds=$RELEASE; fi
    if [ -n "${BOTH-}" ]; then builds="$RELEASE $SANITIZED"; fi
    for build in $builds; do
        part env "SKYSTACKFS=$root/$build/src/app/skystackfs" "SKYSTACK_SANDBOX=$root/$build/src/sandbox/skystack-sandbox" tests/faults
    done
}

step_package() { part bash tests/package.sh; }

step_documents() { part bash tests/documents.sh; }

# --- what must not be left ---

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

what_is_left()
{
    left=0
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
        left=$((left + 1))
    done <"$work/mounts-new"

    programs ours >"$work/programs-left"
    while read -r pid command; do
        echo "left running: $pid $command"
        kill -KILL "$pid" 2>/dev/null || true
        left=$((left + 1))
    done <"$work/programs-left"

    for report in "$work"/reports/*; do
        [ -e "$report" ] || continue
        echo "a sanitizer's report:"
        cat "$report"
        left=$((left + 1))
    done

    if [ "$left" -eq 0 ]; then
        echo "no mount, no process, no sanitizer's report"
        echo "good 0 1 0 0" >"$work/steps/left-behind"
    else
        echo "FAILED 0 0 $left 0" >"$work/steps/left-behind"
    fi
}

our_mounts >"$work/mounts-before"

steps format lint build
(
    renice -n 10 -p "$(sh -c 'echo $PPID')" >/dev/null
    steps sim sanitizers
) &
lane=$!
steps unit bats contract faults package documents
wait "$lane" || stop "the steps that calculate did not end well"

printf '\n=== what is left behind\n'
what_is_left
