#!/usr/bin/env bats
# With webhooks a mount is told of what changes: it is fresh at once, and polls nothing.

load helper
load hooked

setup() { prod=$MNT/prod; }

@test "a change shows at once, in contents, names and sizes, however long answers stay fresh" {
    local id
    hooked_up ttl=3600
    ls "$prod" >/dev/null
    id=$(jq -r .id "$prod/web-1.json")
    heard_of "$id"
    admin PATCH "/instances/$id" '{"status":"stopped","note":"longer than it was"}' >/dev/null
    within 2 grep -q '"stopped"' "$prod/web-1.json"
    assert_equal "$(stat -c %s "$prod/web-1.json")" "$(wc -c <"$prod/web-1.json")"
    assert_equal "$(cat "$prod/web-1/status")" stopped
    admin PATCH "/instances/$id" '{"name":"renamed"}' >/dev/null
    within 2 [ -e "$prod/renamed.json" ]
    [ ! -e "$prod/web-1.json" ]
    admin DELETE "/instances/$id" >/dev/null
    within 2 gone "$prod/renamed.json"
    admin POST /instances '{"name":"fresh"}' >/dev/null
    within 2 [ -e "$prod/fresh.json" ]
    ls "$prod" | grep -q '^fresh.json$'
}

@test "what changed is told in events, with webhook as its source" {
    local id
    hooked_up ttl=3600
    ls "$prod" >/dev/null
    id=$(jq -r .id "$prod/web-1.json")
    heard_of "$id"
    admin PATCH "/instances/$id" '{"status":"stopped"}' >/dev/null
    within 2 grep -q '"stopped"' "$MNT/.skystack/events"
    assert_equal "$(jq -r 'select(.field == "status") | [.name, .from, .to, .source] | join(" ")' "$MNT/.skystack/events")" \
        'web-1 running stopped webhook'
    grep -qx 'skystackfs_webhooks_total{outcome="taken"} [2-9]' "$MNT/.skystack/metrics.prom"
    grep -qx 'skystackfs_webhooks_live 1' "$MNT/.skystack/metrics.prom"
    grep -qx 'skystackfs_events_total [1-9][0-9]*' "$MNT/.skystack/metrics.prom"
}

@test "who polls or waits for a status is woken by an event, at no request but its own" {
    local id
    hooked_up ttl=3600
    ls "$prod" >/dev/null
    id=$(jq -r .id "$prod/web-1.json")
    heard_of "$id"
    background "$SKYSTACKFS" wait "$prod/web-1" stopped --timeout 20
    sleep 0.5
    requests_reset
    admin PATCH "/instances/$id" '{"status":"stopped"}' >/dev/null
    within 3 ended "$BACKGROUND"
    wait "$BACKGROUND"
    assert_equal "$(requests)" 1
}

@test "who has the file open sees the change too, once he reads anew" {
    local id held
    hooked_up ttl=3600
    ls "$prod" >/dev/null
    id=$(jq -r .id "$prod/web-1.json")
    exec {held}<"$prod/web-1.json"
    heard_of "$id"
    admin PATCH "/instances/$id" '{"status":"stopped"}' >/dev/null
    within 2 grep -q '"stopped"' "$prod/web-1.json"
    exec {held}<&-
}

@test "until the first event is heard of, what is past its time is asked for as ever" {
    hooked_up ttl=1
    ls "$prod" >/dev/null
    assert_equal "$(status_of .webhooks.live)" false
    sleep 1.2
    requests_reset
    ls "$prod" >/dev/null
    assert_equal "$(requests "GET /v1/instances")" 1
}

