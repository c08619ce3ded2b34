#!/usr/bin/env bats
# Faults 43 to 51: signals, crashes, and what the machine itself runs out of.

load helper
load faults

# A million lookups take their time.
BATS_TEST_TIMEOUT=300

setup() {
    export WATCHDOG_SECONDS=290
    fault_sandbox --instances 8 --rows summary
}

teardown() {
    all_down
    if [ -n "${AREA-}" ]; then rm -rf --one-file-system "$AREA"; fi
}

mine='{"tags":["mine"]}'

# stopped_in_time SIGNAL COMMAND...: its call waits for the API, and then it is gone in 100 ms. What a busy machine adds to that is its
# own: the best of three counts.
stopped_in_time() {
    local took=1000 tries=3 now
    while [ "$took" -ge 100 ] && [ "$tries" -gt 0 ]; do
        tries=$((tries - 1))
        if ! now=$(perl "$BATS_TEST_DIRNAME/../tools/stop_held.pl" "$1" "$MNT/.skystack/status.json" "${@:2}" 2>"$PLACE/held"); then
            [ "$took" -lt 1000 ] || fail_with "it does not wait: $*" "$(cat "$PLACE/held")"
            break # it was stopped, if late, and by now there is an answer
        fi
        if [ "$now" -lt "$took" ]; then took=$now; fi
    done
    echo "# fault 43: $1 on $2 after $took ms" >&3
    [ "$took" -lt 100 ] || fail_with "$* is back after $took ms"
}

@test "fault 43: whoever is stopped by KILL or Ctrl-C while we hold the call is back in 100 ms, in every state" {
    fault_mount timeout=30,delete_delay=0,wait=60
    jq -e .region "$prod/worker-1.json"
    fault '{"kind":"hang","method":"GET","path":"/v1/instances/*","count":-1}' >/dev/null
    fault '{"kind":"hang","method":"POST","count":-1}' >/dev/null
    fault '{"kind":"hang","method":"DELETE","count":-1}' >/dev/null
    local signal id sent
    echo '{"size":"standard-4"}' >"$PLACE/text"
    for signal in INT KILL; do
        stopped_in_time "$signal" cat "$prod/web-1.json"
        stopped_in_time "$signal" mkdir "$prod/dir-$signal"
        stopped_in_time "$signal" dd if="$PLACE/text" of="$prod/new-$signal.json" status=none
        stopped_in_time "$signal" dd if="$PLACE/text" of="$prod/web-1.json" conv=notrunc status=none
        stopped_in_time "$signal" mv -T "$prod/web-2.json" "$prod/moved-$signal.json"
        stopped_in_time "$signal" rm -f "$prod/$([ "$signal" = INT ] && echo db-1 || echo worker-1).json"
        # in line behind the rate limit
        fault '{"kind":"status","method":"PATCH","status":429,"headers":{"Retry-After":"30"}}' >/dev/null
        id=$(fault '{"kind":"hang","method":"GET","path":"/v1/instances","count":-1}')
        echo all >"$MNT/.skystack/refresh"
        stopped_in_time "$signal" ls -U "$MNT/staging"
        stopped_in_time "$signal" stat "$prod/nobody-$signal.json"
        admin DELETE "/faults/$id" >/dev/null
    done
    sent=$(posts)
    background dd if="$PLACE/text" of="$prod/sent.json" status=none
    is_sent() { [ "$(posts)" -gt "$sent" ]; }
    within 5 is_sent
    kill -KILL "$BACKGROUND"
    within 5 ended "$BACKGROUND"
    faults_clear
    ls "$prod" "$MNT/staging" >/dev/null
    jq -e .region "$prod/web-1.json"
    within 5 [ -e "$prod/sent.json" ] # what was sent goes on without its caller
    fault_aftermath none
}

