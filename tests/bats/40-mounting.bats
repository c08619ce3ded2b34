#!/usr/bin/env bats
# Mounting: in the background and not, by root and by anybody, and every way to an end.

load helper

setup_file() {
    sandbox_start --instances 8
}

# Others than root must be able to come here, which they can't below bats' own folders.
setup() {
    AREA=$(mktemp -d /tmp/skystackfs-mounting.XXXXXX)
    chmod 755 "$AREA"
    MNT=$AREA/mnt
    faults_clear
    requests_reset
}

teardown() {
    local place=$PLACE
    PLACE=$place all_down_but_sandbox
    umount -l "$MNT" 2>/dev/null || true
    rm -rf --one-file-system "$AREA"
}

options() {
    echo "token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$AREA/state,requests_per_minute=0,requests_per_day=0${1:+,$1}"
}

# foreground [OPTION,...]: mounted with -f; DAEMON is its pid, $AREA/log what it says.
foreground() {
    mkdir -p "$MNT"
    echo "$MNT" >>"$PLACE/started.mounts"
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f -o "$(options "${1-}")" >"$AREA/log" 2>&1 3>&- 4>&- &
    DAEMON=$!
    within 10 mountpoint -q "$MNT" || fail_with "not mounted:" "$(cat "$AREA/log")"
}

# ends_well PID: with 0, within some seconds.
ends_well() {
    local code=0
    within 10 ended "$1"
    wait "$1" || code=$?
    assert_equal "$code" 0
}

root_only() {
    [ "$(id -u)" = 0 ] || skip "only root can try that"
}

# as_user SCRIPT: run by an ordinary user in a mount namespace of its own, where /dev/fuse is open to all as it usually is. The script
# has $SKYSTACKFS, $ENDPOINT, $MNT and $OPTIONS.
as_user() {
    root_only
    local token=$AREA/user.token
    mkdir -p "$MNT" "$AREA/home"
    cp "$TOKEN_FILE" "$token"
    cp "$CACERT" "$AREA/user.ca"
    cp "$SKYSTACKFS" "$AREA/skystackfs"
    chmod 600 "$token"
    chmod 644 "$AREA/user.ca"
    chmod 755 "$AREA/skystackfs"
    chown 65534:65534 "$token" "$MNT" "$AREA/home"
    SKYSTACKFS=$AREA/skystackfs OPTIONS=token_file=$token,cacert=$AREA/user.ca HOME=$AREA/home MNT=$MNT AREA=$AREA \
        timeout 60 unshare -m sh -euc '
            mount -t tmpfs -o mode=755 none "$AREA/home"
            mknod "$AREA/home/fuse" c 10 229
            chmod 666 "$AREA/home/fuse"
            mount --bind "$AREA/home/fuse" /dev/fuse
            mkdir "$HOME/own"
            chown 65534:65534 "$HOME" "$HOME/own"
            cd "$HOME/own"
            exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all bash -euc "$1"' - "$1" 3>&- 4>&-
}

# Beginning

@test "the command returns when the mount answers" {
    mount_up
    assert_equal "$(cat "$PLACE/mount.out")" ""
    assert_equal "$(ls "$MNT")" $'prod\nstaging'
    jq -e .id "$MNT/prod/web-1.json"
}

@test "it holds nothing of the terminal that it was started from" {
    mkdir -p "$MNT"
    echo "$MNT" >>"$PLACE/started.mounts"
    local said
    said=$(cd "$AREA" && timeout 20 "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$(options)" 2>&1 3>&- 4>&-)
    assert_equal "$said" ""
    local pid
    pid=$(daemon_pid)
    assert_equal "$(readlink "/proc/$pid/cwd")" /
    assert_equal "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" "/proc/$pid/fd/2" | sort -u)" /dev/null
    [ "$(ps -o sid= -p "$pid")" -ne "$(ps -o sid= -p $$)" ]
}

@test "the table of mounts says what it is and where from" {
    mount_up
    run awk -v at="$MNT" '$2 == at { print $1, $3 }' /proc/self/mounts
    assert_output "$ENDPOINT fuse.skystackfs"
    run findmnt -n -o SOURCE,FSTYPE "$MNT"
    assert_success
}

