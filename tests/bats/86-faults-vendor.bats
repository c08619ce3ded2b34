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
    ! mountpoint -q "$MNT"
    [[ $stderr != *sky_* ]]
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
