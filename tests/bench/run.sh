#!/bin/bash
# Measures skystackfs beside tmpfs, beside what the kernel allows at best (ceiling.c) and, where they are installed, beside
# rclone, sshfs and httpdirfs over the same data; prints one table. What is measured stands in workloads.sh.
#
#   run.sh [--quick] [OPTION]...
#
#   --quick            1,000 instances, three rounds
#   --sizes N,N...     so many instances: 1000,10000,100000
#   --rounds N         so many rounds each: 7, and 5 from 10,000 instances on, and 3 from 100,000 on
#   --only PATTERN     workloads whose key matches the whole regular expression (what a bar compares with is not added)
#   --without A,B...   not beside these
#   --build FOLDER     a build of its own, made if it is missing: build-bench
#   --look US          the ceiling that looks again before it sleeps does so for that long: 20
#   --markdown FILE    writes the table there too, with date, machine and how to repeat it
#
# In each round every system has its turn, in another order each time. The result is 1 if the sandbox saw more or fewer
# requests than it should, or some file system showed something else than the API says. Times are never right or wrong.

# shellcheck disable=SC2034  # much is for the files that it reads
set -euo pipefail

from=$PWD
cd "$(dirname "$0")/../.."
bench=$PWD/tests/bench
shopt -s extglob
shown=run.sh${*:+ $*}
shown=${shown/ --markdown +([! ])/}
export LC_ALL=C.UTF-8

usage()
{
    sed -n '2,/^$/{s/^# \{0,1\}//;p;}' "$bench/run.sh" >&2
    exit 2
}

sizes=1000,10000,100000
rounds=
only='.*'
without=
look=20
build='build-bench'
markdown=
while [[ $# -gt 0 ]]; do
    case $1:$# in
    --quick:*) sizes=1000 rounds=3 ;;
    --sizes:1 | --rounds:1 | --only:1 | --without:1 | --look:1 | --build:1 | --markdown:1) usage ;;
    --sizes:* | --rounds:* | --only:* | --without:* | --look:* | --build:* | --markdown:*)
        printf -v "${1#--}" %s "$2"
        shift
        ;;
    *) usage ;;
    esac
    shift
done
if [[ -n $markdown ]]; then markdown=$(cd "$from" && realpath -m -- "$markdown"); fi

work=$(mktemp -d "${TMPDIR:-/tmp}/skystackfs-bench.XXXXXX")
AT=$work/at
MNT=$AT/ours
PROGRAMS=$PWD/$build/tests/bench
SKYSTACKFS=$PWD/$build/src/app/skystackfs
SKYSTACK_SANDBOX=$PWD/$build/src/sandbox/skystack-sandbox
mkdir -p "$AT/tmpfs"
touch "$work/samples" "$work/wrong" "$work/left-out"
export SKYSTACKFS_TEST_RUN=$work # by which all that is started here is known

# bats' own, which the helper expects
load()
{
    :
}

