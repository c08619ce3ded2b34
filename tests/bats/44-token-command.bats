#!/usr/bin/env bats
# A token that a program prints.

bats_require_minimum_version 1.5.0
load helper
load faults

setup() {
    fault_sandbox --instances 4 --rows summary
    GIVE=$PLACE/give
    export GIVE
    printf '#!/bin/sh\necho run >>%s\ncat %s\n' "$PLACE/runs" "$TOKEN_FILE" >"$GIVE"
    chmod 700 "$GIVE"
}

runs() {
    wc -l <"$PLACE/runs"
}

# no_mount CODE TEXT COMMAND: mounting ends with the code and one line that says the text; nothing was asked.
no_mount() {
    mkdir -p "$MNT" "$PLACE/state"
    requests_reset
    run --separate-stderr timeout -k 1 50 "$SKYSTACKFS" "$ENDPOINT" "$MNT" \
        -o "cacert=$CACERT,state_dir=$PLACE/state,timeout=1,wait=0,token_command=$3" 3>&- 4>&-
    assert_equal "exit code $status, ${#stderr_lines[@]} line: $stderr" "exit code $1, 1 line: $stderr"
    [[ $stderr == *"$2"* ]] || fail_with "expected: $2" "said: $stderr"
    ! is_mounted "$MNT"
    assert_equal "$(requests)" 0
}

@test "the program runs once, and again after a refusal" {
    FAULT_TOKEN=token_command=$GIVE fault_mount
    jq -e .region "$prod/web-1.json"
    assert_equal "$(runs)" 1
    cat "$TOKEN_FILE" >>"$PLACE/tokens"
    admin POST /token '{}' >/dev/null
    jq -e .region "$prod/web-2.json"
    assert_equal "$(runs)" 2
    assert_equal "$(jq -r .token.source "$MNT/.skystack/status.json")" "token_command=$GIVE"
    # the same token: latched, and neither asked for nor sent
    admin POST /token '{"write_file":false}' >/dev/null
    requests_reset
    refused 'Key was rejected' mkdir "$prod/web-9"
    refused 'Key was rejected' mkdir "$prod/web-8"
    assert_equal "$(runs)" 3
    assert_equal "$(requests)" 1
    fault_aftermath EKEYREJECTED
}

@test "a program that fails, is missing or prints no token refuses the mount with exit 4, and says why" {
    no_mount 4 'ended with status 3: no more ***' 'sh -c "echo abc; echo first >&2; echo no more abc >&2; exit 3"'
    no_mount 4 'it is not there' "$PLACE/none"
    no_mount 4 "can't be used" true
    no_mount 4 'was ended by signal 9' "sh -c \"kill -9 \$\$\""
    no_mount 4 'more than a token can be' yes
    no_mount 2 'names no program' '"unclosed'
}

@test "what the program complains of is in the log, without the token" {
    sed -i '2i set -x\necho "token for you: $(cat '"$TOKEN_FILE"')" >&2' "$GIVE"
    FAULT_TOKEN=token_command=$GIVE fault_mount
    cat "$TOKEN_FILE" >>"$PLACE/tokens"
    admin POST /token '{}' >/dev/null
    jq -e .region "$prod/web-2.json"
    grep -q 'warn: token_command=.*token for you: \*\*\*' "$LOG"
    fault_aftermath none
}

@test "an unmount ends the program" {
    FAULT_TOKEN=token_command=$GIVE fault_mount
    printf '#!/bin/sh\necho $$ >%s\nexec sleep 25\n' "$PLACE/pid" >"$GIVE"
    kill -HUP "$MOUNT_PID"
    within 5 test -s "$PLACE/pid"
    jq -e .region "$prod/web-1.json" # with the one before
    fault_unmount
    within 2 ended "$(cat "$PLACE/pid")"
}
