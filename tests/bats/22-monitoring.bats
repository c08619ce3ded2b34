#!/usr/bin/env bats
# bats file_tags=release
# Watching a mount: what is wrong with it and since when, its metrics, and the scripts that hand them on.

load helper

MONITORING=$BATS_TEST_DIRNAME/../../packaging/monitoring
CHECK=$BATS_TEST_DIRNAME/../tools/exposition.py

setup_file() {
    sandbox_start --instances 0
}

setup() {
    local id
    admin POST /config '{"rows":"full","pagination":"cursor","latency_ms":0,"provision_ms":0}' >/dev/null
    admin POST /reset >/dev/null
    for id in a b c; do
        admin POST /instances "{\"id\":\"$id\",\"name\":\"web-$id\",\"project_id\":\"prj_1\",\"health\":\"healthy\",
            \"utilization\":{\"cpu\":12.5,\"memory\":50}}" >/dev/null
    done
    requests_reset
}

patch() {
    admin PATCH "/instances/$1" "$2" >/dev/null
}

metrics() {
    cat "$MNT/.skystack/metrics.prom"
}

# The value of one series, as it is written in the file.
value() {
    metrics | awk -v series="$1" 'index($0, series " ") == 1 { print substr($0, length(series) + 2) }'
}

reasons() {
    status_of -r '[.state] + [.reasons[].reason] | join(" ")'
}

status_of() {
    jq "$@" "$MNT/.skystack/status.json"
}

reasons_are() {
    [ "$(reasons)" = "$*" ]
}

first_line() {
    head -n 1 "$MNT/.skystack/status"
}

