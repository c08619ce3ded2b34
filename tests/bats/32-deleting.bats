#!/usr/bin/env bats
# Deleting: rm NAME.json and rmdir NAME are one DELETE each, by the id that the name stood for. Here it is sent inside of the call.

load helper

setup() {
    sandbox_start --instances 8
    prod=$MNT/prod
}

# up [OPTION,...]: mounted, and the lists known.
up() {
    mount_up "region=eu-central,size=standard-2,timeout=2,delete_delay=0,max_deletes=0${1:+,$1}"
    ls "$MNT" "$prod" >/dev/null
    requests_reset
}

newest() {
    tail -n 1 "$MNT/.skystack/errors" | jq -r ".$1 // \"\""
}

# The paths of the DELETE requests, one a line.
deleted() {
    admin GET /log | jq -r '.[] | select(.method == "DELETE") | .path'
}

id_of() {
    jq -r .id "$prod/$1.json"
}

exists() {
    admin GET /instances | jq -e --arg id "$1" 'any(.[]; .id == $id)' >/dev/null
}

# Nothing of a name is there any more, wherever one may look.
is_nowhere() {
    local name=$1 id=$2
    [ ! -e "$prod/$name.json" ]
    [ ! -e "$prod/$name" ]
    [ ! -L "$MNT/.skystack/by-id/$id" ]
    run grep -x "$name.json" <(ls "$prod")
    assert_failure
    run grep -E "^(prod/)?$name " "$prod/.table" "$MNT/.table"
    assert_failure
    run grep -F "\"$id\"" "$prod/.all.ndjson" "$MNT/.all.ndjson"
    assert_failure
}

@test "rm sends one DELETE, by the id" {
    up
    local id
    id=$(id_of web-1)
    rm "$prod/web-1.json"
    assert_equal "$(deleted)" "/v1/instances/$id"
    assert_equal "$(changing)" 1
    run exists "$id"
    assert_failure
}

@test "rm asks the API nothing else" {
    up
    rm "$prod/web-1.json"
    ls "$prod" >/dev/null
    assert_equal "$(requests)" 1
}

@test "rmdir NAME does the same" {
    up
    local id
    id=$(id_of web-1)
    rmdir "$prod/web-1"
    assert_equal "$(deleted)" "/v1/instances/$id"
    run exists "$id"
    assert_failure
}

@test "rm -r NAME is one DELETE, whatever stands inside" {
    up
    local id
    id=$(id_of web-1)
    rm -r "$prod/web-1"
    assert_equal "$(deleted)" "/v1/instances/$id"
    assert_equal "$(changing)" 1
    is_nowhere web-1 "$id"
}

@test "what stands inside of NAME can be removed, and nothing changes" {
    up
    rm "$prod/web-1/status" "$prod/web-1/network/vpc"
    rmdir "$prod/web-1/network"
    assert_equal "$(changing)" 0
    [ "$(cat "$prod/web-1/status")" ]
    [ -e "$prod/web-1.json" ]
}

@test "several names are several deletes" {
    up
    local before
    before=$(ls "$prod" | wc -l)
    rm "$prod/web-1.json" "$prod/web-2.json"
    assert_equal "$(deleted | wc -l)" 2
    assert_equal "$(ls "$prod" | wc -l)" $((before - 2))
}

@test "a deleted name is gone at once, everywhere" {
    up
    local id
    id=$(id_of web-1)
    cat "$prod/web-1/status" "$prod/.table" "$MNT/.table" "$prod/.all.ndjson" >/dev/null
    [ -L "$MNT/.skystack/by-id/$id" ]
    rm "$prod/web-1.json"
    is_nowhere web-1 "$id"
    refused 'No such file or directory' cat "$prod/web-1.json"
    refused 'No such file or directory' cat "$prod/web-1/status"
    refused 'No such file or directory' rm "$prod/web-1.json"
    refused 'No such file or directory' rmdir "$prod/web-1"
    assert_equal "$(deleted | wc -l)" 1
}

@test "deleted is deleted, also for a listing that was already under way" {
    up ttl=0.1
    local id
    id=$(id_of web-1)
    fault '{"kind":"delay","method":"GET","path":"/v1/instances","ms":500}' >/dev/null
    sleep 0.2
    requests_reset
    background ls "$prod"
    is_asked() { [ "$(requests 'GET /v1/instances')" -ge 1 ]; }
    within 5 is_asked
    rm "$prod/web-1.json"
    wait "$BACKGROUND"
    [ ! -e "$prod/web-1.json" ]
}

@test "what had it open before can still be read" {
    up
    exec 7<"$prod/web-1.json"
    rm "$prod/web-1.json"
    assert_equal "$(jq -r .name <&7)" web-1
    exec 7<&-
}

@test "created again under the same name it is another instance" {
    up
    local id
    id=$(id_of web-1)
    rm "$prod/web-1.json"
    mkdir "$prod/web-1"
    [ "$(id_of web-1)" != "$id" ]
    [ "$(cat "$prod/web-1/id")" != "$id" ]
    rmdir "$prod/web-1"
    echo '{"size":"standard-4"}' >"$prod/web-1.json"
    assert_equal "$(jq -r .size "$prod/web-1.json")" standard-4
    assert_equal "$(deleted | wc -l)" 2
}