# shellcheck source=/dev/null
. tests/ours.sh
# shellcheck source=/dev/null
. tests/bats/helper.bash
PLACE=$work/place # where the helper keeps what it starts
# shellcheck source=/dev/null
. tests/bats/proxies.bash
# shellcheck source=/dev/null
. "$bench/lib.sh"
# shellcheck source=/dev/null
. "$bench/workloads.sh"
for file in "$bench"/systems/*.sh; do
    # shellcheck source=/dev/null
    . "$file"
done

# What was measured, which is something after Ctrl-C too.
report()
{
    if [[ ! -s $work/samples ]]; then return; fi
    echo "$WORKLOADS" >"$work/workloads"
    perl "$bench/report.pl" "$work" "$shown" >"$work/report" || return
    cat "$work/report"
    if [[ -n $markdown ]]; then cp "$work/report" "$markdown"; fi
    [[ ! -s $work/wrong ]]
}

on_exit()
{
    local code=$?
    trap - EXIT
    trap '' INT TERM HUP
    export -n SKYSTACKFS_TEST_RUN
    if [[ -n ${HTTP_PID-} ]]; then end_process "$HTTP_PID" "$work" 2>/dev/null; fi # nginx writes over its environment
    end_all 2>/dev/null
    report || code=1
    rm -rf --one-file-system "$work" "${memory-}"
    exit "$code"
}
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [[ ! -f $build/build.ninja ]]; then meson setup "$build" -Dbuildtype=release >/dev/null; fi
ninja -C "$build" --quiet src/app/skystackfs src/sandbox/skystack-sandbox bench >"$work/ninja" ||
    fail "it does not build: $(<"$work/ninja")"

if [[ $EUID -eq 0 ]]; then
    mount -t tmpfs skystackfs-bench "$AT/tmpfs"
else
    memory=$(mktemp -d /dev/shm/skystackfs-bench.XXXXXX)
    rmdir "$AT/tmpfs"
    ln -s "$memory" "$AT/tmpfs"
fi

# --- systems ---

declare -A SETS=(
    [all]='ours tmpfs ceiling looking sshfs rclone httpdirfs'
    [readable]='ours tmpfs ceiling looking sshfs rclone'
    [kernel]='ours tmpfs ceiling looking'
    [daemons]='ours ceiling sshfs rclone httpdirfs'
)

find_systems()
{
    local system why
    SYSTEMS=()
    for system in ${SETS[all]}; do
        if [[ ",$without," == *",$system,"* ]]; then
            echo "$system" >>"$work/left-out"
        elif ! why=$(of "$system" offers); then
            echo "$system: $why" | tee -a "$work/left-out" >&2
        else
            SYSTEMS+=("$system")
        fi
    done
}

# Whether it is up at this number of instances.
is_up()
{
    local most=$1_most
    [[ " ${SYSTEMS[*]} " == *" $1 "* && (${!most:-0} -eq 0 || $SIZE -le ${!most}) ]]
}

# who SETS: sets WHO to those of a workload's systems that are up, and what is no file system.
who()
{
    local set system
    WHO=()
    for set in ${1//+/ }; do
        for system in ${SETS[$set]-$set}; do
            if [[ " ${SETS[all]} " != *" $system "* ]] || is_up "$system"; then WHO+=("$system"); fi
        done
    done
}

# --- one measurement ---

# step: KEY, STATE, SYSTEM, ROUND say which.
step()
{
    local call=${KEY//-/_} before after value
    FOLDER=$AT/$SYSTEM/prod
    before=$(of "$SYSTEM" requests)
    if [[ $STATE == cold ]]; then of "$SYSTEM" cold; fi
    if declare -F "prepare_$call" >/dev/null; then
        "prepare_$call" "$SYSTEM"
        settle "$SYSTEM"
        before=$(of "$SYSTEM" requests)
    fi
    value=$("measure_$call" "$SYSTEM") || {
        wrong "$KEY at $SIZE instances, $SYSTEM: it failed"
        return 0
    }
    settle "$SYSTEM"
    after=$(of "$SYSTEM" requests)
    if [[ $after != - ]]; then after=$((after - before)); fi
    if [[ $ROUND -eq 0 ]]; then return; fi
    echo "$SIZE $KEY $SYSTEM $value $after" >>"$work/samples"
    if [[ $SYSTEM == ours ]]; then check_requests "$after"; fi
}

check_requests()
{
    local pages=$(((SIZE + 199) / 200))
    [[ $ASKS == - || $1 -eq $((ASKS)) ]] || wrong "$KEY at $SIZE instances: $1 requests, and $((ASKS)) are right"
}

rounds_here()
{
    local count=7
    if [[ $SIZE -ge 10000 ]]; then count=5; fi
    if [[ $SIZE -ge 100000 ]]; then count=3; fi
    count=${rounds:-$count}
    if [[ $count -gt ${ROUNDS_MOST[$KEY]-$count} ]]; then count=${ROUNDS_MOST[$KEY]}; fi
    echo "$count"
}

# Every system has its turn in each round, and another one begins.
workload()
{
    local count i begin=1
    count=$(rounds_here)
    if [[ $STATE == warm ]]; then begin=0; fi
    echo "$SIZE instances: $KEY" >&2
    for ((ROUND = begin; ROUND <= count; ROUND++)); do
        for ((i = 0; i < ${#WHO[@]}; i++)); do
            SYSTEM=${WHO[(ROUND + i) % ${#WHO[@]}]}
            step
        done
    done
}

# The sandbox is as a workload wants it; nothing else is remembered of how it was.
set_sandbox()
{
    local usual='{"rows":"full","pagination":"cursor","latency_ms":0}'
    if [[ $1 == "$SETTING" ]]; then return; fi
    admin POST /config "$usual" >/dev/null
    if [[ $1 != - ]]; then admin POST /config "$1" >/dev/null; fi
    SETTING=$1
    ours_cold
}

check_contents()
{
    local system right
    right=$(sum_of_files "$AT/tmpfs/prod")
    who readable
    for system in "${WHO[@]}"; do
        [[ $(sum_of_files "$AT/$system/prod") == "$right" ]] ||
            wrong "$system at $SIZE instances: the files are not what the API says"
    done
}

at_size()
{
    local line system fields
    SIZE=$1
    SETTING=-
    rm -rf "$PLACE"
    mkdir "$PLACE"
    echo "$SIZE instances: a sandbox" >&2
    sandbox_start --instances "$SIZE" --projects 1
    make_files
    for system in "${SYSTEMS[@]}"; do
        if is_up "$system"; then of "$system" up; fi
    done
    check_contents
    while read -r -u 8 line; do
        read -r -a fields <<<"${line%%|*}"
        KEY=${fields[0]} STATE=${fields[1]} ASKS=${fields[4]}
        if [[ ! $KEY =~ ^($only)$ ]]; then continue; fi
        set_sandbox "${fields[6]}"
        who "${fields[2]}"
        workload
    done 8<<<"$WORKLOADS"
    for system in "${SYSTEMS[@]}"; do
        if is_up "$system"; then of "$system" down; fi
    done
    sandbox_stop
    rm -rf "$AT/tmpfs/prod"
}

find_systems
for size in ${sizes//,/ }; do
    at_size "$size"
done
