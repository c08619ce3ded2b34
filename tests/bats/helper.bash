# What the chapters share: a real sandbox, a real mount of it, and an end of both whatever becomes of a test.
#
#   sandbox_start [ARGUMENT]...   a sandbox in $PLACE/sandbox, without limits unless told; sets ENDPOINT CACERT TOKEN_FILE ADMIN
#   sandbox_stop                  ends it; started again it is what it was, on another port unless --listen says which
#   mount_up [OPTION,OPTION]      mounts it at $MNT, without a budget of its own unless told; fails with what was printed
#   mount_down                    unmounts, and waits for the daemon's end
#   daemon_pid                    prints the daemon's process id
#   requests [ROUTE]              how many the sandbox has seen: all, or of one route ("GET /v1/instances")
#   changing                      … that were to change something
#   requests_reset                counts anew
#   fault JSON, faults_clear      what goes wrong from now on (prints its number); nothing any more
#   admin METHOD PATH [JSON]      the sandbox's admin address; fails if that does
#   api METHOD PATH [JSON]        the API itself, as another client of it; fails if that does
#   why [ARGUMENT]...             `skystackfs why`
#   within SECONDS COMMAND...     tries until it succeeds
#   since                         prints milliseconds, to be subtracted
#   background COMMAND...         starts it with its output in $PLACE/background.N; sets BACKGROUND to its pid
#
# Where $SKYSTACK_THROUGH names a folder (tests/contract.sh makes them), something stands between client and sandbox: the sandbox
# listens where `listen` in it says, with the certificates in `tls`, and ENDPOINT is what `endpoint` says.
#
# In setup_file() they work too, and what they start then serves every test of the file: $PLACE is the file's folder there, a test's
# own folder inside of it. teardown() and teardown_file() end what was started and unmount; a file with its own calls all_down.

load '/usr/lib/bats/bats-support/load'
load '/usr/lib/bats/bats-assert/load'