@test "mounting asks no more than it needs" {
    mount_up
    assert_equal "$(requests)" 1
    assert_equal "$(requests 'GET /v1/projects')" 1
}

@test "options and words may come in any order" {
    mkdir -p "$MNT"
    echo "$MNT" >>"$PLACE/started.mounts"
    "$SKYSTACKFS" -o "token_file=$TOKEN_FILE" "$ENDPOINT/" -o "cacert=$CACERT" "$MNT" -o "state_dir=$AREA/state" 3>&- 4>&-
    [ -d "$MNT/prod" ]
}

@test "a comma in an option's value is written with a backslash" {
    mkdir -p "$MNT" "$AREA/a,b"
    cp "$TOKEN_FILE" "$AREA/a,b/token"
    echo "$MNT" >>"$PLACE/started.mounts"
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "token_file=$AREA/a\\,b/token,cacert=$CACERT,state_dir=$AREA/state" 3>&- 4>&-
    [ -d "$MNT/prod" ]
}

@test "paths in options may be relative" {
    mkdir -p "$MNT"
    cp "$TOKEN_FILE" "$AREA/token"
    cp "$CACERT" "$AREA/ca"
    echo "$MNT" >>"$PLACE/started.mounts"
    cd "$AREA"
    "$SKYSTACKFS" "$ENDPOINT" mnt -o token_file=token,cacert=ca,state_dir=state 3>&- 4>&-
    [ -d "$MNT/prod" ]
    [ -d "$AREA/state" ]
}

@test "one source may be mounted at two places" {
    mount_up
    local first=$MNT
    MNT=$AREA/second
    mount_up
    [ -e "$first/prod/web-1.json" ]
    [ -e "$MNT/prod/web-1.json" ]
    mount_down "$first"
    [ -e "$MNT/prod/web-1.json" ]
    mount_down "$MNT"
}

@test "with project= the one project is the root" {
    mount_up project=staging,region=eu-central,size=standard-2
    assert_equal "$(ls "$MNT" | sort)" "$(admin GET /instances | jq -r '.[] | select(.project_id == "prj_2") | .name + ".json"' | sort)"
    [ ! -e "$MNT/prod" ]
    [ -s "$MNT/.table" ]
    local name id
    name=$(ls "$MNT" | head -n 1)
    id=$(jq -r .id "$MNT/$name")
    assert_equal "$(realpath "$MNT/.skystack/by-id/$id")" "$MNT/$name"
    mkdir "$MNT/made-here"
    assert_equal "$(jq -r .project_id "$MNT/made-here.json")" prj_2
    rm "$MNT/made-here.json"
}

@test "with attrs=listed the directories are listed too" {
    mount_up attrs=listed
    grep -qx web-1 <(ls "$MNT/prod")
    grep -qx web-1.json <(ls "$MNT/prod")
}

@test "without a place for its state it mounts read-only, and says so" {
    mkdir -p "$MNT"
    echo "$MNT" >>"$PLACE/started.mounts"
    run "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=/dev/null/state" 3>&- 4>&-
    assert_success
    assert_output --partial 'read-only'
    assert_equal "${#lines[@]}" 1
    refused 'Read-only file system' mkdir "$MNT/prod/web-9"
    jq -e .id "$MNT/prod/web-1.json"
}

@test "ro mounts read-only for the kernel too" {
    mount_up ro
    run awk -v at="$MNT" '$2 == at { print $4 }' /proc/self/mounts
    [[ ,$output, == *,ro,* ]]
}

# Staying

@test "-f stays in the foreground and logs to standard error" {
    foreground
    [ -d "$MNT/prod" ]
    if ended "$DAEMON"; then fail "it did not stay"; fi
    grep -q 'is mounted on' "$AREA/log"
    kill -TERM "$DAEMON"
    ends_well "$DAEMON"
}

@test "where standard error is systemd's journal, each line has its level" {
    : >"$AREA/log"
    export JOURNAL_STREAM
    JOURNAL_STREAM=$(stat -c %d:%i "$AREA/log")
    foreground
    within 5 grep -q "^<6>.* is mounted on $MNT" "$AREA/log"
    JOURNAL_STREAM=1:2
    mount_down
    foreground
    within 5 grep -q '^skystackfs: info: ' "$AREA/log"
}

