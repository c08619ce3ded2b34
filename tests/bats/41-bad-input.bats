#!/usr/bin/env bats
# What can't be mounted: one line that says why and how to mend it, an exit code of its kind, and nothing left.

bats_require_minimum_version 1.5.0
load helper

setup_file() {
    sandbox_start
}

setup() {
    AREA=$PLACE
    MNT=$AREA/mnt
    mkdir -p "$MNT" "$AREA/state" "$AREA/home"
    GOOD=token_file=$TOKEN_FILE,cacert=$CACERT
    export HOME=$AREA/home XDG_CONFIG_HOME=$AREA/home/.config XDG_STATE_HOME=$AREA/home/.state STATE_DIRECTORY=
    requests_reset
}

teardown() {
    faults_clear
    all_down_but_sandbox
}

# The processes that were started with a word of this test's folder.
left_processes() {
    local pid
    for pid in $(pgrep -x skystackfs); do
        if ! ended "$pid" && tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$AREA"; then echo "$pid"; fi
    done
}

none_left() {
    [ -z "$(left_processes)" ]
}

# cannot CODE TEXT COMMAND...: mounting ends with the code and one line on standard error that has the text; nothing is left.
cannot() {
    local code=$1 text=$2
    shift 2
    echo "$MNT" >>"$PLACE/started.mounts"
    run --separate-stderr timeout -k 1 30 "$@" 3>&- 4>&-
    assert_equal "exit code $status, $stderr" "exit code $code, $stderr"
    assert_equal "$output" ""
    assert_equal "${#stderr_lines[@]} line: $stderr" "1 line: $stderr"
    [[ $stderr == skystackfs:\ * ]]
    [[ $stderr == *"$text"* ]] || fail_with "expected: $text" "said: $stderr"
    run grep -F " $AREA" /proc/self/mounts
    assert_output ""
    within 5 none_left
}

# mounting [OPTION,...]: the command that would mount.
mounting() {
    MOUNTING=("$SKYSTACKFS" "${SOURCE:-$ENDPOINT}" "$MNT" -o "state_dir=$AREA/state${1:+,$1}")
}

# mounts COMMAND...: it does, and reading works; unmounted again.
mounts() {
    echo "$MNT" >>"$PLACE/started.mounts"
    run timeout -k 1 30 "$@" 3>&- 4>&-
    assert_success
    assert_output ""
    jq -e .id "$MNT/prod/web-1.json"
    DAEMON=$(daemon_pid)
}

# The token

@test "a wrong token is said at once, with exit 4" {
    echo sky_sbx_wrong >"$AREA/token"
    chmod 600 "$AREA/token"
    mounting "token_file=$AREA/token,cacert=$CACERT"
    cannot 4 'refused the token' "${MOUNTING[@]}"
    [[ $stderr == *"$AREA/token"* ]]
    [[ $stderr == *"(request "* ]]
    [[ $stderr != *sky_sbx_wrong* ]]
    assert_equal "$(requests)" 1
}

@test "the same in the foreground, where the last line says it" {
    echo sky_sbx_wrong >"$AREA/token"
    chmod 600 "$AREA/token"
    mounting "token_file=$AREA/token,cacert=$CACERT"
    run timeout -k 1 30 "${MOUNTING[@]}" -f 3>&- 4>&-
    assert_failure 4
    [[ ${lines[-1]} == *"$AREA/token"* && ${lines[-1]} == *'(request '* ]]
    run grep -F " $AREA" /proc/self/mounts
    assert_output ""
}

@test "a token file that is missing" {
    mounting "token_file=$AREA/none,cacert=$CACERT"
    cannot 4 "$AREA/none" "${MOUNTING[@]}"
    [[ $stderr == *'chmod 600'* ]]
}

@test "a token file that is no file" {
    mkdir "$AREA/token"
    mounting "token_file=$AREA/token,cacert=$CACERT"
    cannot 4 'not a regular file' "${MOUNTING[@]}"
    mkfifo -m 600 "$AREA/pipe"
    mounting "token_file=$AREA/pipe,cacert=$CACERT"
    cannot 4 'not a regular file' "${MOUNTING[@]}"
}