# Endless work of one kind, until its mount is gone.
load_of() {
    perl -e '
        my ($kind, $prod, $number) = @ARGV;
        my $end = time() + 60;
        for (my $i = 0; -d $prod && time() < $end; $i++) {
            if ($kind eq "read") { for my $file (glob("$prod/*.json")) { open(my $in, "<", $file) or next; my @lines = <$in>; } }
            if ($kind eq "list") { opendir(my $dir, $prod) or next; my @names = readdir($dir); open(my $in, "<", "$prod/.table"); my @lines = $in ? <$in> : (); }
            if ($kind eq "write") { open(my $out, ">", "$prod/$number-$i.json") or next; print $out "{\"note\":\"$number-$i\"}\n"; close($out); }
            if ($kind eq "delete") { unlink("$prod/$number-$i.json") if mkdir("$prod/$number-$i"); }
        }' "$@"
}

@test "fault 44: TERM under load unmounts cleanly and ends with 0, and every create happened at most once" {
    fault_mount max_creates=0,max_deletes=0,delete_delay=0,ttl=0.5
    local kind pids=()
    for kind in read list write write delete; do
        background load_of "$kind" "$prod" "l${#pids[@]}"
        pids+=("$BACKGROUND")
    done
    is_loaded() { [ "$(changing)" -gt 20 ]; }
    within 20 is_loaded
    local began took
    began=$(since)
    kill -TERM "$MOUNT_PID"
    within 20 ended "$MOUNT_PID"
    took=$(($(since) - began))
    wait "$MOUNT_PID"
    [ "$took" -lt 6000 ] || fail_with "it took $took ms"
    ! is_mounted "$MNT"
    for kind in "${pids[@]}"; do
        within 5 ended "$kind"
    done
    assert_equal "$(admin GET /ledger | jq '[.[] | select(.by == "api" and .op == "create") | .name] | group_by(.) | map(length) | max')" 1
    [ -z "$(state_files 'intents/*.new')" ]
    fault_clean
    fault_mount
    assert_equal "$(ls "$prod" | grep -c '\.json$')" "$(admin GET /instances | jq '[.[] | select(.project_id == "prj_1")] | length')"
    fault_aftermath none
}

# Calls that were on their way are ECONNABORTED, all others this.
is_dead() {
    run ls "$MNT"
    [[ $status -ne 0 && $output == *'Transport endpoint is not connected'* ]]
}

@test "fault 45: after kill -9 calls are ENOTCONN, mounting again takes the dead mount over, and the journal is replayed" {
    fault_mount
    refused 'Invalid argument' put "$prod/web-9.json" '{"size":"enormous"}'
    fault_kept "$prod/web-9.json" '{"size":"enormous"}'
    fault '{"kind":"hang_after","method":"POST"}' >/dev/null
    background put "$prod/web-8.json" "$mine"
    is_sent() { [ "$(posts)" = 2 ]; }
    within 5 is_sent
    kill -KILL "$MOUNT_PID"
    within 5 ended "$MOUNT_PID"
    within 5 is_dead
    within 5 ended "$BACKGROUND"
    faults_clear
    fault_mount
    assert_equal "$(grep -cF " $MNT " /proc/self/mounts)" 1
    fault_kept "$prod/web-9.json" '{"size":"enormous"}'
    is_settled() { [ ! -e "$prod/web-8.json.rejected" ] && [ "$(jq -c .tags "$prod/web-8.json")" = '["mine"]' ]; }
    within 8 is_settled
    assert_equal "$(posts)" 0
    fault_aftermath none
}

