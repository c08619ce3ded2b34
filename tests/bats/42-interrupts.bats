#!/usr/bin/env bats
# bats file_tags=release
# Interrupts: whoever waits for the API can be stopped at once, and nobody else is kept waiting by it.

load helper

# Far less than the 2.5 s that an answer takes here, and enough for a busy machine to end and reap a process. What it took is printed:
# 2 to 50 ms, for most of them.
LIMIT_MS=1200

setup() {
    sandbox_start --instances 8 --rows summary
    prod=$MNT/prod
}

up() {
    mount_up "region=eu-central,size=standard-2,timeout=30,delete_delay=0${1:+,$1}"
    ls "$MNT" "$prod" >/dev/null
    jq -e .region "$prod/worker-1.json" >/dev/null
    requests_reset
}

# hang METHOD PATH: every such request from now on.
hang() {
    fault "{\"kind\":\"hang\",\"method\":\"$1\",\"path\":\"$2\",\"count\":-1}" >/dev/null
}

seen() {
    [ "$(requests)" -ge "$1" ]
}

are_parked() {
    [ "$(status_of .kernel.parked)" -ge "$1" ] && [ "$(status_of .api.in_line)" = 0 ]
}

# waiting COMMAND...: started, and its call waits for what was asked of the API; PID is its process. Signals act on it as on a shell's
# foreground job.
waiting() {
    local before
    before=$(status_of .kernel.parked)
    background env --default-signal=INT,QUIT "$@"
    PID=$BACKGROUND
    within 5 are_parked $((before + 1)) || fail_with "it does not wait: $*" "$(cat "$PLACE/background.$BACKGROUND_COUNT")"
    within 5 seen 1
    still_runs "$PID"
}

still_runs() {
    if ended "$1"; then return 1; fi
}

# stopped_by SIGNAL: PID ends by it, soon.
stopped_by() {
    local began code=0 took
    began=$(since)
    kill -s "$1" "$PID"
    wait "$PID" || code=$?
    took=$(($(since) - began))
    echo "# $BATS_TEST_DESCRIPTION: $1 after $took ms" >&3
    [ "$took" -lt "$LIMIT_MS" ]
    assert_equal "$(kill -l "$code")" "$1"
}

# Others are answered, also in the same directory.
is_alive() {
    local began
    began=$(since)
    jq -e .region "$prod/worker-1.json" >/dev/null
    cat "$MNT/.skystack/status" >/dev/null
    [ $(($(since) - began)) -lt 1000 ]
}

@test "a cat that waits is stopped at once" {
    up
    hang GET '/v1/instances/*'
    local signal
    for signal in INT KILL TERM HUP QUIT; do
        waiting cat "$prod/web-1.json"
        is_alive
        stopped_by "$signal"
    done
    faults_clear
    jq -e .region "$prod/web-1.json"
}

@test "an ls that waits is stopped at once" {
    mount_up
    hang GET '/v1/instances'
    local signal
    for signal in INT KILL; do
        waiting ls "$prod"
        [ -s "$MNT/.skystack/status" ]
        stopped_by "$signal"
    done
    faults_clear
    grep -qx web-1.json <(ls "$prod")
}

@test "a stat that waits is stopped at once" {
    mount_up
    ls "$MNT" >/dev/null
    hang GET '/v1/instances'
    local signal
    for signal in INT KILL; do
        waiting stat "$prod/web-1.json"
        stopped_by "$signal"
    done
    faults_clear
    stat "$prod/web-1.json"
}

@test "a mkdir that waits is stopped at once" {
    up
    hang POST '*'
    waiting mkdir "$prod/a"
    stopped_by INT
    waiting mkdir "$prod/b"
    stopped_by KILL
    is_alive
}

@test "an rm that waits is stopped at once" {
    up
    hang DELETE '*'
    waiting rm "$prod/web-1.json"
    stopped_by INT
    waiting rm "$prod/web-2.json"
    stopped_by KILL
    is_alive
}

@test "a write that waits is stopped at once" {
    up
    hang POST '*'
    waiting bash -c 'echo {} >"$1"' - "$prod/a.json"
    stopped_by INT
    echo '{}' >"$PLACE/text"
    waiting dd if="$PLACE/text" of="$prod/b.json" status=none
    stopped_by KILL
    is_alive
}

