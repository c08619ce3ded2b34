#!/usr/bin/env bats
# Faults 28 to 40: network and server. What can't be an answer of the API is an error, never an empty list and never an end; what
# was known stays.

load helper
load faults
load clock
load proxies

# Every look asks, and no content is shown that is not of now; names are.
EAGER=ttl=0,stale_if_error=0

setup() {
    fault_sandbox --instances 4
}

# answers MEMBERS: from now on all questions about instances are answered by a fault of these members.
answers() {
    jq -c '{path: "/v1/instances*", count: -1, content_type: "application/json"} + .' <<<"$1" >"$PLACE/fault"
    faults_clear
    fault "@$PLACE/fault" >/dev/null
}

# answers_bytes MEMBERS: the same, with standard input as the body.
answers_bytes() {
    local members
    base64 -w 0 >"$PLACE/bytes"
    members=$(jq -c --rawfile bytes "$PLACE/bytes" '. + {body_base64: $bytes}' <<<"$1")
    answers "$members"
}

# The names that were known are shown, and no others.
names_stay() {
    assert_equal "$(ls "$prod")" "$(printf '%s\n' web-1.json web-2.json)"
    [ -e "$prod/web-2.json" ]
    [ ! -e "$prod/web-9.json" ]
}

says_of_it() {
    run cat "$prod/web-1.json"
    [[ $status -ne 0 && $output == *"$1"* ]]
}

# refuses SAYS WHAT: reading fails so, within the deadline, and the names stay.
refuses() {
    local began
    # after five that failed in a row the sixth hears of the last of them, until the API is tried again
    within 10 says_of_it "$1" || fail_with "expected: $1, with $2" "said: $output"
    began=$(since)
    run cat "$prod/web-1.json"
    assert_failure
    [ $(($(since) - began)) -lt "${WITHIN_MS:-5000}" ] || fail_with "too long: $2"
    names_stay
}

reads_well() {
    jq -e '.id == "ins_1"' "$prod/web-1.json"
}

# All that does not change by itself.
settled() {
    jq 'del(.utilization)' "$prod/web-1.json"
}

recovers() {
    faults_clear
    within 5 reads_well
    names_stay
}

# At least one line of .skystack/errors has an id that the sandbox gave, and each that has one has it from there.
ids_are_the_apis() {
    admin GET /log | jq 'map(.request_id)' >"$PLACE/ids"
    jq -es --slurpfile ids "$PLACE/ids" \
        'map(.request_id // empty) | length > 0 and all(.[]; . as $id | any($ids[0][]; . == $id))' "$MNT/.skystack/errors"
}

