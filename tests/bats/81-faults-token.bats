#!/usr/bin/env bats
# Faults 20 to 27: token and budget. A token that is refused is not sent again, one that changes costs nobody a request, and one
# that others may read is not used.

bats_require_minimum_version 1.5.0
load helper
load faults

# Every look asks.
EAGER=ttl=0,timeout=20

setup() {
    fault_sandbox --instances 8 --rows summary
}

# no_mount CODE TEXT TOKEN_FILE [OPTION,...]: mounting ends with the code and one line that says the text; nothing was asked.
no_mount() {
    local code=$1 text=$2
    mkdir -p "$MNT" "$PLACE/state"
    run --separate-stderr timeout -k 1 30 "$SKYSTACKFS" "$ENDPOINT" "$MNT" \
        -o "token_file=$3,cacert=$CACERT,state_dir=$PLACE/state${4:+,$4}" 3>&- 4>&-
    assert_equal "exit code $status, ${#stderr_lines[@]} line: $stderr" "exit code $code, 1 line: $stderr"
    [[ $stderr == skystackfs:\ *"$text"* ]] || fail_with "expected: $text" "said: $stderr"
    ! is_mounted "$MNT"
    assert_equal "$(requests)" 0
}

# Which token each request came with, after a number of the sandbox's log.
tokens_since() {
    admin GET "/log?since=$1" | jq -c 'map(.token)'
}

last_seq() {
    admin GET /log | jq '.[-1].seq'
}

# What the status page says of the token.
token_status() {
    jq -r ".token.$1" "$MNT/.skystack/status.json"
}

rejected() {
    refused 'Key was rejected by service' "$@"
}

@test "fault 20: many requests that are refused together read the token once; the same token is latched until it changes" {
    fault_mount
    local token i pids=() seen
    admin POST /config '{"latency_ms":1000}' >/dev/null
    token=$(admin POST /token '{"write_file":false}' | jq -r .token)
    for i in web-1 web-2 worker-1 db-1; do
        background cat "$prod/$i.json"
        pids+=("$BACKGROUND")
    done
    for i in "${pids[@]}"; do
        ! wait "$i" || fail_with "one was answered"
    done
    seen=$(requests)
    [ "$seen" -ge 1 ] && [ "$seen" -le 4 ]
    assert_equal "$(grep -c 'error: The API refused the token' "$LOG")" 1

    # latched: nothing is sent any more, whatever is asked, and however often the same token is written anew
    admin POST /config '{"latency_ms":0}' >/dev/null
    rejected cat "$prod/web-2.json"
    rejected mkdir "$prod/web-9"
    cp "$TOKEN_FILE" "$PLACE/same"
    chmod 600 "$PLACE/same"
    mv "$PLACE/same" "$TOKEN_FILE"
    sleep 1.2
    rejected cat "$prod/web-2.json"
    assert_equal "$(requests)" "$seen"
    [[ $(token_status refused_at) != null ]]
    fault_aftermath EKEYREJECTED "$(request_id GET)"

    # a token that changes is proved by itself, and then all goes on
    local last
    last=$(last_seq)
    printf '%s\n' "$token" >"$TOKEN_FILE"
    is_good() { [ "$(token_status refused_at)" = null ]; }
    within 5 is_good
    assert_equal "$(admin GET "/log?since=$last" | jq -c 'map([.method, .path, .query, .token, .status])')" \
        '[["GET","/v1/projects","limit=1","current",200]]'
    jq -e .region "$prod/web-2.json"
    mkdir "$prod/web-9"
}

# Reads until told to stop; says what failed.
reads() {
    local file
    while [ ! -e "$PLACE/stop" ]; do
        for file in "$prod"/{web-1,web-2,worker-1,db-1}.json; do
            jq -e .region "$file" >/dev/null || echo "$file failed"
        done
    done
}

creates() {
    local i=0
    while [ ! -e "$PLACE/stop" ]; do
        i=$((i + 1))
        put "$prod/load-$1-$i.json" '{"tags":["load"]}' || echo "load-$1-$i failed"
        echo "$1-$i" >>"$PLACE/created"
    done
}