@test "many that wait for one answer are each stopped alone" {
    up
    hang GET '/v1/instances/*'
    local pids=() i
    waiting cat "$prod/web-1.json"
    pids+=("$PID")
    for i in {1..9}; do
        background env --default-signal=INT cat "$prod/web-1.json"
        pids+=("$BACKGROUND")
    done
    sleep 0.3
    for i in 0 3 9; do
        PID=${pids[i]}
        stopped_by INT
    done
    for i in 1 2 4 5 6 7 8; do still_runs "${pids[i]}"; done
    assert_equal "$(requests)" 1
    faults_clear
    for i in 1 2 4 5 6 7 8; do wait "${pids[i]}"; done
}

@test "while one waits everybody else is answered" {
    up
    hang GET '/v1/instances/*'
    waiting cat "$prod/web-1.json"
    local i
    for i in {1..20}; do is_alive; done
    grep -qx web-1.json <(ls "$prod")
    ls "$MNT/staging" >/dev/null
    cat "$prod/.table" >/dev/null
    mkdir "$MNT/staging/meanwhile"
    rm "$MNT/staging/meanwhile.json"
    still_runs "$PID"
    stopped_by INT
}

@test "a stop and a resized window leave a call waiting" {
    up
    hang GET '/v1/instances/*'
    waiting perl -e '
        $SIG{WINCH} = $SIG{USR1} = $SIG{CHLD} = sub { };
        open(my $file, "<", shift) or die "$!\n";
        local $/;
        print <$file>;' "$prod/web-1.json"
    local signal
    for signal in WINCH STOP CONT USR1 CHLD WINCH; do
        kill -s "$signal" "$PID"
        sleep 0.1
    done
    still_runs "$PID"
    assert_equal "$(requests)" 1
    faults_clear
    wait "$PID"
    jq -e .region "$PLACE/background.$BACKGROUND_COUNT"
}

@test "after a resized window a call can still be stopped" {
    up
    hang GET '/v1/instances/*'
    waiting perl -e '$SIG{WINCH} = sub { }; open(my $file, "<", shift) or die "$!\n"' "$prod/web-1.json"
    kill -WINCH "$PID"
    sleep 0.2
    still_runs "$PID"
    stopped_by INT
    waiting perl -e '$SIG{WINCH} = sub { }; open(my $file, "<", shift) or die "$!\n"' "$prod/web-2.json"
    kill -WINCH "$PID"
    sleep 0.2
    stopped_by KILL
}

@test "a signal that a program ignores leaves its call waiting" {
    up
    hang GET '/v1/instances/*'
    waiting env --ignore-signal=INT cat "$prod/web-1.json"
    kill -INT "$PID"
    sleep 0.2
    still_runs "$PID"
    faults_clear
    wait "$PID"
}

@test "a program that handles Ctrl-C gets EINTR and lives on" {
    up
    hang GET '/v1/instances/*'
    waiting perl -e '$SIG{INT} = sub { }; print open(my $file, "<", shift) ? "opened" : "$!", "\n"' "$prod/web-1.json"
    kill -INT "$PID"
    wait "$PID"
    assert_equal "$(cat "$PLACE/background.$BACKGROUND_COUNT")" 'Interrupted system call'
}

@test "what nobody waits for any more is there for the next, and costs nothing twice" {
    up
    hang GET '/v1/instances/*'
    waiting cat "$prod/web-1.json"
    stopped_by KILL
    faults_clear
    is_calm() { [ "$(status_of '.api.in_flight + .api.in_line')" = 0 ]; }
    within 3 is_calm
    jq -e .region "$prod/web-1.json"
    assert_equal "$(requests)" 1
}

@test "timeout= bounds every wait" {
    up timeout=2
    hang '*' '*'
    local began took
    for words in "cat $prod/web-1.json" "mkdir $prod/a" "rm $prod/web-2.json"; do
        began=$(since)
        run timeout 20 $words
        took=$(($(since) - began))
        echo "# $words: $took ms" >&3
        assert_failure
        [ "$took" -ge 1800 ]
        [ "$took" -lt 3500 ]
    done
    refused 'Connection timed out' cat "$prod/web-2.json"
}

@test "a create whose caller was killed goes on, and is seen" {
    up
    fault '{"kind":"delay","method":"POST","ms":2500}' >/dev/null
    waiting mkdir "$prod/a"
    stopped_by KILL
    within 5 [ -e "$prod/a.json" ]
    jq -e .id "$prod/a.json"
    grep -qx a.json <(ls "$prod")
    assert_equal "$(requests 'POST /v1/instances')" 1
}