# The sandbox, the mounts and whoever asks them go on in a network of their own, whose only route is the loopback.
fault_unshared() {
    local tool
    all_down
    unshare --net sleep 60 3>&- 4>&- &
    NET_PID=$!
    echo "$NET_PID" >>"$PLACE/started.backgrounds"
    within 5 other_network
    netted ip link set lo up
    netted ip rule add pref 10 lookup local
    netted ip rule del pref 0
    mkdir -p "$PLACE/bin"
    for tool in "$SKYSTACKFS" "$SKYSTACK_SANDBOX"; do
        printf '#!/bin/sh\nexec nsenter --net=/proc/%s/ns/net -- "%s" "$@"\n' "$NET_PID" "$tool" >"$PLACE/bin/${tool##*/}"
    done
    chmod +x "$PLACE"/bin/*
    SKYSTACKFS=$PLACE/bin/skystackfs SKYSTACK_SANDBOX=$PLACE/bin/skystack-sandbox
    fault_sandbox --instances 4
}

other_network() {
    [ "$(readlink "/proc/$NET_PID/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

admin() {
    if [ -n "${NET_PID-}" ]; then
        netted bash -c "$(declare -f ask_sandbox fail_with); ask_sandbox \"\$@\"" - "$@"
    else
        ask_sandbox "$@"
    fi
}

netted() {
    nsenter --net="/proc/$NET_PID/ns/net" -- "$@"
}

# The local addresses are looked up behind a rule of ours, so that it can take the route away.
route_goes() {
    netted ip rule add pref 5 to 127.0.0.1 unreachable
}

route_comes() {
    netted ip rule del pref 5
}

@test "fault 28: without a route what is known is shown within its limit, it comes back by itself, and a mount needs none" {
    command -v ip >/dev/null || skip "ip is not installed"
    unshare --net true 2>/dev/null || skip "no network can be made here"
    fault_unshared
    fault_mount stale_if_error=3,ttl=0.3
    local name
    name=$(ls "$prod" | head -n 1)
    cat "$prod/$name" >/dev/null
    route_goes
    sleep 0.5
    jq -e .id "$prod/$name"
    sleep 3
    refused 'No route to host' cat "$prod/$name"
    [ "$(ls "$prod" | wc -l)" -gt 0 ]
    fault_aftermath EHOSTUNREACH
    route_comes
    within 10 jq -e .id "$prod/$name"
    fault_unmount
    route_goes
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state" 2>"$PLACE/said" 3>&- 4>&-
    grep -q '^skystackfs: Mounting with what was known .* ago: ' "$PLACE/said"
    [ "$(ls "$prod" | wc -l)" -gt 0 ]
    route_comes
    within 10 jq -e .id "$prod/$name"
}

@test "fault 29: headers or a body that come a byte a second end with the total deadline" {
    fault_mount "$EAGER"
    answers '{"kind":"raw","ms":1000,"body":"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"}'
    refuses 'Connection timed out' 'a slow head'
    answers '{"kind":"slow","ms":1000}'
    refuses 'Connection timed out' 'a slow body'
    recovers
    fault_aftermath ETIMEDOUT
}

@test "fault 30: a web page with 200 is no answer of the API, and never an empty list" {
    prod=$MNT fault_mount "$EAGER"
    answers '{"kind":"garbage","content_type":"text/html"}'
    local look
    for look in "ls $prod" "ls $MNT/.skystack/by-id" "stat $prod/web-1.json" "stat $prod/web-9.json" "cat $prod/.table" \
        "cat $MNT/.all.ndjson"; do
        refused 'Protocol error' $look
    done
    faults_clear
    within 5 reads_well
    answers '{"kind":"garbage","content_type":"text/html"}'
    refuses 'Protocol error' 'a web page'
    answers '{"kind":"body","body":"<html></html>"}'
    refuses 'Protocol error' 'a web page that is called JSON'
    ids_are_the_apis
    recovers
    fault_aftermath EPROTO
    grep -q 'login page' "$MNT/.skystack/errors"
}

@test "fault 31: no redirect of any kind is followed, by a reader or by a writer" {
    fault_mount "$EAGER"
    local status
    for status in 300 301 302 303 304 305 307 308 399; do
        answers "{\"kind\":\"redirect\",\"status\":$status,\"location\":\"$ENDPOINT/v1/elsewhere/$status\"}"
        refuses 'Protocol error' "$status"
    done
    answers "{\"kind\":\"redirect\",\"status\":307,\"method\":\"POST\",\"location\":\"$ENDPOINT/v1/elsewhere\"}"
    refused 'Protocol error' put "$prod/web-9.json" '{"tags":["mine"]}'
    fault_kept "$prod/web-9.json" '{"tags":["mine"]}'
    assert_equal "$(posts)" 1
    assert_equal "$(admin GET /log | jq '[.[] | select(.path | contains("elsewhere"))] | length')" 0
    faults_clear
    within 5 reads_well
    fault_aftermath EPROTO "$(request_id POST)"
}

# A client that would speak any TLS, were it for the library alone.
lax_tls() {
    printf '%s\n' 'openssl_conf = a' '[a]' 'ssl_conf = b' '[b]' 'system_default = c' '[c]' 'MinProtocol = TLSv1' \
        'CipherString = DEFAULT@SECLEVEL=0' >"$PLACE/lax.cnf"
    export OPENSSL_CONF=$PLACE/lax.cnf
}

# After some that failed the API is left alone for a while.
is_tried() {
    says_of_it 'Software caused connection abort'
    [ "$(admin GET /counts | jq .connections)" -gt 0 ]
}

@test "fault 32: a certificate that is expired, self-signed or another host's, and TLS 1.1, see no token" {
    local port=${ENDPOINT##*:} what
    lax_tls
    fault_mount "$EAGER"
    for what in '--certificate expired' '--certificate self-signed' '--certificate wrong-host' '--tls-max 1.1'; do
        sandbox_stop
        sandbox_start --listen "127.0.0.1:$port" $what
        curl -sk --max-time 5 "$ENDPOINT/v1/projects" | jq -e .error >/dev/null || fail_with "$what: nobody could talk to it"
        requests_reset
        refuses 'Software caused connection abort' "$what"
        refused 'Software caused connection abort' put "$prod/web-9.json" '{"tags":["mine"]}'
        fault_kept "$prod/web-9.json" '{"tags":["mine"]}'
        rm "$prod/web-9.json.rejected" "$prod/web-9.json.error"
        within 10 is_tried || fail_with "$what: it never tried"
        assert_equal "$what: $(requests)" "$what: 0"
    done
    sandbox_stop
    sandbox_start --listen "127.0.0.1:$port"
    within 5 reads_well
    assert_equal "$(fault_lines ECONNABORTED | jq -r .sent | sort -u)" no
    fault_aftermath ECONNABORTED
}

# cut WHAT ERROR MEMBERS: an answer that breaks off.
# Each from a good state: after some failures in a row nothing is asked for a while.
cut() {
    faults_clear
    within 10 reads_well >/dev/null 2>&1
    answers "$3"
    refuses "$2" "$1"
}

@test "fault 33: a body that is cut short is an error, however it is cut, and the last state stays" {
    fault_mount "$EAGER"
    settled >"$PLACE/before"
    local body head='HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_cut\r\n'
    body='{\"id\":\"ins_1\",\"data\":[],\"next_cursor\":null}'
    cut 'by half its length' 'Remote I/O error' '{"kind":"truncate"}'
    ids_are_the_apis
    cut 'to nothing' 'Remote I/O error' '{"kind":"truncate","bytes":0}'
    cut 'by one chunk' 'Remote I/O error' '{"kind":"truncate","chunked":true}'
    cut 'to no chunk' 'Remote I/O error' '{"kind":"truncate","chunked":true,"bytes":0}'
    cut 'before it began' 'Remote I/O error' '{"kind":"close"}'
    cut 'in its head' 'Protocol error' '{"kind":"raw","body":"HTTP/1.1 200 OK\r\nContent-Le"}'
    cut 'after its head' 'Remote I/O error' "{\"kind\":\"raw\",\"body\":\"${head}Content-Length: 45\\r\\n\\r\\n\"}"
    cut 'in a chunk' 'Remote I/O error' \
        "{\"kind\":\"raw\",\"body\":\"${head}Transfer-Encoding: chunked\\r\\n\\r\\n2d\\r\\n{\"}"
    cut 'before the last chunk' 'Remote I/O error' \
        "{\"kind\":\"raw\",\"body\":\"${head}Transfer-Encoding: chunked\\r\\n\\r\\n2d\\r\\n$body\\r\\n\"}"
    grep -q '"request_id":"req_cut"' "$MNT/.skystack/errors" # which keeps the last hundred
    cut 'by nothing that tells' 'Protocol error' "{\"kind\":\"raw\",\"body\":\"$head\\r\\n$body\"}"
    cut 'by a length that nobody can hold' 'Protocol error' \
        "{\"kind\":\"raw\",\"body\":\"${head}Content-Length: 99999999999999999999\\r\\n\\r\\n$body\"}"
    cut 'to the length of half a text' 'Protocol error' '{"kind":"body","body":"{\"id\":\"ins_1\",\"name\":\"web"}'
    cut 'to a part of the whole' 'Protocol error' '{"kind":"body","status":206,"body":"{\"id\":\"ins_1\",\"data\":[]}"}'
    head -c 99999 /dev/zero | tr '\0' ' ' | cat - <(printf '%b' "${body//\\\"/\"}") | gzip | head -c -9 |
        answers_bytes '{"kind":"body","headers":{"Content-Encoding":"gzip"}}'
    refuses 'Protocol error' 'inside what it was packed into'
    recovers
    assert_equal "$(settled)" "$(cat "$PLACE/before")"
    fault_aftermath EREMOTEIO
    fault_unmount
    rm "$LOG"

    fault_mount ttl=0
    answers '{"kind":"truncate"}'
    assert_equal "$(getfattr --only-values --absolute-names -n user.skystack.source "$prod/web-1.json")" stale
    assert_equal "$(settled)" "$(cat "$PLACE/before")"
    names_stay
}

# Bytes without end in little room: what so many blanks are packed into.
bomb() {
    head -c "$1" /dev/zero | tr '\0' ' ' | gzip -9
}

@test "fault 34: a body over 8 MiB, a packed one that grows to it and a flood of headers cost little memory" {
    WITHIN_MS=15000
    fault_mount "$EAGER,timeout=10"
    local ok='HTTP/1.1 200 OK\r\n' line
    answers '{"kind":"huge"}'
    refuses 'File too large' '64 MiB in chunks'
    answers '{"kind":"huge","bytes":8388609}'
    refuses 'File too large' 'one byte more than its cap'
    fault_memory_is_bounded
    bomb 134217728 | answers_bytes '{"kind":"body","headers":{"Content-Encoding":"gzip"}}'
    refuses 'File too large' '128 MiB in 128 KiB'
    bomb 134217728 | gzip -9 | answers_bytes '{"kind":"body","headers":{"Content-Encoding":"gzip, gzip"}}'
    refuses 'File too large' 'the same, packed twice'
    fault_memory_is_bounded
    line=$(printf 'X-Flood: %0900d\\r\\n' 0)
    answers "{\"kind\":\"raw\",\"body\":\"$ok$(for _ in {1..800}; do printf %s "$line"; done)\"}"
    refuses 'Protocol error' '800 KB of headers'
    answers "{\"kind\":\"raw\",\"body\":\"$(for _ in {1..800}; do printf %s "HTTP/1.1 103 Early Hints\\r\\n$line\\r\\n"; done)\"}"
    refuses 'Protocol error' '800 answers before the answer'
    answers "{\"kind\":\"raw\",\"body\":\"${ok}X-Long: $(head -c 700000 /dev/zero | tr '\0' x)\\r\\n\\r\\n\"}"
    refuses 'Protocol error' 'a header of 700 KB'
    answers "{\"kind\":\"raw\",\"body\":\"$(head -c 700000 /dev/zero | tr '\0' x)\\r\\n\\r\\n\"}"
    refuses 'Protocol error' 'a first line of 700 KB'
    recovers
    fault_aftermath EFBIG
    fault_aftermath EPROTO
}

# nested COUNT: an instance whose lists are COUNT deep.
nested() {
    printf '{"id":"ins_1","x":%s%s}' "$(printf '[%.0s' $(seq "$1"))" "$(printf ']%.0s' $(seq "$1"))"
}

@test "fault 35: JSON that is too deep, ambiguous, not UTF-8 or not all is refused; escapes of odd characters are not" {
    local what bad
    fault_mount "$EAGER"
    local -A texts=(
        ['too deep']=$(nested 32)
        ['much too deep']=$(nested 100000)
        ['with a name twice']='{"id":"ins_1","name":"web-1","id":"ins_2"}'
        ['with a name twice, once escaped']='{"id":"ins_1","\u0069d":"ins_2"}'
        ['with a name twice inside']='{"id":"ins_1","x":{"a":1,"b":2,"a":1}}'
        ['with a raw control']=$'{"id":"ins_1","name":"web\x01"}'
        ['with a raw line end']=$'{"id":"ins_1","name":"web\n"}'
        ['with half a character']=$'{"id":"ins_1","name":"web\xc3"}'
        ['in Latin-1']=$'{"id":"ins_1","name":"w\xe9b"}'
        ['with a longer form than needed']=$'{"id":"ins_1","name":"\xc0\xaf"}'
        ['with a raw surrogate']=$'{"id":"ins_1","name":"\xed\xa0\x80"}'
        ['with a byte order mark']=$'\xef\xbb\xbf{"id":"ins_1"}'
        ['and more']='{"id":"ins_1"} x'
        ['twice']='{"id":"ins_1"}{"id":"ins_1"}'
        ['with a comma too many']='{"id":"ins_1",}'
        ['with a comment']='{"id":"ins_1"/* */}'
        ['in single quotes']="{'id':'ins_1'}"
        ['with a number of its own']='{"id":"ins_1","n":01}'
        ['of a word']='nope'
        ['of nothing']='{}'
        ['of nobody']='{"data":[{"id":""}],"next_cursor":null}'
        ['of a path']='{"data":[{"id":"../x"}],"next_cursor":null}'
    )
    for what in "${!texts[@]}"; do
        printf '%s' "${texts[$what]}" | answers_bytes '{"kind":"body"}'
        refuses 'Protocol error' "$what"
    done
    printf '{"id":"ins_1","name":"a\0b"}' | answers_bytes '{"kind":"body"}'
    refuses 'Protocol error' 'with a raw NUL'
    printf '{"id":"ins_1"}\0' | answers_bytes '{"kind":"body"}'
    refuses 'Protocol error' 'with a NUL behind it'
    recovers
    fault_aftermath EPROTO
    admin POST /instances "$(nested 29 | jq -c '. + {id: "deep", name: "deep", project_id: "prj_1"}')" >/dev/null
    admin POST /instances '{"id":"odd","name":"a\ud800b\u0000c","note":"\udfff, \u0000","project_id":"prj_1"}' >/dev/null
    assert_equal "$(ls "$prod")" "$(printf '%s\n' a%ED%A0%80b%00c.json deep.json web-1.json web-2.json)"
    grep -qF '"name": "a\ud800b\u0000c"' "$prod/a%ED%A0%80b%00c.json"
    grep -qF '"note": "\udfff, \u0000"' "$prod/a%ED%A0%80b%00c.json"
    jq -e '.x | flatten == []' "$prod/deep.json"
}

