#!/usr/bin/env bats
# The reason of a failure: by skystackfs why, and by itself in a shell that has the hook.

load helper

setup() {
    sandbox_start --instances 4
    mount_up
    PATH=$(dirname "$SKYSTACKFS"):$PATH
    prod=$MNT/prod
    ls "$prod" >/dev/null
}

teardown() {
    cd /
    all_down
}

# In a session of its own, as a terminal is: a shell that reads these lines at its prompt.
shell() {
    printf '%s\n' "$@" | setsid -w bash --norc -i 2>&1
}

@test "a shell with the hook tells why after a command that failed on a mount" {
    run shell 'eval "$(skystackfs hook bash)"' "cd $prod" 'mkdir web-9'
    assert_output --partial 'mkdir /prod/web-9: EINVAL'
    assert_output --partial '`region` is missing'
}

@test "the hook says nothing after a command that failed elsewhere, or succeeded" {
    run shell 'eval "$(skystackfs hook bash)"' "cd $prod" false 'cat web-1.json >/dev/null' 'grep nothing web-1.json'
    refute_output --partial 'why '
}

@test "the hook tells each failure once" {
    run shell 'eval "$(skystackfs hook bash)"' "cd $prod" 'mkdir web-9' 'false' 'false'
    assert_equal "$(grep -c 'mkdir /prod/web-9: EINVAL' <<<"$output")" 1
}

@test "the hook leaves the exit code as it was" {
    run shell 'eval "$(skystackfs hook bash)"' '(exit 7)' 'echo "it was $?"'
    assert_output --partial 'it was 7'
}

@test "there is a hook for zsh and one for fish, and for no other shell" {
    run skystackfs hook zsh
    assert_success
    assert_output --partial precmd_functions
    run skystackfs hook fish
    assert_success
    assert_output --partial fish_postexec
    run skystackfs hook tcsh
    assert_failure 2
}

@test "why tells the newest failure of this session, of a path, and as JSON" {
    run mkdir "$prod/web-9"
    assert_failure
    cd "$prod"
    run skystackfs why
    assert_success
    assert_output --partial 'mend '
    run skystackfs why web-9
    assert_success
    skystackfs why --json "$prod/web-9" | jq -e '.errno == "EINVAL" and .sent == "no"'
    run skystackfs why web-1.json
    assert_failure 3
}

@test "why tells of texts that hold what no other parser takes" {
    local message='half a pair \ud800, a NUL \u0000, an escape \u001b[31m and an end'
    fault "{\"kind\":\"body\",\"status\":422,\"method\":\"POST\",\"body\":$(jq -n --arg m "$message" \
        '"{\"error\":{\"code\":\"odd\",\"message\":\"\($m)\"}}"')}" >/dev/null
    run "$SKYSTACKFS" why "$prod/web-9"
    assert_failure 3
    run bash -c 'echo "{\"size\":\"standard-2\",\"region\":\"eu-central\"}" >"$1"' - "$prod/web-9.json"
    assert_failure
    run skystackfs why "$prod/web-9.json"
    assert_success
    assert_output --partial 'half a pair \xed\xa0\x80, a NUL  , an escape \x1b[31m and an end'
    grep '^last error' "$MNT/.skystack/status" | grep -F 'half a pair \xed\xa0\x80, a NUL  , an escape \x1b[31m and an end'
    grep -F '"message":"half a pair \ud800, a NUL  , an escape \u001b[31m and an end' "$MNT/.skystack/errors"
    tr -d '\n' <"$MNT/.skystack/status.json" | grep -F '"last_error":' | grep -F 'half a pair \ud800'
}
