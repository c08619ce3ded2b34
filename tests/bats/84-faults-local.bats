#!/usr/bin/env bats
# Faults 43 to 51: what this machine does to the mount, and what the mount leaves on this machine.

load helper
load faults

setup() {
    fault_sandbox --instances 4
}

# Whether this machine writes a core dump that can be looked for: then it is in $PLACE.
cores_are_written() {
    ulimit -c unlimited 2>/dev/null || return 1
    mkdir -p "$PLACE/cores"
    (cd "$PLACE/cores" && sh -c 'kill -ABRT $$') 2>/dev/null || true
    [ -n "$(find "$PLACE/cores" -name 'core*')" ] || return 1
    rm -r "$PLACE/cores"
}

# Everything that a mount shows, its own files and hidden views too.
read_all_views() {
    local file
    for file in "$MNT"/{.table,.all.ndjson} "$prod"/{.table,.all.ndjson,.defaults.json} "$MNT"/.skystack/{*,by-id/*} "$prod"/* "$prod"/web-1/{*,*/*}; do
        [ ! -f "$file" ] || timeout 5 cat "$file" 2>/dev/null || true
    done
}

@test "fault 50: the token is not in the log, the views, the state, the environment of anything, nor in what a core dump would hold" {
    local token cores=no
    token=$(cat "$TOKEN_FILE")
    cd "$PLACE"
    if cores_are_written; then cores=yes; fi
    # the program that prints the token tells what it was given
    cat >"$PLACE/give" <<'SCRIPT'
#!/bin/bash
tr '\0' '\n' <"/proc/$$/environ" >"$1/child.environ"
tr '\0' '\n' <"/proc/$$/cmdline" >"$1/child.cmdline"
ls /proc/$$/fd | tr '\n' ' ' >"$1/child.fds"
set -x
cat "$1/sandbox/token"
: "$(cat "$1/sandbox/token")"
SCRIPT
    chmod 700 "$PLACE/give"
    printf '%s\n' "sky_sbx_canary_environment" >>"$PLACE/tokens"
    exec {left_open}<"$PLACE/give"
    SKYSTACK_TOKEN=sky_sbx_canary_environment FAULT_TOKEN="token_command=$PLACE/give $PLACE" fault_mount
    exec {left_open}<&-

    # all kinds of trouble, and an API that repeats the token in what it says
    fault "$(jq -n --arg token "$token" '{kind: "status", status: 400, method: "POST", message: ("Not with " + $token)}')" >/dev/null
    run put "$prod/web-7.json" '{"tags":["mine"]}'
    fault '{"kind":"hang","method":"POST"}' >/dev/null
    run put "$prod/web-8.json" '{"tags":["mine"]}'
    fault "$(jq -n --arg token "$token" '{kind: "status", status: 401, code: $token, message: ("Refused: " + $token)}')" >/dev/null
    run cat "$prod/web-1.json"
    within 10 grep -q 'requests go on' "$LOG" || true
    kill -USR1 "$MOUNT_PID"
    within 5 grep -q 'instances ' "$LOG"
    read_all_views >"$PLACE/views"
    grep -q '"name": "web-1"' "$PLACE/views"
    why "$MNT" >"$PLACE/why" || true

    grep -q '^PATH=' "$PLACE/child.environ"
    # its three, and the script that the shell reads
    [[ $(cat "$PLACE/child.fds") == '0 1 2 '* && $(wc -w <"$PLACE/child.fds") -le 5 ]]
    tr '\0' '\n' <"/proc/$MOUNT_PID/environ" >"$PLACE/environ"
    tr '\0' '\n' <"/proc/$MOUNT_PID/cmdline" >"$PLACE/cmdline"
    while read -r token; do
        ! grep -rlF -- "$token" "$LOG" "$PLACE"/{views,why,state,environ,cmdline,child.environ,child.cmdline} || fail_with "$token is in there"
    done <<<"$token"$'\n'"sky_sbx_canary_environment"

    # in memory it stands on pages that are left out of dumps, and nowhere else
    perl "${BATS_TEST_DIRNAME}/memory.pl" "$MOUNT_PID" "$TOKEN_FILE" >"$PLACE/found"
    grep -q '^left out ' "$PLACE/found"
    ! grep '^dumped ' "$PLACE/found"
    echo sky_sbx_canary_environment >"$PLACE/other"
    perl "${BATS_TEST_DIRNAME}/memory.pl" "$MOUNT_PID" "$PLACE/other" >"$PLACE/found"
    ! grep . "$PLACE/found"
    # and there are no dumps
    local result=0
    kill -ABRT "$MOUNT_PID"
    within 10 ended "$MOUNT_PID"
    wait "$MOUNT_PID" || result=$?
    umount -l "$MNT"
    if [ "$cores" = yes ]; then
        assert_equal "$result" 134
        assert_equal "$(find "$PLACE" -maxdepth 1 -name 'core*')" ""
    fi
    fault_clean
}