@test "so does a written one, and neither is sent twice" {
    up
    fault '{"kind":"delay","method":"POST","ms":2500}' >/dev/null
    echo '{}' >"$PLACE/text"
    waiting dd if="$PLACE/text" of="$prod/a.json" status=none
    stopped_by KILL
    is_made() { jq -e .id "$prod/a.json" >/dev/null 2>&1; }
    within 5 is_made
    assert_equal "$(requests 'POST /v1/instances')" 1
    assert_equal "$(admin GET /instances | jq '[.[] | select(.name == "a")] | length')" 1
}

@test "a delete whose caller was killed goes on" {
    up
    fault '{"kind":"delay","method":"DELETE","ms":2500}' >/dev/null
    waiting rm "$prod/web-1.json"
    stopped_by KILL
    is_deleted() { [ ! -e "$prod/web-1.json" ]; }
    within 5 is_deleted
    assert_equal "$(admin GET /log | jq '[.[] | select(.method == "DELETE")] | length')" 1
}

# A request that the API refused by 429 holds the line, so that a create behind it is not sent yet.
hold_the_line() {
    fault '{"kind":"status","method":"GET","status":429,"headers":{"Retry-After":"2"}}' >/dev/null
    background cat "$prod/web-1.json"
    is_held() { [ "$(status_of .api.held_seconds)" -gt 0 ]; }
    within 3 is_held
}

in_line() {
    [ "$(status_of .api.in_line)" -ge "$1" ]
}

@test "a create that was stopped before it was sent is never sent" {
    up
    hold_the_line
    background env --default-signal=INT mkdir "$prod/a"
    PID=$BACKGROUND
    within 3 in_line 2
    stopped_by INT
    within 3 in_line 1
    echo '{}' >"$PLACE/text"
    background env --default-signal=INT dd if="$PLACE/text" of="$prod/b.json" status=none
    PID=$BACKGROUND
    within 3 in_line 2
    stopped_by KILL
    sleep 2.5
    assert_equal "$(requests 'POST /v1/instances')" 0
    [ ! -e "$prod/a.json" ]
    [ ! -e "$prod/a.json.rejected" ]
    assert_equal "$(cat "$prod/b.json.rejected")" '{}' # what somebody wrote is kept
    grep -q 'stopped before it was sent' "$prod/b.json.error"
    assert_equal "$(admin GET /instances | jq 'any(.[]; .name == "b")')" false
}

@test "a write that was stopped before it was sent is not revived by the close" {
    up
    hold_the_line
    background perl -e '
        $SIG{INT} = sub { };
        open(my $file, ">", shift) or die;
        print defined syswrite($file, "{}") ? "taken" : "$!", "\n";
        print defined syswrite($file, "\n") ? "taken" : "$!", "\n";
        print close($file) ? "closed" : "$!", "\n";
        sleep 3' "$prod/a.json"
    PID=$BACKGROUND
    within 3 in_line 2
    kill -INT "$PID"
    wait "$PID"
    run cat "$PLACE/background.$BACKGROUND_COUNT"
    assert_line --index 0 'Interrupted system call'
    assert_line --index 1 'Interrupted system call'
    assert_equal "$(requests 'POST /v1/instances')" 0
}

@test "a mount that is interrupted leaves nothing behind" {
    hang GET '*'
    mkdir -p "$MNT" "$PLACE/state"
    echo "$MNT" >>"$PLACE/started.mounts"
    background env --default-signal=INT "$SKYSTACKFS" "$ENDPOINT" "$MNT" \
        -o "token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state"
    within 5 seen 1
    kill -INT "$BACKGROUND"
    within 5 ended "$BACKGROUND"
    faults_clear
    sleep 0.5
    run grep -F " $MNT " /proc/self/mounts
    assert_output ""
    nobody_is_left() { if daemon_pid; then return 1; fi; }
    within 5 nobody_is_left
}

@test "a mount in the foreground can be stopped before it is one" {
    hang GET '*'
    mkdir -p "$MNT" "$PLACE/state"
    echo "$MNT" >>"$PLACE/started.mounts"
    background env --default-signal=INT "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f \
        -o "token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state"
    PID=$BACKGROUND
    within 5 seen 1
    kill -INT "$PID"
    within 2 ended "$PID"
    run wait "$PID"
    assert_failure
    run grep -F " $MNT " /proc/self/mounts
    assert_output ""
}
