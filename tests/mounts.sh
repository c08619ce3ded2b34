#!/bin/bash
# Runs the chapters of tests/bats, all but the numbered faults, on real mounts of real sandboxes.
#
#   mounts.sh RELEASE OTHER [CHAPTER]...     two build folders: the first for chapters with the tag `release`, whose subject is what
#                                            something costs or how long it takes; the second for the others
#
# JOBS=N runs so many at a time (4). A test that failed beside others is tried once more, alone, and told of. Each chapter's time
# stands in its head. The last line is `N passed, N failed`.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
release=${1:?a build folder}
other=${2:?a build folder}
shift 2
chapters=("${@/%/.bats}")
chapters=("${chapters[@]/#/tests/bats/}")
if [[ $# -eq 0 ]]; then mapfile -t chapters < <(find tests/bats -name '*.bats' ! -name '8?-faults-*' | sort); fi

WORK=$(mktemp -d)
export WORK BATS_TEST_TIMEOUT="${BATS_TEST_TIMEOUT:-120}"
trap 'rm -rf --one-file-system "$WORK"' EXIT
passed=0
failed=0
skipped=0

run_chapter()
{
    local build=$1 file=$2 name code=0 start=$SECONDS
    name=$(basename "$file" .bats)
    echo "$build" >"$WORK/$name.build"
    export SKYSTACKFS=$PWD/$build/src/app/skystackfs SKYSTACK_SANDBOX=$PWD/$build/src/sandbox/skystack-sandbox
    timeout -k 10 "${BATS_FILE_TIMEOUT:-900}" bats --formatter tap --print-output-on-failure "$file" \
        >"$WORK/$name.tap" 2>"$WORK/$name.err" </dev/null || code=$?
    echo "$code" >"$WORK/$name.code"
    (
        flock 9
        printf '\n# %s (%s, %d s)\n' "$file" "$build" $((SECONDS - start))
        cat "$WORK/$name.tap" "$WORK/$name.err"
    ) 9>"$WORK/lock"
}
export -f run_chapter

# The longest first, so that none is left to run alone at the end: two that wait for minutes, the others by their size.
in_order()
{
    wc -c "$@" 2>/dev/null | awk '$2 != "total" { print ($2 ~ /55-crash|58-settling/ ? 1000000 : 0) + $1, $2 }' | sort -rn |
        cut -d ' ' -f 2
}

for file in $(in_order "${chapters[@]}"); do
    if grep -q '^# bats file_tags=.*release' "$file"; then build=$release; else build=$other; fi
    echo "$build $file"
done | xargs -P "${JOBS:-4}" -n 2 bash -c 'run_chapter "$@"' _

bash tests/again.sh "$WORK"

# Every chapter must have begun, ended, and run as many tests as it has.
for file in "${chapters[@]}"; do
    name=$(basename "$file" .bats)
    tap=$WORK/$name.tap
    code=$(cat "$WORK/$name.code" 2>/dev/null)
    planned=$(sed -n 's/^1\.\.\([0-9][0-9]*\)$/\1/p' "$tap" 2>/dev/null | head -n 1)
    if [[ -z $code || ${planned:-0} -eq 0 ]]; then
        echo "$name: it did not run to its end"
        failed=$((failed + 1))
        continue
    fi
    skip=$(grep -c '^ok .* # skip' "$tap")
    good=$(($(grep -c '^ok ' "$tap") - skip))
    bad=$(grep -c '^not ok ' "$tap")
    lost=$((planned - good - bad - skip))
    if [[ $lost -gt 0 ]]; then
        echo "$name: $lost tests never ended"
        bad=$((bad + lost))
    fi
    if [[ $code -ne 0 && $bad -eq 0 ]] && ! grep -q '# passed when tried again$' "$tap"; then
        echo "$name: bats ended with $code"
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + skip))
done
if [[ $skipped -gt 0 ]]; then echo "$skipped skipped"; fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