@test "one final line end is no part of a token" {
    local ending
    for ending in '' $'\n' $'\r\n'; do
        printf '%s%s' "$(cat "$TOKEN_FILE")" "$ending" >"$AREA/token"
        chmod 600 "$AREA/token"
        mounting "token_file=$AREA/token,cacert=$CACERT"
        mounts "${MOUNTING[@]}"
        mount_down
    done
}

@test "no token at all names every place where one is looked for" {
    [ ! -e /etc/skystackfs/token ] || skip "this machine has a token"
    mounting "cacert=$CACERT"
    cannot 4 'There is no token' "${MOUNTING[@]}"
    local place
    for place in token_file= '$SKYSTACK_TOKEN' '$CREDENTIALS_DIRECTORY' .config/skystackfs/token /etc/skystackfs/token; do
        [[ $stderr == *"$place"* ]] || fail_with "not named: $place"
    done
}

@test 'the token may come by $SKYSTACK_TOKEN, which nobody sees afterwards' {
    mounting "cacert=$CACERT"
    local token
    token=$(cat "$TOKEN_FILE")
    mounts env SKYSTACK_TOKEN="$token" "${MOUNTING[@]}"
    tr '\0' '\n' <"/proc/$DAEMON/environ" | grep -q ^PATH=
    run grep -aF -- "$token" "/proc/$DAEMON/environ" "/proc/$DAEMON/cmdline"
    assert_failure 1
}

@test 'a token_file goes before $SKYSTACK_TOKEN, which is wiped all the same' {
    mounting "$GOOD"
    mounts env SKYSTACK_TOKEN=sky_sbx_wrong "${MOUNTING[@]}"
    run grep -aF sky_sbx_wrong "/proc/$DAEMON/environ"
    assert_failure 1
}

@test 'the token may come by $CREDENTIALS_DIRECTORY' {
    mkdir "$AREA/credentials"
    install -m 400 "$TOKEN_FILE" "$AREA/credentials/skystack-token"
    mounting "cacert=$CACERT"
    mounts env CREDENTIALS_DIRECTORY="$AREA/credentials" "${MOUNTING[@]}"
}

@test "the token may come from the user's own place" {
    install -D -m 600 "$TOKEN_FILE" "$XDG_CONFIG_HOME/skystackfs/token"
    mounting "cacert=$CACERT"
    mounts "${MOUNTING[@]}"
    mount_down
    mounts env -u XDG_CONFIG_HOME "${MOUNTING[@]}"
}

@test "tokens have an order" {
    local token
    token=$(cat "$TOKEN_FILE")
    mkdir -p "$AREA/credentials" "$XDG_CONFIG_HOME/skystackfs"
    echo sky_sbx_credentials >"$AREA/credentials/skystack-token"
    echo sky_sbx_home >"$XDG_CONFIG_HOME/skystackfs/token"
    chmod 600 "$AREA/credentials/skystack-token" "$XDG_CONFIG_HOME/skystackfs/token"
    export CREDENTIALS_DIRECTORY=$AREA/credentials
    mounting "cacert=$CACERT"
    mounts env SKYSTACK_TOKEN="$token" "${MOUNTING[@]}"
    mount_down
    cannot 4 '$SKYSTACK_TOKEN' env SKYSTACK_TOKEN=sky_sbx_wrong "${MOUNTING[@]}"
    cannot 4 "$AREA/credentials/skystack-token" "${MOUNTING[@]}"
    echo "$token" >"$AREA/credentials/skystack-token"
    mounts "${MOUNTING[@]}"
    mount_down
    rm "$AREA/credentials/skystack-token"
    cannot 4 "$XDG_CONFIG_HOME/skystackfs/token" "${MOUNTING[@]}"
}

@test "a token is never an argument" {
    mounting "cacert=$CACERT,token=sky_sbx_x"
    cannot 2 'There is no option `token`' "${MOUNTING[@]}"
    [[ $stderr != *sky_sbx_x* ]]
}

