#!/usr/bin/env bats
# bats file_tags=release
# The sandbox keeps what its pages promise: every other test relies on it.

load asserts

setup() {
    SANDBOX=${SKYSTACK_SANDBOX:-$BATS_TEST_DIRNAME/../../build/src/sandbox/skystack-sandbox}
    PIDS=()
    DIR=$BATS_TEST_TMPDIR/state
}

teardown() {
    local pid
    for pid in "${PIDS[@]}"; do
        if kill "$pid" 2>/dev/null; then wait "$pid" || true; fi
    done
}

# Starts a sandbox and waits for its line: sets READY, ENDPOINT, CACERT, ADMIN, TOKEN_FILE, TOKEN and PID.
start() {
    local out=$BATS_TEST_TMPDIR/ready.$RANDOM
    "$SANDBOX" --exit-with-parent "$@" >"$out" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- &
    PID=$!
    PIDS+=("$PID")
    for _ in {1..1000}; do
        if [[ -s $out ]] || ! kill -0 "$PID" 2>/dev/null; then break; fi
        sleep 0.01
    done
    READY=$(<"$out")
    IFS=$'\t' read -r ENDPOINT CACERT ADMIN TOKEN_FILE < <(jq -r '[.endpoint, .cacert, .admin, .token_file] | @tsv' <<<"$READY")
    TOKEN=$(<"$TOKEN_FILE")
}

# Ends the last one in an orderly way; its exit status is the result.
stop() {
    kill "$PID"
    local result=0
    wait "$PID" || result=$?
    PIDS=()
    return "$result"
}

