# What run.sh and its tables share. A system is a name with functions in systems/:
#
#   NAME_offers      fails, and prints why, if it can't run here; default: it can
#   NAME_up, _down   mounts it at $AT/NAME, which then has the instances in prod/; and unmounts it
#   NAME_cold        as new, with nothing remembered; default: down, up
#   NAME_pid         its process; default: the one that serve_at started
#   NAME_requests    how many requests it has caused so far; default: `-`, none are counted
#   NAME_most        a variable: not with more instances than that
# shellcheck shell=bash disable=SC2034,SC2153,SC2154

# The processor's numbers that this shell may use, for taskset.
declare ALL_CPUS
ALL_CPUS=$(taskset -cp $$)
ALL_CPUS=${ALL_CPUS##*: }

declare -A SERVING=() SERVING_AT=()

fail()
{
    echo "run.sh: $*" >&2
    exit 1
}

# What is wrong with a result does not stop the run.
wrong()
{
    echo "$*" >>"$work/wrong"
    echo "wrong: $*" >&2
}

is_installed()
{
    command -v "$1" >/dev/null || ! echo "$1 is not installed"
}

# of SYSTEM VERB
of()
{
    local call=$1_$2
    if declare -F "$call" >/dev/null; then
        "$call"
        return
    fi
    case $2 in
    cold)
        of "$1" down
        of "$1" up
        ;;
    pid) echo "${SERVING[$1]-}" ;;
    requests) echo - ;;
    esac
}

# serve_at SYSTEM MOUNTPOINT COMMAND...: a file system in the foreground of its process.
serve_at()
{
    local system=$1 place=$2
    shift 2
    mkdir -p "$place"
    "$@" >"$work/$system.out" 2>&1 </dev/null &
    SERVING[$system]=$!
    SERVING_AT[$system]=$place
    within 600 mounted_or_ended "$system" || fail "$system does not mount in ten minutes"
    is_mounted "$place" || fail "$system does not mount: $(<"$work/$system.out")"
}

mounted_or_ended()
{
    is_mounted "${SERVING_AT[$1]}" || ended "${SERVING[$1]}"
}

serve_no_more()
{
    local pid=${SERVING[$1]}
    umount "${SERVING_AT[$1]}"
    within 10 ended "$pid" || kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
}

# pin SYSTEM CPU
pin()
{
    local pid
    pid=$(of "$1" pid)
    if [[ -n $pid ]]; then taskset -a -p -c "$2" "$pid" >/dev/null; fi
}

unpin()
{
    pin "$1" "$ALL_CPUS"
}

# How often its threads went to sleep and were woken.
wake_ups()
{
    local pid
    pid=$(of "$1" pid)
    awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }' /proc/"$pid"/task/*/status
}

resident_bytes()
{
    local pid
    pid=$(of "$1" pid)
    awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$pid/status"
}

clock_curl()
{
    "$PROGRAMS/bench-pages" "$1" "$ENDPOINT" "$CACERT" "$TOKEN_FILE"
}

# Whether the command that ran last printed so many lines.
has_lines()
{
    local lines
    lines=$(wc -l <"$work/out")
    [[ $lines -eq $1 ]] || wrong "$KEY at $SIZE instances, $SYSTEM: $lines lines, and not $1"
}

# settle [SYSTEM]: until it asks for nothing more.
settle()
{
    local system=${1:-ours} before='' now
    while now=$(of "$system" requests) && [[ $now != "$before" && $now != - ]]; do
        before=$now
        sleep 0.1
    done
}

# The instances as files on a tmpfs, made of what the API says by other means than ours; and lists of their names.
make_files()
{
    local folder=$AT/tmpfs/prod
    mkdir "$folder"
    clock_curl print >"$work/pages"
    head -n 1 "$work/pages" >"$work/page"
    JSON_BYTES=$(wc -c <"$work/pages")
    python3 "$bench/files.py" "$folder" <"$work/pages"
    rm "$work/pages"
    find "$folder" -type f -printf '%f\n' | sort >"$work/names"
    [[ $(wc -l <"$work/names") -eq $SIZE ]] || fail "the sandbox has other instances than $SIZE"
    grep -v '^db-1\.json$' "$work/names" | shuf -n 64 --random-source="$work/names" >"$work/names.64"
    head -n 8 "$work/names.64" >"$work/names.8"
}

# Of all texts in a folder, but for the two fields that are another at every look.
sum_of_files()
{
    (cd "$1" && xargs cat <"$work/names" | grep -v -E '^    "(cpu|memory)": ' | cksum)
}
