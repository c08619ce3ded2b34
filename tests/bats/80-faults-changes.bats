#!/usr/bin/env bats
# Faults 01 to 19: changes. What may have happened is never done twice, what did not happen is told, and the text is kept.

load helper
load faults

setup() {
    fault_sandbox --instances 4
}

mine='{"tags":["mine"]}'

# How many instances the API was made to create under a name, whatever became of them.
created() {
    admin GET /ledger | jq --arg name "$1" '[.[] | select(.op == "create" and .by == "api" and .name == $name)] | length'
}

methods() {
    admin GET /log | jq -r --arg path "$1" '.[] | select(.path == $path) | .method' | xargs
}

# An earlier create of a name turned out to have happened: its text goes, and the file is there.
is_settled() {
    [ ! -e "$prod/$1.json.rejected" ] && [ -e "$prod/$1.json" ]
}

@test "fault 01: a create that is answered by silence is unsettled, and the server saw one POST" {
    fault_mount
    fault '{"kind":"hang","method":"POST","count":-1}' >/dev/null
    local began
    began=$(since)
    refused 'Operation now in progress' put "$prod/web-9.json" "$mine"
    [ $(($(since) - began)) -lt 6000 ]
    assert_equal "$(fault_lines EINPROGRESS | jq -r .sent)" unanswered
    fault_kept "$prod/web-9.json" "$mine"
    assert_equal "$(posts)" 1
    fault_aftermath EINPROGRESS
}

@test "fault 02: the same create again meanwhile is EALREADY, and sends nothing" {
    fault_mount
    fault '{"kind":"hang","method":"POST","count":-1}' >/dev/null
    refused 'Operation now in progress' put "$prod/web-9.json" "$mine"
    refused 'already in progress' put "$prod/web-9.json" '{"tags":["other"]}'
    refused 'already in progress' mkdir "$prod/web-9"
    assert_equal "$(posts)" 1
    fault_kept "$prod/web-9.json" "$mine"
    fault_aftermath EALREADY
}

# A create failed before it was sent, and says so.
not_sent() {
    assert_equal "$(fault_lines "$2" | jq -r .sent | sort -u)" no
    fault_kept "$prod/$1.json" "$mine"
    grep -q 'nothing was sent' "$prod/$1.json.error"
    assert_equal "$(posts)" 0
    fault_aftermath "$2"
}

# named_mount HOSTS: in a place where only HOSTS tells which names there are, from a snapshot if there is one.
named_mount() {
    local options=$FAULT_OPTIONS,token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state,requests_per_minute=0
    echo 'hosts: files' >"$PLACE/nsswitch"
    echo "$1" >"$PLACE/hosts"
    background unshare --mount sh -c 'mount --bind "$1/hosts" /etc/hosts && mount --bind "$1/nsswitch" /etc/nsswitch.conf &&
        shift && exec "$@"' - "$PLACE" "$SKYSTACKFS" "https://example.invalid:${ENDPOINT##*:}" "$MNT" -f -o "$options"
    within 10 named ls "$prod" 2>/dev/null
}

# As seen by who is in that place.
named() {
    nsenter --mount="/proc/$BACKGROUND/ns/mnt" -- "$@"
}

@test "fault 03: where resolving, connecting or TLS fails nothing was sent, and the text is kept" {
    local port=${ENDPOINT##*:}
    fault_mount
    sandbox_stop
    refused 'Connection refused' put "$prod/refused.json" "$mine"
    sandbox_start --listen "127.0.0.1:$port" --certificate self-signed
    refused 'Software caused connection abort' put "$prod/unsigned.json" "$mine"
    not_sent unsigned ECONNABORTED
    sandbox_stop
    background perl -MIO::Socket::INET -e '
        my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => shift, Listen => 8, ReuseAddr => 1) or die "$!\n";
        while (my $client = $server->accept()) { print $client "220 no TLS here\r\n"; close($client); }' "$port"
    within 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"' - "$port" 2>/dev/null
    run put "$prod/plain.json" "$mine"
    assert_failure
    kill "$BACKGROUND"
    sandbox_start --listen "127.0.0.1:$port"
    not_sent refused ECONNREFUSED
    fault_kept "$prod/plain.json" "$mine"
    grep -q 'nothing was sent' "$prod/plain.json.error"
    fault_unmount
    sandbox_stop
    sandbox_start --certificate wrong-host
    named_mount '127.0.0.1 example.invalid'
    named umount "$MNT"
    within 5 ended "$BACKGROUND"
    named_mount ''
    refused 'No route to host' named bash -c 'echo {} >"$1"' - "$prod/nowhere.json"
    named grep -q 'nothing was sent' "$prod/nowhere.json.error"
    named umount "$MNT"
    within 5 ended "$BACKGROUND"
    assert_equal "$(admin GET /ledger | jq '[.[] | select(.by == "api")] | length')" 0
}

