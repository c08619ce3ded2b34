#!/usr/bin/env bats
# Faults 56 to 60: life with the vendor.

bats_require_minimum_version 1.5.0
load helper
load faults
load clock

setup() {
    fault_sandbox --instances 4
}

# mounting_fails CODE: it says why in one line, which is $stderr, and nothing is mounted.
mounting_fails() {
    run --separate-stderr timeout -k 1 30 "$SKYSTACKFS" "$ENDPOINT" "$MNT" \
        -o "token_file=$PLACE/token,cacert=$CACERT,state_dir=$PLACE/state${2:+,$2}" 3>&- 4>&-
    assert_equal "$status ${#stderr_lines[@]}" "$1 1"
    assert_equal "$output" ''
    ! is_mounted "$MNT"
    [[ $stderr != *sky_* ]]
}

@test "fault 56: a sandbox that is reset is noticed: what was known is dropped, nothing is deleted or settled by an old id" {
    fault_mount delete_delay=3,ttl=0.3
    local first
    first=$(api GET /v1/instances/ins_1 | jq -r .name)
    fault '{"kind":"close_after","method":"POST","path":"/v1/instances"}' >/dev/null
    refused 'in progress' put "$prod/lost.json" '{"size":"standard-4"}'
    rm "$prod/$first.json"
    admin POST /reset >/dev/null
    admin POST /instances "{\"id\":\"ins_1\",\"name\":\"$first\",\"project_id\":\"prj_1\"}" >/dev/null
    admin POST /instances '{"id":"ins_2","name":"lost","project_id":"prj_1"}' >/dev/null
    requests_reset
    sleep 0.4
    within 5 jq -e '.id == "ins_1"' "$prod/$first.json"
    grep -q 'was reset' "$LOG"
    sleep 3.5
    refused 'busy' rm "$prod/$first.json"
    sleep 1
    assert_equal "$(changing)" 0
    fault_kept "$prod/lost.json" '{"size":"standard-4"}'
    grep -q "can't be told whether this create came to be" "$prod/lost.json.error"
    ls "$prod" >/dev/null
    assert_equal "$(find "$prod" -name '*.json' | wc -l)" 2
    fault_aftermath EBUSY
}

@test "fault 57: a token of the other environment is suspected by mount, and on a mount, and is not tried again" {
    local words="Wrong environment?" environment other
    local -A tokens=([sandbox]=sky_sbx_abc [production]=sky_live_abc)
    mkdir -p "$MNT" "$PLACE/state"
    install -m 600 /dev/null "$PLACE/token"
    for environment in sandbox production; do
        sandbox_stop
        rm -rf "$PLACE/sandbox"
        fault_sandbox --instances 4 --environment "$environment"
        other=$([ "$environment" = sandbox ] && echo production || echo sandbox)
        requests_reset
        echo "${tokens[$other]}" >"$PLACE/token"
        mounting_fails 4
        [[ $stderr == *"$words"*'`sandbox`'*'`production`'* ]] || fail_with "at $environment it says: $stderr"
        [[ $stderr == *'(request '* ]]
        assert_equal "$(requests)" 1
    done

    # the same when the file changes under a mount
    fault_mount ttl=0
    cp "$TOKEN_FILE" "$PLACE/token"
    admin POST /token '{"write_file":false}' >/dev/null
    echo "${tokens[sandbox]}" >"$TOKEN_FILE"
    refused 'Key was rejected' put "$prod/web-9.json" '{"tags":["mine"]}'
    fault_kept "$prod/web-9.json" '{"tags":["mine"]}'
    fault_lines EKEYREJECTED | grep -F "$words"
    why "$prod/web-9.json" | grep -F "$words"
    requests_reset
    refused 'Key was rejected' put "$prod/web-8.json" '{}'
    assert_equal "$(requests)" 0
    fault_aftermath EKEYREJECTED
}