@test "-d shows each request of the kernel" {
    mkdir -p "$MNT"
    echo "$MNT" >>"$PLACE/started.mounts"
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -d -o "$(options)" >"$AREA/log" 2>&1 3>&- 4>&- &
    within 10 mountpoint -q "$MNT"
    ls "$MNT" >/dev/null
    grep -q LOOKUP "$AREA/log" || grep -q READDIR "$AREA/log"
}

@test "log= says how much is logged" {
    foreground log=error,region=eu-central
    run mkdir "$MNT/prod/web-9"
    assert_equal "$(cat "$AREA/log")" ""
}

@test "HUP reads the token again" {
    foreground
    ls "$MNT/prod" >/dev/null
    requests_reset
    admin POST /log/reset >/dev/null
    admin POST /token '{"keep_old":true}' >/dev/null
    kill -HUP "$DAEMON"
    within 5 grep -q 'token was read again' "$AREA/log"
    echo all >"$MNT/.skystack/refresh"
    ls "$MNT/prod" >/dev/null
    cat "$MNT/prod/.table" >/dev/null
    [ "$(requests)" -ge 1 ]
    assert_equal "$(admin GET /log | jq -c 'map(.token) | unique')" '["current"]'
}

@test "HUP with a token file that is no good any more keeps the old token" {
    cp "$TOKEN_FILE" "$AREA/token"
    mkdir -p "$MNT"
    echo "$MNT" >>"$PLACE/started.mounts"
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f -o "token_file=$AREA/token,cacert=$CACERT,state_dir=$AREA/state" >"$AREA/log" 2>&1 3>&- 4>&- &
    within 10 mountpoint -q "$MNT"
    chmod 644 "$AREA/token"
    kill -HUP "$(daemon_pid)"
    within 5 grep -q 'chmod 600' "$AREA/log"
    jq -e .id "$MNT/prod/web-1.json"
}

@test "USR1 writes the status to the log" {
    foreground
    ls "$MNT/prod" >/dev/null
    kill -USR1 "$DAEMON"
    within 5 grep -q 'instances *8' "$AREA/log"
    grep -q 'state *ok' "$AREA/log"
    grep -qF "$ENDPOINT" "$AREA/log"
}

@test "status says how the mount is doing, for people and for programs" {
    mount_up
    ls "$MNT/prod" >/dev/null
    run "$SKYSTACKFS" status "$MNT"
    assert_success
    assert_line --partial 'state      ok'
    assert_equal "$("$SKYSTACKFS" status "$MNT" --json | jq -r .instances.count)" 8
    run bash -c 'cd "$1" && "$2" status' - "$MNT/prod" "$SKYSTACKFS"
    assert_success
    assert_output --partial "on $MNT"
}

@test "refresh lets the next look ask the API" {
    mount_up ttl=600
    cat "$MNT/prod/web-1.json" >/dev/null
    admin PATCH /instances/ins_1 '{"status":"stopped"}' >/dev/null
    assert_equal "$(cat "$MNT/prod/web-1/status")" running
    "$SKYSTACKFS" refresh "$MNT/prod/web-1.json"
    assert_equal "$(cat "$MNT/prod/web-1/status")" stopped
    admin PATCH /instances/ins_1 '{"status":"running"}' >/dev/null
    (cd "$MNT" && "$SKYSTACKFS" refresh)
    assert_equal "$(cat "$MNT/prod/web-1/status")" running
}

# Ending

@test "TERM unmounts and ends with 0" {
    foreground
    kill -TERM "$DAEMON"
    ends_well "$DAEMON"
    is_gone "$MNT"
    [ -d "$MNT" ]
    grep -q 'signal 15' "$AREA/log"
}

@test "INT unmounts and ends with 0" {
    mkdir -p "$MNT"
    echo "$MNT" >>"$PLACE/started.mounts"
    env --default-signal=INT "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f -o "$(options)" >"$AREA/log" 2>&1 3>&- 4>&- &
    DAEMON=$!
    within 10 mountpoint -q "$MNT"
    kill -INT "$DAEMON"
    ends_well "$DAEMON"
    is_gone "$MNT"
}

@test "TERM ends a daemon of the background too" {
    mount_up
    local pid
    pid=$(daemon_pid)
    kill -TERM "$pid"
    within 10 ended "$pid"
    is_gone "$MNT"
}

