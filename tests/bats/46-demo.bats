#!/usr/bin/env bats
# skystackfs demo: a cloud for trying out, mounted in the foreground, that goes with the command.

# It brings its own sandbox, so nothing can stand before that.
# bats file_tags=direct

bats_require_minimum_version 1.5.0
load helper

# The sandbox is the one that is tested, wherever the build has it.
setup() {
    export TMPDIR=$PLACE/tmp PATH=${SKYSTACK_SANDBOX%/*}:$PATH
    mkdir "$TMPDIR"
    MNT=$PLACE/mnt
}

# demo [PLACE]: begins, and waits until it says what to try.
demo() {
    echo "$MNT" >>"$PLACE/started.mounts"
    background "$SKYSTACKFS" demo "${1:-$MNT}"
    DEMO=$BACKGROUND
    within 20 grep -q 'Ctrl-C ends it' "$PLACE/background.1" || fail_with "it does not begin:" "$(cat "$PLACE/background.1")"
}

# ends CODE: the demo does, and leaves nothing.
ends() {
    local code=0
    within 20 ended "$DEMO" || fail_with "it does not end"
    wait "$DEMO" || code=$?
    assert_equal "$code" "$1"
    assert_equal "$(ls -A "$TMPDIR")" ""
    is_gone "$MNT"
    ! pgrep -f -- "--dir $TMPDIR"
}

@test "it mounts a cloud, and what it says to try works" {
    demo
    cd "$MNT"
    assert_equal "$(ls)" $'prod\nstaging'
    jq -e .id prod/web-1.json
    cat prod/web-1/ip
    head .table
    mkdir prod/web-new
    "$SKYSTACKFS" wait prod/web-new running
    rm prod/web-new.json
    run put prod/huge.json '{"size":"gigantic"}'
    assert_failure
    run why
    assert_output --partial 'is not a known size'
    cd /
    kill -INT "$DEMO"
    ends 0
    [ ! -e "$MNT" ]
}

@test "what this machine has configured for its real clouds does not reach it" {
    export XDG_CONFIG_HOME=$PLACE/config SKYSTACKFS_RO=yes SKYSTACKFS_WEBHOOK=nonsense https_proxy=http://127.0.0.1:9
    mkdir -p "$PLACE/config/skystackfs"
    printf 'project = ops\nttl = nonsense\n' >"$PLACE/config/skystackfs/config"
    demo
    assert_equal "$(ls "$MNT")" $'prod\nstaging'
    mkdir "$MNT/prod/web-new"
    kill -HUP "$(daemon_pid)"
    sleep 1
    ! grep nonsense "$PLACE/background.1" || fail_with "it reads the configuration again"
    mkdir "$MNT/prod/web-newer"
    run "$SKYSTACKFS" doctor "$MNT"
    refute_output --partial nonsense
    refute_output --partial ops
    kill -INT "$DEMO"
    ends 0
}

@test "a shell that stands in it does not hold its end" {
    demo
    background sleep 60
    cd "$MNT/prod"
    kill -TERM "$DEMO"
    within 20 ended "$DEMO"
    cd /
    ends 0
}

@test "unmounting ends it, and a directory that was there stays" {
    mkdir "$MNT"
    demo
    "$SKYSTACKFS" umount "$MNT"
    ends 0
    [ -d "$MNT" ]
}

@test "a place whose name has blanks and commas" {
    export TMPDIR="$PLACE/a, b"
    mkdir "$TMPDIR"
    MNT="$PLACE/c, d"
    demo
    [ -e "$MNT/prod/web-1.json" ]
    kill -INT "$DEMO"
    ends 0
}

@test "where it can't be mounted the mount says why, and nothing stays" {
    mkdir -p "$MNT/full"
    run timeout 20 "$SKYSTACKFS" demo "$MNT" 3>&- 4>&-
    assert_equal "$status" 32
    assert_output --partial 'is not empty'
    assert_equal "$(ls -A "$TMPDIR")" ""
    run "$SKYSTACKFS" demo
    assert_equal "$status" 2
}

@test "without a sandbox it says so" {
    cp "$SKYSTACKFS" "$PLACE/skystackfs"
    run env PATH=/nowhere "$PLACE/skystackfs" demo "$MNT"
    assert_equal "$status" 1
    assert_output --partial 'There is no skystack-sandbox beside this program or in $PATH.'
    [ ! -e "$MNT" ]
}
