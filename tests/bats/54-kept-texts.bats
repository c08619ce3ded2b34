#!/usr/bin/env bats
# Nothing that a person wrote is lost: what was refused or is not settled stays beside its file, with why, until it is mended or removed.

load helper

options=region=eu-central,size=standard-2,timeout=2
bad='{"size":"enormous"}'

setup() {
    sandbox_start --instances 4
    prod=$MNT/prod
}

up() {
    mount_up "$options${1:+,$1}"
    ls "$MNT" "$prod" >/dev/null
    requests_reset
}

state() {
    printf '%s\n' "$PLACE"/state/*/"$1"
}

audit() {
    jq -c "$1" "$(state audit.jsonl)"
}

kill_it() {
    local pid
    pid=$(daemon_pid)
    kill -KILL "$pid"
    within 5 ended "$pid"
    umount -l "$MNT"
}

# mv says of EINVAL that a directory would go into itself: what became of the call itself.
rename() {
    perl -e 'rename($ARGV[0], $ARGV[1]) or die "$!\n"' "$@"
}

# Refused ones

@test "a refused text becomes NAME.json.rejected, byte by byte, and is listed" {
    up
    printf '{ "size" :\t"enormous" }\n\n' >"$PLACE/text"
    run bash -c 'cat "$1" >"$2"' - "$PLACE/text" "$prod/web-9.json"
    assert_failure
    within 2 [ -e "$prod/web-9.json.rejected" ]
    run bash -c 'head -c 24 "$1" | cmp -n 24 - "$2"' - "$PLACE/text" "$prod/web-9.json.rejected"
    assert_success
    run ls "$prod"
    assert_line web-9.json.rejected
    assert_line web-9.json.error
    refute_line web-9.json
}

rejected_is() { [ "$(cat "$prod/web-9.json.rejected")" = "$1" ]; }

@test "of two texts that are refused under one name, neither of which could know of the other, none is lost" {
    mount_up "region=eu-central,size=standard-2,timeout=20"
    ls "$prod" >/dev/null
    fault '{"kind":"delay","method":"POST","ms":3000}' >/dev/null
    run timeout -s KILL 1 bash -c 'printf "%s\n" "$2" >"$1"' - "$prod/web-9.json" "$bad"
    printf '{"size":' >"$prod/web-9.json"
    rejected_is '{"size":'
    within 10 rejected_is "$bad"
    rm "$prod/web-9.json.rejected"
    rejected_is '{"size":'
    rm "$prod/web-9.json.rejected"
    [ ! -e "$prod/web-9.json.rejected" ]
}

# The one that was refused later hides the other.
@test "mv of a kept text that is refused again takes the place of no other that is kept" {
    local later='{"size": "standard-9"}'
    mount_up "region=eu-central,size=standard-2,timeout=20"
    ls "$prod" >/dev/null
    fault '{"kind":"delay","method":"POST","ms":3000}' >/dev/null
    run timeout -s KILL 1 bash -c 'printf "%s\n" "$2" >"$1"' - "$prod/web-9.json" "$bad"
    printf '{"size":' >"$prod/web-9.json"
    within 10 rejected_is "$bad"
    printf '%s' "$later" >"$prod/web-9.json.rejected"
    refused 'subdirectory of itself' mv "$prod/web-9.json.rejected" "$prod/web-9.json"
    rejected_is "$later"
    rm "$prod/web-9.json.rejected"
    rejected_is '{"size":'
}

@test "a text whose file was renamed while it was open takes no other's place under the new name" {
    local file
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    exec {file}>"$prod/web-1.json"
    printf '{"size":' >&"$file"
    mv "$prod/web-1.json" "$prod/web-9.json"
    exec {file}>&-
    within 5 rejected_is '{"size":'
    rm "$prod/web-9.json.rejected"
    rejected_is "$bad"
}

@test ".error has a sentence, the API's code, message, details and request id, whether anything was sent, and what to do" {
    up
    fault '{"kind":"status","method":"POST","status":422,"code":"too_big","message":"It is too big.","details":[{"field":"size","issue":"is enormous"}]}' >/dev/null
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    local id
    id=$(admin GET /log | jq -r '.[-1].request_id')
    run cat "$prod/web-9.json.error"
    assert_output --partial EINVAL
    assert_output --partial too_big
    assert_output --partial 'It is too big.'
    assert_output --partial 'is enormous'
    assert_output --partial "$id"
    assert_output --regexp 'sent +it was sent'
    assert_output --partial 'mv NAME.json.rejected NAME.json'
}

@test ".error is readable after every failed operation, and listed only beside a .rejected" {
    up
    fault '{"kind":"status","method":"POST","status":403,"message":"Not you."}' >/dev/null
    refused 'Permission denied' mkdir "$prod/web-9"
    fault '{"kind":"status","method":"DELETE","status":403,"message":"Not this."}' >/dev/null
    rm "$prod/web-1.json"
    sync "$prod" || true
    run cat "$prod/web-1.json.error"
    assert_output --partial 'Not this.'
    run grep error <(ls -a "$prod")
    assert_failure
}

@test "where nothing failed there is no .error" {
    up
    refused 'No such file' cat "$prod/web-1.json.error"
    refused 'No such file' cat "$prod/web-1.json.rejected"
}

@test "a refused text survives unmount and mounting again" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    mount_down
    up
    assert_equal "$(cat "$prod/web-9.json.rejected")" "$bad"
    grep -q 'is not a known size' "$prod/web-9.json.error"
    grep -qx web-9.json.rejected <(ls "$prod")
    assert_equal "$(changing)" 0
}

@test "a refused text survives kill -9" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    within 2 [ -e "$prod/web-9.json.rejected" ]
    sleep 0.3
    kill_it
    up
    assert_equal "$(cat "$prod/web-9.json.rejected")" "$bad"
    grep -q 'is not a known size' "$prod/web-9.json.error"
    assert_equal "$(changing)" 0
}

@test "mend it, then mv: success clears both" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    sed -i s/enormous/standard-4/ "$prod/web-9.json.rejected"
    assert_equal "$(cat "$prod/web-9.json.rejected")" '{"size":"standard-4"}'
    mv "$prod/web-9.json.rejected" "$prod/web-9.json"
    assert_equal "$(jq -r .size "$prod/web-9.json")" standard-4
    [ ! -e "$prod/web-9.json.rejected" ]
    run grep -E 'rejected|error' <(ls "$prod")
    assert_failure
    assert_equal "$(posts)" 2
}

@test "written over in place, then mv, it is the same" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    echo '{"size":"standard-8"}' >"$prod/web-9.json.rejected"
    assert_equal "$(posts)" 1
    assert_equal "$(cat "$prod/web-9.json.rejected")" '{"size":"standard-8"}'
    mv "$prod/web-9.json.rejected" "$prod/web-9.json"
    assert_equal "$(jq -r .size "$prod/web-9.json")" standard-8
}

@test "what was mended survives kill -9, too" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    echo '{"size":"standard-8"}' >"$prod/web-9.json.rejected"
    sleep 0.3
    kill_it
    up
    assert_equal "$(cat "$prod/web-9.json.rejected")" '{"size":"standard-8"}'
}

@test "mv of one that is still bad fails, and keeps it" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    refused 'Invalid argument' rename "$prod/web-9.json.rejected" "$prod/web-9.json"
    assert_equal "$(cat "$prod/web-9.json.rejected")" "$bad"
    [ -s "$prod/web-9.json.error" ]
}

@test "rm removes it, and its reason goes with it" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    rm "$prod/web-9.json.rejected" "$prod/web-9.json.error"
    [ ! -e "$prod/web-9.json.rejected" ]
    run grep -E 'rejected|error' <(ls "$prod")
    assert_failure
    mount_down
    up
    [ ! -e "$prod/web-9.json.rejected" ]
}

@test "rm of both by a glob works in either order" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    rm "$prod"/web-9.json.*
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    rm "$prod/web-9.json.rejected"
    run grep -E 'rejected|error' <(ls "$prod")
    assert_failure
}

@test "a later success clears what was kept" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    put "$prod/web-9.json" '{}'
    within 2 [ ! -e "$prod/web-9.json.rejected" ]
}

@test "a later refusal takes the place of the earlier one" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    refused 'Invalid argument' put "$prod/web-9.json" '{"region":"moon"}'
    within 2 grep -qF moon "$prod/web-9.json.rejected"
    assert_equal "$(ls "$prod" | grep -c rejected)" 1
    sleep 0.3
    assert_equal "$(ls "$(state intents)" | wc -l)" 1
}

# Not behind a proxy: the proxy answers in place of a sandbox that has gone.
# bats test_tags=direct
@test "a text that could not be sent is kept, too, and says so" {
    up
    sandbox_stop
    refused 'Connection refused' put "$prod/web-9.json" '{}'
    within 2 [ -e "$prod/web-9.json.rejected" ]
    run cat "$prod/web-9.json.error"
    assert_output --partial ECONNREFUSED
    assert_output --partial 'nothing was sent'
}

@test "a text that is being written when the mount is ended is kept, and so is one that is being mended" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    local daemon
    daemon=$(daemon_pid)
    background bash -c 'exec 5>"$1" 6>"$2"; printf "{\"size\":" >&5; printf "{\"size\":\"standard-8\"}" >&6; touch "$3"; sleep 30' - \
        "$prod/web-8.json" "$prod/web-9.json.rejected" "$PLACE/written"
    within 5 [ -e "$PLACE/written" ]
    kill -TERM "$daemon"
    within 5 ended "$daemon"
    up
    assert_equal "$(cat "$prod/web-8.json.rejected")" '{"size":'
    grep -q 'mount was ended' "$prod/web-8.json.error"
    assert_equal "$(cat "$prod/web-9.json.rejected")" '{"size":"standard-8"}'
    assert_equal "$(changing)" 0
}

@test "a kept text is never sent by itself" {
    up
    refused 'Invalid argument' put "$prod/web-9.json" "$bad"
    mount_down
    up
    sleep 2
    assert_equal "$(changing)" 0
}

# Unsettled ones

@test "while it is unsettled its text can neither be removed nor sent" {
    up
    fault '{"kind":"hang","method":"POST"}' >/dev/null
    refused 'Operation now in progress' put "$prod/web-9.json" '{}'
    refused 'busy' rm "$prod/web-9.json.rejected"
    refused 'already in progress' mv "$prod/web-9.json.rejected" "$prod/web-9.json"
    [ -e "$prod/web-9.json.rejected" ]
    assert_equal "$(posts)" 1
}

@test "it is settled by looking: the instance is there, the text goes, and nothing is sent again" {
    up
    fault '{"kind":"hang_after","method":"POST"}' >/dev/null
    refused 'Operation now in progress' put "$prod/web-9.json" '{"tags":["mine"]}'
    within 8 [ ! -e "$prod/web-9.json.rejected" ]
    assert_equal "$(jq -c .tags "$prod/web-9.json")" '["mine"]'
    assert_equal "$(posts)" 1
    assert_equal "$(audit 'select(.name == "web-9") | .outcome' | tail -n 1)" '"ok"'
}

@test "a 5xx to a create is settled the same way" {
    up
    fault '{"kind":"status","method":"POST","status":502,"after":true}' >/dev/null
    refused 'Operation now in progress' put "$prod/web-9.json" '{}'
    within 8 [ ! -e "$prod/web-9.json.rejected" ]
    [ -e "$prod/web-9.json" ]
    assert_equal "$(posts)" 1
}

@test "one that did not happen stays unsettled for now, and is not sent again" {
    up
    fault '{"kind":"close","method":"POST"}' >/dev/null
    refused 'Operation now in progress' put "$prod/web-9.json" '{}'
    sleep 9
    [ -e "$prod/web-9.json.rejected" ]
    [ ! -e "$prod/web-9.json" ]
    assert_equal "$(posts)" 1
    refused 'already in progress' put "$prod/web-9.json" '{}'
    assert_equal "$(posts)" 1
}

@test "an instance of that name that was there before does not settle it" {
    admin POST /instances '{"name":"twin","project_id":"prj_1","region":"eu-central","size":"standard-2"}' >/dev/null
    up
    fault '{"kind":"close","method":"POST"}' >/dev/null
    rm "$prod/twin.json"
    run put "$prod/twin.json" '{}'
    assert_failure
    admin POST /instances '{"name":"other","project_id":"prj_1"}' >/dev/null
    sleep 3
    [ -e "$prod/twin.json.rejected" ]
}

@test "one of other fields does not settle it" {
    up
    fault '{"kind":"close","method":"POST"}' >/dev/null
    refused 'Operation now in progress' put "$prod/web-9.json" '{"size":"standard-4"}'
    admin POST /instances '{"name":"web-9","project_id":"prj_1","region":"eu-central","size":"standard-8"}' >/dev/null
    echo all >"$MNT/.skystack/refresh"
    ls "$prod" >/dev/null
    sleep 3
    [ -e "$prod/web-9.json.rejected" ]
}

@test "several that it could be are reported, and none is deleted" {
    up
    fault '{"kind":"close","method":"POST"}' >/dev/null
    refused 'Operation now in progress' put "$prod/web-9.json" '{}'
    local n
    for n in 1 2; do admin POST /instances '{"name":"web-9","project_id":"prj_1","region":"eu-central","size":"standard-2"}' >/dev/null; done
    several() { grep -q '2 new instances have this name' "$prod/web-9.json.error"; }
    within 8 several
    assert_equal "$(requests 'DELETE /v1/instances/{id}')" 0
    assert_equal "$(admin GET /instances | jq '[.[] | select(.name == "web-9")] | length')" 2
    rm "$prod/web-9.json.rejected"
}

@test "an unsettled text survives kill -9, and is settled after mounting again" {
    up
    fault '{"kind":"hang_after","method":"POST"}' >/dev/null
    background bash -c 'echo "{\"tags\":[\"mine\"]}" >"$1"' - "$prod/web-9.json"
    is_sent() { [ "$(posts)" = 1 ]; }
    within 5 is_sent
    kill_it
    faults_clear
    up
    within 8 [ ! -e "$prod/web-9.json.rejected" ]
    assert_equal "$(jq -c .tags "$prod/web-9.json")" '["mine"]'
    assert_equal "$(posts)" 0
}

# Not behind a proxy: it keeps the connection of a mount that was killed, and the create comes about.
# bats test_tags=direct
@test "a create that was killed before it was sent stays unsettled after mounting again, with its text" {
    up
    fault '{"kind":"hang","method":"POST"}' >/dev/null
    background bash -c 'echo "{\"tags\":[\"mine\"]}" >"$1"' - "$prod/web-9.json"
    is_sent() { [ "$(posts)" = 1 ]; }
    within 5 is_sent
    kill_it
    up
    assert_equal "$(cat "$prod/web-9.json.rejected")" '{"tags":["mine"]}'
    grep -q 'is being found out' "$prod/web-9.json.error"
    refused 'already in progress' put "$prod/web-9.json" '{}'
    assert_equal "$(posts)" 0
}

# The state directory

@test "audit.jsonl has every changing request with time, uid, operation, id, outcome and request id" {
    up delete_delay=0
    put "$prod/web-9.json" '{}'
    put "$prod/web-9.json" '{"size":"standard-4"}'
    rm "$prod/web-9.json"
    fault '{"kind":"status","method":"POST","status":403}' >/dev/null
    refused 'Permission denied' put "$prod/web-8.json" '{}'
    within 2 grep -q EACCES "$(state audit.jsonl)"
    assert_equal "$(audit .operation | xargs)" 'create update delete create'
    assert_equal "$(audit .outcome | xargs)" 'ok ok ok EACCES'
    assert_equal "$(audit 'select(.uid == 0 and (.time | test("^2")) and has("id"))' | wc -l)" 4
    assert_equal "$(audit .request_id | sort)" "$(admin GET /log | jq -c '.[] | select(.method != "GET") | .request_id' | sort)"
}

@test "nothing is left in the journal after successes" {
    up delete_delay=0
    put "$prod/web-9.json" '{}'
    put "$prod/web-9.json" '{"size":"standard-4"}'
    rm "$prod/web-9.json"
    no_intents() { [ -z "$(ls "$(state intents)")" ]; }
    within 2 no_intents
}

@test "the intent is on disk before anything is sent" {
    up
    fault '{"kind":"hang","method":"POST"}' >/dev/null
    background bash -c 'echo "{\"tags\":[\"mine\"]}" >"$1"' - "$prod/web-9.json"
    is_sent() { [ "$(posts)" = 1 ]; }
    within 5 is_sent
    grep -qF '{"tags":["mine"]}' "$(state intents)"/*.intent
    assert_equal "$(stat -c %a "$(state intents)"/*.intent)" 600
}