@test "fault 46: whichever allocation fails on a living mount, it is ENOMEM, and the mount lives" {
    sandbox_stop
    fault_sandbox --provision-ms 0
    local module=${SKYSTACKFS%/src/app/skystackfs}/tests/tools/libfail_malloc.so
    printf '\0\0\0\0\0\0\0\0' >"$PLACE/shared"
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0 LD_PRELOAD=$module FAIL_MALLOC=$PLACE/shared \
        fault_mount delete_delay=0,max_deletes=0,max_creates=0,ttl=600
    timeout 90 perl "$BATS_TEST_DIRNAME/../tools/fail_each.pl" "$PLACE/shared" "$MNT" 1 >"$PLACE/outcomes" ||
        fail_with "$(cat "$PLACE/outcomes")" "$(tail -n 5 "$LOG")"
    sed 's/^/# fault 46: /' "$PLACE/outcomes" >&3
    assert_equal "$(grep -c 'ENOMEM=' "$PLACE/outcomes")" 14
    fault_aftermath ENOMEM
}

@test "fault 47: with no descriptors left nothing is sent and the mount answers, and it goes on when there are some" {
    fault_mount ttl=600
    jq -e .region "$prod/web-1.json"
    local before
    before=$(prlimit --pid "$MOUNT_PID" --nofile --output SOFT --noheadings)
    prlimit --pid "$MOUNT_PID" --nofile=3: # those that it has stay open
    local file
    for file in "$prod/web-9.json" "$prod/web-1.json"; do
        refused 'Input/output error' put "$file" "$mine"
        refused 'Input/output error' put "$file" "$mine"
    done
    refused 'Input/output error' mkdir "$prod/web-8"
    assert_equal "$(changing)" 0
    jq -e .region "$prod/web-1.json"
    ls "$prod" >/dev/null
    fault_aftermath EIO
    prlimit --pid "$MOUNT_PID" --nofile="${before// /}:"
    put "$prod/web-9.json" "$mine"
    assert_equal "$(jq -c .tags "$prod/web-9.json")" '["mine"]'
    jq -e .region "$prod/web-2.json"
    assert_equal "$(posts)" 1
}