@test "from then on nothing is polled, and an event costs one request" {
    local id
    hooked_up ttl=1,ttl_transition=1
    ls "$prod" >/dev/null
    id=$(jq -r .id "$prod/web-1.json")
    heard_of "$id"
    assert_equal "$(status_of .webhooks.live)" true
    sleep 1.2
    ls "$prod" >/dev/null # what was known from before is asked for once more
    requests_reset
    sleep 1.5
    ls -l "$prod" >/dev/null
    cat "$prod"/*.json >/dev/null
    assert_equal "$(requests)" 0
    admin PATCH "/instances/$id" '{"note":"x"}' >/dev/null
    within 2 grep -q '"x"' "$prod/web-1.json"
    sleep 0.3
    assert_equal "$(requests)" 1
}

@test "while nobody has looked an event costs nothing" {
    hooked_up ttl=1
    requests_reset
    admin POST /webhook/send '{"type":"instance.created","data":{"id":"ins_1"}}' >/dev/null
    sleep 0.3
    assert_equal "$(requests)" 0
}

@test "many at once are asked for by one listing" {
    hooked_up ttl=3600
    ls "$prod" >/dev/null
    heard_of "$(jq -r .id "$prod/web-1.json")"
    requests_reset
    admin POST /webhook/storm '{"rate":1000,"seconds":1}' >/dev/null
    within 10 storm_is_over
    sleep 0.5
    [ "$(requests)" -lt 80 ] || fail_with "$(requests) requests for 1,000 events"
    [ "$(requests)" -gt 0 ]
}

@test "an event is a hint: it makes nothing older, and lies change nothing" {
    local id before
    hooked_up ttl=3600
    ls "$prod" >/dev/null
    id=$(jq -r .id "$prod/web-1.json")
    before=$(jq 'del(.utilization)' "$prod/web-1.json")
    admin POST /webhook/send "{\"type\":\"instance.status_changed\",\"data\":{\"id\":\"$id\",\"status\":\"on fire\"}}" >/dev/null
    admin POST /webhook/send "{\"type\":\"instance.deleted\",\"data\":{\"id\":\"$id\"}}" >/dev/null
    sleep 0.3
    assert_equal "$(jq 'del(.utilization)' "$prod/web-1.json")" "$before"
}

@test "projects that come and go show at once" {
    hooked_up ttl=3600,ttl_projects=3600
    ls "$prod" >/dev/null
    heard_of "$(jq -r .id "$prod/web-1.json")"
    admin POST /projects '{"name":"new-one"}' >/dev/null
    within 2 [ -d "$MNT/new-one" ]
}

@test "two secrets are good while they change, and the file is read again" {
    hooked_up ttl=3600
    printf 'another\n%s\n' "$SECRET" >"$PLACE/mount.secret"
    sleep 0.4
    assert_equal "$(sent '{"type":"x.y","data":{}}')" 200
    endpoint '"secret":"another"'
    assert_equal "$(sent '{"type":"x.y","data":{}}')" 200
    printf 'another\n' >"$PLACE/mount.secret"
    sleep 0.4
    assert_equal "$(sent '{"type":"x.y","data":{}}')" 200
    endpoint "\"secret\":\"$SECRET\""
    assert_equal "$(sent '{"type":"x.y","data":{}}')" 401
}

try() {
    run "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state,$1"
}

@test "a secret that others can read, none, or an address without TLS refuse the mount, and say why" {
    sandbox_start
    mkdir -p "$MNT"
    printf '%s\n' "$SECRET" >"$PLACE/mount.secret"
    try webhook=127.0.0.1:0
    assert_failure 2
    assert_output --partial 'webhook= needs webhook_secret_file='
    chmod 644 "$PLACE/mount.secret"
    try "webhook=127.0.0.1:0,webhook_secret_file=$PLACE/mount.secret"
    assert_failure 32
    assert_output --partial "chmod 600 $PLACE/mount.secret"
    chmod 600 "$PLACE/mount.secret"
    try "webhook=0.0.0.0:0,webhook_secret_file=$PLACE/mount.secret"
    assert_failure 2
    try "webhook=nonsense,webhook_secret_file=$PLACE/mount.secret"
    assert_failure 2
    is_gone "$MNT"
}

# bats test_tags=release
@test "find, ls -R, rm and mkdir go on under 1,000 events a second, and nothing waits for ever" {
    local round
    hooked_up ttl=3600,region=eu-central,size=standard-2,max_creates=0,max_deletes=0,delete_delay=0 --instances 200
    ls "$prod" >/dev/null
    heard_of "$(jq -r .id "$prod/web-1.json")"
    admin POST /webhook/storm "{\"rate\":1000,\"seconds\":${STORM_SECONDS:-6},\"change\":true}" >/dev/null
    round=0
    until storm_is_over; do
        round=$((round + 1))
        timeout 20 find "$MNT" -type f >/dev/null
        timeout 20 ls -lR "$MNT" >/dev/null
        timeout 20 mkdir "$prod/storm-$round"
        timeout 20 rm "$prod/storm-$round.json"
    done
    [ "$round" -gt 1 ]
    ls "$prod" >/dev/null
}