@test "TERM while calls are waiting ends them and unmounts" {
    foreground
    fault '{"kind":"hang","method":"GET","path":"/v1/instances*","count":-1}' >/dev/null
    background cat "$MNT/prod/web-1.json"
    local reader=$BACKGROUND
    background ls "$MNT/staging"
    is_asked() { [ "$(requests 'GET /v1/instances')" -ge 1 ]; }
    within 5 is_asked
    local began
    began=$(since)
    kill -TERM "$DAEMON"
    ends_well "$DAEMON"
    [ $(($(since) - began)) -lt 3000 ]
    is_gone "$MNT"
    within 5 ended "$reader"
    within 5 ended "$BACKGROUND"
}

@test "TERM unmounts even where somebody stands in it" {
    foreground
    (cd "$MNT/prod" && exec sleep 30 3>&- 4>&-) &
    local sleeper=$!
    is_inside() { [[ $(readlink "/proc/$sleeper/cwd") == "$MNT/prod" ]]; }
    within 5 is_inside
    kill -TERM "$DAEMON"
    ends_well "$DAEMON"
    kill "$sleeper"
    is_gone "$MNT"
}

@test "umount ends the daemon with 0" {
    foreground
    umount "$MNT"
    ends_well "$DAEMON"
    is_gone "$MNT"
}

@test "fusermount3 -u does" {
    foreground
    fusermount3 -u "$MNT"
    ends_well "$DAEMON"
    is_gone "$MNT"
}

@test "skystackfs umount does, by the mount point or from below it" {
    foreground
    "$SKYSTACKFS" umount "$MNT"
    ends_well "$DAEMON"
    is_gone "$MNT"
}

@test "skystackfs umount refuses what is in use, and what is no mount" {
    mount_up
    (cd "$MNT/prod" && exec sleep 30 3>&- 4>&-) &
    local sleeper=$!
    is_inside() { [[ $(readlink "/proc/$sleeper/cwd") == "$MNT/prod" ]]; }
    within 5 is_inside
    run "$SKYSTACKFS" umount "$MNT"
    assert_failure 1
    assert_output --partial fuser
    kill "$sleeper"
    run "$SKYSTACKFS" umount "$MNT/prod"
    assert_failure 2
    run "$SKYSTACKFS" umount "$AREA"
    assert_failure 3
    [ -d "$MNT/prod" ]
}

@test "what was mounted once can be mounted again" {
    for _ in 1 2 3 4 5; do
        mount_up
        [ -e "$MNT/prod/web-1.json" ]
        mount_down
    done
}

@test "a dead mount can be unmounted" {
    mount_up
    local pid
    pid=$(daemon_pid)
    kill -KILL "$pid"
    within 5 ended "$pid"
    "$SKYSTACKFS" umount "$MNT"
    is_gone "$MNT"
}

# Users

@test "the files belong to whoever mounted, and nobody else comes in" {
    root_only
    mount_up
    assert_equal "$(stat -c '%u:%g %a' "$MNT/prod" "$MNT/prod/web-1.json")" $'0:0 755\n0:0 644'
    refused 'Permission denied' setpriv --reuid=65534 --regid=65534 --clear-groups ls "$MNT"
    refused 'Permission denied' setpriv --reuid=65534 --regid=65534 --clear-groups cat "$MNT/prod/web-1.json"
}

@test "with allow_other others come in, as far as the permissions let them" {
    root_only
    mount_up allow_other,region=eu-central,size=standard-2
    local nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    "${nobody[@]}" jq -e .id "$MNT/prod/web-1.json"
    requests_reset
    refused 'Permission denied' "${nobody[@]}" mkdir "$MNT/prod/web-9"
    refused 'Permission denied' "${nobody[@]}" rm -f "$MNT/prod/web-1.json"
    refused 'Permission denied' "${nobody[@]}" sh -c 'echo {} >"$1"' - "$MNT/prod/web-9.json"
    assert_equal "$(changing)" 0
}