@test "fault 21: rotation under load loses no request, and none goes with the old token after the switch" {
    fault_mount "$EAGER,max_creates=0"
    local i pids=() keep
    for i in 1 2 3; do
        background reads
        pids+=("$BACKGROUND")
    done
    background creates a
    pids+=("$BACKGROUND")
    background creates b
    pids+=("$BACKGROUND")
    # the old one lives on, or dies at once; the file is rewritten in place, or replaced
    for keep in true false true false; do
        sleep 0.7
        local token=sky_sbx_next$RANDOM$RANDOM
        cat "$TOKEN_FILE" >>"$PLACE/tokens"
        admin POST /token "{\"token\":\"$token\",\"keep_old\":$keep,\"write_file\":$([ "$keep" = true ] && echo false || echo true)}" >/dev/null
        if [ "$keep" = true ]; then
            (umask 077 && printf '%s\n' "$token" >"$TOKEN_FILE.new")
            mv "$TOKEN_FILE.new" "$TOKEN_FILE"
        fi
        is_in_use() { admin GET /log | jq -e 'map(select(.path == "/v1/projects" and .query == "limit=1"))[-1].token == "current"' >/dev/null; }
        within 10 is_in_use
    done
    # after the last switch, and what was on its way then
    sleep 1
    local last
    last=$(last_seq)
    sleep 1
    touch "$PLACE/stop"
    for i in "${pids[@]}"; do wait "$i"; done
    assert_equal "$(cat "$PLACE"/background.*)" ""
    assert_equal "$(tokens_since "$last" | jq -c unique)" '["current"]'
    [ "$(tokens_since "$last" | jq length)" -gt 10 ]
    # each create was done once: a 401 proves that nothing was
    assert_equal "$(admin GET /ledger | jq '[.[] | select(.op == "create" and .by == "api")] | length')" "$(wc -l <"$PLACE/created")"
    fault_aftermath none
}

@test "fault 22: a token file that others may use, somebody else's or a symbolic link refuses the mount and says chmod 600" {
    local file=$PLACE/file mode
    cp "$TOKEN_FILE" "$file"
    for mode in 644 640 604 660 620 700 666; do
        chmod "$mode" "$file"
        no_mount 4 "chmod 600 $file" "$file"
    done
    chmod 400 "$file"
    TOKEN_FILE=$file fault_mount
    fault_unmount
    ln -s "$file" "$PLACE/link"
    requests_reset
    no_mount 4 'symbolic link' "$PLACE/link"
    if [ "$(id -u)" = 0 ]; then
        chown 12345 "$file"
        no_mount 4 "chown 0 $file && chmod 600 $file" "$file"
        [[ $stderr == *'belongs to somebody else'*'owner 12345'* && $stderr == *'user 0'* ]]
        chown 0 "$file"
    fi
    chmod 600 "$file"
    # that is all that was wrong with it; and when it goes wrong later, what was read before is used on
    TOKEN_FILE=$file fault_mount
    chmod 644 "$file"
    within 5 grep -q "warn: .*chmod 600 $file" "$LOG"
    [[ $(token_status trouble) == *'others than its owner may use it'* ]]
    jq -e .region "$prod/web-1.json"
    fault_aftermath none
}

@test "fault 23: line ends, blanks and controls in a token or in the version are refused, and nothing is sent" {
    local file=$PLACE/file text
    for text in '' 'two words' $'line\nline' $' lead' $'trail ' $'tab\t' $'tr\u00e4s' $'a\r\nX-Evil: b' $'a\n\n' $'a\x1b[1m'; do
        printf '%s' "$text" >"$file"
        chmod 600 "$file"
        no_mount 4 "can't be used" "$file"
    done
    printf 'a\0b' >"$file"
    no_mount 4 "can't be used" "$file"
    for text in '2026-01-15 ' $'2026-01-15\r\nX-Evil: b' $'2026\t' $'2026\x1b[1m' $'\u00e4'; do
        no_mount 2 "version must be printable and without blanks" "$TOKEN_FILE" "api_version=$text"
    done
    fault_mount
    printf 'a\r\nX-Evil: b' >"$TOKEN_FILE"
    within 5 grep -q "warn: The token .* can't be used" "$LOG"
    jq -e .region "$prod/web-1.json"
    ! admin GET /log | grep -qi evil
    echo unused >"$TOKEN_FILE" # what is searched for in the logs has to be a token
    fault_aftermath none
}

@test "fault 24: what the token may not do is EACCES, and it stays in use" {
    fault_mount
    fault '{"kind":"status","status":403,"code":"forbidden","message":"Not yours.","path":"/v1/instances/*"}' >/dev/null
    refused 'Permission denied' cat "$prod/web-1.json"
    assert_equal "$(why "$prod/web-1.json" --json | jq -r '.message + " " + .mend')" \
        "Not yours. Use a token whose scopes allow this."
    fault_aftermath EACCES "$(request_id GET)"
    fault '{"kind":"status","status":403,"code":"forbidden","message":"Not yours.","method":"POST"}' >/dev/null
    refused 'Permission denied' put "$prod/web-99.json" '{"tags":["mine"]}'
    fault_kept "$prod/web-99.json" '{"tags":["mine"]}'
    assert_equal "$(posts)" 1
    jq -e .region "$prod/web-1.json"
    assert_equal "$(token_status refused_at)" null
    fault_aftermath EACCES "$(request_id POST)"
}

