#!/bin/sh
# Builds skystackfs and runs all its tests: the unit tests, then tests/bats/*.bats on real mounts, of which tests/faults runs
# the numbered faults.
#
#   run.sh [--quick] [--sanitize] [--no-deps]
#
#   --quick      leave out the compilation with clang
#   --sanitize   build and run everything with AddressSanitizer and UndefinedBehaviorSanitizer
#   --no-deps    install nothing
#
# The last line is `N passed, N failed`; what failed stands above it. The result is 0 only if something ran and nothing
# failed. A test on mounts that failed beside others is tried once more, alone, and told of. FILES="one.bats two.bats" runs
# these alone; JOBS=N runs so many files at a time (2).
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

quick=
sanitize=
deps=yes
for word; do
    case "$word" in
    --quick) quick=yes ;;
    --sanitize) sanitize=yes ;;
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

if [ -n "$sanitize" ]; then
    build='build-asan'
    compile "$build" -Db_sanitize=address,undefined -Dc_args=-DSKY_CRASH_POINTS
else
    build='build-test' # with the steps at which the tests kill it
    if [ -z "$quick" ]; then
        CC=clang compile build-clang
    fi
    compile "$build" -Dbuildtype=release -Dc_args=-DSKY_CRASH_POINTS
fi

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
if [ -n "$sanitize" ]; then
    export ASAN_OPTIONS="log_path=$work/reports/asan:detect_leaks=1:abort_on_error=0:exitcode=99"
    export UBSAN_OPTIONS="log_path=$work/reports/ubsan:print_stacktrace=1:halt_on_error=1:exitcode=99"
fi

# --- unit tests ---

headline "unit tests"
log=$build/meson-logs/testlog.json
rm -f "$log"
meson test -C "$build" --no-rebuild --suite unit --print-errorlogs ${sanitize:+--timeout-multiplier 5} || true
[ -s "$log" ] || stop "no unit test ran"
# A program of cmocka tells how many cases it runs and names each that was good; a program that dies has lost the rest.
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
echo "unit tests: $passed passed, $failed failed"

# --- bats ---

headline "tests on mounts"
export SKYSTACKFS="$root/$build/src/app/skystackfs"
export SKYSTACK_SANDBOX="$root/$build/src/sandbox/skystack-sandbox"
export BATS_TEST_TIMEOUT="${BATS_TEST_TIMEOUT:-120}"
export WORK="$work"

# Each file's report is printed in one piece when it is through.
# shellcheck disable=SC2016,SC2086  # the inner shell's variables; a list of files
printf '%s\n' ${FILES:-$(find tests/bats -name '*.bats' ! -name '8?-faults-*' | sort)} | xargs -P "${JOBS:-2}" -n 1 sh -c '
    name=$(basename "$1" .bats)
    code=0
    timeout -k 10 "${BATS_FILE_TIMEOUT:-900}" bats --formatter tap --print-output-on-failure "$1" \
        >"$WORK/bats/$name.tap" 2>"$WORK/bats/$name.err" </dev/null || code=$?
    echo "$code" >"$WORK/bats/$name.code"
    flock "$WORK" sh -c "echo; echo \"# \$1\"; cat \"\$2.tap\" \"\$2.err\"" sh "$1" "$WORK/bats/$name"
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

if [ -z "${FILES-}" ]; then
    headline "the numbered faults"
    tests/faults | tee "$work/faults" || true
    sum=$(tail -n 1 "$work/faults")
    case "$sum" in
    *' passed, '*' failed') ;;
    *) sum='0 passed, 1 failed' ;;
    esac
    bad=${sum#* passed, }
    skip=$(sed -n 's/^\([0-9]*\) skipped$/\1/p' "$work/faults")
    count "${sum%% *}" "${bad% failed}" "${skip:-0}"
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
