#!/usr/bin/env bats
# Faults 52 to 55: deliveries to the webhook receiver.

load helper
load faults
load hooked

# fault_hooked [ARGUMENT]...: a sandbox and its mount, which listens; $HOOK is where.
fault_hooked() {
    fault_sandbox "$@"
    (umask 077 && printf '%s\n' "$SECRET" >"$PLACE/mount.secret")
    fault_mount "ttl=3600,webhook=127.0.0.1:0,webhook_secret_file=$PLACE/mount.secret"
    HOOK=http://$(status_of -r .webhooks.address)/
    endpoint "\"url\":\"$HOOK\",\"secret\":\"$SECRET\",\"retry_ms\":50"
    id=$(jq -r .id "$prod/web-1.json")
    requests_reset
}

refusals() { status_of ".webhooks.refused.$1"; }

@test "fault 52: a delivery with a bad, missing or truncated signature is 401, and its body is never parsed" {
    local kind text
    fault_hooked
    for kind in wrong missing truncated; do
        for text in "\"data\":{\"id\":\"$id\"}" '"raw":"{no json"'; do
            assert_equal "$(sent "{\"type\":\"instance.updated\",\"signature\":\"$kind\",$text}")" 401
        done
    done
    assert_equal "$(refusals signature)" 6
    assert_equal "$(refusals json)" 0
    assert_equal "$(sent '{"type":"instance.updated","raw":"{no json"}')" 400
    sleep 0.3
    assert_equal "$(requests)" 0
    assert_equal "$(taken)" 0
    fault_aftermath none
}

@test "fault 53: replayed and reordered deliveries have no effect" {
    local event before
    fault_hooked
    event="{\"id\":\"evt_once\",\"type\":\"instance.updated\",\"data\":{\"id\":\"$id\"}}"
    assert_equal "$(sent "$event")" 200
    sleep 0.3
    assert_equal "$(requests)" 1
    assert_equal "$(sent "$event")" 200
    assert_equal "$(sent "$event")" 200
    sleep 0.3
    assert_equal "$(requests)" 1
    assert_equal "$(status_of .webhooks.duplicates)" 2
    endpoint '"reorder":3,"repeat":2'
    admin PATCH "/instances/$id" '{"note":"first"}' >/dev/null
    admin PATCH "/instances/$id" '{"note":"second"}' >/dev/null
    admin PATCH "/instances/$id" '{"note":"last"}' >/dev/null
    within 3 grep -q '"last"' "$prod/web-1.json"
    sleep 0.5
    grep -q '"last"' "$prod/web-1.json"
    fault_unmount
    fault_mount "ttl=3600,webhook=127.0.0.1:0,webhook_secret_file=$PLACE/mount.secret"
    endpoint "\"url\":\"http://$(status_of -r .webhooks.address)/\",\"reorder\":0,\"repeat\":1"
    sleep 0.6 # a list that an earlier mount left is refreshed
    requests_reset
    assert_equal "$(sent "$event")" 200
    sleep 0.3
    assert_equal "$(requests)" 0
    assert_equal "$(status_of .webhooks.duplicates)" 1
    fault_aftermath none
}

@test "fault 54: a flood, a slow sender and a body of 1 GiB are bounded, and the mount answers meanwhile" {
    local slow huge n
    fault_hooked --instances 200
    endpoint '"timeout_ms":20000'
    # shellcheck disable=SC2016
    background bash -c 'for i in 1 2 3 4 5 6 7 8; do curl -s -o /dev/null -w "%{http_code}\n" -X POST "$1/webhook/send" \
        -d "{\"type\":\"instance.updated\",\"slow_ms\":1000,\"data\":{\"id\":\"ins_1\"}}" & done; wait' - "$ADMIN"
    slow=$BACKGROUND
    # shellcheck disable=SC2016
    background bash -c 'curl -s -X POST "$1/webhook/send" -d "{\"type\":\"instance.updated\",\"bytes\":1073741824,
        \"data\":{\"id\":\"ins_1\"}}"' - "$ADMIN"
    huge=$BACKGROUND
    admin POST /webhook/storm '{"rate":1000,"seconds":5}' >/dev/null
    for n in 1 2 3 4 5 6 7 8; do
        timeout 5 ls -l "$prod" >/dev/null
        timeout 5 cat "$prod/web-1.json" >/dev/null
        sleep 0.5
    done
    within 20 storm_is_over
    within 20 ended "$slow"
    within 20 ended "$huge"
    within 10 [ "$(refusals time)" -ge 8 ]
    [ "$(refusals size)" -ge 1 ]
    fault_aftermath none
}

@test "fault 55: an event for an unknown id is looked up once" {
    fault_hooked
    assert_equal "$(sent '{"type":"instance.updated","data":{"id":"ins_unknown"}}')" 200
    sleep 0.3
    assert_equal "$(sent '{"type":"instance.status_changed","data":{"id":"ins_unknown"}}')" 200
    assert_equal "$(sent '{"type":"instance.deleted","data":{"id":"ins_other"}}')" 200
    sleep 0.3
    assert_equal "$(requests)" 1
    [ "$(request_id GET)" != "" ]
    fault_aftermath none
}
