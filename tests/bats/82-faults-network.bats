#!/usr/bin/env bats
# Faults 28 to 40: network and server. What can't be an answer of the API is an error, never an empty list and never an end; what
# was known stays.

load helper
load faults

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

# refuses SAYS WHAT: reading fails so, within the deadline, and the names stay.
refuses() {
    local began
    began=$(since)
    run cat "$prod/web-1.json"
    assert_failure
    [[ $output == *"$1"* ]] || fail_with "expected: $1, with $2" "said: $output"
    [ $(($(since) - began)) -lt 5000 ] || fail_with "too long: $2"
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
        assert_equal "$what: $(requests)" "$what: 0"
        [ "$(admin GET /counts | jq .connections)" -gt 0 ] || fail_with "$what: it never tried"
    done
    sandbox_stop
    sandbox_start --listen "127.0.0.1:$port"
    within 5 reads_well
    assert_equal "$(fault_lines ECONNABORTED | jq -r .sent | sort -u)" no
    fault_aftermath ECONNABORTED
}

# cut WHAT ERROR MEMBERS: an answer that breaks off.
cut() {
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
    cut 'by nothing that tells' 'Protocol error' "{\"kind\":\"raw\",\"body\":\"$head\\r\\n$body\"}"
    cut 'by a length that nobody can hold' 'Protocol error' \
        "{\"kind\":\"raw\",\"body\":\"${head}Content-Length: 99999999999999999999\\r\\n\\r\\n$body\"}"
    cut 'to the length of half a text' 'Protocol error' '{"kind":"body","body":"{\"id\":\"ins_1\",\"name\":\"web"}'
    cut 'to a part of the whole' 'Protocol error' '{"kind":"body","status":206,"body":"{\"id\":\"ins_1\",\"data\":[]}"}'
    head -c 99999 /dev/zero | tr '\0' ' ' | cat - <(printf '%b' "${body//\\\"/\"}") | gzip | head -c -9 |
        answers_bytes '{"kind":"body","headers":{"Content-Encoding":"gzip"}}'
    refuses 'Protocol error' 'inside what it was packed into'
    grep -q '"request_id":"req_cut"' "$MNT/.skystack/errors"
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
    fault_mount "$EAGER"
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
