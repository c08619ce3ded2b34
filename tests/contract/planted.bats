#!/usr/bin/env bats
# What breaks the contract is found: each of these plants one breach behind Prism, or in front of it, and looks for the report.

load ../bats/helper

setup_file() {
    sandbox_start
}

setup() {
    LOG=$SKYSTACK_THROUGH/prism.log
    BEFORE=$(wc -l <"$LOG")
}

# The report of one violation that came since the test began.
reported() {
    within 5 said "$1" || fail_with "not reported: $1" "$(tail -n "+$((BEFORE + 1))" "$LOG")"
}

said() {
    tail -n "+$((BEFORE + 1))" "$LOG" | grep -q -F -- "Violation: $1"
}

# An answer of the sandbox that is not as the contract says, to the client's first look.
answer() {
    fault "$(jq -n --arg body "$1" '{kind: "body", path: "/v1/instances", body: $body}')" >/dev/null
    mount_up
    ls "$MNT/prod" >/dev/null 2>&1 || true
}

@test "what the client and the sandbox do by themselves is no breach" {
    mount_up
    cat "$MNT"/prod/*.json >/dev/null
    api GET /v1/instances/ins_1 >/dev/null
    run api GET /v1/instances/nobody
    assert_failure
    sleep 0.2
    run said ''
    assert_failure
}

@test "a row without a name is found" {
    answer '{"data":[{"id":"ins_1"}],"next_cursor":null}'
    reported "response.body.data.0 Response body property data.0 must have required property 'name'"
}

@test "a field of another type is found" {
    answer '{"data":[{"id":"ins_1","name":"a","tags":[1]}],"next_cursor":null}'
    reported 'response.body.data.0.tags.0'
}

@test "a list that does not tell whether it goes on is found" {
    answer '{"data":[]}'
    reported 'response.body Response body must match a schema in anyOf'
}

@test "an error without its envelope is found" {
    fault '{"kind":"status","status":503,"envelope":false,"content_type":"application/json","body":"{}"}' >/dev/null
    run api GET /v1/projects
    reported "response.body Response body must have required property 'error'"
}

@test "an answer that is no JSON is found" {
    fault '{"kind":"garbage"}' >/dev/null
    run api GET /v1/projects
    reported 'response The received media type "text/html'
}

@test "a 429 that does not say how long is found" {
    fault '{"kind":"status","status":429}' >/dev/null
    run api GET /v1/projects
    reported "response.header Response header must have required property 'retry-after'"
}

@test "a status that is not in the contract is found" {
    fault '{"kind":"status","status":418}' >/dev/null
    run api GET /v1/projects
    reported 'response Unable to match the returned status code'
}

@test "a request without its token is found" {
    run curl -sS --max-time 20 --cacert "$CACERT" "$ENDPOINT/v1/projects"
    reported 'request Invalid security scheme used'
}

@test "a create without what it needs is found" {
    run api POST /v1/instances '{"name":"a","size":"standard-1"}'
    reported "request.body Request body must have required property 'region'"
}

@test "a create that sends what the server owns is found" {
    run api POST /v1/instances '{"name":"a","size":"standard-1","region":"us-east-1","id":"mine"}'
    reported 'request.body.id'
}

@test "a patch of a wrong type is found" {
    run api PATCH /v1/instances/ins_1 '{"size":4}'
    reported 'request.body.size'
}

@test "a limit over the most is found" {
    run api GET '/v1/instances?limit=201'
    reported 'request.query.limit'
}

@test "a path that the API does not have is found" {
    run api GET /v1/machines
    reported 'request Selected route not found'
}