# api METHOD PATH [CURL ARGUMENT]...: STATUS and BODY are set, the head is in $HEAD.
api() {
    local method=$1 path=$2
    shift 2
    HEAD=$BATS_TEST_TMPDIR/head
    BODY=$(curl -s --max-time 10 --cacert "$CACERT" -X "$method" -H "Authorization: Bearer $TOKEN" -D "$HEAD" "$@" \
        -w '\n%{http_code}' "$ENDPOINT$path") || CURL_EXIT=$?
    STATUS=${BODY##*$'\n'}
    BODY=${BODY%$'\n'*}
}

send() {
    local method=$1 path=$2 body=$3
    shift 3
    api "$method" "$path" -H 'Content-Type: application/json' --data-binary "$body" "$@"
}

# admin METHOD PATH [BODY]: prints the answer.
admin() {
    if [[ -n ${3-} ]]; then
        curl -s --max-time 10 -X "$1" --data-binary "$3" "$ADMIN$2"
    else
        curl -s --max-time 10 -X "$1" "$ADMIN$2"
    fi
}

# The value of a filter over the last answer is as expected.
has() {
    assert_equal "$(jq -c "$1" <<<"$BODY")" "$2"
}

header() {
    grep -i "^$1:" "$HEAD" | cut -d' ' -f2- | tr -d '\r'
}

new='{"name":"worker-b","region":"us-east-1","size":"standard-2"}'

@test "it says where it is in one line of JSON" {
    start
    assert_equal "$(wc -l <<<"$READY")" 1
    assert_equal "$(jq -c 'keys' <<<"$READY")" '["admin","cacert","endpoint","token_file"]'
    [[ $ENDPOINT == https://127.0.0.1:* && $ADMIN == http://127.0.0.1:* ]]
    assert_equal "$(stat -c %a "$TOKEN_FILE")" 600
    [[ $TOKEN == sky_sbx_* ]]
}

@test "without a folder it leaves nothing behind" {
    start
    [ -d "$(dirname "$CACERT")" ]
    stop
    [ ! -e "$(dirname "$CACERT")" ]
}

@test "with a folder state, token and certificates survive" {
    start --dir "$DIR"
    local token=$TOKEN sum
    sum=$(sha256sum <"$CACERT")
    send POST /v1/instances "$new"
    stop
    start --dir "$DIR"
    assert_equal "$TOKEN" "$token"
    assert_equal "$(sha256sum <"$CACERT")" "$sum"
    api GET /v1/instances/ins_4
    has .name '"worker-b"'
}

@test "two cannot share a folder" {
    start --dir "$DIR"
    run "$SANDBOX" --dir "$DIR"
    assert_failure 1
}

@test "it serves on loopback only" {
    run "$SANDBOX" --listen 0.0.0.0:0
    assert_failure 2
    assert_output --partial loopback
    start --listen '[::1]:0'
    api GET /v1/projects
    assert_equal "$STATUS" 200
}

@test "a bad option is one clear line and exit 2" {
    local bad
    for bad in --nope --instances=x --instances=-1 --rows=some --dir= '--listen=1.2.3.4' --webhook=https://x; do
        run "$SANDBOX" "$bad"
        assert_failure 2
        assert_equal "${#lines[@]}" 1
    done
}

@test "it ends with its parent if it was asked to" {
    bash -c '"$1" --exit-with-parent --dir "$2" >"$3" & echo $! >"$3.pid"; until [ -s "$3" ]; do sleep 0.01; done' \
        - "$SANDBOX" "$DIR" "$BATS_TEST_TMPDIR/child" 3>&-
    local pid
    pid=$(cat "$BATS_TEST_TMPDIR/child.pid")
    for _ in {1..100}; do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.02
    done
    kill "$pid"
    return 1
}

@test "forty instances are shared by prod and staging" {
    start --instances 40
    api GET /v1/projects
    has . '{"data":[{"id":"prj_1","name":"prod"},{"id":"prj_2","name":"staging"}],"next_cursor":null}'
    api GET '/v1/instances?limit=200'
    has '[.data[].project_id] | group_by(.) | map(length)' '[20,20]'
    has '[.data[] | select(.project_id == "prj_1") | .name] | unique | length' 20
    has '.data[0] | keys_unsorted | index("id") == 0' true
}

# The fewest microseconds of five tries to get a page.
quickest() {
    local began took least=''
    for _ in {1..5}; do
        began=${EPOCHREALTIME/./}
        api GET "/v1/instances?limit=200&page=$1"
        took=$((${EPOCHREALTIME/./} - began))
        if [ -z "$least" ] || [ "$took" -lt "$least" ]; then least=$took; fi
    done
    echo "$least"
}

@test "of a hundred thousand the last page comes as quickly as the first" {
    start --instances 100000 --rate-minute 0 --rate-day 0
    api GET '/v1/instances?limit=200'
    has '.data | length' 200
    admin POST /config '{"pagination":"page"}' >/dev/null
    api GET '/v1/instances?limit=200&page=500'
    has '.data[-1].id' '"ins_100000"'
    [ "$(quickest 500)" -lt $(($(quickest 1) * 4)) ]
}

@test "cursors lead through everything once" {
    start --instances 45
    local path='/v1/instances?limit=20' seen='' cursor
    while :; do
        api GET "$path"
        seen+=$(jq -r '.data[].id' <<<"$BODY")$'\n'
        cursor=$(jq -r '.next_cursor // "" | @uri' <<<"$BODY")
        [ -n "$cursor" ] || break
        path="/v1/instances?limit=20&cursor=$cursor"
    done
    assert_equal "$(sort -u <<<"$seen" | grep -c ins_)" 45
    assert_equal "$(admin GET /counts | jq .total)" 3
}

@test "pages have numbers and a total where that is asked for" {
    start --instances 45 --pagination page
    api GET '/v1/instances?page=3&limit=20'
    has .pagination '{"page":3,"limit":20,"total":45}'
    has '.data | length' 5
    api GET '/v1/instances?page=4&limit=20'
    has .data '[]'
    api GET '/v1/instances?cursor=x'
    assert_equal "$STATUS" 400
}

@test "a list refuses what it does not know" {
    start
    local query
    for query in limit=0 limit=201 limit=x limit= cursor=x page=2 color=red 'limit=2&limit=3'; do
        api GET "/v1/instances?$query"
        assert_equal "$query $STATUS" "$query 400"
        has '.error.details | length' 1
    done
}

@test "rows may be summaries" {
    start --rows summary
    api GET /v1/instances
    has '.data[0]' '{"id":"ins_1","name":"web-1","project_id":"prj_1"}'
}

@test "a create answers a summary and is provisioning for a while" {
    start --provision-ms 400
    send POST /v1/instances "$new"
    assert_equal "$STATUS" 201
    has 'keys_unsorted' '["id","name","status","created_at"]'
    api GET /v1/instances/ins_4
    has '[.status, .ip, .project_id]' '["provisioning",null,"prj_1"]'
    sleep 0.5
    api GET /v1/instances/ins_4
    has '[.status, (.ip | type)]' '["running","string"]'
}

@test "a create by profile has a path of its own" {
    start
    send POST /v1/compute/instances '{"name":"w","profile":"c4-standard","region":"eu-central","autoscale":true}'
    assert_equal "$STATUS" 201
    api GET /v1/instances/ins_4
    has '[.profile, .autoscale]' '["c4-standard",true]'
    send POST /v1/compute/instances "$new"
    has '.error.details[0]' '{"field":"profile","issue":"is required"}'
}

@test "a create that is not valid is told field by field" {
    start
    send POST /v1/instances '{"name":"","region":"mars","size":"big","project_id":"prj_9","status":"running"}'
    assert_equal "$STATUS" 400
    has '[.error.details[].field] | sort' '["name","project_id","region","size","status"]'
    has '.error | has("code") and has("message") and has("request_id")' true
    assert_equal "$(admin GET /instances | jq length)" 3
}

@test "a body must be one JSON object and say so" {
    start
    local body
    for body in '' '[]' '{' '{"a":1,"a":2}' '{"a":1,"\u0061":2}' '{"a":01}' $'{"a":"\x01"}' '{"a":1} x' $'{"a":"\xff"}'; do
        send POST /v1/instances "$body"
        assert_equal "$body $STATUS" "$body 400"
    done
    api POST /v1/instances -H 'Content-Type: text/plain' -d "$new"
    assert_equal "$STATUS" 400
    api POST /v1/instances -H 'Content-Type: application/json; charset=utf-8' -d "$new"
    assert_equal "$STATUS" 201
    head -c 1100000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/big"
    send POST /v1/instances "@$BATS_TEST_TMPDIR/big"
    assert_equal "$STATUS" 413
}

@test "fields that it does not know come back digit for digit" {
    start
    send POST /v1/instances "${new%\}},\"big\":12345678901234567890123,\"deep\":{\"x\":1.00000000000000000000001}}"
    api GET /v1/instances/ins_4
    [[ $BODY == *'"big":12345678901234567890123'* && $BODY == *'"x":1.00000000000000000000001'* ]]
    send PATCH /v1/instances/ins_4 '{"deep":{"y":-0.10}}'
    [[ $BODY == *'"deep":{"x":1.00000000000000000000001,"y":-0.10}'* ]]
}

@test "a merge patch changes, adds and removes" {
    start
    send PATCH /v1/instances/ins_1 '{"size":"standard-8","note":"hi","metadata":{"owner":null}}' \
        -H 'Content-Type: application/merge-patch+json'
    assert_equal "$STATUS" 200
    has '[.size, .note, .metadata]' '["standard-8","hi",{"cost_center":"cc-1001"}]'
    send PATCH /v1/instances/ins_1 '{"note":null,"project_id":"prj_2"}'
    has '[has("note"), .project_id]' '[false,"prj_2"]'
}

@test "a patch leaves the server's fields alone" {
    start
    send PATCH /v1/instances/ins_1 '{"status":"stopped"}'
    assert_equal "$STATUS" 400
    has '.error.details[0].field' '"status"'
    send PATCH /v1/instances/ins_1 '{"status":"running","id":"ins_1","name":"same"}'
    assert_equal "$STATUS" 200
    send PATCH /v1/instances/ins_1 '{"name":null}'
    assert_equal "$STATUS" 400
    send PATCH /v1/instances/ins_99 '{"name":"x"}'
    assert_equal "$STATUS" 404
}

@test "updates can be missing altogether" {
    start --updates off
    send PATCH /v1/instances/ins_1 '{"name":"x"}'
    assert_equal "$STATUS" 405
    assert_equal "$(header Allow)" "GET, DELETE"
}

@test "an entity tag guards a patch" {
    start --etag on
    api GET /v1/instances/ins_1
    local tag
    tag=$(header ETag)
    send PATCH /v1/instances/ins_1 '{"name":"a"}' -H "If-Match: $tag"
    assert_equal "$STATUS" 200
    send PATCH /v1/instances/ins_1 '{"name":"b"}' -H "If-Match: $tag"
    assert_equal "$STATUS" 412
}

@test "a delete is done at once, and a second one finds nothing" {
    start
    api DELETE /v1/instances/ins_2
    assert_equal "$STATUS$BODY" 204
    api DELETE /v1/instances/ins_2
    assert_equal "$STATUS" 404
    has .error.code '"not_found"'
    api GET /v1/instances/ins_2
    assert_equal "$STATUS" 404
}

@test "ids are never used again" {
    start --dir "$DIR"
    api DELETE /v1/instances/ins_3
    stop
    start --dir "$DIR"
    send POST /v1/instances "$new"
    has .id '"ins_4"'
}

@test "the token must be there, right, and behind exactly one space" {
    start
    local bad
    for bad in "Authorization;" "Authorization: bearer $TOKEN" "Authorization: Bearer  $TOKEN" "Authorization: $TOKEN" \
        "Authorization: Bearer ${TOKEN}x"; do
        BODY=$(curl -s --cacert "$CACERT" -H "$bad" "$ENDPOINT/v1/projects")
        has .error.code '"unauthorized"'
    done
    BODY=$(curl -s --cacert "$CACERT" -H "Authorization: Bearer sky_live_abc" "$ENDPOINT/v1/projects")
    has .error.code '"wrong_environment"'
    assert_equal "$(admin GET /counts | jq -c .by_status)" '{"401":6}'
}

@test "plain HTTP and an unknown CA get nowhere" {
    start
    run curl -s --max-time 5 -f "http://${ENDPOINT#https://}/v1/projects"
    assert_failure
    run curl -s --max-time 5 "$ENDPOINT/v1/projects"
    assert_failure 60
}

@test "it can be production, which takes its own tokens alone" {
    start --environment production
    [[ $TOKEN == sky_live_* ]]
    api GET /v1/projects
    assert_equal "$STATUS" 200
    TOKEN=sky_sbx_abc
    api GET /v1/projects
    has '[.error.code, (.error.message | startswith("This is production"))]' '["wrong_environment",true]'
}

@test "it can speak no more than an old TLS" {
    local legacy=$BATS_TEST_TMPDIR/legacy.cnf max
    printf '%s\n' 'openssl_conf = a' '[a]' 'ssl_conf = b' '[b]' 'system_default = c' '[c]' 'MinProtocol = TLSv1' \
        'CipherString = DEFAULT@SECLEVEL=0' >"$legacy"
    start --tls-max 1.1
    run curl -s --max-time 5 --cacert "$CACERT" "$ENDPOINT/v1/projects"
    assert_failure
    run env OPENSSL_CONF="$legacy" curl -sv --max-time 5 --cacert "$CACERT" "$ENDPOINT/v1/projects"
    assert_output --partial 'TLSv1.1'
    assert_output --partial unauthorized
    start --tls-max 1.2
    run curl -sv --max-time 5 --cacert "$CACERT" "$ENDPOINT/v1/projects"
    assert_output --partial 'SSL connection using TLSv1.2'
}

@test "wrong certificates can be had" {
    local kind
    for kind in expired wrong-host self-signed; do
        start --certificate "$kind"
        CURL_EXIT=0
        api GET /v1/projects
        assert_equal "$kind $CURL_EXIT" "$kind 60"
        stop
    done
}

@test "only the one API version is served" {
    start
    api GET /v1/projects -H 'SkyStack-Version: 2026-01-15'
    assert_equal "$STATUS $(header SkyStack-Version)" "200 2026-01-15"
    local version
    for version in 2025-06-01 2026-1-15 latest; do
        api GET /v1/projects -H "SkyStack-Version: $version"
        has .error.code '"unsupported_version"'
    done
}

@test "unknown paths and methods are refused in the envelope" {
    start
    api GET /v2/instances
    assert_equal "$STATUS" 404
    has .error.request_id "\"$(header X-Request-Id)\""
    api PUT /v1/instances
    assert_equal "$STATUS $(header Allow)" "405 GET, POST"
}

@test "requests beyond the limit get 429 and do not count" {
    start --rate-minute 3 --rate-headers on
    for _ in 1 2 3; do api GET /v1/projects; done
    assert_equal "$STATUS $(header X-RateLimit-Remaining)" "200 0"
    api GET /v1/projects
    assert_equal "$STATUS" 429
    [ "$(header Retry-After)" -ge 55 ] && [ "$(header Retry-After)" -le 60 ]
    has .error.code '"rate_limited"'
    admin POST /config '{"rate_minute":4}' >/dev/null
    api GET /v1/projects
    assert_equal "$STATUS" 200
    admin POST /config '{"rate_minute":0,"rate_day":4}' >/dev/null
    api GET /v1/projects
    [ "$(header Retry-After)" -gt 86000 ]
}

@test "a rotated token is written at once and the old one is known as such" {
    start
    local old=$TOKEN
    admin POST /token '{"keep_old":true}' >/dev/null
    [ "$(cat "$TOKEN_FILE")" != "$old" ]
    assert_equal "$(stat -c %a "$TOKEN_FILE")" 600
    api GET /v1/projects
    assert_equal "$STATUS" 200
    admin POST /token '{"token":"sky_sbx_mine"}' >/dev/null
    api GET /v1/projects
    assert_equal "$STATUS" 401
    TOKEN=sky_sbx_mine
    api GET /v1/projects
    assert_equal "$STATUS" 200
    assert_equal "$(admin GET /log | jq -c '[.[].token]')" '["old","old","current"]'
}

@test "counts and log tell what came, and never a token" {
    start
    api GET /v1/projects -A tester
    send POST /v1/instances "$new" -H 'Idempotency-Key: k-1'
    api GET /v1/instances/ins_9
    BODY=$(admin GET /counts)
    has .by_route '{"GET /v1/projects":1,"POST /v1/instances":1,"GET /v1/instances/{id}":1}'
    has '[.total, .changing, .max_in_60s, .in_24h]' '[3,1,3,3]'
    has .by_status '{"200":1,"201":1,"404":1}'
    BODY=$(admin GET /log)
    has '.[0].headers | [.authorization, .["user-agent"]]' '[true,"tester"]'
    has '.[1] | [.headers["idempotency-key"], .body, .status]' "[\"k-1\",$(jq -R . <<<"$new"),201]"
    [[ $BODY != *"$TOKEN"* ]]
    BODY=$(admin GET '/log?since=2')
    has 'map(.seq)' '[3]'
    admin POST /counts/reset >/dev/null
    assert_equal "$(admin GET /counts | jq .total)" 0
}

@test "one connection carries many requests" {
    start
    curl -s --cacert "$CACERT" -H "Authorization: Bearer $TOKEN" "$ENDPOINT/v1/projects" "$ENDPOINT/v1/instances" >/dev/null
    assert_equal "$(admin GET /log | jq -c '[.[].connection]')" '[1,1]'
}

@test "changes behind the client's back may be anything" {
    start
    admin POST /instances '{"name":"a/b\u0000\u001b","id":"odd id/%","status":"frozen"}' >/dev/null
    api GET /v1/instances/odd%20id%2F%25
    has '[.name, .status, .id]' '["a/b\u0000\u001b","frozen","odd id/%"]'
    admin PATCH /instances/ins_1 '{"status":"stopped"}' >/dev/null
    api GET /v1/instances/ins_1
    has .status '"stopped"'
    admin DELETE /instances/ins_2 >/dev/null
    api GET /v1/instances/ins_2
    assert_equal "$STATUS" 404
    admin POST /instances '{"id":"r","raw":"not json"}' >/dev/null
    api GET /v1/instances/r
    assert_equal "$BODY" "not json"
    assert_equal "$(admin GET /ledger | jq -c '[.[] | [.op, .id, .by]]')" \
        '[["create","odd id/%","admin"],["update","ins_1","admin"],["delete","ins_2","admin"],["create","r","admin"]]'
}

@test "a reset drops every instance" {
    start
    admin POST /reset >/dev/null
    api GET /v1/instances
    has .data '[]'
    send POST /v1/instances "$new"
    has .id '"ins_1"'
}

@test "projects come and go, and default is where creates belong" {
    start
    admin POST /projects '{"id":"default","name":"default"}' >/dev/null
    send POST /v1/instances "$new"
    api GET /v1/instances/ins_4
    has .project_id '"default"'
    local id
    for id in default prj_1 prj_2; do admin DELETE "/projects/$id" >/dev/null; done
    api GET /v1/projects
    assert_equal "$STATUS" 404
}

@test "a fault comes as often as asked, after as many as asked" {
    start
    admin POST /faults '{"kind":"status","status":503,"method":"GET","path":"/v1/inst*","skip":1,"count":2}' >/dev/null
    local seen=''
    for _ in 1 2 3 4; do
        api GET /v1/projects
        seen+="$STATUS "
        api GET /v1/instances
        seen+="$STATUS "
    done
    assert_equal "$seen" "200 200 200 503 200 503 200 200 "
}

@test "an error fault says what it is told to" {
    start
    admin POST /faults '{"kind":"status","status":422,"code":"c","message":"m","details":[{"field":"f","issue":"i"}],
        "headers":{"Retry-After":"-1"}}' >/dev/null
    api GET /v1/projects
    has '.error | [.code, .message, .details]' '["c","m",[{"field":"f","issue":"i"}]]'
    assert_equal "$STATUS $(header Retry-After)" "422 -1"
    admin POST /faults '{"kind":"status","status":404,"envelope":false}' >/dev/null
    api GET /v1/projects
    assert_equal "$STATUS" 404
    [[ $BODY == *"<html>"* ]]
}

@test "an error after the deed still did it" {
    start
    admin POST /faults '{"kind":"status","status":500,"after":true}' >/dev/null
    send POST /v1/instances "$new"
    assert_equal "$STATUS" 500
    admin POST /faults '{"kind":"status","status":500}' >/dev/null
    send POST /v1/instances "$new"
    assert_equal "$(admin GET /instances | jq length)" 4
}

@test "a closed connection did the deed or not, as asked" {
    start
    admin POST /faults '{"kind":"close"}' >/dev/null
    CURL_EXIT=0
    api DELETE /v1/instances/ins_1
    assert_equal "$CURL_EXIT" 52
    admin POST /faults '{"kind":"close_after"}' >/dev/null
    api DELETE /v1/instances/ins_2
    assert_equal "$(admin GET /instances | jq -c 'map(.id)')" '["ins_1","ins_3"]'
    assert_equal "$(admin GET /log | jq -c '[.[] | [.status, .fault]]')" '[[0,"close"],[0,"close_after"]]'
}

@test "silence lasts until the fault is removed, and blocks no one else" {
    start
    admin POST /faults '{"kind":"hang","method":"GET","path":"/v1/instances/*"}' >/dev/null
    curl -s --max-time 10 --cacert "$CACERT" -H "Authorization: Bearer $TOKEN" "$ENDPOINT/v1/instances/ins_1" \
        >"$BATS_TEST_TMPDIR/late" 3>&- &
    local waiting=$!
    sleep 0.3
    api GET /v1/instances/ins_1
    assert_equal "$STATUS" 200
    [ ! -s "$BATS_TEST_TMPDIR/late" ]
    admin DELETE /faults/1 >/dev/null
    wait "$waiting"
    assert_equal "$(jq -r .id "$BATS_TEST_TMPDIR/late")" ins_1
}

@test "silence before the deed leaves it undone, after it done" {
    start
    admin POST /faults '{"kind":"hang"}' >/dev/null
    api DELETE /v1/instances/ins_1 --max-time 0.2
    admin POST /faults '{"kind":"hang_after"}' >/dev/null
    api DELETE /v1/instances/ins_2 --max-time 0.2
    assert_equal "$(admin GET /instances | jq -c 'map(.id)')" '["ins_1","ins_3"]'
}

@test "it ends at once with hanging requests" {
    start
    admin POST /faults '{"kind":"hang","count":-1}' >/dev/null
    for _ in 1 2 3 4 5; do
        curl -s --max-time 10 --cacert "$CACERT" "$ENDPOINT/v1/projects" 3>&- &
    done
    until [ "$(admin GET /counts | jq .total)" = 5 ]; do sleep 0.02; done
    local began=$EPOCHREALTIME
    stop
    [ $((${EPOCHREALTIME/./} - ${began/./})) -lt 1000000 ]
}

@test "an answer is cut short, with and without its length" {
    start
    local more
    for more in '' ',"chunked":true' ',"bytes":0'; do
        admin POST /faults "{\"kind\":\"truncate\"$more}" >/dev/null
        CURL_EXIT=0
        api GET /v1/instances
        assert_equal "$CURL_EXIT" 18
    done
}

@test "answers may be web pages, redirects, anything or without measure" {
    start
    admin POST /faults '{"kind":"garbage"}' >/dev/null
    api GET /v1/instances
    assert_equal "$STATUS $(header Content-Type)" "200 text/html"
    admin POST /faults '{"kind":"redirect"}' >/dev/null
    api GET /v1/instances
    assert_equal "$STATUS $(header Location)" "302 $ENDPOINT/v1/elsewhere"
    admin POST /faults '{"kind":"body","body":"[1","content_type":"application/json"}' >/dev/null
    api GET /v1/instances
    assert_equal "$BODY" "[1"
    admin POST /faults '{"kind":"body","body_base64":"eyJhIjoAfQ=="}' >/dev/null
    assert_equal "$(curl -s --cacert "$CACERT" "$ENDPOINT/" | xxd -p)" 7b2261223a007d
    admin POST /faults '{"kind":"huge","bytes":5000000}' >/dev/null
    api GET /v1/instances
    assert_equal "${#BODY} $(jq '.data | length' <<<"$BODY")" "5000000 1"
}

@test "a list may have no end" {
    start
    admin POST /faults '{"kind":"endless","body":"{\"id\":\"a\"}","count":2}' >/dev/null
    api GET /v1/instances
    has .data '[{"id":"a"}]'
    local cursor
    cursor=$(jq .next_cursor <<<"$BODY")
    api GET /v1/instances
    [ "$(jq .next_cursor <<<"$BODY")" != "$cursor" ]
}

@test "answers may be late or slow" {
    start
    admin POST /faults '{"kind":"delay","ms":300}' >/dev/null
    local began=$EPOCHREALTIME
    api GET /v1/projects
    [ $((${EPOCHREALTIME/./} - ${began/./})) -ge 300000 ]
    admin POST /faults '{"kind":"slow","ms":5}' >/dev/null
    began=$EPOCHREALTIME
    api GET /v1/projects
    has '.data | length' 2
    [ $((${EPOCHREALTIME/./} - ${began/./})) -ge 300000 ]
    admin POST /config '{"latency_ms":200}' >/dev/null
    began=$EPOCHREALTIME
    api GET /v1/projects
    [ $((${EPOCHREALTIME/./} - ${began/./})) -ge 200000 ]
}

@test "an answer may be any bytes at all" {
    start
    admin POST /faults '{"kind":"raw","body":"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nhello","ms":2}' >/dev/null
    api GET /v1/projects
    assert_equal "$BODY $(header X-A)" "hello b"
}

@test "an answer may carry more headers" {
    start
    admin POST /faults '{"kind":"headers","headers":{"Sunset":"soon"}}' >/dev/null
    api GET /v1/projects
    assert_equal "$STATUS $(header Sunset)" "200 soon"
}
