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
#   admin METHOD PATH [JSON]      the sandbox's admin address; fails if that does; @FILE has the JSON
#   api METHOD PATH [JSON]        the API itself, as another client of it; fails if that does
#   why [ARGUMENT]...             `skystackfs why`
#   refused TEXT COMMAND...       the command fails, and says that
#   put FILE TEXT                 writes it, in a shell of its own, which fails as the write does
#   posts [PATH]                  how many POSTs to make an instance the sandbox has seen
#   request_id METHOD             the id that the sandbox gave to the last request of a method
#   is_mounted PLACE              asks the kernel's list, not the mount; is_gone PLACE is the contrary
#   status_of FILTER              what jq finds in .skystack/status.json, which waits for nobody
#   within SECONDS COMMAND...     tries until it succeeds
#   since                         prints milliseconds, to be subtracted
#   background COMMAND...         starts it with its output in $PLACE/background.N; sets BACKGROUND to its pid
#
# Where $SKYSTACK_THROUGH names a folder (tests/contract.sh makes them), something stands between client and sandbox: the sandbox
# listens where `listen` in it says, with the certificates in `tls`, and ENDPOINT is what `endpoint` says.
#
# In setup_file() they work too, and what they start then serves every test of the file: $PLACE is the file's folder there, a test's
# own folder inside of it. teardown() and teardown_file() end what was started and unmount; a file with its own calls all_down, or
# all_down_but_sandbox where the sandbox is the file's.
#
# Every test of every chapter runs this, and to start a program costs more than most of what is asked here. So the shell itself reads
# /proc, waits, speaks to the admin address and looks into its answers.

load "${BASH_SOURCE[0]%/*}/asserts"

HELPER_BUILD=${BASH_SOURCE[0]%/*}/../../build/src
SKYSTACKFS=${SKYSTACKFS:-$HELPER_BUILD/app/skystackfs}
SKYSTACK_SANDBOX=${SKYSTACK_SANDBOX:-$HELPER_BUILD/sandbox/skystack-sandbox}
PLACE=${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR-}}
MNT=${MNT:-$PLACE/mnt}
export LC_ALL=C.UTF-8
unset SKYSTACK_TOKEN CREDENTIALS_DIRECTORY
export XDG_CONFIG_HOME=$PLACE/config # nobody's own

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
    local until=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    until "$@"; do
        [ "${EPOCHREALTIME/./}" -lt "$until" ] || return 1
        pause
    done
}

# 20 ms, of a wait for what nobody writes.
pause() {
    [ -n "${PAUSE_FD-}" ] || exec {PAUSE_FD}<> <(:)
    read -r -t 0.02 -u "$PAUSE_FD" || true
}

# A process that has ended; one whose parent has not looked yet counts, but not while threads of it still let go of what they had.
ended() {
    local stat tasks
    { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    [[ $stat == *') Z '* ]] || return 1
    tasks=("/proc/$1/task/"*)
    [ "${#tasks[@]}" -le 1 ]
}

# Whether its command line says MARK.
says_of_itself() {
    local pid=$1 mark=$2 words
    mapfile -d '' words 2>/dev/null <"/proc/$pid/cmdline" || return 1
    [[ "${words[*]}" == *"$mark"* ]]
}

# Ends one that we started: what its command line says of our folder proves that it still is the same.
end_process() {
    local pid=$1 mark=$2 signal
    for signal in TERM KILL; do
        if ended "$pid" || ! says_of_itself "$pid" "$mark"; then break; fi
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
    read -r line <"$line"
    member endpoint "$line" && ENDPOINT=$REPLY
    member cacert "$line" && CACERT=$REPLY
    member token_file "$line" && TOKEN_FILE=$REPLY
    member admin "$line" && ADMIN=$REPLY
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

# member NAME JSON: sets REPLY to the value of the first member of that name, a number or a text without escapes; fails without one.
member() {
    [[ $2 =~ \""$1"\":\"?([^\",}]*) ]] && REPLY=${BASH_REMATCH[1]}
}

admin() {
    ask_sandbox "$@"
}

# As HTTP/1.0 (RFC 1945): the answer ends with its connection.
ask_sandbox() {
    local LC_ALL=C at=${ADMIN#http://} body=${3-} connection answer=''
    if [[ $body == @* ]]; then IFS= read -r -d '' body <"${body#@}" || true; fi
    { exec {connection}<>"/dev/tcp/${at/://}"; } 2>/dev/null || fail_with "nobody listens at $ADMIN" || return
    printf '%s %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s' "$1" "$2" "${#body}" "$body" >&"$connection"
    IFS= read -r -t 20 -N 99999999 answer <&"$connection" || true
    exec {connection}>&-
    printf '%s' "${answer#*$'\r\n\r\n'}"
    [[ $answer == 'HTTP/1.'?' 2'* ]] || fail_with "$1 $2: ${answer:-no answer}"
}

api() {
    local more=()
    if [[ -n ${3-} ]]; then more=(-H 'Content-Type: application/json' --data-binary "$3"); fi
    curl -sS --fail-with-body --max-time 20 --cacert "$CACERT" -X "$1" -H "Authorization: Bearer $(<"$TOKEN_FILE")" \
        "${more[@]}" "$ENDPOINT$2"
}

requests() {
    local counts name=total
    counts=$(admin GET /counts) || return
    if [[ -n ${1-} ]]; then name=$1; fi
    member "$name" "$counts" || REPLY=0
    echo "$REPLY"
}

changing() {
    requests changing
}

posts() {
    requests "POST ${1:-/v1/instances}"
}

requests_reset() {
    admin POST /counts/reset >/dev/null
}

request_id() {
    admin GET /log | jq -r --arg method "$1" '[.[] | select(.method == $method)][-1].request_id'
}

fault() {
    local answer
    answer=$(admin POST /faults "$1") && member id "$answer" && echo "$REPLY"
}

faults_clear() {
    admin DELETE /faults >/dev/null
}

# Mount

# The most lists of instances that the sandbox had under way at once, and how many times pages were asked for again.
abreast() {
    admin GET /log | jq -r '[.[] | select(.path == "/v1/instances")]
        | ([.[].time_ms as $at | map(select(.time_ms <= $at and .time_ms + .took_ms > $at)) | length] | max | tostring)
          + " " + (length - (unique_by(.query) | length) | tostring)'
}

mount_up() {
    local options=token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state,requests_per_minute=0,requests_per_day=0
    local out=$PLACE/mount.out result=0
    mkdir -p "$MNT" "$PLACE/state" 2>/dev/null || true # a dead mount is taken over
    echo "$MNT" >>"$PLACE/started.mounts"
    timeout -k 5 60 "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$options${1:+,$1}" >"$out" 2>&1 3>&- 4>&- || result=$?
    [ "$result" = 0 ] || fail_with "mounting gave $result:" "$(cat "$out")"
    is_mounted "$MNT" || fail_with "mounting gave 0, and nothing is mounted:" "$(cat "$out")"
    watch_over "$(daemon_pid)"
}

# A call that never comes back would keep a test for ever: with its daemon gone, it comes back. What setup_file() mounts serves many.
watch_over() {
    local seconds=800
    if [ -n "${BATS_TEST_TMPDIR-}" ]; then seconds=100; fi
    perl -e 'sleep shift; kill KILL => shift' "${WATCHDOG_SECONDS:-$seconds}" "$1" >/dev/null 2>&1 3>&- 4>&- &
    echo $! >>"$PLACE/started.backgrounds"
    disown $!
}

is_gone() {
    ! is_mounted "$1"
}

status_of() {
    jq "$@" "$MNT/.skystack/status.json"
}

# The table is read in one go: `read` goes back in the file after each line, and others who mount meanwhile move the lines.
is_mounted() {
    local lines line place
    mapfile -t lines </proc/self/mounts
    for line in "${lines[@]}"; do
        read -r _ place _ <<<"$line"
        if [[ ${place//\\040/ } == "$1" ]]; then return 0; fi
    done
    return 1
}

# Of the mount at $1, or at $MNT.
daemon_pid() {
    local place=${1:-$MNT} file words word
    for file in /proc/[0-9]*/cmdline; do
        mapfile -d '' words 2>/dev/null <"$file" || continue
        [[ ${words[0]-} == *skystackfs* && " ${words[*]} " == *' -o '* ]] || continue # no command on the mount
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
    if is_mounted "$place"; then
        timeout 10 umount "$place" 2>/dev/null || umount -l "$place" 2>/dev/null || true
    fi
    if [ -n "$pid" ] && ! within 5 ended "$pid"; then end_process "$pid" "$place"; fi
}