# How many lines of the log say that.
logged() {
    grep -c "$1" "$LOG" || true
}

# Asks for everything anew, and shows what there is.
look_anew() {
    echo all >"$MNT/.skystack/refresh"
    timeout 10 cat "$prod/web-1.json"
}

@test "fault 58: an API version that is refused, or is going away, is told in a clear line, once a day" {
    local ends='{"kind":"headers","headers":{"Deprecation":"@1790000000","Sunset":"Fri, 01 Oct 2027 00:00:00 GMT"},"count":-1}'
    local refuses='{"kind":"status","status":400,"code":"unsupported_version","message":"This API version is not supported.","count":-1}'
    local i day=86400
    mkdir -p "$MNT" "$PLACE/state"
    install -m 600 "$TOKEN_FILE" "$PLACE/token"
    mounting_fails 32 api_version=2020-01-01
    [[ $stderr == *'not supported'*'api_version='* ]]

    clock_mount stale_if_error=0
    grep -q '^state *ok' "$MNT/.skystack/status"
    ! grep '^notice' "$MNT/.skystack/status"
    fault "$ends" >/dev/null
    for i in 1 2 3; do look_anew >/dev/null; done
    assert_equal "$(logged 'going away')" 1
    grep 'version 2026-01-15 is going away (Deprecation: @1790000000, Sunset: Fri, 01 Oct 2027 00:00:00 GMT)' "$LOG" |
        grep -q 'api_version=DATE'
    grep '^notice .*going away' "$MNT/.skystack/status"
    jq -e '.notice | contains("going away")' "$MNT/.skystack/status.json"
    clock_set 0 $((day + 10))
    for i in 1 2; do look_anew >/dev/null; done
    assert_equal "$(logged 'going away')" 2
    fault_aftermath none

    faults_clear
    fault "$refuses" >/dev/null
    for i in 1 2 3; do
        run look_anew
        assert_failure
        assert_output --partial 'Invalid argument'
    done
    assert_equal "$(logged 'refuses version 2026-01-15')" 1
    grep '^notice .*refuses version 2026-01-15.*api_version=DATE.*This API version is not supported' "$MNT/.skystack/status"
    fault_lines EINVAL | tail -n 1 | jq -e '.mend | contains("api_version=DATE")'
    clock_set 0 $((2 * day + 20))
    run look_anew
    assert_failure
    assert_equal "$(logged 'refuses version 2026-01-15')" 2
    faults_clear
    within 5 look_anew
    fault_aftermath EINVAL
    ! grep '^notice .*refuses' "$MNT/.skystack/status"
}

# What the status page says of the token.
token_status() {
    jq -r ".token.$1" "$MNT/.skystack/status.json"
}

trouble_is() {
    [[ $(token_status trouble) == *"$1"* ]]
}

# The calls that proved a token, since the counts were reset: the token's kind and the answer.
proofs() {
    admin GET /log | jq -c 'map(select(.path == "/v1/projects" and .query == "limit=1") | [.token, .status])'
}

proofs_are() {
    [ "$(proofs)" = "$1" ]
}