# Provokes a failure, which has its line in .skystack/errors; what there is of a log goes nowhere.
fails_quietly() {
    refused 'Invalid argument' put "$prod/$1.json" '{"size":"enormous"}'
    fault_kept "$prod/$1.json" '{"size":"enormous"}'
    cat "$prod"/*.json >/dev/null
    ls "$MNT" >/dev/null
    assert_equal "$(fault_lines EINVAL | wc -l)" 1
    [ "$(readlink "/proc/$MOUNT_PID/fd/2")" != "$(readlink "/proc/$MOUNT_PID/fd/3")" ]
}

@test "fault 48: a standard error that is closed, full or read by nobody costs its lines, and nothing else" {
    local options=$FAULT_OPTIONS,token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state,log=debug fd
    mkdir -p "$MNT" "$PLACE/state"
    echo "$MNT" >>"$PLACE/started.mounts"
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f -o "$options" <&- >&- 2>&- 3>&- 4>&- &
    MOUNT_PID=$!
    within 10 mountpoint -q "$MNT"
    for fd in 0 1 2; do
        assert_equal "$fd $(readlink "/proc/$MOUNT_PID/fd/$fd")" "$fd /dev/null"
    done
    fails_quietly closed
    fault_unmount
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f -o "$options" >/dev/full 2>&1 3>&- 4>&- &
    MOUNT_PID=$!
    within 10 mountpoint -q "$MNT"
    fails_quietly full
    fault_unmount
    mkfifo "$PLACE/pipe"
    exec 7<>"$PLACE/pipe" 8>"$PLACE/pipe"
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f -o "$options" 2>&8 3>&- 4>&- 7>&- &
    MOUNT_PID=$!
    exec 7>&- 8>&-
    within 10 mountpoint -q "$MNT"
    fails_quietly nobody
    fault_unmount
    fault_mount # with a log again
    fault_kept "$prod/closed.json" '{"size":"enormous"}'
    refused 'Invalid argument' put "$prod/heard.json" '{"size":"enormous"}'
    fault_aftermath EINVAL "$(request_id POST)"
}

@test "fault 49: another user is EACCES, and with allow_other the kernel checks the permissions" {
    [ "$(id -u)" = 0 ] || skip 'needs root'
    local nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    AREA=$(mktemp -d /tmp/skystackfs-others.XXXXXX) # others may come in here
    chmod 755 "$AREA"
    MNT=$AREA/mnt
    prod=$MNT/prod
    fault_mount
    assert_equal "$(stat -c '%u:%g %a' "$prod" "$prod/web-1.json")" $'0:0 755\n0:0 644'
    refused 'Permission denied' "${nobody[@]}" ls "$MNT"
    refused 'Permission denied' "${nobody[@]}" cat "$prod/web-1.json"
    refused 'Permission denied' "${nobody[@]}" sh -c 'echo {} >"$1"' - "$prod/web-9.json"
    run grep -F " $MNT " /proc/self/mounts
    refute_output --partial allow_other
    fault_aftermath none
    fault_unmount
    fault_mount allow_other
    run grep -F " $MNT " /proc/self/mounts
    assert_output --partial default_permissions
    assert_output --partial allow_other
    "${nobody[@]}" jq -e .id "$prod/web-1.json"
    refused 'Permission denied' "${nobody[@]}" mkdir "$prod/web-9"
    refused 'Permission denied' "${nobody[@]}" rm -f "$prod/web-1.json"
    refused 'Permission denied' "${nobody[@]}" sh -c 'echo {} >"$1"' - "$prod/web-9.json"
    refused 'Permission denied' "${nobody[@]}" sh -c 'echo 9 >"$1"' - "$MNT/.skystack/allow_deletes"
    assert_equal "$(changing)" 0
    fault_aftermath none
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
    sandbox_stop
    fault_sandbox --instances 4
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

# drop_nodes: the kernel forgets what nobody uses, by its own switch where that may be used, else by a remount that changes nothing.
drop_nodes() {
    sync
    sh -c 'echo 2 >/proc/sys/vm/drop_caches' 2>/dev/null || mount -o remount "$MNT" 2>/dev/null || true
}

# lookups COUNT: of names that are there, with all that lies in them, and of names that are not, as many reach the mount.
lookups() {
    perl -e '
        my ($prod, $count) = @ARGV;
        opendir(my $dir, $prod) or die "$!\n";
        my @names = grep { s/\.json$// } readdir($dir);
        my $i = 0;
        for my $name (@names) {
            for my $field ("", ".json", "/id", "/status", "/region", "/size", "/none", "/ip") { lstat("$prod/$name$field"); $i++; }
        }
        for (; $i < $count; $i++) { lstat("$prod/none-$i.json") and die "none-$i is there\n"; }' "$prod" "$1"
}

are_nodes() {
    drop_nodes
    [ "$(status_of .kernel.nodes)" -le "$1" ]
}

@test "fault 51: after a million lookups and a dropped cache the nodes are back to the root's, and memory is flat" {
    sandbox_stop
    rm -r "$PLACE/sandbox"
    fault_sandbox --instances 2000
    local count=1000000 root=12 before first
    if fault_is_sanitized; then count=200000; fi
    export FAULT_MEMORY_KB=32768
    fault_mount ttl=600
    lookups $((count / 2))
    [ "$(status_of .kernel.nodes)" -gt 3000 ] || fail_with "$(status_of .kernel)"
    within 10 are_nodes "$root" || fail_with "$(status_of .kernel)"
    first=$(fault_memory VmRSS)
    before=$(status_of .kernel.requests)
    lookups $((count / 2))
    [ $(($(status_of .kernel.requests) - before)) -gt $((count * 4 / 10)) ]
    within 10 are_nodes "$root" || fail_with "$(status_of .kernel)"
    echo "# fault 51: $first kB after the first half, $(fault_memory VmRSS) kB after the second" >&3
    [ "$(fault_memory VmRSS)" -le $((first + 2048)) ] || fault_is_sanitized || fail_with "$first kB became $(fault_memory VmRSS)"
    fault_aftermath none
}