@test "fault 36: long integers and decimals are shown and sent back digit by digit" {
    local numbers
    numbers='"big":9007199254740993,"huge":-12345678901234567890123,"tiny":1.0000000000000000000001,"e":1E400,"zero":-0.0'
    admin PATCH /instances/ins_1 "{\"mystery\":{$numbers},\"serial\":18446744073709551617}" >/dev/null
    fault_mount
    assert_equal "$(cat "$prod/web-1/serial") $(cat "$prod/web-1/mystery/huge") $(cat "$prod/web-1/mystery/e")" \
        '18446744073709551617 -12345678901234567890123 1E400'
    assert_equal "$(sed -n '/"mystery"/,/}/p' "$prod/web-1.json" | tr -d ' \n')" "\"mystery\":{$numbers},"
    grep -qF "{$numbers}" "$prod/.all.ndjson"
    requests_reset
    admin POST /log/reset >/dev/null
    sed 's/standard-2/standard-4/' "$prod/web-1.json" >"$PLACE/edited"
    cat "$PLACE/edited" >"$prod/web-1.json"
    sed 's/7890123,/7890124,/; s/0000001,/0000002,/; s/09551617/09551618/' "$prod/web-1.json" >"$PLACE/edited"
    cat "$PLACE/edited" >"$prod/web-1.json"
    assert_equal "$(admin GET /log | jq -r '.[] | select(.method == "PATCH") | .body')" "$(printf '%s\n' '{"size":"standard-4"}' \
        '{"mystery":{"huge":-12345678901234567890124,"tiny":1.0000000000000000000002},"serial":18446744073709551618}')"
    cp "$prod/web-1.json" "$prod/web-9.json"
    admin GET /log | jq -r '.[] | select(.method == "POST") | .body' | grep -F '"big":9007199254740993,"huge":-12345678901234567890124'
    grep -qF '"serial": 18446744073709551618' "$prod/web-9.json"
    fault_aftermath none
}

