#!/usr/bin/env bats
# What the API answers, or doesn't: one error for each case, never a second request to create, and the reason one command away.

load helper

setup() {
    sandbox_start --instances 4
    prod=$MNT/prod
}

# up [OPTION,...]: mounted with defaults for creates, and the lists known.
up() {
    mount_up "region=eu-central,size=standard-2,timeout=2${1:+,$1}"
    ls "$MNT" "$prod" >/dev/null
    requests_reset
}

# The newest line of .skystack/errors, a field of it.
newest() {
    tail -n 1 "$MNT/.skystack/errors" | jq -r ".$1 // \"\""
}

# answers METHOD STATUS [MEMBERS]: what the API says to the next request of that method.
answers() {
    fault "{\"kind\":\"status\",\"method\":\"$1\",\"status\":$2${3:+,$3}}" >/dev/null
}

# Creates that may or may not have happened

@test "a create answered by silence is EINPROGRESS, and was sent once" {
    up
    fault '{"kind":"hang_after","method":"POST"}' >/dev/null
    local began
    began=$(since)
    refused 'Operation now in progress' mkdir "$prod/web-9"
    [ $(($(since) - began)) -ge 1500 ]
    [ $(($(since) - began)) -lt 6000 ]
    assert_equal "$(posts)" 1
    assert_equal "$(newest errno)" EINPROGRESS
    assert_equal "$(newest sent)" unanswered
}

@test "what was created without an answer is seen at the next look" {
    up
    fault '{"kind":"hang_after","method":"POST"}' >/dev/null
    refused 'Operation now in progress' mkdir "$prod/web-9"
    within 5 [ -e "$prod/web-9.json" ]
    assert_equal "$(jq -r .region "$prod/web-9.json")" eu-central
    assert_equal "$(posts)" 1
}

@test "a connection closed before the deed is no different, as nobody can tell" {
    up
    fault '{"kind":"close","method":"POST"}' >/dev/null
    refused 'Operation now in progress' mkdir "$prod/web-9"
    assert_equal "$(posts)" 1
    [ ! -e "$prod/web-9.json" ]
}

@test "a create answered by 201 and nonsense is EINPROGRESS, and was sent once" {
    up
    local body number=0
    for body in '' 'null' '[]' '{"name":"web-9"}' '<html>' '{"id":""}'; do
        fault "$(jq -n --arg body "$body" '{kind: "body", method: "POST", status: 201, body: $body, content_type: "application/json"}')" >/dev/null
        number=$((number + 1))
        refused 'Operation now in progress' mkdir "$prod/web-9$number"
    done
    assert_equal "$(posts)" 6
}

@test "why says that nobody knows, and what to do" {
    up
    answers POST 503
    run mkdir "$prod/web-9"
    run why "$prod/web-9"
    assert_success
    assert_output --partial 'mkdir /prod/web-9: EINPROGRESS'
    assert_output --partial 'may or may not have happened'
    assert_output --partial 'no answer came'
    assert_output --partial 'mend'
}