HELPER_BUILD=${BASH_SOURCE[0]%/*}/../../build/src
SKYSTACKFS=${SKYSTACKFS:-$HELPER_BUILD/app/skystackfs}
SKYSTACK_SANDBOX=${SKYSTACK_SANDBOX:-$HELPER_BUILD/sandbox/skystack-sandbox}
PLACE=${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR-}}
MNT=${MNT:-$PLACE/mnt}
export LC_ALL=C.UTF-8
unset SKYSTACK_TOKEN CREDENTIALS_DIRECTORY

setup_file() { :; }

teardown() { all_down; }

teardown_file() { all_down; }

fail_with() {
    printf '%s\n' "$@" >&2
    return 1
}

since() {
    printf '%s\n' $((${EPOCHREALTIME/./} / 1000))
}

within() {
    local until=$(($(since) + $1 * 1000))
    shift
    until "$@"; do
        [ "$(since)" -lt "$until" ] || return 1
        sleep 0.02
    done
}

# A process that has ended; one whose parent has not looked yet counts.
ended() {
    [[ ! -r /proc/$1/stat ]] || [[ $(cat "/proc/$1/stat" 2>/dev/null) == *') Z '* ]] || [[ ! -e /proc/$1/stat ]]
}

# Ends one that we started: what its command line says of our folder proves that it still is the same.
end_process() {
    local pid=$1 mark=$2 signal
    for signal in TERM KILL; do
        if ended "$pid" || ! tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$mark"; then break; fi
        kill -s "$signal" "$pid" 2>/dev/null || true
        if within 5 ended "$pid"; then break; fi
    done
    wait "$pid" 2>/dev/null || true
}

# Sandbox

sandbox_start() {
    local line=$PLACE/sandbox.line
    rm -f "$line"
    if [[ -n ${SKYSTACK_THROUGH-} ]]; then set -- --listen "$(cat "$SKYSTACK_THROUGH/listen")" "$@"; fi
    set -- --dir "$PLACE/sandbox" --rate-minute 0 --rate-day 0 --exit-with-parent "$@"
    if [[ -n ${SKYSTACK_THROUGH-} ]]; then lend_certificates "$@"; fi
    "$SKYSTACK_SANDBOX" "$@" \
        >"$line" 2>"$PLACE/sandbox.stderr" 3>&- 4>&- &
    SANDBOX_PID=$!
    echo "$SANDBOX_PID" >>"$PLACE/started.sandboxes"
    within 20 sandbox_said_something || fail_with "the sandbox does not start:" "$(cat "$PLACE/sandbox.stderr")"
    [ -s "$line" ] || fail_with "the sandbox ended:" "$(cat "$PLACE/sandbox.stderr")"
    ENDPOINT=$(jq -r .endpoint "$line")
    CACERT=$(jq -r .cacert "$line")
    TOKEN_FILE=$(jq -r .token_file "$line")
    ADMIN=$(jq -r .admin "$line")
    if [[ -n ${SKYSTACK_THROUGH-} ]]; then ENDPOINT=$(cat "$SKYSTACK_THROUGH/endpoint"); fi
    export SANDBOX_PID ENDPOINT CACERT TOKEN_FILE ADMIN
}

# Puts those of the proxy where a sandbox with these arguments will look for its own.
lend_certificates() {
    local dir
    while [[ $# -gt 0 ]]; do
        if [[ $1 == --dir ]]; then dir=$2; fi
        shift
    done
    install -D -m 600 -t "$dir" "$SKYSTACK_THROUGH"/tls/*.pem
}

sandbox_said_something() {
    [ -s "$PLACE/sandbox.line" ] || ended "$SANDBOX_PID"
}

sandbox_stop() {
    end_process "$SANDBOX_PID" skystack-sandbox
}

admin() {
    if [[ -n ${3-} ]]; then
        curl -sS --fail-with-body --max-time 20 -X "$1" --data-binary "$3" "$ADMIN$2"
    else
        curl -sS --fail-with-body --max-time 20 -X "$1" "$ADMIN$2"
    fi
}

api() {
    local more=()
    if [[ -n ${3-} ]]; then more=(-H 'Content-Type: application/json' --data-binary "$3"); fi
    curl -sS --fail-with-body --max-time 20 --cacert "$CACERT" -X "$1" -H "Authorization: Bearer $(cat "$TOKEN_FILE")" \
        "${more[@]}" "$ENDPOINT$2"
}

requests() {
    admin GET /counts | jq --arg route "${1-}" 'if $route == "" then .total else .by_route[$route] // 0 end'
}

changing() {
    admin GET /counts | jq .changing
}

requests_reset() {
    admin POST /counts/reset >/dev/null
}

fault() {
    admin POST /faults "$1" | jq .id
}

faults_clear() {
    admin DELETE /faults >/dev/null
}

# Mount

mount_up() {
    local options=token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state,requests_per_minute=0,requests_per_day=0
    local out=$PLACE/mount.out result=0
    mkdir -p "$MNT" "$PLACE/state"
    echo "$MNT" >>"$PLACE/started.mounts"
    timeout -k 5 60 "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$options${1:+,$1}" >"$out" 2>&1 3>&- 4>&- || result=$?
    [ "$result" = 0 ] || fail_with "mounting gave $result:" "$(cat "$out")"
    mountpoint -q "$MNT" || fail_with "mounting gave 0, and nothing is mounted:" "$(cat "$out")"
    watch_over "$(daemon_pid)"
}

# A call that never comes back would keep a test for ever: with its daemon gone, it comes back.
watch_over() {
    perl -e 'sleep shift; kill KILL => shift' "${WATCHDOG_SECONDS:-100}" "$1" >/dev/null 2>&1 3>&- 4>&- &
    echo $! >>"$PLACE/started.backgrounds"
    disown $!
}

# Of the mount at $1, or at $MNT.
daemon_pid() {
    local place=${1:-$MNT} file words word
    for file in /proc/[0-9]*/cmdline; do
        mapfile -d '' words 2>/dev/null <"$file" || continue
        [[ ${words[0]-} == *skystackfs* ]] || continue
        for word in "${words[@]:1}"; do
            if [[ $word == "$place" ]]; then
                file=${file#/proc/}
                echo "${file%/cmdline}"
                return 0
            fi
        done
    done
    return 1
}

mount_down() {
    local place=${1:-$MNT} pid
    pid=$(daemon_pid "$place") || pid=
    umount "$place" || return 1
    [ -z "$pid" ] || within 10 ended "$pid" || fail_with "the daemon outlives its mount"
}

# As mount_down, and does not ask whether it may.
mount_gone() {
    local place=$1 pid
    pid=$(daemon_pid "$place") || pid=
    if grep -qF " $place " /proc/self/mounts; then
        timeout 10 umount "$place" 2>/dev/null || umount -l "$place" 2>/dev/null || true
    fi
    if [ -n "$pid" ] && ! within 5 ended "$pid"; then end_process "$pid" "$place"; fi
}

why() {
    "$SKYSTACKFS" why "$@"
}

# Others

background() {
    BACKGROUND_COUNT=$((${BACKGROUND_COUNT:-0} + 1))
    "$@" >"$PLACE/background.$BACKGROUND_COUNT" 2>&1 3>&- 4>&- &
    BACKGROUND=$!
    echo "$BACKGROUND" >>"$PLACE/started.backgrounds"
}

each_of() {
    [ ! -e "$PLACE/started.$1" ] || sort -u "$PLACE/started.$1"
}

all_down() {
    local pid place
    [ -z "${ADMIN-}" ] || faults_clear 2>/dev/null || true
    for place in $(each_of mounts); do mount_gone "$place"; done
    for pid in $(each_of backgrounds); do
        ended "$pid" || kill -KILL "$pid" 2>/dev/null || true
    done
    for pid in $(each_of servers); do end_process "$pid" "$PLACE"; done
    for pid in $(each_of sandboxes); do end_process "$pid" skystack-sandbox; done
    rm -f "$PLACE"/started.*
}