@test "fault 04: a create that is answered by 5xx is unsettled, and the server saw one POST" {
    fault_mount
    local code
    for code in 500 502 503 504 599; do
        fault "{\"kind\":\"status\",\"method\":\"POST\",\"status\":$code}" >/dev/null
        refused 'Operation now in progress' put "$prod/web-$code.json" "$mine"
        fault_kept "$prod/web-$code.json" "$mine"
        fault_aftermath EINPROGRESS "$(request_id POST)"
    done
    assert_equal "$(posts)" 5
}

@test "fault 05: a create whose answer is cut short is unsettled, settled by looking, and the server saw one POST" {
    fault_mount
    local more names=()
    for more in '' ',"chunked":true' ',"bytes":0'; do
        fault "{\"kind\":\"truncate\",\"method\":\"POST\"$more}" >/dev/null
        refused 'Operation now in progress' put "$prod/web-9${#more}.json" "$mine"
        names+=("web-9${#more}")
    done
    assert_equal "$(posts)" 3
    fault_aftermath EINPROGRESS
    for more in "${names[@]}"; do
        within 8 is_settled "$more"
        assert_equal "$(jq -c .tags "$prod/$more.json")" '["mine"]'
    done
    assert_equal "$(posts)" 3
}

@test "fault 06: a connection that is closed after the deed makes no second POST, however warm it was" {
    fault_mount
    cat "$prod"/*.json >/dev/null
    mkdir "$prod/before"
    echo all >"$MNT/.skystack/refresh"
    ls "$prod" >/dev/null
    fault '{"kind":"close_after","method":"POST"}' >/dev/null
    refused 'Operation now in progress' put "$prod/web-9.json" "$mine"
    fault_aftermath EINPROGRESS
    within 8 is_settled web-9
    assert_equal "$(posts)" 2
    assert_equal "$(created web-9)" 1
    assert_equal "$(admin GET /log | jq -c '[group_by(.connection)[] | select(any(.[]; .method == "POST")) | length] | unique')" '[1]'
}

# Steps of a create, those first that leave nothing behind: what is left is taken up at the next mounts, which would pass them, too.
steps=(replace-begins replace-written intent-removed replace-renamed intent-begins change.begun intent-begun change.written change.sent
    change.answered change.taken)
# At these the text is not on disk yet: its writer still has it, and was told.
unwritten=' replace-begins replace-written intent-begins change.begun '

@test "fault 07: killed at each step of a create, it is replayed, settled by looking, and never sent again" {
    grep -qF SKYSTACKFS_CRASH_AT "$SKYSTACKFS" || skip 'this build has no crash points'
    local step name text
    for step in "${steps[@]}"; do
        SKYSTACKFS_CRASH_AT=$step fault_mount
        put "$prod/at-$step.json" "{\"note\":\"$step\"}" 2>/dev/null || echo "$step" >>"$PLACE/failed"
        within 5 ended "$MOUNT_PID" || fail_with "a create does not pass $step"
        wait "$MOUNT_PID" || true # its other threads have let go of the lock, too
    done
    fault_mount
    fault '{"kind":"hang_after","method":"POST"}' >/dev/null
    background put "$prod/at-answer.json" '{"note":"answer"}'
    within 5 has_posted
    mount_killed
    faults_clear
    fault_mount
    for step in "${steps[@]}" answer; do
        name=at-$step
        text="{\"note\":\"$step\"}"
        [ "$(created "$name")" -le 1 ] || fail_with "$step: created twice"
        if [ "$(created "$name")" = 1 ]; then
            within 8 is_settled "$name" || fail_with "$step: it is there, and its text is still kept"
            assert_equal "$(jq -c .note "$prod/$name.json")" "\"$step\""
        elif [[ $unwritten == *" $step "* ]]; then
            grep -qxF -- "$step" "$PLACE/failed" || fail_with "$step: nothing happened, and its writer was not told"
        else
            fault_kept "$prod/$name.json" "$text"
        fi
    done
    assert_equal "$(posts)" 0
    assert_equal "$(admin GET /log | jq '[.[] | select(.method == "POST") | .body | fromjson.name] | group_by(.) | map(length) | max')" 1
    fault_aftermath none
}

has_posted() {
    [ "$(posts)" = 1 ]
}

@test "fault 08: 409 to a create is EEXIST, and the text is kept" {
    fault_mount
    fault '{"kind":"status","method":"POST","status":409,"message":"There is one."}' >/dev/null
    refused 'File exists' put "$prod/web-9.json" "$mine"
    fault_kept "$prod/web-9.json" "$mine"
    grep -q 'There is one.' "$prod/web-9.json.error"
    [ ! -e "$prod/web-9.json" ]
    assert_equal "$(posts)" 1
    fault_aftermath EEXIST "$(request_id POST)"
}

@test "fault 09: 400 and 422 are EINVAL with every detail, and the text is kept" {
    fault_mount
    local code
    for code in 400 422; do
        fault "{\"kind\":\"status\",\"method\":\"POST\",\"status\":$code,\"code\":\"not_so\",\"message\":\"Not so.\",
            \"details\":[{\"field\":\"quota\",\"issue\":\"is used up\"},{\"field\":\"region\",\"issue\":\"is full\"}]}" >/dev/null
        refused 'Invalid argument' put "$prod/web-$code.json" "$mine"
        fault_kept "$prod/web-$code.json" "$mine"
        grep -q 'Not so. quota: is used up. region: is full.' "$prod/web-$code.json.error"
        grep -q "$(request_id POST)" "$prod/web-$code.json.error"
        assert_equal "$(fault_lines EINVAL | tail -n 1 | jq -r .api_code)" not_so
        fault_aftermath EINVAL "$(request_id POST)"
    done
    assert_equal "$(posts)" 2
}

@test "fault 10: a text that is incomplete at its last close sends nothing, and is kept" {
    fault_mount
    put "$prod/web-9.json" '{"tags":["mine"]'
    fault_kept "$prod/web-9.json" '{"tags":["mine"]'
    [ ! -e "$prod/web-9.json" ]
    put "$prod/web-1.json" '{"size":'
    fault_kept "$prod/web-1.json" '{"size":'
    jq -e .region "$prod/web-1.json"
    assert_equal "$(changing)" 0
    fault_aftermath EINVAL
}

@test "fault 11: truncated, and then all is killed: the instance is unchanged" {
    fault_mount
    local before
    before=$(admin GET /instances/ins_1 | jq -c 'del(.utilization)')
    background bash -c 'exec >"$1"; sleep 30' - "$prod/web-1.json"
    local writer=$BACKGROUND
    is_open() { [[ $(readlink "/proc/$writer/fd/1") == "$prod/web-1.json" ]]; }
    within 5 is_open
    kill -KILL "$writer"
    truncate -s 0 "$prod/web-2.json"
    mount_killed
    fault_mount
    assert_equal "$(admin GET /instances/ins_1 | jq -c 'del(.utilization)')" "$before"
    assert_equal "$(jq -r .id "$prod/web-1.json" "$prod/web-2.json" | xargs)" 'ins_1 ins_3'
    assert_equal "$(admin GET /ledger | jq '[.[] | select(.by == "api")] | length')" 0
    run grep -E 'rejected|error' <(ls "$prod")
    assert_failure
    fault_aftermath none
}

@test "fault 12: a DELETE that times out is retried by its id, a later 404 is success, and else the file comes back with its error" {
    fault_mount timeout=3,delete_delay=0
    fault '{"kind":"close_after","method":"DELETE"}' >/dev/null
    rm "$prod/web-1.json"
    [ ! -e "$prod/web-1.json" ]
    assert_equal "$(methods /v1/instances/ins_1)" 'DELETE DELETE'
    fault_aftermath none
    fault '{"kind":"hang","method":"DELETE","count":-1}' >/dev/null
    refused 'Connection timed out' rm "$prod/web-2.json"
    [ -e "$prod/web-2.json" ]
    grep -q ETIMEDOUT "$prod/web-2.json.error"
    fault_aftermath ETIMEDOUT
    assert_equal "$(admin GET /log | jq '[.[] | select(.method == "DELETE") | .path] | unique | length')" 2
    faults_clear
    rm "$prod/web-2.json"
    [ ! -e "$prod/web-2.json" ]
}

@test "fault 13: a name that is used again during a delete is another instance, and lives" {
    fault_mount delete_delay=1
    rm "$prod/web-1.json"
    admin DELETE /instances/ins_1 >/dev/null
    local id
    id=$(admin POST /instances '{"name":"web-1","project_id":"prj_1","region":"eu-central","size":"standard-2"}' | jq -r .id)
    is_sent() { [ "$(requests 'DELETE /v1/instances/{id}')" = 1 ]; }
    within 4 is_sent
    echo all >"$MNT/.skystack/refresh"
    assert_equal "$(jq -r .id "$prod/web-1.json")" "$id"
    fault '{"kind":"delay","method":"DELETE","ms":500}' >/dev/null
    rm "$prod/web-2.json"
    put "$prod/web-2.json" "$mine"
    id=$(jq -r .id "$prod/web-2.json")
    sleep 1.2
    admin GET "/instances/$id" >/dev/null
    assert_equal "$(jq -r .id "$prod/web-2.json")" "$id"
    assert_equal "$(admin GET /log | jq -r '.[] | select(.method == "DELETE") | .path' | xargs)" '/v1/instances/ins_1 /v1/instances/ins_3'
    fault_aftermath none
}

@test "fault 14: two writers of one instance go one after the other, and the later one sees the earlier's result or is a conflict" {
    fault_mount
    fault '{"kind":"delay","method":"PATCH","ms":300,"count":2}' >/dev/null
    background put "$prod/web-1.json" '{"size":"standard-4"}'
    local first=$BACKGROUND
    background put "$prod/web-1.json" '{"image":"debian-13"}'
    wait "$first"
    wait "$BACKGROUND"
    assert_equal "$(methods /v1/instances/ins_1)" 'GET PATCH GET PATCH'
    assert_equal "$(jq -r '.size + " " + .image' "$prod/web-1.json")" 'standard-4 debian-13'
    jq '.size = "standard-1"' "$prod/web-1.json" >"$PLACE/one"
    jq '.size = "standard-8"' "$prod/web-1.json" >"$PLACE/two"
    fault '{"kind":"delay","method":"PATCH","ms":500}' >/dev/null
    requests_reset
    local asked
    asked=$(methods /v1/instances/ins_1)
    background bash -c 'cat "$1" >"$2"' - "$PLACE/one" "$prod/web-1.json"
    is_asked() { [ "$(methods /v1/instances/ins_1)" != "$asked" ]; }
    within 5 is_asked
    refused 'Operation canceled' bash -c 'cat "$1" >"$2"' - "$PLACE/two" "$prod/web-1.json"
    wait "$BACKGROUND"
    assert_equal "$(jq -r .size "$prod/web-1.json")" standard-1
    fault_kept "$prod/web-1.json" "$(cat "$PLACE/two")"
    assert_equal "$(changing)" 1
    fault_aftermath ECANCELED
}

@test "fault 15: what was changed at the server since it was read is ECANCELED, and the text is kept" {
    fault_mount
    jq '.size = "standard-8"' "$prod/web-1.json" >"$PLACE/text"
    admin PATCH /instances/ins_1 '{"size":"standard-1"}' >/dev/null
    refused 'Operation canceled' bash -c 'cat "$1" >"$2"' - "$PLACE/text" "$prod/web-1.json"
    assert_equal "$(admin GET /instances/ins_1 | jq -r .size)" standard-1
    assert_equal "$(changing)" 0
    fault_kept "$prod/web-1.json" "$(cat "$PLACE/text")"
    fault_aftermath ECANCELED
}

@test "fault 16: an unmount during a change waits for it within its deadline, or says what is unsettled" {
    fault_mount
    fault '{"kind":"delay","method":"POST","ms":800}' >/dev/null
    background put "$prod/in-time.json" "$mine"
    local writer=$BACKGROUND
    within 5 has_posted
    kill -TERM "$MOUNT_PID"
    wait "$writer" # its writer hears of the outcome
    within 5 ended "$MOUNT_PID"
    wait "$MOUNT_PID"
    assert_equal "$(created in-time)" 1

    fault_mount # of one that nobody waits for
    fault '{"kind":"delay","method":"POST","ms":800}' >/dev/null
    background bash -c 'echo "$2" >"$1"' - "$prod/left.json" "$mine"
    within 5 has_posted
    kill -KILL "$BACKGROUND"
    wait "$BACKGROUND" || true
    fault_unmount
    assert_equal "$(created left)" 1
    [ -z "$(state_files 'intents/*')" ]

    fault_mount
    fault '{"kind":"hang","method":"POST","count":-1}' >/dev/null
    background put "$prod/silent.json" "$mine"
    writer=$BACKGROUND
    within 5 has_posted
    kill -TERM "$MOUNT_PID"
    within 10 ended "$MOUNT_PID"
    wait "$MOUNT_PID"
    run wait "$writer"
    assert_failure
    grep -q 'Operation now in progress' "$PLACE/background.$BACKGROUND_COUNT"
    grep -q 'the create of silent is unsettled' "$LOG"
    faults_clear

    fault_mount wait=60 # one that the rate limit holds up is not sent any more
    [ -e "$prod/left.json" ]
    fault_kept "$prod/silent.json" "$mine"
    grep -q EINPROGRESS "$prod/silent.json.error"
    fault '{"kind":"status","method":"POST","status":429,"headers":{"Retry-After":"30"}}' >/dev/null
    background put "$prod/in-line.json" "$mine"
    within 5 has_posted
    kill -TERM "$MOUNT_PID"
    within 10 ended "$MOUNT_PID"
    wait "$MOUNT_PID"
    assert_equal "$(posts)" 1
    fault_mount
    fault_kept "$prod/in-line.json" "$mine"
    grep -q 'nothing was sent' "$prod/in-line.json.error"
    assert_equal "$(created silent) $(created in-line) $(posts)" '0 0 0'
    fault_aftermath none
}

@test "fault 17: a disk that is full or fails at the journal: nothing is sent, ENOSPC or EIO" {
    [ "$(id -u)" = 0 ] || skip 'needs root'
    mkdir -p "$PLACE/state"
    mount -t tmpfs -o size=128k none "$PLACE/state"
    fault_mount
    dd if=/dev/zero of="$PLACE/state/filler" bs=4k status=none 2>/dev/null || true
    refused 'No space left on device' put "$prod/web-8.json" "$mine"
    fault_aftermath ENOSPC
    rm "$PLACE/state/filler"
    local intents
    intents=$(find "$PLACE/state" -name intents)
    mv "$intents" "$PLACE/intents"
    refused 'Input/output error' put "$prod/web-9.json" "$mine"
    refused 'Input/output error' mkdir "$prod/web-10"
    fault_aftermath EIO
    assert_equal "$(changing)" 0
    mv "$PLACE/intents" "$intents"
    put "$prod/web-9.json" "$mine"
    assert_equal "$(jq -c .tags "$prod/web-9.json")" '["mine"]'
    assert_equal "$(posts)" 1
}

teardown() {
    all_down
    if is_mounted "$PLACE/state"; then umount -l "$PLACE/state"; fi
}

@test "fault 18: a torn end of the journal is dropped, and damage inside of it mounts read-only and says so" {
    fault_mount
    refused 'Invalid argument' put "$prod/web-9.json" '{"size":"enormous"}'
    fault_unmount
    local file
    file=$(state_files 'intents/*.intent')
    head -c 70 "$file" >"${file%/*}/123.intent.new"
    fault_mount
    fault_kept "$prod/web-9.json" '{"size":"enormous"}'
    [ -z "$(state_files 'intents/*.new')" ]
    mkdir "$prod/web-8"
    fault_unmount
    perl -pi -e 's/enormous/ENORMOUS/' "$file"
    local before
    before=$(cksum "$file")
    fault_mount
    grep -qi 'damaged' "$LOG" || fail_with 'nothing says so:' "$(cat "$LOG")"
    grep -qi 'read-only' "$LOG"
    refused 'Read-only file system' put "$prod/web-7.json" "$mine"
    refused 'Read-only file system' rm "$prod/web-1.json"
    jq -e .region "$prod/web-1.json"
    assert_equal "$(changing)" 0
    assert_equal "$(cksum "$file")" "$before"
    fault_aftermath none
}

@test "fault 19: a second daemon on one state directory is refused, and the first lives on" {
    fault_mount
    mkdir "$PLACE/other"
    local options=token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state
    run timeout 20 "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$options"
    assert_failure 32
    # Of the same mount point in another place of the same name, which a mount in the way does not refuse first.
    run timeout 20 unshare -m sh -c 'umount "$1" && exec "$2" "$3" "$1" -o "$4"' - "$MNT" "$SKYSTACKFS" "$ENDPOINT" "$options"
    assert_failure 32
    assert_output --partial 'is locked'
    assert_equal "$(wc -l <<<"$output")" 1
    put "$prod/web-9.json" "$mine"
    assert_equal "$(created web-9)" 1
    fault_aftermath none
}