@test "one that could not be sent works once the API is back" {
    sandbox_stop
    sandbox_start --listen 127.0.0.1:0
    local port=${ENDPOINT##*:}
    up
    sandbox_stop
    refused 'Connection refused' mkdir "$prod/web-9"
    sandbox_start --listen "127.0.0.1:$port"
    mkdir "$prod/web-9"
    assert_equal "$(posts)" 1
}

# Refused creates

# create_fails STATUS ERRNO TEXT: and was sent once, told with its request id, and left nothing.
create_fails() {
    requests_reset
    answers POST "$1" '"code":"some_code","message":"Some message."'
    refused "$3" mkdir "$prod/web-9"
    assert_equal "$1 $(newest errno)" "$1 $2"
    assert_equal "$(newest sent)" answered
    assert_equal "$(newest api_code)" some_code
    [[ $(newest message) == *'Some message.'* ]]
    assert_equal "$(newest request_id)" "$(request_id POST)"
    assert_equal "$(posts)" 1
    [ ! -e "$prod/web-9" ]
}

@test "what the API refuses has an errno of its own" {
    up
    create_fails 400 EINVAL 'Invalid argument'
    create_fails 422 EINVAL 'Invalid argument'
    create_fails 403 EACCES 'Permission denied'
    create_fails 409 EEXIST 'File exists'
    create_fails 404 ENOENT 'No such file or directory'
    create_fails 401 EKEYREJECTED 'Key was rejected by service'
}

@test "details of a refusal are shown, every one" {
    up
    answers POST 422 '"message":"Not so.","details":[{"field":"quota","issue":"is used up"},{"field":"region","issue":"is full"}]'
    refused 'Invalid argument' mkdir "$prod/web-9"
    run why "$prod/web-9"
    assert_output --partial 'Not so. quota: is used up. region: is full.'
}

@test "control characters in what the API says reach no terminal" {
    up
    answers POST 400 '"message":"a\u001b[31mred\r\nnext","code":"x\u0007"'
    refused 'Invalid argument' mkdir "$prod/web-9"
    run why "$prod/web-9"
    refute_output --partial $'\x1b'
    refute_output --partial $'\r'
    refute_output --partial $'\x07'
    assert_output --partial 'a\x1b[31mred\x0d\x0anext'
    assert_equal "$(wc -l <"$MNT/.skystack/errors")" 1
}

@test "an answer that is no SkyStack's is EPROTO for a create only if nothing can have happened" {
    up
    answers POST 404 '"envelope":false'
    refused 'Remote I/O error' mkdir "$prod/web-9"
    answers POST 418 '"envelope":false'
    refused 'Protocol error' mkdir "$prod/web-9"
    fault '{"kind":"redirect","method":"POST"}' >/dev/null
    refused 'Protocol error' mkdir "$prod/web-9"
    fault '{"kind":"garbage","method":"POST"}' >/dev/null
    refused 'Operation now in progress' mkdir "$prod/web-9"
    assert_equal "$(posts)" 4
}

# Reading

# read_fails ERRNO TEXT: a file whose contents must be asked for.
read_fails() {
    refused "$2" cat "$prod/web-1.json"
    assert_equal "$(newest errno)" "$1"
    faults_clear
}

@test "a read has the errno of what the API said" {
    sandbox_stop
    sandbox_start --rows summary
    up
    answers GET 403
    read_fails EACCES 'Permission denied'
    answers GET 500 '"count":-1'
    read_fails EREMOTEIO 'Remote I/O error'
    assert_equal "$(newest request_id)" "$(request_id GET)"
    assert_equal "$(newest http_status)" 500
    faults_clear
    answers GET 503 '"count":-1'
    read_fails EREMOTEIO 'Remote I/O error'
    faults_clear
    answers GET 404 '"envelope":false'
    read_fails EREMOTEIO 'Remote I/O error'
    jq -e .region "$prod/web-1.json"
}

@test "what does not come from SkyStack is EPROTO" {
    sandbox_stop
    sandbox_start --rows summary
    up
    fault '{"kind":"garbage","method":"GET"}' >/dev/null
    read_fails EPROTO 'Protocol error'
    fault '{"kind":"body","body":"{\"id\":","content_type":"application/json"}' >/dev/null
    read_fails EPROTO 'Protocol error'
    fault '{"kind":"body","body":"{\"id\":\"ins_2\",\"name\":\"x\"}","content_type":"application/json"}' >/dev/null
    read_fails EPROTO 'Protocol error'
}

@test "a read that nobody answers is ETIMEDOUT when its time is over" {
    sandbox_stop
    sandbox_start --rows summary
    up
    fault '{"kind":"hang","method":"GET","count":-1}' >/dev/null
    local began
    began=$(since)
    refused 'Connection timed out' cat "$prod/web-1.json"
    [ $(($(since) - began)) -ge 1800 ]
    [ $(($(since) - began)) -lt 4000 ]
    assert_equal "$(newest errno)" ETIMEDOUT
}

@test "an enveloped 404 means that it is gone, and no other answer does" {
    sandbox_stop
    sandbox_start --rows summary
    up
    answers GET 404 '"envelope":false'
    run cat "$prod/web-1.json"
    assert_failure
    [ -e "$prod/web-1.json" ]
    answers GET 503 '"count":-1'
    run cat "$prod/web-1.json"
    assert_failure
    [ -e "$prod/web-1.json" ]
    faults_clear
    admin DELETE /instances/ins_1 >/dev/null
    refused 'No such file or directory' cat "$prod/web-1.json"
    [ ! -e "$prod/web-1.json" ]
}

# The rate limit

@test "429 is waited out, and the create is sent again as it was not taken" {
    up
    answers POST 429 '"headers":{"Retry-After":"1"}'
    local began
    began=$(since)
    mkdir "$prod/web-9"
    [ $(($(since) - began)) -ge 900 ]
    assert_equal "$(posts)" 2
    assert_equal "$(admin GET /instances | jq '[.[] | select(.name == "web-9")] | length')" 1
    run jq -r '.[] | select(.method == "POST") | .headers["idempotency-key"]' <(admin GET /log)
    assert_equal "${lines[0]}" "${lines[1]}"
}

@test "429 beyond wait= is EBUSY, at once" {
    up wait=1
    answers POST 429 '"headers":{"Retry-After":"3000"}'
    local began
    began=$(since)
    refused 'Device or resource busy' mkdir "$prod/web-9"
    [ $(($(since) - began)) -lt 3000 ]
    assert_equal "$(newest errno)" EBUSY
    assert_equal "$(newest http_status)" 429
    assert_equal "$(newest request_id)" "$(request_id POST)"
    run why "$prod/web-9"
    assert_output --partial 'wait='
    assert_equal "$(posts)" 1
}

# The token

@test "a changed token file is read by itself" {
    sandbox_stop
    sandbox_start --rows summary
    up
    admin POST /log/reset >/dev/null
    admin POST /token '{}' >/dev/null
    jq -e .region "$prod/web-1.json"
    mkdir "$prod/web-9"
    # whether the change was seen first or the refusal: none goes with the old one after the first with the new one
    admin GET /log | jq -e 'map(.token) | (index("current") as $at | $at != null and (.[$at:] | index("old") | not))'
}

@test "a latched mount works again when the token file changes" {
    sandbox_stop
    sandbox_start --rows summary
    up
    local token
    token=$(admin POST /token '{"write_file":false}' | jq -r .token)
    refused 'Key was rejected by service' cat "$prod/web-1.json"
    printf '%s\n' "$token" >"$TOKEN_FILE"
    is_read() { jq -e .region "$prod/web-1.json" >/dev/null 2>&1; }
    within 8 is_read
}

# Telling

@test "errors keeps the last failures as JSON lines, the newest last" {
    up
    answers POST 400 '"message":"The first."'
    run mkdir "$prod/a"
    answers POST 403 '"message":"The second."'
    run mkdir "$prod/b"
    run jq -rs 'map(.path + " " + .errno) | join(", ")' "$MNT/.skystack/errors"
    assert_output '/prod/a EINVAL, /prod/b EACCES'
    jq -e '.time and .operation and .errno and .sent and .message and .request_id and .uid == 0 and (.pid > 0)' "$MNT/.skystack/errors"
    "$SKYSTACKFS" status "$MNT" | grep -qF 'The second.'
}

@test "errors keeps a hundred" {
    up
    local i
    for i in {1..120}; do mkdir "$prod/no good $i" 2>/dev/null || true; done
    assert_equal "$(wc -l <"$MNT/.skystack/errors")" 100
    assert_equal "$(newest path)" '/prod/no good 120'
}

@test "why tells what failed in this session, and --json as it is kept" {
    up
    answers POST 400 '"message":"As it were."'
    run setsid -w bash -c 'mkdir "$1"; "$2" why "$3"' - "$prod/web-9" "$SKYSTACKFS" "$MNT"
    run setsid -w bash -c 'cd "$1" && mkdir no.json; "$2" why; "$2" why --json' - "$prod" "$SKYSTACKFS"
    assert_line --partial 'mkdir /prod/no.json: EINVAL'
    assert_equal "$(tail -n 1 <<<"$output" | jq -r .path)" /prod/no.json
    run why "$prod/web-1.json"
    assert_failure 3
    assert_output 'Nothing has failed there.'
}

@test "the token is in none of what is told" {
    local token log=$PLACE/log options
    token=$(cat "$TOKEN_FILE")
    mkdir -p "$MNT" "$PLACE/state"
    echo "$MNT" >>"$PLACE/started.mounts"
    options=token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state,timeout=2,log=debug,region=eu-central,size=standard-2
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f -o "$options" >"$log" 2>&1 3>&- &
    within 10 mountpoint -q "$MNT"
    answers POST 400 "\"message\":\"refused\""
    run mkdir "$prod/a"
    answers POST 401
    run mkdir "$prod/b"
    sandbox_stop
    run mkdir "$prod/c"
    cat "$MNT/.skystack/errors" "$MNT/.skystack/status" "$MNT/.skystack/status.json" >"$PLACE/told"
    why "$MNT" >>"$PLACE/told" || true
    kill -USR1 "$(daemon_pid)"
    tr '\0' ' ' <"/proc/$(daemon_pid)/cmdline" >>"$PLACE/told"
    mount_down
    [ -s "$log" ]
    [ "$(wc -l <"$PLACE/told")" -gt 5 ]
    run grep -F -- "$token" "$log" "$PLACE/told"
    assert_failure 1
}

# open_fails MEMBERS TIMES: opens a file so many times, each of which a fault of these members answers, and fails.
open_fails() {
    faults_clear
    jq -c '{path: "/v1/instances*", count: -1, content_type: "application/json"} + .' <<<"$1" >"$PLACE/fault"
    fault "@$PLACE/fault" >/dev/null
    perl -e 'for (1 .. $ARGV[1]) { open(my $file, "<", $ARGV[0]) and die "it opened\n" }' "$prod/web-1.json" "$2" ||
        fail_with "with $1"
}

# Odd answers of each kind, cheap ones so many times.
answer_oddly() {
    local head='HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
    local deep padding
    deep=$(printf '[%.0s' {1..500})
    padding=$(printf '%0900d' 0)
    open_fails '{"kind":"garbage","content_type":"text/html"}' "$1"
    open_fails '{"kind":"redirect"}' "$1"
    open_fails '{"kind":"status","status":403}' "$1"
    open_fails '{"kind":"status","status":404,"envelope":false}' "$1"
    open_fails '{"kind":"body","body":"{\"id\":\"ins_1\",\"id\":\"ins_2\"}"}' "$1"
    open_fails '{"kind":"body","body":"{\"id\":\"ins_2\",\"data\":[{\"id\":\"ins_1\"},{\"id\":5}]}"}' "$1"
    open_fails "{\"kind\":\"body\",\"body\":\"$deep\"}" "$1"
    open_fails '{"kind":"body","body":"{\"id\":\"ins_1\",\"name\":\"half"}' "$1"
    open_fails '{"kind":"body","headers":{"Content-Encoding":"gzip"},"body":"not packed"}' "$1"
    open_fails "{\"kind\":\"raw\",\"body\":\"$head\\r\\n{}\"}" "$1"
    open_fails "{\"kind\":\"raw\",\"body\":\"$head$(for _ in {1..100}; do printf 'X: %s\\r\\n' "$padding"; done)\"}" 10
    open_fails '{"kind":"huge","bytes":9000000}' 5
    open_fails '{"kind":"truncate"}' 3
    open_fails '{"kind":"close"}' 3
    open_fails '{"kind":"status","status":503}' 3
    open_fails '{"kind":"endless"}' 3
    faults_clear
    within 10 cat "$prod/web-1.json" >/dev/null # an API that could not be reached is left alone for a while
}

resident_kb() {
    awk '$1 == "VmRSS:" { print $2 }' "/proc/$(daemon_pid)/status"
}

@test "two thousand faulty answers of all kinds cost no memory" {
    local -x ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1
    local before after
    up ttl=0,stale_if_error=0
    answer_oddly 20
    before=$(resident_kb)
    requests_reset
    answer_oddly 200
    after=$(resident_kb)
    [ "$(requests)" -ge 2000 ] || fail_with "there were but $(requests)"
    [ $((after - before)) -le 2048 ] || fail_with "it grew from $before to $after kB"
}
