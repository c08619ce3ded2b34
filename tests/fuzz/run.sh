#!/bin/bash
# Fuzzing: builds libFuzzer's targets with clang and the sanitizers, and lets each look for trouble.
#
#   run.sh [--keep] [SECONDS] [TARGET…]     default: 60 seconds each, all targets, two at a time
#
# Each target first meets what was found before (found/TARGET/, each a past fault), then what is kept of earlier runs
# (corpus/TARGET/), and then what libFuzzer makes of that. A find fails the target; its bytes stay in
# build-fuzz/finds/TARGET/ and are printed, so that they can be put into found/TARGET/ beside the mended fault.
# With --keep, the corpus takes in what was new, and is made as small as it can be.
#
# The last line is `N passed, N failed`. JOBS=N runs so many targets at a time; MEMORY=MB bounds each (1024).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build-fuzz

keep=
if [[ ${1:-} == --keep ]]; then
    keep=yes
    shift
fi
seconds=60
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
fi
mapfile -t known < <(cd "$here" && for file in fuzz_*.c; do basename "$file" .c; done | sed 's/^fuzz_//')
targets=("${@:-${known[@]}}")

work=$(mktemp -d "${TMPDIR:-/tmp}/skystackfs-fuzz.XXXXXX")
running=
on_exit()
{
    if [[ -n $running ]]; then kill -TERM -- "-$running" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cd "$root"
if [[ ! -f $build/build.ninja ]]; then
    CC=clang meson setup "$build" -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
        -Dc_args=-fsanitize=fuzzer-no-link >"$work/setup.log" 2>&1 || {
        cat "$work/setup.log"
        echo "run.sh: the fuzz targets can't be set up (clang and libclang-rt are needed)" >&2
        exit 1
    }
fi
ninja -C "$build" --quiet fuzz >"$work/build.log" || {
    cat "$work/build.log"
    exit 1
}

# One target: its report into $work/TARGET.log, and the line about it to standard output.
run_one()
{
    local target=$1 program=$build/tests/fuzz/fuzz_$1 finds=$build/finds/$1 log=$work/$1.log
    # To weigh inputs by how rare what they reach is takes longer than a history of `operations`. The timeout is of the
    # wall's clock: an input that takes milliseconds may take seconds on a machine that has other things to do.
    local common=(-rss_limit_mb="${MEMORY:-1024}" -timeout=150 -artifact_prefix="$finds/" -print_final_stats=1 -entropic=0)
    local code=0 result=good dict=() known_files file

    mkdir -p "$finds" "$work/$target" "$here/corpus/$target"
    [[ -f $here/$target.dict ]] && dict=("-dict=$here/$target.dict")
    mapfile -t known_files < <(find "$here/found/$target" -type f 2>/dev/null | sort)
    if [[ ${#known_files[@]} -gt 0 ]]; then
        "$program" "${common[@]}" "${known_files[@]}" >"$log" 2>&1 </dev/null || code=$?
    fi
    if [[ $code -eq 0 ]]; then
        timeout --foreground -k 10 $((seconds + 180)) "$program" "${common[@]}" "${dict[@]}" -max_total_time="$seconds" \
            "$work/$target" "$here/corpus/$target" >"$log" 2>&1 </dev/null || code=$?
    fi
    [[ $code -eq 0 ]] || result=FAILED
    printf '%-7s %-10s %10s runs  %6s new inputs  %6s branches  %4s MB\n' "$result" "$target" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)" \
        "$(find "$work/$target" -type f | wc -l)" \
        "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)" \
        "$(sed -n 's/^stat::peak_rss_mb: *//p' "$log" | tail -n 1)"
    if [[ $code -ne 0 ]]; then
        grep -E -A 25 'does not hold|ERROR: |runtime error|Test unit written' "$log" | head -n 60 || true
        file=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
        [[ -n $file ]] && printf 'reproduce: %s %s\nbase64: %s\n' "$program" "$file" "$(base64 -w 0 "$file")"
        return
    fi
    touch "$work/$target.good"
    if [[ -n $keep ]]; then
        mkdir "$work/$target.small"
        "$program" -merge=1 -use_counters=0 -rss_limit_mb="${MEMORY:-1024}" "$work/$target.small" "$here/corpus/$target" \
            "$work/$target" >"$work/$target.merge" 2>&1
        rm -rf "$here/corpus/$target"
        cp -r "$work/$target.small" "$here/corpus/$target"
    fi
}

for target in "${targets[@]}"; do
    [[ -x $build/tests/fuzz/fuzz_$target ]] || {
        echo "run.sh: there is no target $target; there are: ${known[*]}" >&2
        exit 2
    }
done
# Freed memory is kept for a while, to notice its use; with less of it the rest stays in the processor's caches.
export ASAN_OPTIONS=quarantine_size_mb=16:${ASAN_OPTIONS:-}
export -f run_one
export work build here seconds keep
set -m # a group of their own, which can be ended
xargs -P "${JOBS:-2}" -I TARGET bash -euo pipefail -c 'run_one TARGET' <<<"$(printf '%s\n' "${targets[@]}")" &
running=$!
wait "$running" || true
running=

passed=$(find "$work" -maxdepth 1 -name '*.good' | wc -l)
failed=$((${#targets[@]} - passed))
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
