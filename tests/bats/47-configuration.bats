#!/usr/bin/env bats
# Where an option's value comes from: the command line, the environment, the user's file, the system's file, in this order.

bats_require_minimum_version 1.5.0
load helper

setup_file() {
    sandbox_start --instances 4
}

# The system's file is a real one, in a mount namespace that ends with the command.
setup() {
    [ "$(id -u)" = 0 ] || skip "only root can make the namespace that the system's file is in"
    MNT=$PLACE/mnt
    SYSTEM=$PLACE/etc
    USER_FILE=$PLACE/config/skystackfs/config
    mkdir -p "$MNT" "$SYSTEM" "${USER_FILE%/*}"
    export XDG_CONFIG_HOME=$PLACE/config
    BASE=token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state
    requests_reset
}

teardown() {
    all_down_but_sandbox
}

# inside COMMAND...: where $SYSTEM is /etc/skystackfs.
inside() {
    # shellcheck disable=SC2016  # the inner shell's
    unshare -m bash -c '
        mount -t tmpfs -o mode=755 none /etc/skystackfs 2>/dev/null || {
            mkdir -p "$1.upper" "$1.work" "$1.over"
            mount -t tmpfs none "$1.over"
            mkdir "$1.over/upper" "$1.over/work"
            mount -t overlay -o "lowerdir=/etc,upperdir=$1.over/upper,workdir=$1.over/work" none /etc
            mkdir -p /etc/skystackfs
        }
        cp -a "$1"/. /etc/skystackfs
        shift
        "$@"' - "$SYSTEM" "$@"
}

# ends CODE TEXT COMMAND...: it mounts nothing, ends so, and says that in one line.
ends() {
    local code=$1 text=$2
    shift 2
    run --separate-stderr inside timeout -k 1 30 "$@" 3>&- 4>&-
    assert_equal "exit code $status, $stderr" "exit code $code, $stderr"
    assert_equal "${#stderr_lines[@]} line: $stderr" "1 line: $stderr"
    [[ $stderr == *"$text"* ]] || fail_with "expected: $text" "said: $stderr"
}

# A mount whose effect can be seen: project= makes its instances the root.
# root_of [ASSIGNMENT]... -- ARGUMENT...: what the mount shows at its root.
root_of() {
    local variables=()
    while [ "$1" != -- ]; do
        variables+=("$1")
        shift
    done
    shift
    # shellcheck disable=SC2016  # the inner shell's
    inside env "${variables[@]}" bash -c '
        place=$1
        shift
        "$@" || exit
        ls "$place"
        umount "$place"' - "$MNT" "$SKYSTACKFS" "$@" 3>&- 4>&-
}

@test "a section of the system's file has what a source needs" {
    printf '[lab]\nendpoint = %s\ntoken_file = %s\ncacert = %s\nstate_dir = %s\n' "$ENDPOINT" "$TOKEN_FILE" "$CACERT" "$PLACE/state" \
        >"$SYSTEM/config"
    run root_of -- lab "$MNT"
    assert_success
    assert_line prod
}

@test "a section of an address is for that address, and other sections are not" {
    printf '[%s]\nproject = prod\n[https://127.0.0.1:1]\nproject = nowhere\n' "$ENDPOINT" >"$USER_FILE"
    run root_of -- "$ENDPOINT" "$MNT" -o "$BASE"
    assert_success
    assert_line web-1.json
}

@test "what stands before the sections holds for all of them, and a section goes before it" {
    printf 'project = prod\n' >"$USER_FILE"
    run root_of -- "$ENDPOINT" "$MNT" -o "$BASE"
    assert_line web-1.json
    printf '[%s]\nproject = prod\n[other]\nproject = x\n' "$ENDPOINT" >"$USER_FILE"
    printf 'project = nowhere\n' | cat - "$USER_FILE" >"$PLACE/both"
    cp "$PLACE/both" "$USER_FILE"
    run root_of -- "$ENDPOINT" "$MNT" -o "$BASE"
    assert_line web-1.json
}