@test "fault 59: a new token is tried with one harmless call before the old one is dropped" {
    admin POST /config '{"rows":"summary"}' >/dev/null
    fault_mount timeout=20
    admin POST /log/reset >/dev/null
    local old new
    old=$(cat "$TOKEN_FILE")
    # while it is tried, requests go on with the old one
    fault '{"kind":"delay","path":"/v1/projects","query":"limit=1","ms":1500}' >/dev/null
    new=$(admin POST /token '{"keep_old":true}' | jq -r .token)
    is_searching() { [ "$(token_status searching)" = "$1" ]; }
    within 5 is_searching true
    jq -e .region "$prod/web-1.json"
    assert_equal "$(admin GET /log | jq -c 'map(select(.path != "/v1/projects")) | map(.token) | unique')" '["old"]'
    within 10 proofs_are '[["current",200]]'
    within 5 is_searching false
    jq -e .region "$prod/web-2.json"
    assert_equal "$(admin GET /log | jq -r '.[-1].token')" current

    # one that is refused is told, the one before stays in use, and it is not tried again
    printf '%s\n' "$old" >>"$PLACE/tokens"
    printf '%s\n' "$new" >>"$PLACE/tokens"
    echo sky_sbx_canary_wrong >"$TOKEN_FILE"
    within 5 trouble_is 'refused the new token'
    assert_equal "$(grep -c 'warn: The API refused the new token' "$LOG")" 1
    assert_equal "$(proofs)" '[["current",200],["other",401]]'
    touch "$TOKEN_FILE"
    "$SKYSTACKFS" refresh "$MNT"
    jq -e .region "$prod/web-1.json"
    sleep 1
    assert_equal "$(proofs)" '[["current",200],["other",401]]'
    [[ $(token_status refused_at) == null ]]
    # but when somebody says so
    kill -HUP "$MOUNT_PID"
    within 5 proofs_are '[["current",200],["other",401],["other",401]]'

    # one that can't be tried, for want of an answer, is tried later
    fault '{"kind":"status","status":503,"path":"/v1/projects","query":"limit=1","count":-1}' >/dev/null
    printf '%s\n' "$old" >"$TOKEN_FILE"
    within 5 trouble_is 'This error was asked for.'
    jq -e .region "$prod/web-1.json"
    faults_clear
    is_old_again() {
        cat "$prod/web-1.json" >/dev/null
        "$SKYSTACKFS" refresh "$MNT"
        [ "$(token_status trouble)" = null ]
    }
    within 15 is_old_again
    fault_aftermath none
}

@test "fault 60: rm -rf over 500 removes none; git checkout, tar x and install over instances are updates, never a DELETE" {
    sandbox_stop
    rm -r "$PLACE/sandbox"
    fault_sandbox --instances 500
    fault_mount delete_delay=4 # as a busy machine may need more than two seconds for eleven of them
    run rm -rf "$MNT"
    assert_failure
    assert_output --partial 'Operation not permitted'
    sleep 4.5
    assert_equal "$(changing)" 0
    assert_equal "$(admin GET /instances | jq length)" 500
    assert_equal "$(ls "$prod" "$MNT/staging" | grep -c 'json$')" 500
    fault_aftermath EPERM
    echo 0 >"$MNT/.skystack/allow_deletes"

    # of three texts one has changed
    mkdir "$PLACE/texts"
    cp "$prod"/web-[123].json "$PLACE/texts"
    jq '.size = "standard-4"' "$prod/web-1.json" >"$PLACE/texts/web-1.json"
    tar cf "$PLACE/archive" -C "$PLACE/texts" web-1.json web-2.json web-3.json
    tar xf "$PLACE/archive" -C "$prod"
    assert_equal "$(jq -r .size "$prod/web-1.json")" standard-4
    jq '.size = "standard-8"' "$prod/web-2.json" >"$PLACE/texts/web-2.json"
    install -m 644 "$PLACE/texts/web-2.json" "$prod/web-2.json"
    assert_equal "$(jq -r .size "$prod/web-2.json")" standard-8
    local git=(git -c user.name=me -c user.email=me@here.invalid --git-dir "$PLACE/repository" --work-tree "$prod")
    git init -q --bare "$PLACE/repository"
    "${git[@]}" add web-3.json
    "${git[@]}" commit -q -m one
    put "$prod/web-3.json" '{"size":"standard-1"}'
    "${git[@]}" commit -q -a -m two
    "${git[@]}" checkout -q HEAD~1 -- web-3.json
    sleep 4.5
    assert_equal "$(admin GET /ledger | jq -c '[.[] | select(.by == "api") | .op] | group_by(.) | map([.[0], length])')" '[["update",4]]'
    assert_equal "$(requests 'DELETE /v1/instances/{id}')" 0
}
