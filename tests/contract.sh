#!/bin/bash
# Proves client and sandbox against docs/openapi.yaml, the contract, by tools that know neither: Spectral reads it, and
# then Prism stands between the two while the main chapters of tests/bats run, and reports whatever breaks it.
#
#   client ── HTTP/2, TLS ── nghttpx ── HTTP ── Prism ── HTTPS ── sandbox
#
#   contract.sh [--all | FILE.bats...]     default: the chapters about reading, creating, updates, deleting and renames
#
# Needs node and npm; the tools, with the versions of tests/contract/package-lock.json, go to build-contract/, and stay there.
# Any report of Prism's is a failure, a warning too. First it is tried whether it finds what was planted. Tests marked
# `# bats test_tags=direct` are left out, each for the reason that stands beside it. One that failed beside others is
# tried once more, alone. JOBS=N: so many files at a time (2). The last line is `N passed, N failed`.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
tools=$root/build-contract
bin=$tools/node_modules/.bin
main=(30-creating 11-reading 51-updates 32-deleting 53-renames)
others=(50-commit 52-deleting-later 54-kept-texts 10-names 13-requests 56-posix 57-why 58-settling)

export SKYSTACKFS=${SKYSTACKFS:-$root/build/src/app/skystackfs}
export SKYSTACK_SANDBOX=${SKYSTACK_SANDBOX:-$root/build/src/sandbox/skystack-sandbox}
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-120}

# shellcheck source=/dev/null
. tests/bats/proxies.bash
# shellcheck source=/dev/null
. tests/ours.sh

passed=0
failed=0

good()
{
    passed=$((passed + 1))
    echo "good: $1"
}

bad()
{
    failed=$((failed + 1))
    echo "bad:  $1"
}

# --- the tools ---

install_tools()
{
    if ! cmp -s tests/contract/package-lock.json "$tools/package-lock.json" || [[ ! -e $tools/complete ]]; then
        rm -rf "$tools"
        mkdir "$tools"
        cp tests/contract/package.json tests/contract/package-lock.json "$tools"
        (cd "$tools" && timeout 600 npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error) || {
            echo "contract.sh: npm can't install what tests/contract/package-lock.json names" >&2
            exit 1
        }
        touch "$tools/complete"
    fi
}

# --- the chain: nghttpx and Prism, in front of a sandbox that comes and goes ---

# chain_start FOLDER: FOLDER/listen is where the sandbox has to listen, FOLDER/endpoint what the client is given,
# FOLDER/tls the certificates of both, FOLDER/prism.log the log.
chain_start()
{
    local chain=$1 sandbox prism
    mkdir -p "$chain"
    make_certificates "$chain/tls"
    sandbox=$(free_port)
    prism=$(free_port)
    NODE_EXTRA_CA_CERTS=$chain/tls/ca.pem node "$tools/node_modules/@stoplight/prism-cli/dist/index.js" proxy \
        docs/openapi.yaml "https://127.0.0.1:$sandbox" --port "$prism" --cors=false >>"$chain/prism.log" 2>&1 &
    proxy_up "$prism" $! "$chain/prism.log"
    disown $!
    NGHTTPX_PORT=
    nghttpx_start "$chain/nghttpx" "$chain/tls" "127.0.0.1,$prism"
    disown "$NGHTTPX_PID"
    echo "127.0.0.1:$sandbox" >"$chain/listen"
    echo "https://127.0.0.1:$NGHTTPX_PORT" >"$chain/endpoint"
}

# A sandbox makes its certificates when it starts.
make_certificates()
{
    local pid tries
    "$SKYSTACK_SANDBOX" --dir "$1" >"$1.line" 2>&1 &
    pid=$!
    for ((tries = 0; tries < 500; tries++)); do
        if [[ -s $1.line ]]; then break; fi
        sleep 0.02
    done
    kill "$pid"
    wait "$pid" || true
    find "$1" -type f ! -name '*.pem' -delete
}

on_exit()
{
    local code=$?
    trap - EXIT
    trap '' INT TERM HUP
    export -n SKYSTACKFS_TEST_RUN
    end_all
    rm -rf --one-file-system "$work"
    if [[ $code -ne 0 ]]; then failed=$((failed + 1)); fi
    echo "$passed passed, $failed failed"
    [[ $failed -eq 0 && $passed -gt 0 ]] || exit 1
    exit 0
}