# The source

@test "an http:// source is refused before a token is looked for" {
    SOURCE=http://127.0.0.1:9
    mounting "token_file=$AREA/none"
    cannot 2 'not HTTPS' "${MOUNTING[@]}"
    [[ $stderr == *'https://127.0.0.1:9'* ]]
}

@test "what is no source at all" {
    local source
    for source in nonsense ftp://a https:// https://a/b 'https://a b' 'https://user@a' 'https://a?b' ''; do
        mounting "$GOOD"
        MOUNTING[1]=$source
        cannot 2 source "${MOUNTING[@]}"
    done
}

@test "an address where nobody listens" {
    SOURCE=https://127.0.0.1:1
    mounting "$GOOD"
    cannot 32 'connection was refused' "${MOUNTING[@]}"
}

@test "a host that does not exist" {
    SOURCE=https://nowhere.invalid
    mounting "$GOOD,timeout=5"
    cannot 32 "network" "${MOUNTING[@]}"
}

@test "an address that speaks no TLS" {
    SOURCE=https://${ADMIN#http://}
    mounting "$GOOD,timeout=5"
    cannot 32 '' "${MOUNTING[@]}"
}

@test "a web page in the place of the API" {
    fault '{"kind":"garbage"}' >/dev/null
    mounting "$GOOD"
    cannot 32 'does not come from a SkyStack API' "${MOUNTING[@]}"
    [[ $stderr == *'proxy'* ]]
}

@test "a redirect, which is not followed" {
    fault '{"kind":"redirect"}' >/dev/null
    mounting "$GOOD"
    cannot 32 'does not come from a SkyStack API' "${MOUNTING[@]}"
    assert_equal "$(requests)" 1
}

@test "JSON of some other service" {
    local body
    for body in '{}' '[]' '{"data":{}}' '{"data":[{"name":"x"}],"next_cursor":null}' 'null' '{"data":[1]}'; do
        fault "$(jq -n --arg body "$body" '{kind: "body", body: $body, content_type: "application/json"}')" >/dev/null
        mounting "$GOOD"
        cannot 32 'does not come from a SkyStack API' "${MOUNTING[@]}"
    done
}

@test "an API that fails" {
    fault '{"kind":"status","status":503,"message":"Closed for repairs.","count":-1}' >/dev/null
    mounting "$GOOD"
    cannot 32 'Closed for repairs.' "${MOUNTING[@]}"
    [[ $stderr == *'(request '* ]]
}

@test "an API that is silent" {
    fault '{"kind":"hang","count":-1}' >/dev/null
    mounting "$GOOD,timeout=1"
    local began
    began=$(since)
    cannot 32 'did not answer' "${MOUNTING[@]}"
    [ $(($(since) - began)) -lt 5000 ]
    [[ $stderr == *timeout=* ]]
}

@test "a version that the API does not serve" {
    mounting "$GOOD,api_version=2020-01-01"
    cannot 32 'api_version=' "${MOUNTING[@]}"
}

@test "a CA that did not sign the server's certificate, and no CA at all" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -keyout "$AREA/key" -out "$AREA/ca" 2>/dev/null
    mounting "token_file=$TOKEN_FILE,cacert=$AREA/ca"
    cannot 32 'certificate' "${MOUNTING[@]}"
    [[ $stderr == *'cacert='* ]]
    mounting "token_file=$TOKEN_FILE"
    cannot 32 'certificate' "${MOUNTING[@]}"
    assert_equal "$(requests)" 0
}

@test "a CA file that is missing or no CA" {
    mounting "token_file=$TOKEN_FILE,cacert=$AREA/none"
    cannot 32 "$AREA/none" "${MOUNTING[@]}"
    echo nonsense >"$AREA/ca"
    mounting "token_file=$TOKEN_FILE,cacert=$AREA/ca"
    cannot 32 'cacert=' "${MOUNTING[@]}"
    assert_equal "$(requests)" 0
}

