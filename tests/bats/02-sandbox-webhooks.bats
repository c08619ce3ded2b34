#!/usr/bin/env bats
# The sandbox tells of what changes, by signed webhooks, and does so wrongly on demand.

load helper

SECRET='a secret with a $ in it'

# receiver [ANSWER]...: begins to take what is posted to $URL, answered by these words in turn, the last one for ever.
receiver() {
    mkdir -p "$PLACE/received"
    echo "$@" >"$PLACE/received/answers"
    background perl "$BATS_TEST_DIRNAME/receiver.pl" "$PLACE/received"
    within 10 [ -s "$PLACE/received/port" ]
    URL=http://127.0.0.1:$(<"$PLACE/received/port")/hook
}

# hooked [MEMBERS] [ARGUMENT]...: a sandbox that posts to the receiver, which is started first unless there is one.
hooked() {
    local members=${1-}
    if [ $# -gt 0 ]; then shift; fi
    [ -n "${URL-}" ] || receiver 200
    printf '%s\n' "$SECRET" >"$PLACE/secret"
    sandbox_start --webhook "$URL" --webhook-secret-file "$PLACE/secret" "$@"
    endpoint '"retry_ms":40'
    [ -z "$members" ] || endpoint "$members"
}

endpoint() {
    admin POST /webhook "{$1}" >/dev/null
}

# arrived N: so many have come, and no more.
arrived() {
    within 10 [ -e "$PLACE/received/$1.body" ] || fail_with "only these came:" "$(ls "$PLACE/received")"
    [ ! -e "$PLACE/received/$(($1 + 1)).body" ] || fail_with "one more came:" "$(<"$PLACE/received/$(($1 + 1)).body")"
}

# event N FILTER: of the one that came as number N.
event() {
    jq -c "$2" "$PLACE/received/$1.body"
}

# each FILTER N: of the first N, one a line.
each() {
    local n files=()
    for ((n = 1; n <= $2; n++)); do files+=("$PLACE/received/$n.body"); done
    jq -c "$1" "${files[@]}"
}

log_has() {
    [ "$(admin GET /webhook/log | jq -c "$1")" = "$2" ]
}

count_is() {
    [ "$(admin GET /webhook | jq -c ".counts.$1")" = "$2" ]
}

# What N was signed with, as the header says it.
signature() {
    sed -n 's/^X-Signature: \(.*\)\r$/\1/p' "$PLACE/received/$1.head"
}

# What it must be, under a secret.
hmac() {
    openssl dgst -sha256 -hmac "${2-$SECRET}" -r "$PLACE/received/$1.body" | cut -d' ' -f1
}

# The answer to an event that is sent at once.
sent() {
    admin POST /webhook/send "$1" | jq -c .status
}

new='{"name":"worker-b","region":"us-east-1","size":"standard-2"}'

@test "what the API changes is told of, with what GET would show" {
    hooked '' --provision-ms 150
    api POST /v1/instances "$new" >/dev/null
    arrived 2
    assert_equal "$(event 1 '[.type, .data.id, .data.name, .data.status]')" '["instance.created","ins_4","worker-b","provisioning"]'
    assert_equal "$(event 2 '[.type, .data.status]')" '["instance.status_changed","running"]'
    api PATCH /v1/instances/ins_4 '{"note":12345678901234567890123}' >/dev/null
    arrived 3
    assert_equal "$(event 3 .type)" '"instance.updated"'
    grep -qF '"note":12345678901234567890123' "$PLACE/received/3.body"
    assert_equal "$(event 3 '.data | del(.utilization)')" "$(api GET /v1/instances/ins_4 | jq -c 'del(.utilization)')"
    api DELETE /v1/instances/ins_4 >/dev/null
    arrived 4
    assert_equal "$(event 4 '[.type, .data]')" \
        '["instance.deleted",{"id":"ins_4","name":"worker-b","project_id":"prj_1"}]'
    assert_equal "$(each keys_unsorted 4 | sort -u)" '["id","type","created_at","data"]'
    assert_equal "$(each .id 4 | sort -u | wc -l)" 4
    [[ $(event 1 .created_at) == '"20'??-??-??T??:??:??'Z"' ]]
    grep -q '^Content-Type: application/json' "$PLACE/received/1.head"
}

@test "so is what changes behind the client's back" {
    hooked
    admin PATCH /instances/ins_1 '{"status":"stopped"}' >/dev/null
    admin PATCH /instances/ins_1 '{"status":"running","note":1}' >/dev/null
    admin PATCH /instances/ins_1 '{"note":1}' >/dev/null
    admin POST /instances '{"name":"x"}' >/dev/null
    admin DELETE /instances/ins_4 >/dev/null
    arrived 5
    assert_equal "$(each '.type + " " + .data.id' 5)" '"instance.status_changed ins_1"
"instance.updated ins_1"
"instance.status_changed ins_1"
"instance.created ins_4"
"instance.deleted ins_4"'
    assert_equal "$(event 1 .data.status) $(event 3 .data.status)" '"stopped" "running"'
}

@test "so are projects" {
    hooked
    admin POST /projects '{"name":"lab"}' >/dev/null
    admin PATCH /projects/prj_3 '{"name":"laboratory","id":"prj_9"}' >/dev/null
    admin DELETE /projects/prj_3 >/dev/null
    arrived 3
    assert_equal "$(each '[.type, .data]' 3)" '["project.created",{"id":"prj_3","name":"lab"}]
["project.updated",{"id":"prj_3","name":"laboratory"}]
["project.deleted",{"id":"prj_3","name":"laboratory"}]'
    run admin PATCH /projects/prj_3 '{"name":"x"}'
    assert_failure
}

@test "provisioning ends once, in whatever state the sandbox was meanwhile" {
    hooked '' --provision-ms 3000
    api POST /v1/instances "$new" >/dev/null
    api POST /v1/instances "$new" >/dev/null
    api POST /v1/instances "$new" >/dev/null
    admin PATCH /instances/ins_5 '{"status":"failed"}' >/dev/null
    admin DELETE /instances/ins_6 >/dev/null
    arrived 5
    sandbox_stop
    hooked
    arrived 6
    assert_equal "$(event 6 '[.type, .data.id, .data.status]')" '["instance.status_changed","ins_4","running"]'
    sleep 0.3
    arrived 6
}

@test "none is lost and none comes twice where provisioning is short" {
    hooked '' --provision-ms 1 --instances 5000
    local pids=() lister
    background bash -c 'while curl -s "$1/instances" >/dev/null; do :; done' - "$ADMIN" # keeps the store busy
    lister=$BACKGROUND
    for _ in {1..40}; do
        api POST /v1/instances "$new" >/dev/null &
        pids+=($!)
    done
    wait "${pids[@]}"
    kill "$lister"
    within 10 count_is deliveries 80
    sleep 0.1
    arrived 80
    assert_equal "$(each 'select(.type == "instance.status_changed") | .data.id' 80 | sort -u | wc -l)" 40
}

@test "a reset of the sandbox is told to nobody" {
    hooked
    admin POST /reset >/dev/null
    admin POST /instances '{}' >/dev/null
    arrived 1
    assert_equal "$(event 1 .type)" '"instance.created"'
}

@test "each is signed with HMAC-SHA256 over its raw body" {
    hooked
    admin PATCH /instances/ins_1 '{"note":"ünïcode"}' >/dev/null
    arrived 1
    assert_equal "$(signature 1)" "$(hmac 1)"
    admin PATCH /instances/ins_2 '{"note":2}' >/dev/null
    endpoint '"secret":"another"'
    admin PATCH /instances/ins_2 '{"note":3}' >/dev/null
    arrived 3
    assert_equal "$(signature 3)" "$(hmac 3 another)"
    [[ $(admin GET /webhook) != *another* ]]
}

@test "a signature may be prefixed, wrong, cut short or missing" {
    hooked
    local kind n=0
    for kind in prefixed wrong truncated missing; do
        assert_equal "$(sent "{\"signature\":\"$kind\"}")" 200
        endpoint "\"signature\":\"$kind\""
        admin PATCH /instances/ins_1 "{\"note\":\"$kind\"}" >/dev/null
        arrived $((n += 2))
    done
    for n in 1 2; do assert_equal "$(signature $n)" "sha256=$(hmac $n)"; done
    for n in 3 4; do
        [[ $(signature $n) =~ ^[0-9a-f]{64}$ && $(signature $n) != "$(hmac $n)" ]]
        assert_equal "$(signature $((n + 2)))" "$(hmac $((n + 2)) | cut -c1-32)"
        refute grep -qi '^X-Signature' "$PLACE/received/$((n + 4)).head"
    done
}

@test "what is not taken is tried again, each time after twice the time" {
    receiver 500 302 404 close 200
    hooked '"retry_ms":100,"retry_max_ms":300'
    local began
    began=$(since)
    admin PATCH /instances/ins_1 '{"note":1}' >/dev/null
    arrived 5
    [ $(($(since) - began)) -ge 900 ]
    assert_equal "$(each .id 5 | sort -u | wc -l)" 1
    within 5 log_has 'map([.type, .state, .attempts, .status])' '[["instance.updated","delivered",5,200]]'
    assert_equal "$(signature 5)" "$(hmac 5)"
}

@test "newer events go past one that fails" {
    receiver 503 200
    hooked '"retry_ms":1500'
    admin PATCH /instances/ins_1 '{"note":1}' >/dev/null
    admin PATCH /instances/ins_2 '{"note":1}' >/dev/null
    admin PATCH /instances/ins_3 '{"note":1}' >/dev/null
    arrived 4
    assert_equal "$(each .data.id 4 | tr '\n' ' ')" '"ins_1" "ins_2" "ins_3" "ins_1" '
}

@test "a receiver that is not there gets everything later, and one that is silent costs a timeout" {
    receiver hang 200
    hooked '"timeout_ms":1000'
    admin PATCH /instances/ins_1 '{"note":1}' >/dev/null
    admin PATCH /instances/ins_2 '{"note":1}' >/dev/null
    arrived 3
    within 5 log_has 'map([.attempts, .status])' '[[2,200],[1,200]]'
    endpoint '"url":"http://127.0.0.1:1/"'
    admin PATCH /instances/ins_3 '{"note":1}' >/dev/null
    within 5 log_has '.[2] | [.state, .status, .attempts > 1]' '["waiting",0,true]'
    endpoint "\"url\":\"$URL\""
    arrived 4
    assert_equal "$(event 4 .data.id)" '"ins_3"'
}

@test "a receiver that is silent about one gets the next ones all the same, in their order" {
    receiver hang 200 hang 200
    hooked
    local began note
    began=$(since)
    for note in 1 2 3 4 5; do admin PATCH /instances/ins_1 "{\"note\":$note}" >/dev/null; done
    arrived 5
    [ $(($(since) - began)) -lt 5000 ]
    assert_equal "$(each .data.note 5 | tr '\n' ' ')" '1 2 3 4 5 '
    count_is waiting 2
}

@test "at some age it gives up" {
    receiver 500
    hooked '"retry_ms":200,"give_up_ms":1000'
    admin PATCH /instances/ins_1 '{"note":1}' >/dev/null
    within 5 log_has 'map([.state, .attempts, .status])' '[["given_up",3,500]]'
    count_is waiting 0
    count_is given_up 1
}

@test "an endpoint may be for one project and for some types" {
    hooked '"project":"prj_2"'
    admin PATCH /instances/ins_1 '{"note":1}' >/dev/null
    admin PATCH /instances/ins_2 '{"note":1}' >/dev/null
    admin PATCH /projects/prj_1 '{"name":"a"}' >/dev/null
    admin PATCH /projects/prj_2 '{"name":"b"}' >/dev/null
    arrived 2
    endpoint '"project":null,"types":["instance.deleted","project.*"]'
    admin PATCH /instances/ins_1 '{"note":2}' >/dev/null
    admin DELETE /instances/ins_1 >/dev/null
    admin DELETE /projects/prj_1 >/dev/null
    arrived 4
    assert_equal "$(each '.data.id' 4 | tr '\n' ' ')" '"ins_2" "prj_2" "ins_1" "prj_1" '
}

@test "each may come several times" {
    hooked '"repeat":3'
    admin PATCH /instances/ins_1 '{"note":1}' >/dev/null
    admin PATCH /instances/ins_2 '{"note":1}' >/dev/null
    arrived 6
    assert_equal "$(each .id 6 | sort | uniq -c | awk '{print $1}' | tr '\n' ' ')" '3 3 '
    within 5 count_is deliveries 6
}

@test "some may be held, and come in reverse" {
    hooked '"reorder":3'
    local note
    for note in 1 2 3 4; do admin PATCH /instances/ins_1 "{\"note\":$note}" >/dev/null; done
    arrived 3
    count_is held 1
    endpoint '"reorder":0'
    arrived 4
    assert_equal "$(each .data.note 4 | tr '\n' ' ')" '3 2 1 4 '
}

@test "they may be late" {
    hooked '"delay_ms":400'
    local began
    began=$(since)
    admin PATCH /instances/ins_1 '{"note":1}' >/dev/null
    arrived 1
    [ $(($(since) - began)) -ge 400 ]
}

@test "any event can be sent at once, and the answer is told" {
    receiver 200 401 404 500 202
    hooked
    assert_equal "$(sent '{"type":"moon.rose","id":"evt_7","data":{"id":"ins_404"},"created_at":"2020-01-01T00:00:00Z"}')" 200
    assert_equal "$(<"$PLACE/received/1.body")" \
        '{"id":"evt_7","type":"moon.rose","created_at":"2020-01-01T00:00:00Z","data":{"id":"ins_404"}}'
    assert_equal "$(signature 1)" "$(hmac 1)"
    assert_equal "$(sent '{"instance":"ins_2"}')" 401
    assert_equal "$(event 2 '[.type, .data.id, .data.status]')" '["instance.updated","ins_2","running"]'
    assert_equal "$(sent '{"raw":"{no JSON"}')" 404
    assert_equal "$(<"$PLACE/received/3.body")" '{no JSON'
    assert_equal "$(sent '{"bytes":3000000,"id":"evt_7"}')" 500
    assert_equal "$(stat -c %s "$PLACE/received/4.body")" 3000000
    assert_equal "$(event 4 .id)" '"evt_7"'
    assert_equal "$(signature 4)" "$(hmac 4)"
    local began
    began=$(since)
    assert_equal "$(sent '{"raw":"0123456789","slow_ms":30}')" 202
    [ $(($(since) - began)) -ge 270 ]
    log_has 'map([.type, .state, .attempts, .status])' \
        '[["moon.rose","delivered",1,200],["instance.updated","failed",1,401],["instance.updated","failed",1,404],["instance.updated","failed",1,500],["instance.updated","delivered",1,202]]'
    log_has '.[0].id' '"evt_7"'
    endpoint '"url":"http://127.0.0.1:1/"'
    assert_equal "$(admin POST /webhook/send '{}' | jq -c '[.status, (.why | type)]')" '[0,"string"]'
    local bad
    for bad in '{"instance":"ins_99"}' '{"raw":1}' '{"bytes":-1}' '{"bytes":"x"}' '{"signature":"fine"}'; do
        run admin POST /webhook/send "$bad"
        assert_failure
    done
}

@test "a storm is as strong as asked, over instances that are there" {
    hooked
    admin POST /webhook/storm '{"rate":200,"seconds":1}' >/dev/null
    within 10 count_is deliveries 200
    assert_equal "$(each '.type + " " + .data.id' 200 | sort -u)" '"instance.updated ins_1"
"instance.updated ins_2"
"instance.updated ins_3"'
    assert_equal "$(admin GET /ledger)" '[]'
    admin POST /webhook/storm '{"rate":100,"seconds":1,"change":true}' >/dev/null
    within 10 count_is deliveries 300
    assert_equal "$(admin GET /ledger | jq length)" 100
    assert_equal "$(each '.data.storm // 0' 300 | sort -n | tail -1)" 100
    admin POST /webhook/storm '{"rate":1,"seconds":1000}' >/dev/null
    admin POST /webhook/storm '{"rate":0}' >/dev/null
    count_is storm_left 0
}

@test "too many that wait push the oldest out" {
    hooked '"delay_ms":600000'
    admin POST /webhook/storm '{"rate":10000,"seconds":2}' >/dev/null
    within 20 count_is events 20000
    assert_equal "$(admin GET /webhook | jq -c '.counts | [.waiting, .dropped, .attempts]')" '[10000,10000,0]'
    admin POST /webhook/reset >/dev/null
    assert_equal "$(admin GET /webhook | jq -c '.counts | [.waiting, .dropped, .events]')" '[0,0,0]'
    log_has . '[]'
}

@test "an endpoint comes, is another and goes while the sandbox runs" {
    sandbox_start
    local bad
    assert_equal "$(admin GET /webhook | jq -c .endpoint)" null
    run admin POST /webhook/send '{}'
    assert_failure
    for bad in '{}' '{"url":"http://127.0.0.1/"}' '{"url":"ftp://127.0.0.1/","secret":"x"}' '{"url":"","secret":"x"}' \
        '{"url":"http://127.0.0.1/","secret":"x","color":"red"}' '{"url":"http://127.0.0.1/","secret":"x","repeat":0}' \
        '{"url":"http://127.0.0.1/","secret":"x","types":"all"}'; do
        run admin POST /webhook "$bad"
        assert_failure
    done
    assert_equal "$(admin GET /webhook | jq -c .endpoint)" null
    admin PATCH /instances/ins_1 '{"note":1}' >/dev/null
    receiver 500 500 200
    endpoint "\"url\":\"$URL\",\"secret\":\"x\",\"retry_ms\":60000"
    admin PATCH /instances/ins_1 '{"note":2}' >/dev/null
    arrived 1
    admin DELETE /webhook >/dev/null
    log_has 'map(.state)' '["dropped"]'
    endpoint "\"url\":\"$URL\",\"secret\":\"x\",\"retry_ms\":50"
    admin PATCH /instances/ins_1 '{"note":3}' >/dev/null
    arrived 3
    assert_equal "$(each .data.note 3 | tr '\n' ' ')" '2 3 3 '
}

@test "an endpoint may be https, and is believed with its CA only" {
    sandbox_start --dir "$PLACE/other"
    local url=$ENDPOINT ca=$CACERT
    echo "$SECRET" >"$PLACE/secret"
    sandbox_start --webhook "$url/v1/instances" --webhook-secret-file "$PLACE/secret"
    assert_equal "$(sent '{}')" 0
    sandbox_stop
    sandbox_start --webhook "$url/v1/instances" --webhook-secret-file "$PLACE/secret" --webhook-cacert "$ca"
    assert_equal "$(sent '{}')" 401
}

@test "it ends at once with a receiver that is silent" {
    receiver hang
    hooked
    admin PATCH /instances/ins_1 '{"note":1}' >/dev/null
    arrived 1
    background curl -s -X POST -d '{}' "$ADMIN/webhook/send"
    arrived 2
    local began
    began=$(since)
    kill "$SANDBOX_PID"
    within 5 ended "$SANDBOX_PID"
    [ $(($(since) - began)) -lt 3000 ]
}

@test "bad options are one line and exit 2" {
    : >"$PLACE/empty"
    refused '--webhook-secret-file' "$SKYSTACK_SANDBOX" --webhook http://127.0.0.1/
    assert_equal "$status ${#lines[@]}" '2 1'
    refused '--webhook: a URL' "$SKYSTACK_SANDBOX" --webhook file:///etc/passwd --webhook-secret-file "$PLACE/empty"
    assert_equal "$status ${#lines[@]}" '2 1'
    refused 'no secret can be read' "$SKYSTACK_SANDBOX" --webhook http://127.0.0.1/ --webhook-secret-file "$PLACE/empty"
    assert_equal "$status ${#lines[@]}" '1 1'
    refused 'no secret can be read' "$SKYSTACK_SANDBOX" --webhook-secret-file "$PLACE/nowhere"
}