@test "uid, gid and umask say whose the files are" {
    root_only
    mount_up allow_other,uid=65534,gid=1,umask=077
    assert_equal "$(stat -c '%u:%g %a' "$MNT/prod" "$MNT/prod/web-1.json" "$MNT/prod/web-1" "$MNT/.skystack/status")" \
        $'65534:1 700\n65534:1 600\n65534:1 700\n65534:1 400'
    setpriv --reuid=65534 --regid=65534 --clear-groups jq -e .id "$MNT/prod/web-1.json"
    refused 'Permission denied' setpriv --reuid=65533 --regid=65533 --clear-groups ls "$MNT/prod"
}

@test "uid and gid may be names" {
    root_only
    mount_up allow_other,uid=nobody,gid=daemon,umask=027
    assert_equal "$(stat -c '%U:%G %a' "$MNT/prod")" 'nobody:daemon 750'
}

@test "an ordinary user mounts, creates, deletes and unmounts" {
    run as_user '
        "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$OPTIONS,region=eu-central,size=standard-2"
        awk -v at="$MNT" "\$2 == at { print \$3 }" /proc/self/mounts
        mkdir "$MNT/prod/by-user"
        stat -c %u "$MNT/prod/by-user.json"
        rm "$MNT/prod/by-user.json"
        fusermount3 -u "$MNT"
        ls -A "$MNT"
        "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$OPTIONS"
        "$SKYSTACKFS" umount "$MNT"
        ls -A "$MNT"'
    assert_success
    assert_output $'fuse.skystackfs\n65534'
    admin GET /instances | jq -e 'all(.[]; .name != "by-user")'
}

@test "a user's daemon ends on TERM, and unmounts" {
    run as_user '
        "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f -o "$OPTIONS" &
        daemon=$!
        for i in $(seq 100); do if [ -d "$MNT/prod" ]; then break; fi; sleep 0.05; done
        ls "$MNT"
        kill -TERM "$daemon"
        wait "$daemon"
        echo "code $?"
        ls -A "$MNT"
        grep -cF " $MNT " /proc/self/mounts || true' 2>/dev/null
    assert_success
    assert_line prod
    assert_line 'code 0'
    assert_equal "${lines[-1]}" 0
}

@test "a user's dead mount is taken over too" {
    run as_user '
        "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f -o "$OPTIONS" 2>/dev/null &
        daemon=$!
        for i in $(seq 100); do if [ -d "$MNT/prod" ]; then break; fi; sleep 0.05; done
        kill -KILL "$daemon"
        wait "$daemon" || true
        ! ls "$MNT" 2>/dev/null
        "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$OPTIONS"
        ls "$MNT"
        grep -cF " $MNT " /proc/self/mounts
        fusermount3 -u "$MNT"'
    assert_success
    assert_line staging
    assert_equal "${lines[-1]}" 1
}

@test "a user's state is in the user's own place" {
    run as_user '
        unset XDG_STATE_HOME
        "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$OPTIONS"
        find "$HOME/.local/state/skystackfs" -maxdepth 0 -printf "%m %U\n"
        fusermount3 -u "$MNT"'
    assert_success
    assert_output '700 65534'
}

# Words

@test "-h and --help show every command and option, -V the version" {
    local word
    for word in -h --help; do
        run "$SKYSTACKFS" "$word"
        assert_success
        assert_output --partial 'skystackfs SOURCE MOUNTPOINT'
        assert_output --partial 'token_file=PATH'
        assert_output --partial 'Exit codes: 0'
    done
    for word in -V --version; do
        run "$SKYSTACKFS" "$word"
        assert_success
        [[ $output =~ ^skystackfs\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
    done
}

@test "words that are not understood are one line and exit 2" {
    local words
    while IFS='|' read -ra words; do
        run "$SKYSTACKFS" "${words[@]}"
        assert_equal "${words[*]}: $status ${#lines[@]}" "${words[*]}: 2 1"
    done <<'TABLE'
sandbox
-f
-x|sandbox|/mnt
--nope
sandbox|/mnt|more
sandbox|/mnt|-o
status|--nope
why|a|b
umount|a|b
nonsense|/mnt
https://|/mnt
https://a/b|/mnt
ftp://a|/mnt
TABLE
}

@test "commands beside mounting say when there is no mount, with exit 3" {
    local command
    for command in status why refresh umount; do
        run "$SKYSTACKFS" "$command" "$AREA"
        assert_equal "$command: $status ${#lines[@]}" "$command: 3 1"
    done
}