@test "a certificate of another host, one that has expired, and one that nobody signed" {
    local kind place=$PLACE
    for kind in wrong-host expired self-signed; do
        PLACE=$place/$kind
        mkdir "$PLACE"
        sandbox_start --certificate "$kind"
        mounting "token_file=$TOKEN_FILE,cacert=$CACERT"
        cannot 32 'no token was sent' "${MOUNTING[@]}"
        assert_equal "$kind: $(requests)" "$kind: 0"
        sandbox_stop
        rm -f "$PLACE/started.sandboxes"
    done
}

@test "a project that is not there" {
    mounting "$GOOD,project=nobody"
    cannot 3 'no project `nobody`' "${MOUNTING[@]}"
}

# The mount point

@test "a mount point that is missing" {
    rmdir "$MNT"
    mounting "$GOOD"
    cannot 32 "$MNT is not there" "${MOUNTING[@]}"
    [[ $stderr == *'mkdir -p'* ]]
    assert_equal "$(requests)" 0
}

@test "a mount point that is not empty" {
    touch "$MNT/file"
    mounting "$GOOD"
    cannot 32 'not empty' "${MOUNTING[@]}"
    rm "$MNT/file"
    touch "$MNT/.hidden"
    cannot 32 'not empty' "${MOUNTING[@]}"
    assert_equal "$(requests)" 0
}

@test "a mount point that is a file, or below one" {
    touch "$AREA/file"
    MNT=$AREA/file
    mounting "$GOOD"
    cannot 32 'not a directory' "${MOUNTING[@]}"
    MNT=$AREA/file/more
    mounting "$GOOD"
    cannot 32 "$AREA/file/more" "${MOUNTING[@]}"
}

@test "a mount point that something is mounted on" {
    mounting "$GOOD"
    mounts "${MOUNTING[@]}"
    run --separate-stderr "${MOUNTING[@]}" 3>&- 4>&-
    assert_equal "$status ${#stderr_lines[@]}" "32 1"
    [[ $stderr == *'mounted on'*"$MNT"*'umount'* ]]
    SOURCE=/proc
    run --separate-stderr "$SKYSTACKFS" "$ENDPOINT" /proc -o "$GOOD,state_dir=$AREA/state" 3>&- 4>&-
    assert_equal "$status ${#stderr_lines[@]}" "32 1"
}

# Options

@test "an option that does not exist" {
    mounting "$GOOD,colour=red"
    cannot 2 'There is no option `colour`' "${MOUNTING[@]}"
    [[ $stderr == *--help* ]]
    mounting "$GOOD,nope"
    cannot 2 '`nope`' "${MOUNTING[@]}"
    assert_equal "$(requests)" 0
}

@test "values that an option can't have" {
    local option
    for option in ttl=x ttl=-1 ttl= ttl ttl=1e99 ttl=nan ttl=0x10 timeout=5s wait=inf requests_per_minute=1.5 requests_per_minute=-1 \
        requests_per_day=99999999999 ro=perhaps ro= allow_other=2 attrs=some attrs uid=no-such-user gid=no-such-group uid=-1 \
        umask=9 umask=7777 umask=x log=loud token_file= cacert= region= size= project= 'api_version='; do
        mounting "$GOOD,$option"
        cannot 2 "\`${option%%=*}\`" "${MOUNTING[@]}"
    done
    assert_equal "$(requests)" 0
}

@test "values that would change a request's headers" {
    local value
    for value in 'a b' $'2026-01-15\r\nX-Evil: 1' $'a\tb' 'é'; do
        mounting "$GOOD,api_version=$value"
        cannot 2 'api_version' "${MOUNTING[@]}"
    done
    assert_equal "$(requests)" 0
}

@test "control characters in a bad word reach no terminal" {
    mounting "$GOOD,"$'\x1b[31mred'
    cannot 2 '\x1b[31mred' "${MOUNTING[@]}"
    [[ $stderr != *$'\x1b'* ]]
}

@test "after all of these a good word mounts" {
    mounting "$GOOD"
    mounts "${MOUNTING[@]}"
}