# --- what ran ---

# run_chapters FILE...: each behind the chain of the lane that it runs in.
run_chapters()
{
    # shellcheck disable=SC2016  # the inner shell's variables
    xargs -P "$lanes" -n 1 --process-slot-var=LANE bash -c '
        name=$(basename "$1" .bats)
        export SKYSTACK_THROUGH=$WORK/chain-$LANE
        timeout -k 10 "${BATS_FILE_TIMEOUT:-900}" bats --filter-tags "!direct" --formatter tap --print-output-on-failure "$1" \
            >"$WORK/bats/$name.tap" 2>&1 </dev/null || echo $? >"$WORK/bats/$name.code"
    ' bash <<<"$(printf '%s\n' "$@")" &
    wait $! # and not in front, where a signal would wait for it
    SKYSTACK_THROUGH=$work/chain-0 bash tests/again.sh "$work/bats"
}

# One report in the TAP format: all that was planned passed, or was skipped.
count_report()
{
    local tap=$1 planned oks
    planned=$(sed -n 's/^1\.\.\([0-9][0-9]*\)$/\1/p' "$tap" | head -n 1)
    oks=$(grep -c '^ok ' "$tap" || true)
    if [[ $oks -gt 0 && $oks -eq $planned && (! -e ${tap%.tap}.code || $(<"$tap") == *'# passed when tried again'*) ]]; then
        good "$(basename "$tap" .tap): $oks tests"
        passed=$((passed + oks - 1))
    else
        bad "$(basename "$tap" .tap): $oks of ${planned:-0} tests passed; bats ended with $(cat "${tap%.tap}.code" 2>/dev/null || echo 0)"
        grep -v '^ok ' "$tap" || true
    fi
}

# What Prism reported, each with how often.
violations()
{
    cat "$@" | grep -o 'Violation: .*' | sort | uniq -c || true
}

# How many requests Prism has seen, by operation.
seen()
{
    cat "$@" | grep -o -E '\[HTTP SERVER\] [a-z]+ /v1/[^ ]* .*Request received' | awk '{ print $3, $4 }' |
        sed -E 's,(/v1/instances)/.*,\1/{id},' | sort | uniq -c
}

# --- all of it ---

lanes=${JOBS:-2}
work=$(mktemp -d "${TMPDIR:-/tmp}/skystackfs-contract.XXXXXX")
mkdir "$work/tmp" "$work/bats"
export WORK=$work SKYSTACKFS_TEST_RUN=$work TMPDIR=$work/tmp
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

install_tools

if "$bin/spectral" lint -F hint -r tests/contract/spectral.yaml docs/openapi.yaml; then
    good 'Spectral finds no fault in docs/openapi.yaml'
else
    bad 'Spectral finds faults in docs/openapi.yaml'
fi

for ((lane = 0; lane < lanes; lane++)); do
    chain_start "$work/chain-$lane"
done

export SKYSTACK_THROUGH=$work/chain-0
timeout -k 10 300 bats --formatter tap tests/contract/planted.bats >"$work/planted.tap" 2>&1 </dev/null ||
    echo $? >"$work/planted.code"
count_report "$work/planted.tap"
: >"$work/chain-0/prism.log"

whole=
if [[ $# -eq 0 || $1 == --all ]]; then
    whole=yes
    if [[ $# -gt 0 ]]; then main+=("${others[@]}"); fi
    set -- "${main[@]/#/tests/bats/}"
    set -- "${@/%/.bats}"
fi
run_chapters "$@"
for file; do
    count_report "$work/bats/$(basename "$file" .bats).tap"
done

logs=("$work"/chain-*/prism.log)
seen "${logs[@]}" | tee "$work/seen"
if [[ -n $whole && $(wc -l <"$work/seen") -ne $(grep -c 'operationId:' docs/openapi.yaml) ]]; then
    bad 'these are not the operations of the contract'
else
    good 'that is what Prism has seen of client and sandbox'
fi
if [[ -n $(violations "${logs[@]}") ]]; then
    bad 'the contract was broken:'
    violations "${logs[@]}"
    grep -h -B 6 'Violation: ' "${logs[@]}" | head -n 200
else
    good 'Prism reports no violation'
fi