# held HEADERS: a create meets one 429 with these headers (JSON), succeeds all the same, and was sent twice.
held() {
    local posts_before
    posts_before=$(posts)
    held_count=$((${held_count:-0} + 1))
    fault "{\"kind\":\"status\",\"status\":429,\"method\":\"POST\",\"code\":\"rate_limited\",\"headers\":$1}" >/dev/null
    put "$prod/web-9$held_count.json" '{"tags":["mine"]}'
    [ -e "$prod/web-9$held_count.json" ]
    assert_equal "$1: $(($(posts) - posts_before))" "$1: 2"
}

@test "fault 25: a 429 is waited out within wait=, whatever its Retry-After says, and is EBUSY else" {
    fault_mount wait=30
    held '{"Retry-After":"0"}'
    held '{"Retry-After":"-7"}'
    held "{\"Retry-After\":\"$(date -u -d '+1 second' '+%a, %d %b %Y %H:%M:%S GMT')\"}"
    held '{}'
    fault_aftermath none
    fault '{"kind":"status","status":429,"method":"POST","code":"rate_limited","headers":{"Retry-After":"1000000000"}}' >/dev/null
    refused 'Device or resource busy' put "$prod/web-99.json" '{"tags":["mine"]}'
    fault_kept "$prod/web-99.json" '{"tags":["mine"]}'
    fault_aftermath EBUSY "$(request_id POST)"
    requests_reset
    refused 'Device or resource busy' mkdir "$prod/web-98"
    assert_equal "$(requests)" 0
    jq -e '.api.held_seconds > 3500' "$MNT/.skystack/status.json"
    grep -q 'told us to wait' "$MNT/.skystack/status"
    fault_aftermath EBUSY
}

# Every look asks, and one that is not answered is served stale.
looked_at() {
    echo all >"$MNT/.skystack/refresh"
    cat "$prod/web-1.json" >/dev/null
    getfattr --only-values -n user.skystack.source "$prod/web-1.json"
}

@test "fault 26: when the day's requests are spent, reads are stale, changes use what is kept for them, and then it is EDQUOT" {
    fault_mount requests_per_day=24
    local i
    for ((i = 0; i < 20; i++)); do
        [ "$(looked_at)" != stale ] || break
    done
    assert_equal "$(looked_at)" stale
    requests_reset
    for ((i = 1; i <= 12; i++)); do mkdir "$prod/web-9$i"; done
    assert_equal "$(posts) $(requests)" '12 12'
    refused 'Disk quota exceeded' put "$prod/web-99.json" '{"tags":["mine"]}'
    fault_kept "$prod/web-99.json" '{"tags":["mine"]}'
    assert_equal "$(posts) $(requests)" '12 12'
    assert_equal "$(looked_at)" stale
    assert_equal "$(jq -c '[.api.day_used, .api.day_limit]' "$MNT/.skystack/status.json")" '[24,24]'
    fault_aftermath EDQUOT
    # the count outlives the daemon
    mount_killed
    run timeout 30 "$SKYSTACKFS" "$ENDPOINT" "$MNT" \
        -o "token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state,ro,requests_per_day=24"
    assert_equal "$(requests)" 12
}

@test "fault 27: find, grep -r and a crawl like updatedb's at once, over 10,000 instances, cost as much as one listing" {
    sandbox_stop
    FAULT_MEMORY_KB=65536 fault_sandbox --instances 10000 --dir "$PLACE/ten-thousand"
    fault_mount ttl=300,ttl_projects=300
    echo all >"$MNT/.skystack/refresh"
    requests_reset
    local pid pids=()
    background find "$MNT" -name 'web-1*' -size +1M
    pids+=("$BACKGROUND")
    background grep -r no-such-text "$MNT"
    pids+=("$BACKGROUND")
    background find "$MNT" -printf '%i %p %T@\n'
    pids+=("$BACKGROUND")
    for pid in "${pids[@]}"; do within 60 ended "$pid"; done
    assert_equal "$(requests 'GET /v1/projects') $(requests 'GET /v1/instances') $(requests)" '1 50 51'
    assert_equal "$(grep -c "json " "$PLACE/background.3")" 10000
    FAULT_MEMORY_KB=65536 fault_aftermath none
}
