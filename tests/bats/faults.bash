# What the numbered faults share: a mount whose log can be read, and what must hold after each of them.
#
#   fault_sandbox [ARGUMENT]...         sandbox_start, with a token of its own that is searched for afterwards
#   fault_mount [OPTION,OPTION]         mounts at $MNT in the foreground, all that it logs in $LOG; the state directory is kept; sets
#                                       MOUNT_PID; `ls $MNT $prod` has been done, and the sandbox counts anew
#   fault_unmount                       unmounts, and fails unless the daemon ends with 0
#   fault_aftermath ERRNO|none [ID]     what is common to all: the mount lives, its memory is bounded, the failure has its line in the log
#                                       and in .skystack/errors (with the API's request id ID), both are clean, the token is in neither
#   fault_clean                         the part of it that holds without a mount, too: the logs are clean, no token anywhere
#   fault_kept FILE TEXT                TEXT is kept as FILE.rejected, with a reason beside it, and both are listed
#   fault_lines ERRNO                   prints the lines of .skystack/errors of that errno
#   state_files GLOB                    prints what there is of it in the mount's part of the state directory
#   mount_killed                        kill -9 of the daemon, with its mount point freed
#
# What the daemon's memory may grow by since it was mounted is FAULT_MEMORY_KB; sanitizers keep what was freed for long.

FAULT_OPTIONS=${FAULT_OPTIONS:-region=eu-central,size=standard-2,timeout=2}
FAULT_MEMORY_KB=${FAULT_MEMORY_KB:-16384}

fault_sandbox() {
    sandbox_start "$@"
    prod=$MNT/prod
    LOG=$PLACE/log
    admin POST /token "{\"token\":\"sky_sbx_canary$$x$RANDOM$RANDOM\"}" >/dev/null
}

fault_mount() {
    local options=$FAULT_OPTIONS,${FAULT_TOKEN:-token_file=$TOKEN_FILE},cacert=$CACERT,state_dir=$PLACE/state
    mkdir -p "$MNT" "$PLACE/state" 2>/dev/null || true # a dead mount is taken over
    echo "$MNT" >>"$PLACE/started.mounts"
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f -o "$options,requests_per_minute=0,requests_per_day=0,log=debug${1:+,$1}" \
        >>"$LOG" 2>&1 3>&- 4>&- &
    MOUNT_PID=$!
    echo "$MOUNT_PID" >>"$PLACE/started.backgrounds"
    within 20 fault_is_up || fail_with "it does not mount:" "$(cat "$LOG")"
    is_mounted "$MNT" || fail_with "it ended:" "$(cat "$LOG")"
    watch_over "$MOUNT_PID"
    ls "$MNT" "$prod" >/dev/null
    requests_reset
    FAULT_BASE_KB=$(fault_memory VmRSS)
}

# A dead mount in its place is still in the kernel's list.
fault_is_up() {
    mountpoint -q "$MNT" || ended "$MOUNT_PID"
}

fault_unmount() {
    umount "$MNT"
    within 10 ended "$MOUNT_PID"
    wait "$MOUNT_PID"
}

mount_killed() {
    kill -KILL "$MOUNT_PID"
    within 5 ended "$MOUNT_PID"
    wait "$MOUNT_PID" || true
    umount -l "$MNT"
}

fault_memory() {
    awk -v what="$1:" '$1 == what { print $2 }' "/proc/$MOUNT_PID/status"
}

fault_is_sanitized() {
    grep -qF __asan_init "$SKYSTACKFS"
}

fault_memory_is_bounded() {
    local most=$((FAULT_BASE_KB + FAULT_MEMORY_KB)) now
    if fault_is_sanitized; then most=$((most + FAULT_MEMORY_KB * 3 + 327680)); fi
    now=$(fault_memory VmHWM)
    [ "$now" -le "$most" ] || fail_with "its memory grew to $now kB, more than $most"
}

fault_lines() {
    jq -c --arg errno "$1" 'select(.errno == $errno)' "$MNT/.skystack/errors"
}

fault_aftermath() {
    local errno=$1 id=${2-} lines
    ! ended "$MOUNT_PID" || fail_with "the daemon ended:" "$(tail -n 5 "$LOG")"
    timeout 10 ls "$MNT" "$prod" >/dev/null
    timeout 10 stat "$MNT/.skystack/status" >/dev/null
    fault_memory_is_bounded
    timeout 10 cat "$MNT/.skystack/errors" >"$PLACE/errors"
    jq -es 'all(.[]; type == "object" and .time and .operation and .errno and .sent and .message)' "$PLACE/errors" >/dev/null ||
        fail_with "not all of .skystack/errors are whole lines of JSON:" "$(cat -A "$PLACE/errors")"
    assert_equal "$(wc -l <"$PLACE/errors")" "$(jq -s length "$PLACE/errors")"
    lines=$(jq -c --arg errno "$errno" 'select(.errno == $errno)' "$PLACE/errors" | wc -l)
    if [ "$errno" = none ]; then
        [ ! -s "$PLACE/errors" ] || fail_with "something failed:" "$(cat "$PLACE/errors")"
    else
        [ "$lines" -gt 0 ] || fail_with "no line in .skystack/errors says $errno:" "$(cat "$PLACE/errors")"
        [ "$(fault_logged "$errno")" -ge "$lines" ] || fail_with "the log has not every $errno:" "$(cat "$LOG")"
    fi
    if [ -n "$id" ]; then
        jq -es --arg errno "$errno" --arg id "$id" 'any(.[]; .errno == $errno and .request_id == $id)' "$PLACE/errors" >/dev/null ||
            fail_with "no line in .skystack/errors has $errno with the request id $id:" "$(cat "$PLACE/errors")"
        grep -q ": $errno: .*(request $id)" "$LOG" || fail_with "no line in the log has $errno with the request id $id:" "$(cat "$LOG")"
    fi
    cat "$MNT/.skystack/status" "$MNT/.skystack/status.json" >"$PLACE/told"
    fault_clean
}

fault_logged() {
    grep -c "^skystackfs: warn: .*: $1: " "$LOG" || true
}

# printable FILE...: ASCII without controls, in whole lines.
fault_printable() {
    local file
    for file; do
        [ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || fail_with "$file ends in the middle of a line"
        ! LC_ALL=C grep -n '[^ -~]' "$file" | cat -A | grep . || fail_with "$file is not clean"
    done
}

fault_clean() {
    local token
    cat "$TOKEN_FILE" >>"$PLACE/tokens"
    fault_printable "$LOG"
    ! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' "$PLACE/errors" 2>/dev/null || fail_with ".skystack/errors is not clean"
    while read -r token; do
        ! grep -rlF -- "$token" "$LOG" "$PLACE/state" "$PLACE/errors" "$PLACE/told" 2>/dev/null || fail_with "the token is in there"
    done <"$PLACE/tokens"
}

fault_kept() {
    within 3 [ -e "$1.rejected" ] || fail_with "$1.rejected is not there"
    assert_equal "$(cat "$1.rejected")" "$2"
    [ -s "$1.error" ] || fail_with "$1.error says nothing"
    assert_equal "$(find "${1%/*}" -maxdepth 1 -name "${1##*/}.*" | grep -c -E '\.(rejected|error)$')" 2
}

state_files() {
    find "$PLACE/state" -path "$PLACE/state/*/$1" -type f
}