why() {
    "$SKYSTACKFS" why "$@"
}

# Others

refused() {
    local text=$1
    shift
    run "$@"
    assert_failure
    assert_output --partial "$text"
}

put() {
    bash -c 'printf "%s\n" "$2" >"$1"' - "$@"
}

background() {
    BACKGROUND_COUNT=$((${BACKGROUND_COUNT:-0} + 1))
    "$@" >"$PLACE/background.$BACKGROUND_COUNT" 2>&1 3>&- 4>&- &
    BACKGROUND=$!
    echo "$BACKGROUND" >>"$PLACE/started.backgrounds"
}

# Sets STARTED to those of a kind, each once.
look_for_started() {
    local -A seen=()
    local one
    STARTED=()
    [ -e "$PLACE/started.$1" ] || return 0
    while read -r one; do
        [ -n "${seen[$one]-}" ] || STARTED+=("$one")
        seen[$one]=yes
    done <"$PLACE/started.$1"
}

all_down() {
    local pid place file
    [ -z "${ADMIN-}" ] || faults_clear 2>/dev/null || true
    look_for_started mounts
    for place in "${STARTED[@]}"; do mount_gone "$place"; done
    look_for_started backgrounds
    for pid in "${STARTED[@]}"; do
        ended "$pid" || kill -KILL "$pid" 2>/dev/null || true
    done
    look_for_started servers
    for pid in "${STARTED[@]}"; do end_process "$pid" "$PLACE"; done
    look_for_started sandboxes
    for pid in "${STARTED[@]}"; do end_process "$pid" skystack-sandbox; done
    for file in "$PLACE"/started.*; do [ ! -e "$file" ] || : >"$file"; done
}

# The same in a test of a file whose setup_file() started the sandbox, which serves the next one.
all_down_but_sandbox() {
    local started=$BATS_FILE_TMPDIR/started.sandboxes
    mv "$started" "$started.kept" 2>/dev/null || true
    ADMIN='' all_down
    mv "$started.kept" "$started" 2>/dev/null || true
}