# Of 450 instances, in three pages; half of them in prod.
fault_sandbox_paged() {
    sandbox_stop
    rm -rf "$PLACE/sandbox"
    fault_sandbox --instances 450
}

has_names() {
    [ "$(ls "$prod" | wc -l)" = "$1" ]
}

# No list is known, and none becomes known.
no_list_ends() {
    refused 'Remote I/O error' ls "$prod"
    refused 'Remote I/O error' stat "$prod/web-9999.json"
    refused 'Remote I/O error' cat "$prod/.table"
    refused 'Remote I/O error' cat "$MNT/.all.ndjson"
    jq -e '.instances.complete == false' "$MNT/.skystack/status.json" || fail_with "complete: $1"
}

nothing_is_asked() {
    requests_reset
    sleep 0.3
    [ "$(requests)" = 0 ]
}

@test "fault 37: a cursor that repeats or never ends, and a page that fails, make no list complete" {
    fault_sandbox_paged
    prod=$MNT fault_mount ttl=0.2,timeout=5
    answers '{"kind":"body","body":"{\"data\":[{\"id\":\"x\",\"name\":\"x\",\"project_id\":\"prj_1\"}],\"next_cursor\":\"again\"}"}'
    no_list_ends 'a cursor that repeats'
    [ "$(requests)" -lt 60 ] || fail_with "too many requests: $(requests)"
    requests_reset
    answers '{"kind":"endless"}'
    no_list_ends 'ever new cursors'
    [ "$(requests)" -lt 100 ] || fail_with "too many requests: $(requests)"
    ids_are_the_apis # the log of requests ends before the next list does
    answers '{"kind":"endless","body":"{\"id\":\"x\",\"name\":\"x\",\"project_id\":\"prj_1\"}"}'
    no_list_ends 'ever new cursors, with the same row'
    within 2 nothing_is_asked || fail_with "a list without an end is read on"
    jq -e '.instances.complete == false' "$MNT/.skystack/status.json"
    answers '{"kind":"status","status":500,"query":"*cursor=*","skip":1}'
    no_list_ends 'a third page that fails'
    faults_clear
    within 5 has_names 225
    jq -e .instances.complete "$MNT/.skystack/status.json"
    answers '{"kind":"status","status":500,"query":"*cursor=*"}'
    admin DELETE /instances/ins_1 >/dev/null
    sleep 0.3
    has_names 225
    jq -e .instances.stale "$MNT/.skystack/status.json"
    faults_clear
    within 5 has_names 224
    fault_aftermath EREMOTEIO
}