@test "an option goes before the environment, that before the user's file, that before the system's" {
    echo 'project = of-the-system' >"$SYSTEM/config"
    ends 3 '`of-the-system`' "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    echo 'project = of-the-user' >"$USER_FILE"
    ends 3 '`of-the-user`' "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    ends 3 '`of-the-environment`' env SKYSTACKFS_PROJECT=of-the-environment "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    run root_of SKYSTACKFS_PROJECT=of-the-environment -- "$ENDPOINT" "$MNT" -o "$BASE,project=prod"
    assert_success
    assert_line web-1.json
}

@test "the user's file goes before a section of the system's" {
    printf '[%s]\nproject = of-the-system\n' "$ENDPOINT" >"$SYSTEM/config"
    echo 'project = prod' >"$USER_FILE"
    run root_of -- "$ENDPOINT" "$MNT" -o "$BASE"
    assert_line web-1.json
}

@test "a flag of a file can be taken back" {
    echo 'ro = yes' >"$USER_FILE"
    # shellcheck disable=SC2016  # the inner shell's
    local inner='"$@" || exit; grep -F " $0 " /proc/self/mounts; umount "$0"'
    run inside bash -c "$inner" "$MNT" "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    assert_output --partial ' fuse.skystackfs ro,'
    run inside bash -c "$inner" "$MNT" "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE,rw"
    assert_output --partial ' fuse.skystackfs rw,'
    run inside env SKYSTACKFS_RO=no bash -c "$inner" "$MNT" "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    assert_output --partial ' fuse.skystackfs rw,'
}

@test "of two ways to a token the nearer one is taken, wherever the other is written" {
    printf 'token_file = %s/none\ncacert = %s\nstate_dir = %s\n' "$PLACE" "$CACERT" "$PLACE/state" >"$USER_FILE"
    ends 4 "token_file=$PLACE/none" "$SKYSTACKFS" "$ENDPOINT" "$MNT"
    run root_of -- "$ENDPOINT" "$MNT" -o "token_command=cat $TOKEN_FILE"
    assert_success
    run root_of "SKYSTACKFS_TOKEN_FILE=$TOKEN_FILE" -- "$ENDPOINT" "$MNT"
    assert_success
    run root_of "SKYSTACK_TOKEN=$(cat "$TOKEN_FILE")" -- "$ENDPOINT" "$MNT"
    assert_success
    assert_line prod
}

@test "a section's way to a token goes before that which stands before the sections, in one file too" {
    printf 'token_file = %s/none\nsize = standard-2\n[%s]\ntoken_command = cat %s\nprofile = web\n' "$PLACE" "$ENDPOINT" "$TOKEN_FILE" \
        >"$USER_FILE"
    run root_of -- "$ENDPOINT" "$MNT" -o "cacert=$CACERT,state_dir=$PLACE/state"
    assert_success
    run "$SKYSTACKFS" doctor "$ENDPOINT" --json
    assert_equal "$(jq -r '.subjects[] | select(.kind == "source") | [.settings[].name | select(test("token|size|profile"))] | sort | join(" ")' <<<"$output")" \
        'profile token_command'
    printf 'token_command = false\n[%s]\ntoken_file = %s\n' "$ENDPOINT" "$TOKEN_FILE" >"$USER_FILE"
    run root_of -- "$ENDPOINT/" "$MNT" -o "cacert=$CACERT,state_dir=$PLACE/state"
    assert_success
}