# Whether a reason's `since` is no earlier than that many milliseconds since 1970, and no later than now.
since_is_after() {
    local since
    since=$(($(date -d "$(status_of -r ".reasons[] | select(.reason == \"$1\") | .since")" +%s%3N)))
    [ "$since" -ge "$2" ] && [ "$since" -le "$(since)" ] || fail_with "$1 since $since, and not between $2 and $(since)"
}

well() {
    [ "$(first_line)" = 'everything is well' ] && reasons_are ok && [ "$(status_of .since)" = null ]
}

api_fails() {
    fault '{"kind":"status","status":503,"count":-1,"path":"/v1/instances*"}' >/dev/null
}

# The metrics

@test "the metrics are Prometheus's text" {
    mount_up
    ls -l "$MNT/prod" >/dev/null
    metrics >"$PLACE/metrics"
    python3 "$CHECK" "$PLACE/metrics"
    assert_equal "$(value 'skystackfs_build_info{version="'"$("$SKYSTACKFS" -V | grep -o '[0-9.]*$')"'"}')" 1
    assert_equal "$(value 'skystackfs_state{state="ok"}') $(value 'skystackfs_state{state="broken"}')" "1 0"
}

@test "promtool finds nothing to say about them, and takes the alerts" {
    command -v promtool >/dev/null || skip "there is no promtool (package prometheus)"
    mount_up
    ls -l "$MNT/prod" >/dev/null
    metrics >"$PLACE/metrics"
    run promtool check metrics <"$PLACE/metrics"
    assert_success
    assert_output ''
    promtool check rules "$MONITORING/skystackfs.rules.yml"
}

@test "names and values that need escapes are escaped" {
    admin POST /instances '{"id":"q","name":"a\"b\\c","project_id":"prj_1","health":"ne\"ar\\\n\u0000\ud800","region":"é😀"}' >/dev/null
    mount_up
    ls "$MNT/prod" >/dev/null
    metrics >"$PLACE/metrics"
    python3 "$CHECK" "$PLACE/metrics"
    grep -F 'skystackfs_instance_info{project="prod",name="a\"b\\c",id="q",region="é😀"' "$PLACE/metrics"
    grep -F 'id="q",health="ne\"ar\\\n' "$PLACE/metrics"
    ! command -v promtool >/dev/null || promtool check metrics <"$PLACE/metrics"
}

@test "reading them asks the API nothing: not before anything is known, not past all times, not while it fails" {
    local i
    mount_up ttl=0.1,ttl_projects=0.1,ttl_health=0
    requests_reset
    for i in 1 2 3; do cat "$MNT"/.skystack/{metrics.prom,status,status.json} >/dev/null; done
    assert_equal "$(requests)" 0
    ls -l "$MNT/prod" >/dev/null
    sleep 0.3
    requests_reset
    for i in 1 2 3; do cat "$MNT"/.skystack/{metrics.prom,status,status.json} >/dev/null; done
    grep -q 'id="a"' "$MNT/.skystack/metrics.prom"
    assert_equal "$(requests)" 0
    api_fails
    run cat "$MNT/prod/web-a.json"
    requests_reset
    for i in 1 2 3; do cat "$MNT"/.skystack/{metrics.prom,status,status.json} >/dev/null; done
    sleep 0.3
    assert_equal "$(requests)" 0
}

@test "requests are counted by class and status, all that the API has seen" {
    mount_up region=eu-central,size=standard-2,delete_delay=0
    ls -l "$MNT/prod" >/dev/null
    mkdir "$MNT/prod/web-new"
    fault '{"kind":"status","status":404,"method":"DELETE"}' >/dev/null
    run rmdir "$MNT/prod/web-new"
    assert_equal "$(value 'skystackfs_api_requests_total{class="read",status="200"}')" 2
    assert_equal "$(value 'skystackfs_api_requests_total{class="change",status="201"}')" 1
    assert_equal "$(value 'skystackfs_api_requests_total{class="change",status="404"}')" 1
    assert_equal "$(metrics | awk '/^skystackfs_api_requests_total/ { sum += $2 } END { print sum }')" "$(requests)"
    python3 "$CHECK" "$MNT/.skystack/metrics.prom"
}

@test "how long answers take is counted in buckets" {
    admin POST /config '{"latency_ms":60}' >/dev/null
    mount_up
    local series='skystackfs_api_request_duration_seconds_bucket{class="read",le='
    assert_equal "$(value "$series\"0.05\"}") $(value "$series\"10\"}") $(value "$series\"+Inf\"}")" "0 1 1"
    value 'skystackfs_api_request_duration_seconds_sum{class="read"}' | grep -E '^0\.(0[6-9]|[1-9])'
}

@test "what became of questions is counted" {
    mount_up ttl=60
    ls "$MNT/prod" >/dev/null
    local series='skystackfs_cache_questions_total{of="instance",outcome=' hits
    hits=$(value "$series\"hit\"}")
    admin POST /config '{"rows":"summary"}' >/dev/null
    cat "$MNT/prod/web-a.json" >/dev/null
    [ "$(value "$series\"hit\"}")" -gt "$hits" ]
    "$SKYSTACKFS" refresh "$MNT/prod/web-a.json"
    cat "$MNT/prod/web-a.json" >/dev/null
    assert_equal "$(value "$series\"started\"}")" 1
}

@test "retries, errors and what the kernel asks for are counted" {
    mount_up
    fault '{"kind":"status","status":503,"count":1,"path":"/v1/instances*"}' >/dev/null
    ls "$MNT/prod" >/dev/null
    assert_equal "$(value skystackfs_api_retries_total)" 1
    run mkdir "$MNT/prod/web-x"
    assert_failure
    assert_equal "$(value 'skystackfs_errors_total{errno="EINVAL",reason="INVALID"}')" 1
    assert_equal "$(value 'skystackfs_operations_total{operation="mkdir"}')" 1
    [ "$(value 'skystackfs_operations_total{operation="opendir"}')" -ge 1 ]
    assert_equal "$(value skystackfs_operations_parked)" 0
}

@test "the budget has what is used, left and allowed" {
    local options=token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state
    mkdir -p "$MNT" "$PLACE/state"
    echo "$MNT" >>"$PLACE/started.mounts"
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$options,requests_per_minute=30,requests_per_day=1000"
    ls "$MNT/prod" >/dev/null
    assert_equal "$(value 'skystackfs_budget_requests_limit{window="minute"}') $(value 'skystackfs_budget_requests_limit{window="day"}')" '30 1000'
    assert_equal "$(value 'skystackfs_budget_requests_used{window="minute"}') $(value 'skystackfs_budget_requests_left{window="minute"}')" '2 28'
    assert_equal "$(value 'skystackfs_budget_requests_left{window="day"}')" 998
    mount_down
    rm -r "$PLACE/state"
    mount_up
    assert_equal "$(value 'skystackfs_budget_requests_limit{window="minute"}')" +Inf
}

@test "each known instance has its gauges, as old as what is known of it" {
    mount_up ttl=60
    ! metrics | grep -q '^skystackfs_instance_status'
    ls "$MNT/prod" >/dev/null
    assert_equal "$(value 'skystackfs_instance_status{project="prod",name="web-a",id="a",status="running"}')" 1
    assert_equal "$(value 'skystackfs_instance_health{project="prod",name="web-b",id="b",health="healthy"}')" 1
    assert_equal "$(value 'skystackfs_instance_utilization_ratio{project="prod",name="web-c",id="c",resource="cpu"}')" 0.125
    assert_equal "$(value 'skystackfs_instance_utilization_ratio{project="prod",name="web-c",id="c",resource="memory"}')" 0.5
    metrics | grep -q '^skystackfs_instance_info{project="prod",name="web-a",id="a",region=".*",size=".*",image=".*",ip=".*"} 1$'
    patch a '{"status":"stopped","health":"bad"}'
    assert_equal "$(metrics | grep -c 'status="stopped"')" 0
    cat "$MNT/prod/web-a.json" >/dev/null
    "$SKYSTACKFS" refresh "$MNT/prod/web-a.json"
    cat "$MNT/prod/web-a.json" >/dev/null
    assert_equal "$(metrics | grep -c 'status="stopped"')" 1
    assert_equal "$(value 'skystackfs_instance_health{project="prod",name="web-a",id="a",health="bad"}')" 1
}

@test "what is no number is no measurement" {
    patch a '{"utilization":{"cpu":"much","memory":1e999,"gpu":7}}'
    patch b '{"utilization":[1,2]}'
    patch c '{"utilization":7,"health":{"all":"good"}}'
    mount_up
    ls "$MNT/prod" >/dev/null
    python3 "$CHECK" "$MNT/.skystack/metrics.prom"
    assert_equal "$(metrics | grep '^skystackfs_instance_utilization_ratio')" \
        'skystackfs_instance_utilization_ratio{project="prod",name="web-a",id="a",resource="gpu"} 0.07'
    assert_equal "$(metrics | grep -c '^skystackfs_instance_health')" 2
}

@test "beyond 20,000 instances, the others are said to be left out" {
    sandbox_start --instances 20010 --dir "$PLACE/large"
    mount_up ttl=300
    ls "$MNT/prod" >/dev/null
    requests_reset
    metrics >"$PLACE/metrics"
    python3 "$CHECK" "$PLACE/metrics"
    assert_equal "$(grep -c '^skystackfs_instance_status' "$PLACE/metrics")" 20000
    assert_equal "$(grep '^skystackfs_instances_omitted' "$PLACE/metrics")" 'skystackfs_instances_omitted 10'
    assert_equal "$(grep '^skystackfs_list_items{list="instances"}' "$PLACE/metrics")" 'skystackfs_list_items{list="instances"} 20010'
    assert_equal "$(requests)" 0
    sandbox_stop
}

# Health and utilization

@test "health and utilization are fresh by a time of their own, at one GET for all who read them" {
    mount_up ttl=60,ttl_health=0.5
    ls -l "$MNT/prod" >/dev/null
    assert_equal "$(cat "$MNT/prod/web-a/health" "$MNT/prod/web-a/utilization/cpu" | paste -sd ' ')" 'healthy 12.5'
    requests_reset
    sleep 0.6
    patch a '{"health":"degraded by far","utilization":{"cpu":99.25,"memory":1}}'
    assert_equal "$(cat "$MNT/prod/web-a/health")" 'degraded by far'
    assert_equal "$(requests) $(requests 'GET /v1/instances/{id}')" '1 1'
    patch a '{"health":"healthy"}'
    assert_equal "$(cat "$MNT/prod/web-a/"{health,health,utilization/cpu,utilization/memory,health} | paste -sd ' ')" \
        'degraded by far degraded by far 99.25 1 degraded by far'
    assert_equal "$(jq -r .health "$MNT/prod/web-a.json")" 'degraded by far'
    assert_equal "$(requests)" 1
    sleep 0.6
    assert_equal "$(cat "$MNT/prod/web-a/health")" healthy
    assert_equal "$(requests)" 2
}

@test "other values, and the text, keep the instance's time" {
    mount_up ttl=60,ttl_health=0.2
    ls -l "$MNT/prod" >/dev/null
    cat "$MNT/prod/web-a/"{status,health} >/dev/null
    requests_reset
    sleep 0.4
    patch a '{"status":"stopped"}'
    assert_equal "$(cat "$MNT/prod/web-a/status") $(jq -r .status "$MNT/prod/web-a.json") $(requests)" 'running running 0'
    stat "$MNT/prod/web-a/health" >/dev/null
    ls -l "$MNT/prod/web-a/" >/dev/null
    assert_equal "$(requests)" 0
    assert_equal "$(cat "$MNT/prod/web-a/"{health,status} | paste -sd ' ')" 'healthy stopped'
    assert_equal "$(requests)" 1
}

@test "where other times are shorter, these hold for health too" {
    mount_up ttl=0.3,ttl_health=60
    ls -l "$MNT/prod" >/dev/null
    patch a '{"health":"bad"}'
    sleep 0.4
    assert_equal "$(cat "$MNT/prod/web-a/health")" bad
}

@test "many readers at once cost one GET, where lists bring summaries too" {
    admin POST /config '{"rows":"summary","latency_ms":100}' >/dev/null
    mount_up ttl=60,ttl_health=0.3
    cat "$MNT/prod/web-a/health" >/dev/null
    sleep 0.4
    requests_reset
    local i pids=()
    for i in {1..20}; do
        background cat "$MNT/prod/web-a/health" "$MNT/prod/web-a/utilization/cpu"
        pids+=("$BACKGROUND")
    done
    wait "${pids[@]}"
    assert_equal "$(requests 'GET /v1/instances/{id}') $(requests)" '1 1'
}

# The verdict

@test "a mount that is well says so in its first line" {
    mount_up
    ls -l "$MNT/prod" >/dev/null
    well
    assert_equal "$("$SKYSTACKFS" status "$MNT" | head -n 1)" 'everything is well'
}

@test "an API that can't be reached: since the first call that failed, and well again when it is back" {
    local own=$PLACE/own began i
    sandbox_start --instances 3 --dir "$own"
    mount_up ttl=0.1,timeout=1
    ls -l "$MNT/prod" >/dev/null
    local at=${ENDPOINT#https://}
    sandbox_stop
    began=$(since)
    for ((i = 0; i < 60; i++)); do
        cat "$MNT/prod/web-1.json" >/dev/null
        ! status_of -e .api.reach.answers >/dev/null || { sleep 0.1; continue; }
        break
    done
    assert_regex "$(first_line)" "^broken since 20[0-9T:.-]+Z \([0-9]+[sm].*\): the API can't be reached$"
    since_is_after unreachable "$began"
    status_of -e '.state == "broken" and .since == .reasons[0].since and .reasons[0].detail != null
        and (.reasons[0].meanwhile | contains("fail at once")) and (.reasons[0].mend | length > 0)'
    status_of -e '[.reasons[].reason] == ["unreachable", "stale_lists"] or [.reasons[].reason] == ["unreachable"]'
    assert_equal "$(value 'skystackfs_state{state="broken"}') $(value 'skystackfs_reason{reason="unreachable"}') $(value skystackfs_api_reachable)" '1 1 0'
    grep -q '^  meanwhile' "$MNT/.skystack/status"
    grep -q '^  to do' "$MNT/.skystack/status"
    sandbox_start --instances 3 --dir "$own" --listen "$at"
    looks_well() {
        cat "$MNT/prod/web-1.json" >/dev/null
        ls "$MNT" "$MNT/prod" >/dev/null
        well
    }
    within 15 looks_well
    assert_equal "$(value 'skystackfs_state{state="ok"}')" 1
    sandbox_stop
}

@test "an API that fails: trouble, since when, stale lists, and the return" {
    local began
    mount_up ttl=0.2
    ls -l "$MNT/prod" >/dev/null
    api_fails
    sleep 0.3
    began=$(since)
    ls -l "$MNT/prod" >/dev/null
    cat "$MNT/prod/web-a.json" >/dev/null
    sleep 1.1
    assert_equal "$(reasons)" 'degraded trouble stale_lists'
    since_is_after trouble "$began"
    assert_regex "$(first_line)" '^degraded since .*\([1-9]s\): the API does not answer as it should$'
    faults_clear
    within 5 looks_well_again
}

looks_well_again() {
    ls -l "$MNT/prod" >/dev/null
    cat "$MNT/prod/web-a.json" >/dev/null
    well
}

@test "a token that is refused, and one that is taken" {
    local began token
    install -m 600 "$TOKEN_FILE" "$PLACE/token"
    token=$(<"$TOKEN_FILE")
    mount_up "ttl=0.1,token_file=$PLACE/token"
    ls "$MNT/prod" >/dev/null
    began=$(since)
    admin POST /token "{\"token\":\"sky_sbx_next$RANDOM\"}" >/dev/null
    sleep 0.2
    run cat "$MNT/prod/web-a.json"
    assert_regex "$(first_line)" '^broken since .*: the API refuses the token$'
    since_is_after token_refused "$began"
    assert_equal "$(value skystackfs_token_refused)" 1
    assert_equal "$(reasons)" "broken token_refused stale_lists"
    admin POST /token "{\"token\":\"$token\"}" >/dev/null
    "$SKYSTACKFS" refresh "$MNT" 2>/dev/null || true
    kill -HUP "$(daemon_pid)"
    within 5 looks_well_again
}

@test "the day's budget: spent since when, and what is left for" {
    local options=token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state i began
    mkdir -p "$MNT" "$PLACE/state"
    echo "$MNT" >>"$PLACE/started.mounts"
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$options,requests_per_minute=0,requests_per_day=12"
    well
    began=$(since)
    for ((i = 0; i < 12; i++)); do
        echo all >"$MNT/.skystack/refresh"
        cat "$MNT/prod/web-a.json" >/dev/null
    done
    status_of -e '.state == "degraded" and .reasons[0].reason == "day_spent"'
    since_is_after day_spent "$began"
    assert_regex "$(first_line)" "the day's requests are spent, but for those kept for changes"
}

@test "a Retry-After: since when, and well when it is over" {
    local began
    mount_up ttl=0.1,wait=1
    ls "$MNT/prod" >/dev/null
    began=$(since)
    fault '{"kind":"status","status":429,"code":"rate_limited","headers":{"Retry-After":"3"}}' >/dev/null
    sleep 0.2
    cat "$MNT/prod/web-a.json" >/dev/null || true
    status_of -e '.state == "degraded" and .reasons[0].reason == "rate_limited" and (.reasons[0].detail | contains("go on in"))'
    since_is_after rate_limited "$began"
    grep -q 'told us to wait' "$MNT/.skystack/status"
    [ "$(value skystackfs_api_hold_seconds | cut -d. -f1)" -le 3 ]
    within 8 looks_well_again
}

@test "texts that wait for a person, and creates that nobody answered" {
    local began
    began=$(since)
    mount_up region=eu-central,size=standard-2,timeout=2
    ls "$MNT/prod" >/dev/null
    run put "$MNT/prod/web-x.json" '{"size":"gigantic"}'
    assert_failure
    assert_equal "$(reasons)" 'degraded kept_texts'
    since_is_after kept_texts "$began"
    status_of -e '.reasons[0].detail == "1 of them, the oldest of `web-x`"'
    assert_equal "$(value 'skystackfs_texts_kept{state="rejected"}')" 1
    rm "$MNT/prod/web-x.json.rejected"
    well
    fault '{"kind":"close","method":"POST"}' >/dev/null
    run put "$MNT/prod/web-y.json" '{"tags":["mine"]}'
    assert_failure
    status_of -e '.state == "degraded" and any(.reasons[]; .reason == "unsettled")'
    since_is_after unsettled "$began"
}

@test "a mount that is read-only though nobody asked for it says why" {
    mount_up "state_dir=/dev/null/nowhere"
    assert_equal "$(reasons)" 'degraded read_only'
    status_of -e '.reasons[0].since == .mounted_since and (.reasons[0].detail | length > 0)'
    mount_down
    mount_up ro
    well
}

@test "an API version that is going away is said, and all goes on" {
    mount_up ttl=0.1
    fault '{"kind":"headers","headers":{"Deprecation":"@1790000000"},"count":-1}' >/dev/null
    local began
    began=$(since)
    ls "$MNT/prod" >/dev/null
    assert_equal "$(reasons)" 'degraded version_leaving'
    since_is_after version_leaving "$began"
    assert_regex "$(cat "$MNT/.skystack/status")" 'details .*Deprecation: @1790000000'
}

# Into Prometheus

@test "textfile.sh puts whole files where the collector looks, and takes them away with the mount" {
    local directory=$PLACE/collector file i
    mkdir "$directory"
    mount_up
    ls "$MNT/prod" >/dev/null
    "$MONITORING/textfile.sh" "$MNT" "$directory"
    file=$(echo "$directory"/*.prom)
    python3 "$CHECK" "$file"
    assert_equal "$(stat -c %a "$file") $(ls -A "$directory" | wc -l)" '644 1'
    background bash -c 'for i in {1..10}; do "$1" "$2" "$3"; done' - "$MONITORING/textfile.sh" "$MNT" "$directory"
    for i in {1..10}; do python3 "$CHECK" "$file" >/dev/null; done
    wait "$BACKGROUND"
    assert_equal "$(ls -A "$directory")" "${file##*/}"
    mount_down
    run "$MONITORING/textfile.sh" "$MNT" "$directory"
    assert_failure 1
    assert_equal "$(ls -A "$directory")" ''
    run "$MONITORING/textfile.sh"
    assert_failure 2
}

# serve REQUEST: its status line, and the answer in $PLACE/answer with its body in $PLACE/body.
serve() {
    printf "$1" | "$MONITORING/serve.sh" "$MNT" >"$PLACE/answer"
    sed '1,/^\r$/d' "$PLACE/answer" >"$PLACE/body"
    head -n 1 "$PLACE/answer" | tr -d '\r'
}

@test "serve.sh answers a scrape over HTTP" {
    mount_up
    ls "$MNT/prod" >/dev/null
    assert_equal "$(serve 'GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n')" 'HTTP/1.1 200 OK'
    grep -q $'^Content-Type: text/plain; version=0.0.4; charset=utf-8\r$' "$PLACE/answer"
    python3 "$CHECK" "$PLACE/body"
    assert_equal "$(serve 'GET /metrics?x=y HTTP/1.0\n\n')" 'HTTP/1.1 200 OK'
    assert_equal "$(serve 'HEAD / HTTP/1.1\r\n\r\n') $(wc -c <"$PLACE/body")" 'HTTP/1.1 200 OK 0'
    assert_equal "$(serve 'GET /etc/passwd HTTP/1.1\r\n\r\n')" 'HTTP/1.1 404 Not Found'
    assert_equal "$(serve 'POST /metrics HTTP/1.1\r\n\r\n')" 'HTTP/1.1 405 Method Not Allowed'
    assert_equal "$(serve 'nonsense\r\n\r\n')" 'HTTP/1.1 400 Bad Request'
    assert_equal "$(serve 'GET /metrics HTTP/1.1\r\nHost: x\r\n')" 'HTTP/1.1 400 Bad Request'
    assert_equal "$(serve '')" 'HTTP/1.1 400 Bad Request'
    mount_down
    assert_equal "$(serve 'GET /metrics HTTP/1.1\r\n\r\n')" 'HTTP/1.1 503 Service Unavailable'
}

@test "serve.sh does not wait for ever, nor take any length" {
    local began silent
    began=$(since)
    assert_equal "$(head -c 100000 /dev/zero | tr '\0' a | "$MONITORING/serve.sh" "$MNT" | head -n 1 | tr -d '\r')" 'HTTP/1.1 400 Bad Request'
    assert_equal "$({ printf 'GET / HTTP/1.1\r\n'; yes 'A: b' | head -n 1000; } 2>/dev/null | "$MONITORING/serve.sh" "$MNT" | head -n 1 | tr -d '\r')" \
        'HTTP/1.1 431 Request Header Fields Too Large'
    [ $(($(since) - began)) -lt 4000 ]
    mkfifo "$PLACE/silent"
    exec {silent}<>"$PLACE/silent"
    assert_equal "$("$MONITORING/serve.sh" "$MNT" <&"$silent" | head -n 1 | tr -d '\r')" 'HTTP/1.1 400 Bad Request'
    exec {silent}>&-
    [ $(($(since) - began)) -lt 9000 ]
}