@test "fault 38: a 503, and then a 404 that is not the API's, never mean that something is gone" {
    local body inode
    fault_mount "$EAGER,delete_delay=0"
    inode=$(stat -c %i "$prod/web-1.json")
    exec 7<"$prod/web-1.json"
    answers '{"kind":"status","status":503}'
    refuses 'Remote I/O error' '503'
    for body in '<html>Not found</html>' '' '{}' '{"message":"no route"}' '{"error":"not found"}' '{"error":{"message":"no route"}}' \
        '{"error":{"code":404,"message":"no route","status":"NOT_FOUND"}}' '{"error":{"code":"not_found","message":"cut'; do
        printf '%s' "$body" | answers_bytes '{"kind":"body","status":404}'
        refuses 'Remote I/O error' "404 with $body"
    done
    refused 'Remote I/O error' rm "$prod/web-1.json"
    names_stay
    answers '{"kind":"status","status":404,"code":"not_found","message":"No such path.","path":"/v1/instances"}'
    [ "$(ls "$prod" | wc -l)" = 2 ]
    recovers
    assert_equal "$(stat -c %i "$prod/web-1.json")" "$inode"
    jq -e '.id == "ins_1"' <&7
    exec 7<&-
    [ "$(admin GET /instances | jq length)" = 4 ]
    fault_aftermath EREMOTEIO
    admin DELETE /instances/ins_1 >/dev/null
    refused 'No such file' cat "$prod/web-1.json"
}