@test "what a file has wrong is said with its line" {
    printf '# a comment\n\nttl = soon\n' >"$USER_FILE"
    ends 2 "$USER_FILE:3" "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    printf 'ttl = 5 ; seconds\ntll = 5\n' >"$USER_FILE"
    ends 2 "There is no option \`tll\` ($USER_FILE:2)" "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    printf 'ttl\n' >"$USER_FILE"
    ends 2 "Line 1 of $USER_FILE is not understood" "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    printf 'ttl =\n' >"$USER_FILE"
    ends 2 'The option `ttl` has no value' "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    printf '\nprotect = %0300d\n' 1 >"$USER_FILE"
    ends 2 "Line 2 of $USER_FILE is too long" "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    printf 'cacert = ca.pem\n' >"$USER_FILE"
    ends 2 'The option `cacert` can'"'"'t be `ca.pem`' "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    printf 'endpoint = https://127.0.0.1:1\n' >"$USER_FILE"
    ends 2 'The endpoint can'"'"'t be' "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    printf '[lab]\nendpoint = http://127.0.0.1:1\n' >"$USER_FILE"
    ends 2 'is not HTTPS' "$SKYSTACKFS" lab "$MNT" -o "$BASE"
    printf '[lab]\nttl = 5\n' >"$USER_FILE"
    ends 2 '`lab` is not a source' "$SKYSTACKFS" lab "$MNT" -o "$BASE"
    ends 2 'SKYSTACKFS_TTL' env SKYSTACKFS_TTL=soon "$SKYSTACKFS" production "$MNT" -o "$BASE"
    assert_equal "$(requests)" 0
}

@test "a file that others can write is refused, since it may name programs to run" {
    echo 'ttl = 5' >"$USER_FILE"
    chmod 666 "$USER_FILE"
    ends 2 "chmod go-w $USER_FILE" "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    chmod 644 "$USER_FILE"
    chown 12345 "$USER_FILE"
    ends 2 "chown 0 $USER_FILE" "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$BASE"
    assert_equal "$(requests)" 0
}

@test "a link to a file elsewhere is followed" {
    echo 'project = prod' >"$PLACE/dotfiles"
    ln -s "$PLACE/dotfiles" "$USER_FILE"
    run root_of -- "$ENDPOINT" "$MNT" -o "$BASE"
    assert_line web-1.json
}

@test "HUP reads the files again: what can change does, what can't is told, and what is wrong changes nothing" {
    printf 'protect = web-2\nttl = 10\n' >"$USER_FILE"
    local log=$PLACE/log daemon
    echo "$MNT" >>"$PLACE/started.mounts"
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -f -o "$BASE,delete_delay=0,max_creates=7,requests_per_minute=0,requests_per_day=0" \
        >"$log" 2>&1 3>&- 4>&- &
    daemon=$!
    within 10 mountpoint -q "$MNT"
    refused 'not permitted' rm "$MNT/prod/web-2.json"
    refused 'Invalid argument' mkdir "$MNT/prod/new" # without a region

    printf 'protect = web-1\nregion = us-east-1\nsize = standard-2\nmax_creates = 1\ntimeout = 9\n' >"$USER_FILE"
    kill -HUP "$daemon"
    within 5 grep -q 'the options were read again' "$log"
    grep -q 'the option timeout is another now, which needs a new mount' "$log"
    assert_equal "$(grep -c 'needs a new mount' "$log")" 1
    mkdir "$MNT/prod/new-1" "$MNT/prod/new-2" # -o goes before the file, still
    refused 'not permitted' rm "$MNT/prod/web-1.json"

    printf 'protect =\n' >"$USER_FILE"
    kill -HUP "$daemon"
    within 5 grep -q 'the options stay as they are: The option `protect` has no value' "$log"
    refused 'not permitted' rm "$MNT/prod/web-1.json"
    mv "$USER_FILE" "$PLACE/away"
    kill -HUP "$daemon"
    within 5 grep -q "the options stay as they are: The configuration $USER_FILE is not there any more" "$log"
    refused 'not permitted' rm "$MNT/prod/web-1.json"
    : >"$USER_FILE"
    kill -HUP "$daemon"
    removed() { rm "$MNT/prod/web-1.json"; }
    within 5 removed
}
