#!/usr/bin/env bats
# HTTP/2, where the server offers it: nghttpx and nginx stand before the sandbox, and write down what comes over which
# connection.

load helper
load proxies

setup_file() {
    sandbox_start --instances 80 --rows summary --provision-ms 0
}

setup() {
    admin POST /config '{"rows":"summary","latency_ms":0}' >/dev/null
    SANDBOX_PORT=${ENDPOINT##*:}
    TLS=$BATS_FILE_TMPDIR/sandbox
}

# behind nghttpx|nginx [OPTION OF ITS OWN]...: the client's way to the sandbox leads through it; ACCESS is what it notes.
behind() {
    local which=$1
    shift
    "behind_$which" "$@"
    ACCESS=$PLACE/$which/access
}

behind_nghttpx() {
    nghttpx_start "$PLACE/nghttpx" "$TLS" "127.0.0.1,$SANDBOX_PORT;;tls;proto=http/1.1;sni=localhost" "$@"
    ENDPOINT=https://127.0.0.1:$NGHTTPX_PORT
}

behind_nginx() {
    nginx_start "$PLACE/nginx" "$TLS" "$SANDBOX_PORT" "$@"
    ENDPOINT=https://127.0.0.1:$NGINX_PORT
}

# Reads so many texts at once; fails if one can't be read. Prints how many different ones there were.
read_at_once() {
    mkdir -p "$PLACE/texts"
    ls "$MNT/prod" | head -n "$1" | xargs -P "$1" -I{} cp "$MNT/prod/{}" "$PLACE/texts/{}" || return 1
    cat "$PLACE"/texts/* | jq -r .id | sort -u | wc -l
}

# What the proxy noted of requests that fit; nginx notes them when they are over.
noted() {
    grep -E -- "${1:-.}" "$ACCESS" || true
}

connections_of() {
    noted "$1" | cut -d ' ' -f 1 | sort -u | wc -l
}

versions_of() {
    noted "$1" | cut -d ' ' -f 2 | sort -u
}

# Reads of sixteen texts at once, over a connection that stands already.
one_connection_carries_sixteen() {
    local begin
    behind "$@"
    mount_up ttl=60
    ls "$MNT/prod" >/dev/null
    admin POST /config '{"latency_ms":500}' >/dev/null
    begin=$(since)
    assert_equal "$(read_at_once 16)" 16
    assert [ $(($(since) - begin)) -lt 4000 ]
    assert_equal "$(noted 'GET /v1/instances/' | wc -l)" 16
    assert_equal "$(connections_of 'GET ')" 1
    assert_regex "$(versions_of .)" '^HTTP/2(\.0)?$'
}

@test "sixteen reads at once go over one connection of nghttpx, side by side" {
    one_connection_carries_sixteen nghttpx
}

@test "… and of nginx" {
    one_connection_carries_sixteen nginx
}

# The first request of all makes a connection; a proxy that is started anew has ended it.
one_connection_is_made_for_sixteen() {
    behind "$@"
    mount_up ttl=60
    ls "$MNT/prod" >/dev/null
    "$1_again"
    admin POST /config '{"latency_ms":300}' >/dev/null
    assert_equal "$(read_at_once 16)" 16
    assert_equal "$(noted 'GET /v1/instances/' | wc -l)" 16
    assert_equal "$(connections_of 'GET /v1/instances/')" 1
}

# Ended and started at the same port, with the notes going on.
nghttpx_again() {
    end_process "$NGHTTPX_PID" "$PLACE/nghttpx"
    behind nghttpx
}

nginx_again() {
    end_process "$NGINX_PID" "$PLACE/nginx"
    behind nginx
}

@test "sixteen reads at once make one connection where there is none" {
    one_connection_is_made_for_sixteen nghttpx
}

@test "… to nginx, too" {
    one_connection_is_made_for_sixteen nginx
}

@test "pages by number go over one connection, side by side" {
    sandbox_start --instances 2000 --dir "$PLACE/two-thousand" --pagination page --latency-ms 100
    SANDBOX_PORT=${ENDPOINT##*:} TLS=$PLACE/two-thousand
    behind nghttpx
    mount_up ttl=60
    assert_equal "$(ls "$MNT/prod" "$MNT/staging" | grep -c json)" 2000
    assert_equal "$(noted 'GET /v1/instances' | wc -l)" 10
    assert_equal "$(abreast)" "4 0"
    assert_equal "$(connections_of 'GET ')" 1
    assert_regex "$(versions_of .)" '^HTTP/2(\.0)?$'
}

# What changes something

@test "a change goes over HTTP/1.1 and a connection of its own, and reads go on sharing theirs" {
    behind nginx
    mount_up ttl=0,delete_delay=0,region=us-east-1,size=standard-2
    ls "$MNT/prod" >/dev/null
    mkdir "$MNT/prod/by-http2"
    echo '{"size":"standard-4"}' >"$MNT/prod/by-http2.json"
    assert_equal "$(jq -r .size "$MNT/prod/by-http2.json")" standard-4
    assert_equal "$(versions_of '(POST|PATCH) ')" HTTP/1.1
    assert_equal "$(connections_of '(POST|PATCH) ')" "$(noted '(POST|PATCH) ' | wc -l)"
    rm "$MNT/prod/by-http2.json"
    assert_equal "$(noted 'DELETE ' | wc -l)" 1
    assert_equal "$(versions_of '(GET|DELETE) ')" HTTP/2.0
    assert_equal "$(connections_of '(GET|DELETE) ')" 1
}

# A create whose answer is lost behind a proxy: $2 is what becomes of it.
an_unanswered_create_is_sent_once() {
    behind "$1"
    mount_up region=us-east-1,size=standard-2
    ls "$MNT/prod" >/dev/null
    requests_reset
    fault "{\"kind\":\"$2\",\"method\":\"POST\",\"count\":-1}" >/dev/null
    run mkdir "$MNT/prod/once-$1-$2"
    assert_failure
    assert_output --partial 'Operation now in progress'
    assert_equal "$(requests 'POST /v1/instances')" 1
    assert_equal "$(noted 'POST ' | wc -l)" 1
}

@test "a create whose answer is lost is sent once, behind either" {
    an_unanswered_create_is_sent_once nghttpx close_after
    mount_down
    an_unanswered_create_is_sent_once nginx close_after
}

@test "a create whose answer is cut short is sent once, behind either" {
    an_unanswered_create_is_sent_once nghttpx truncate
    mount_down
    an_unanswered_create_is_sent_once nginx truncate
}

# Streams that end early

# The proxy resets the stream when the sandbox has sent only a part.
a_reset_stream_is_an_error() {
    local known other before listed
    behind "$1"
    mount_up ttl=0.2,timeout=5
    listed=$(ls "$MNT/prod")
    { read -r known && read -r other; } <<<"$listed"
    before=$(cat "$MNT/prod/$known")
    sleep 0.3
    fault "{\"kind\":\"truncate\",\"path\":\"/v1/instances*\",\"count\":-1,\"chunked\":$2}" >/dev/null
    run cat "$MNT/prod/$other"
    assert_failure
    assert_output --partial 'Remote I/O error'
    assert_regex "$(versions_of .)" '^HTTP/2(\.0)?$'
    run why "$MNT/prod/$other"
    assert_output --regexp 'HTTP/2 stream .* was not closed cleanly'
    assert_equal "$(cat "$MNT/prod/$known")" "$before"
    assert_equal "$(getfattr --only-values --absolute-names -n user.skystack.source "$MNT/prod/$known")" stale
    assert_equal "$(ls "$MNT/prod")" "$listed"
    faults_clear
    within 10 is_read "$other"
}

is_read() {
    [ "$(jq -r .name "$MNT/prod/$1").json" = "$1" ]
}

@test "a stream that nghttpx resets is an error, and what was known stays" {
    a_reset_stream_is_an_error nghttpx false
}

@test "… where nobody said how long the body is, too" {
    a_reset_stream_is_an_error nghttpx true
}

@test "a stream that nginx resets is an error, and what was known stays" {
    a_reset_stream_is_an_error nginx false
}

# Connections that end early

# Those that serve nginx's connections; nginx starts another one when one dies, and listens meanwhile.
workers() {
    pgrep -P "$NGINX_PID"
}

# So many requests are under way.
under_way() {
    [ "$(status_of .api.in_flight)" = "$1" ]
}

@test "reads that the server's death cut off go out again, and share one new connection of HTTP/2" {
    behind nginx
    mount_up ttl=60
    ls "$MNT/prod" >/dev/null
    admin POST /config '{"latency_ms":2000}' >/dev/null
    background read_at_once 8
    within 10 under_way 8
    sleep 0.2
    admin POST /config '{"latency_ms":0}' >/dev/null
    kill -KILL "$(workers)"
    wait "$BACKGROUND" || fail_with "a read failed:" "$(cat "$PLACE/background.1")"
    assert_equal "$(cat "$PLACE/background.1")" 8
    assert_equal "$(status_of .api.retries)" 8
    assert_equal "$(noted 'GET /v1/instances/' | wc -l)" 8
    assert_equal "$(connections_of 'GET /v1/instances/')" 1
    assert_regex "$(versions_of .)" '^HTTP/2(\.0)?$'
}

# The worker that has the mount's connection stands still, as a path that swallows all does, and there is a new one.
connection_falls_silent() {
    SILENT=$(workers)
    echo "$SILENT" >>"$PLACE/started.backgrounds"
    kill -STOP "$SILENT"
    kill -HUP "$NGINX_PID"
    within 10 another_worker
}

another_worker() {
    [ "$(workers | wc -l)" -gt 1 ]
}

@test "a connection that fell silent costs those who wait on it their time, and nobody after them" {
    behind nginx
    mount_up ttl=60,timeout=2
    ls "$MNT/prod" >/dev/null
    connection_falls_silent
    run cat "$MNT/prod/web-1.json"
    assert_failure
    assert_output --partial 'Connection timed out'
    assert_equal "$(read_at_once 8)" 8
    assert_equal "$(connections_of 'GET /v1/instances/')" 1
    assert_regex "$(versions_of .)" '^HTTP/2(\.0)?$'
}

@test "… nor anybody who comes after five seconds of silence, while others still wait" {
    behind nginx
    mount_up ttl=60,timeout=60
    ls "$MNT/prod" >/dev/null
    connection_falls_silent
    background cat "$MNT/prod/web-1.json"
    sleep 5.2
    run timeout 20 cat "$MNT/prod/web-2.json"
    assert_success
    kill -KILL "$SILENT"
    wait "$BACKGROUND" || fail_with "the first read failed:" "$(cat "$PLACE/background.1")"
}

# GOAWAY

# A server that takes five requests on a connection, and sends GOAWAY then.
goaway_loses_nothing() {
    behind "$@"
    mount_up ttl=60
    ls "$MNT/prod" >/dev/null
    requests_reset
    admin POST /config '{"latency_ms":100}' >/dev/null
    assert_equal "$(read_at_once 40)" 40
    assert_equal "$(requests 'GET /v1/instances/{id}')" 40
    assert [ "$(connections_of 'GET /v1/instances/')" -gt 4 ]
    assert_regex "$(versions_of 'GET ')" '^HTTP/2(\.0)?$'
    assert_equal "$(cat "$MNT/.skystack/errors")" ''
}

@test "GOAWAY of nghttpx after every five requests: forty reads at once succeed, each asked for once" {
    goaway_loses_nothing nghttpx --frontend-max-requests=5
}

@test "… of nginx, too" {
    goaway_loses_nothing nginx 'keepalive_requests 5'
}