# How many requests of a method were made.
made() {
    admin GET /counts | jq --arg method "$1" '.by_method[$method] // 0'
}

look_at_all() {
    ls -l "$prod" >/dev/null
    cat "$prod"/*.json >/dev/null
}

DAY=86400

@test "fault 39: a wall clock that jumps a day, and a machine that was suspended, expire nothing wrongly and cause no burst" {
    clock_mount ttl=60,delete_delay=4
    look_at_all
    requests_reset
    local off began sent
    for off in $DAY -$DAY 0; do
        clock_set "$off" 0
        look_at_all
        assert_equal "$off: $(requests)" "$off: 0"
    done

    # a delete waits as long as it should, whatever the wall clock says
    began=$(since)
    rm "$prod/web-1.json"
    clock_set $DAY 0
    sleep 0.7
    sent=$(made DELETE)
    [ "$sent" = 0 ] || [ $(($(since) - began)) -ge 4000 ]
    clock_set -$DAY 0
    within 10 deleted ins_1
    [ ! -e "$prod/web-1.json" ]

    # suspended for an hour: all is old, and one list each is all that it costs
    clock_set 3600 3600
    requests_reset
    look_at_all
    look_at_all
    [ "$(requests)" -le 2 ] || fail_with "$(requests) requests after an hour"
    assert_equal "$(cat "$prod/web-2/id")" ins_3

    # suspended while a request was under way: it goes on
    echo all >"$MNT/.skystack/refresh"
    fault '{"kind":"delay","ms":500,"path":"/v1/instances*"}' >/dev/null
    background cat "$prod/web-2.json"
    sleep 0.2
    clock_set 7200 7200
    wait "$BACKGROUND"

    # without the API, names that are hours old are shown, those of two days ago are not, and never as an empty list
    answers '{"kind":"status","status":503}'
    clock_set $((10 * 3600)) $((10 * 3600))
    assert_equal "$(ls "$prod")" web-2.json
    refused 'Remote I/O error' cat "$prod/web-2.json"
    clock_set $((2 * DAY)) $((2 * DAY))
    refused 'Remote I/O error' ls "$prod"
    faults_clear
    within 5 names_are web-2.json
    fault_aftermath EREMOTEIO
}

deleted() {
    [ "$(admin GET /ledger | jq --arg id "$1" '[.[] | select(.op == "delete" and .id == $id)] | length')" = 1 ]
}

names_are() {
    [ "$(ls "$prod")" = "$*" ]
}

# Ten rounds of both texts by eight readers at once; fails if one read does.
everyone_reads() {
    local round
    for round in {1..10}; do
        printf '%s\n' "$prod"/web-{1,1,1,1,2,2,2,2}.json | xargs -n 1 -P 8 jq -e .id >/dev/null || return 1
    done
}

@test "fault 40: over HTTP/2, GOAWAY in the middle of reads and a server that starts again cost no GET" {
    local behind=${ENDPOINT##*:}
    nginx_start "$PLACE/nginx" "$PLACE/sandbox" "$behind" 'keepalive_requests 7'
    ENDPOINT=https://127.0.0.1:$NGINX_PORT
    fault_mount "$EAGER"
    admin POST /config '{"latency_ms":20,"rows":"summary"}' >/dev/null

    # a GOAWAY after every seven requests, and one of each worker that is replaced
    background everyone_reads
    for _ in 1 2 3; do
        sleep 0.3
        kill -HUP "$NGINX_PID"
    done
    wait "$BACKGROUND" || fail_with "a read failed:" "$(cat "$PLACE/background.$BACKGROUND_COUNT")"
    assert_equal "$(awk '{ print $2 }' "$PLACE/nginx/access" | sort -u)" HTTP/2.0
    assert [ "$(awk '{ print $1 }' "$PLACE/nginx/access" | sort -u | wc -l)" -gt 3 ]

    # a server that dies in the middle of reads, and is there again
    admin POST /config '{"latency_ms":300}' >/dev/null
    background everyone_reads
    for _ in {1..5}; do
        sleep 0.7
        [ "$(status_of .api.retries)" = 0 ] || break
        pkill -KILL -P "$NGINX_PID"
    done
    wait "$BACKGROUND" || fail_with "a read failed:" "$(cat "$PLACE/background.$BACKGROUND_COUNT")"
    assert_equal "$(awk '{ print $2 }' "$PLACE/nginx/access" | sort -u)" HTTP/2.0
    assert [ "$(status_of .api.retries)" -gt 0 ]

    # a server that was away while nobody looked
    admin POST /config '{"latency_ms":20}' >/dev/null
    end_process "$NGINX_PID" "$PLACE/nginx"
    nginx_start "$PLACE/nginx" "$PLACE/sandbox" "$behind"
    everyone_reads
    fault_aftermath none
}