@test "one that somebody else deleted meanwhile is a success" {
    up
    local id
    id=$(id_of web-1)
    admin DELETE "/instances/$id" >/dev/null
    rm "$prod/web-1.json"
    assert_equal "$(admin GET /log | jq -r '.[-1] | "\(.method) \(.status)"')" 'DELETE 404'
    is_nowhere web-1 "$id"
}

# Not behind a proxy: the API breaks the contract here.
# bats test_tags=direct
@test "an answer without an envelope is no proof that it is gone" {
    up
    fault '{"kind":"status","method":"DELETE","status":404,"envelope":false}' >/dev/null
    refused 'Remote I/O error' rm "$prod/web-1.json"
    [ -e "$prod/web-1.json" ]
}

@test "a failed delete brings its errno, its reason, and leaves the file" {
    up
    local id answer
    id=$(id_of web-1)
    while read -r answer errno text; do
        fault "{\"kind\":\"status\",\"method\":\"DELETE\",\"status\":$answer,\"message\":\"It says no.\",\"count\":-1}" >/dev/null
        refused "$text" rm "$prod/web-1.json"
        faults_clear
        assert_equal "$answer $(newest errno)" "$answer $errno"
        [[ $(newest message) == *'It says no.'* ]]
        [ -n "$(newest request_id)" ]
        assert_equal "$(id_of web-1)" "$id"
        grep -qx web-1.json <(ls "$prod")
        [ -L "$MNT/.skystack/by-id/$id" ]
    done <<'TABLE'
400 EINVAL Invalid argument
403 EACCES Permission denied
409 EBUSY Device or resource busy
500 EREMOTEIO Remote I/O error
TABLE
    rm "$prod/web-1.json"
    assert_equal "$(deleted | wc -l)" 7 # the 500 was tried three times
}

@test "a delete that failed for a moment is sent again, and nobody notices" {
    up
    fault '{"kind":"status","method":"DELETE","status":503}' >/dev/null
    rm "$prod/web-1.json"
    [ ! -e "$prod/web-1.json" ]
    assert_equal "$(deleted | wc -l)" 2
    assert_equal "$(jq .api.retries "$MNT/.skystack/status.json")" 1
}

# Not behind a proxy: the proxy answers in place of a sandbox that has gone.
# bats test_tags=direct
@test "a delete that is not answered is ETIMEDOUT, and one that could not be sent ECONNREFUSED" {
    up
    fault '{"kind":"hang","method":"DELETE","count":-1}' >/dev/null
    refused 'Connection timed out' rm "$prod/web-1.json"
    assert_equal "$(newest sent)" unanswered
    faults_clear
    sandbox_stop
    refused 'Connection refused' rm "$prod/web-2.json"
    assert_equal "$(newest sent)" no
    [ -e "$prod/web-2.json" ]
}

@test "rmdir of a project is EPERM, since the API deletes no projects" {
    up
    refused 'Operation not permitted' rmdir "$prod"
    refused 'Operation not permitted' rmdir "$MNT/staging"
    run why "$MNT/staging"
    assert_output --partial 'makes and deletes no projects'
    assert_equal "$(changing)" 0
    [ -d "$prod" ]
}

@test "views can't be removed" {
    up
    cat "$prod/.table" "$prod/.all.ndjson" "$prod/.defaults.json" >/dev/null
    local view
    for view in "$prod/.table" "$prod/.all.ndjson" "$prod/.defaults.json" "$MNT/.table" "$MNT/.skystack/errors" \
        "$MNT/.skystack/status" "$MNT/.skystack/by-id/ins_1"; do
        refused 'Operation not permitted' rm -f "$view"
        [ -e "$view" ]
    done
    refused 'Operation not permitted' rmdir "$MNT/.skystack"
    refused 'Operation not permitted' rmdir "$MNT/.skystack/by-id"
    assert_equal "$(changing)" 0
}

@test "a read-only mount deletes nothing" {
    up ro
    refused 'Read-only file system' rm "$prod/web-1.json"
    refused 'Read-only file system' rmdir "$prod/web-1"
    refused 'Read-only file system' rm -r "$prod/web-1"
    assert_equal "$(changing)" 0
    [ -e "$prod/web-1.json" ]
}

@test "rm of a name that never was sends nothing" {
    up
    refused 'No such file or directory' rm "$prod/nobody.json"
    refused 'No such file or directory' rmdir "$prod/nobody"
    assert_equal "$(requests)" 0
}

@test "of two of one name each is deleted by its own name" {
    local other
    other=$(admin POST /instances '{"name":"web-1","region":"eu-west-1","size":"standard-2","project_id":"prj_1"}' | jq -r .id)
    up
    local id
    id=$(id_of web-1)
    rm "$prod/web-1~$other.json"
    assert_equal "$(deleted)" "/v1/instances/$other"
    assert_equal "$(id_of web-1)" "$id"
}

@test "an id of any kind is named rightly in the address" {
    admin POST /instances '{"id":"odd id%2f?x#","name":"odd","region":"eu-west-1","size":"standard-2","project_id":"prj_1"}' >/dev/null
    up
    rm "$prod/odd.json"
    assert_equal "$(admin GET /instances | jq 'any(.[]; .name == "odd")')" false
    assert_equal "$(admin GET /log | jq -r '.[-1] | "\(.method) \(.status)"')" 'DELETE 204'
}
