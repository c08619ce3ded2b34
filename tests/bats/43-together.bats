#!/usr/bin/env bats
# bats file_tags=release
# Many at once: readers, writers and listings of one mount get what they would have got alone.

load helper

setup() {
    sandbox_start --instances 60 --provision-ms 300 --latency-ms 5
    prod=$MNT/prod
}

up() {
    mount_up "region=eu-central,size=standard-2,ttl=1,ttl_transition=0.2,delete_delay=0,max_deletes=0,max_creates=0${1:+,$1}"
}

# all COMMAND...: fifty of it at once, each with its number as the last word; fails with what those said that failed.
all() {
    local i pids=() bad=0
    mkdir -p "$PLACE/said"
    for i in {1..50}; do
        "$@" "$i" >"$PLACE/said/$i" 2>&1 3>&- 4>&- &
        pids+=("$!")
    done
    for i in {1..50}; do
        wait "${pids[i - 1]}" || {
            bad=$((bad + 1))
            sed "s/^/$i: /" "$PLACE/said/$i" >&2
        }
    done
    [ "$bad" = 0 ]
}

is_still_good() {
    [ "$(ls "$prod" | wc -l)" = "$(admin GET /instances | jq '[.[] | select(.project_id == "prj_1")] | length')" ]
    run cat "$MNT/.skystack/errors"
    assert_output ""
}

read_file() {
    local file
    for file in "$prod/web-1.json" "$prod/web-2.json"; do
        jq -e '.id and .region and .status' "$file" || return 1
    done
}

@test "fifty readers of a cold mount" {
    up ttl=60
    requests_reset
    all read_file
    assert_equal "$(requests)" 1
    is_still_good
}

read_twice() {
    jq -e .region "$prod/web-1.json" && jq -e .region "$prod/web-1.json"
}

@test "a hundred readers of one summary cost one request" {
    sandbox_stop
    sandbox_start --rows summary --latency-ms 100
    up ttl=60
    ls "$prod" >/dev/null
    requests_reset
    all read_twice
    assert_equal "$(requests)" 1
    assert_equal "$(requests 'GET /v1/instances/{id}')" 1
}

create_one() {
    mkdir "$prod/m$1" && jq -e .id "$prod/m$1.json"
}

@test "fifty creates by mkdir" {
    up
    all create_one
    assert_equal "$(requests 'POST /v1/instances')" 50
    assert_equal "$(admin GET /instances | jq '[.[].name | select(startswith("m"))] | unique | length')" 50
    is_still_good
}

write_one() {
    { echo '{'; echo "\"note\":\"number $1\""; echo '}'; } >"$prod/w$1.json" && [ "$(jq -r .note "$prod/w$1.json")" = "number $1" ]
}

@test "fifty creates by writing, in pieces" {
    up
    all write_one
    assert_equal "$(requests 'POST /v1/instances')" 50
    is_still_good
}

come_and_go() {
    local i
    for i in 1 2 3; do
        mkdir "$prod/g$1" && jq -e .id "$prod/g$1.json" && rm "$prod/g$1.json" && [ ! -e "$prod/g$1" ] || return 1
    done
}

@test "fifty that create and delete over and over" {
    up
    all come_and_go
    assert_equal "$(requests 'POST /v1/instances')" 150
    assert_equal "$(requests 'DELETE /v1/instances/{id}')" 150
    is_still_good
}

mix() {
    local i
    for i in 1 2 3; do
        case $(($1 % 6)) in
        0) ls "$prod" && ls -l "$MNT/staging" ;;
        1) read_file ;;
        2) come_and_go "$1" ;;
        3) cat "$prod/.table" "$MNT/.all.ndjson" && jq -es 'length > 20' "$prod/.all.ndjson" ;;
        4) write_one "$1-$i" ;;
        5) cat "$prod/web-1/status" "$MNT/staging/web-1/network/vpc" && readlink "$MNT/.skystack/by-id/ins_1" ;;
        esac || return 1
    done
}

@test "fifty of every kind at once" {
    up
    all mix
    is_still_good
}

one_of_one_name() {
    mkdir "$prod/same" 2>/dev/null || true
}

@test "fifty mkdir of one name make one instance" {
    up
    ls "$prod" >/dev/null
    all one_of_one_name
    assert_equal "$(admin GET /instances | jq '[.[] | select(.name == "same")] | length')" 1
    assert_equal "$(requests 'POST /v1/instances')" 1
}

delete_web() {
    rm "$prod/web-1.json" 2>/dev/null || true
}

@test "fifty rm of one name are one DELETE" {
    up
    ls "$prod" >/dev/null
    all delete_web
    assert_equal "$(requests 'DELETE /v1/instances/{id}')" 1
    [ ! -e "$prod/web-1.json" ]
}

look() {
    local i
    for i in {1..5}; do find "$MNT" -name '*.json' -exec cat {} + >/dev/null || return 1; done
}

@test "fifty walks while instances come and go behind the mount" {
    up
    local i
    (
        for i in {1..60}; do
            admin POST /instances "{\"id\":\"x$i\",\"name\":\"x$i\",\"project_id\":\"prj_1\",\"region\":\"eu-central\",\"size\":\"standard-2\"}"
            admin PATCH /instances/ins_1 "{\"note\":\"$i\"}"
        done
    ) >/dev/null 3>&- 4>&- &
    local changes=$!
    all look
    wait "$changes"
    [ -e "$prod/web-1.json" ]
    is_still_known() { [ -e "$prod/x60.json" ]; }
    within 5 is_still_known
}

flood() {
    local i
    for i in {1..20}; do ! mkdir "$prod/no good $1" 2>/dev/null || return 1; done
}

@test "what fails at once is told, whole lines only" {
    up
    all flood
    assert_equal "$(wc -l <"$MNT/.skystack/errors")" 100
    jq -es 'length == 100 and all(.[]; .errno == "EINVAL")' "$MNT/.skystack/errors"
}
