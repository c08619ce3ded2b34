#!/usr/bin/env bats
# The units, as far as they can be tried without a systemd that runs: what systemd would do for skystackfs@NAME.service is done by
# hand, with the commands that stand there. tests/package.sh has a systemd do it.

load helper

UNITS=$BATS_TEST_DIRNAME/../../packaging/systemd
UNIT=$UNITS/skystackfs@.service
CLEAR=$UNITS/clear-mountpoint.sh

setup_file() {
    sandbox_start --instances 4
}

setup() {
    MNT=$PLACE/folder/mnt
    mkdir -p "$MNT"
    export SKYSTACKFS_CACERT=$CACERT SKYSTACKFS_STATE_DIR=$PLACE/state SKYSTACKFS_TOKEN_FILE=$TOKEN_FILE
    faults_clear
}

teardown() {
    all_down_but_sandbox
}

# What the unit says after KEY=, a line each.
said() {
    sed -n "s/^$1=//p" "${2:-$UNIT}"
}

# A command of the unit, where the source is the sandbox, the mount point $MNT, and the programs are those under test.
command_of() {
    said "$1" | sed "s,^[-+]*,,; s,/usr/bin/skystackfs,$SKYSTACKFS,; s,/usr/lib/skystackfs,$UNITS,; s,\${MOUNTPOINT},$MNT,
        s,/mnt/skystack/%i,$MNT,; s,%i,$ENDPOINT,; s,\$MAINPID,${DAEMON-},"
}

# Starts it as the unit does; DAEMON is its pid.
start() {
    local words
    read -ra words < <(command_of ExecStart)
    echo "$MNT" >>"$PLACE/started.mounts"
    "${words[@]}" >"$PLACE/log" 2>&1 3>&- 4>&- &
    DAEMON=$!
}

stop_post() {
    local words
    read -ra words < <(command_of ExecStopPost)
    "${words[@]}"
}

# Is what $NOTIFY_SOCKET of systemd is; what it is told is in $PLACE/notified.
listen() {
    perl -MIO::Socket::UNIX -e '
        my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => shift) or die;
        $| = 1;
        while (defined $socket->recv(my $said, 4096)) { print "$said\n"; }
        ' "$PLACE/notify" >"$PLACE/notified" 3>&- 4>&- &
    echo $! >>"$PLACE/started.backgrounds"
    within 5 test -S "$PLACE/notify"
}

# Waits for the daemon; CODE is how it ended.
ended_with() {
    CODE=0
    within 20 ended "$DAEMON"
    wait "$DAEMON" || CODE=$?
}

@test "systemd-analyze verify has nothing to say of the units" {
    local folder=$PLACE/units unit
    install -D -m 644 -t "$folder" "$UNITS"/*.service "$UNITS"/examples/*
    install -D -m 644 -t "$folder/user" "$UNITS"/user/*
    sed -i "s,/usr/bin/skystackfs,$(realpath "$SKYSTACKFS"),; s,/usr/lib/skystackfs,$(realpath "$UNITS")," "$folder"/*.service "$folder"/user/*
    for unit in "$folder/skystackfs@lab.service" "$folder/mnt-skystack.mount" "$folder/mnt-skystack.automount"; do
        run systemd-analyze verify --man=no "$unit"
        assert_success
        assert_output ''
    done
    XDG_RUNTIME_DIR=$PLACE run systemd-analyze verify --user --man=no "$folder/user/skystackfs@lab.service"
    assert_success
    assert_output ''
}

@test "systemd is told when the mount answers, and when it is about to end" {
    [ "$(said Type)" = notify ]
    listen
    NOTIFY_SOCKET=$PLACE/notify start
    within 10 grep -qx 'READY=1' "$PLACE/notified"
    is_mounted "$MNT"
    grep -qxF "STATUS=$ENDPOINT is mounted on $MNT" "$PLACE/notified"
    ! grep -q STOPPING "$PLACE/notified"
    kill -TERM "$DAEMON"
    ended_with
    [ "$CODE" = 0 ]
    grep -qx 'STOPPING=1' "$PLACE/notified"
}

@test "systemd is not told of a mount that there is not" {
    listen
    fault '{"kind":"status","status":503,"method":"GET","path":"/v1/*","count":-1}' >/dev/null
    NOTIFY_SOCKET=$PLACE/notify start
    ended_with
    [ "$CODE" = 32 ]
    ! grep -q READY "$PLACE/notified"
}

@test "a refused token and a wrong option end with what the unit does not restart, an API that is away with another" {
    local never=" $(said RestartPreventExitStatus) "
    [ "$(said Restart)" = on-failure ]
    echo nonsense >"$PLACE/token"
    chmod 600 "$PLACE/token"
    SKYSTACKFS_TOKEN_FILE=$PLACE/token start
    ended_with
    [[ $CODE = 4 && $never == *" $CODE "* ]]
    SKYSTACKFS_TTL=soon start
    ended_with
    [[ $CODE = 2 && $never == *" $CODE "* ]]
    fault '{"kind":"status","status":503,"method":"GET","path":"/v1/*","count":-1}' >/dev/null
    start
    ended_with
    [[ $CODE = 32 && $never != *" $CODE "* ]]
}

@test "the token can be a credential, under the name that the unit gives it" {
    local name
    name=$(said LoadCredential)
    name=${name%%:*}
    install -D -m 400 "$TOKEN_FILE" "$PLACE/credentials/$name"
    unset SKYSTACKFS_TOKEN_FILE
    CREDENTIALS_DIRECTORY=$PLACE/credentials start
    within 10 is_mounted "$MNT"
    grep -q "^token  *from $PLACE/credentials/" "$MNT/.skystack/status"
}

@test "after kill -9, what the unit does then leaves no dead mount, and no folder that was made for it" {
    start
    within 10 is_mounted "$MNT"
    kill -KILL "$DAEMON"
    ended_with
    is_mounted "$MNT"
    run ls "$MNT"
    assert_output --partial 'Transport endpoint is not connected'
    run stop_post
    assert_success
    assert_output "cleared the dead mount on $MNT"
    is_gone "$MNT"
    [ ! -e "$PLACE/folder" ]
    run stop_post
    assert_success
    assert_output ''
}

@test "a mount that is alive, one of another kind and a folder with something in it are left alone" {
    [ "$(id -u)" = 0 ] || skip "only root can mount another kind"
    start
    within 10 is_mounted "$MNT"
    run "$CLEAR" "$MNT"
    assert_success
    is_mounted "$MNT"
    umount "$MNT"
    ended_with
    mount -t tmpfs none "$MNT"
    run "$CLEAR" "$MNT" "$MNT"
    assert_success
    is_mounted "$MNT"
    umount "$MNT"
    echo text >"$MNT/file"
    run "$CLEAR" "$MNT" "$MNT"
    assert_success
    [ -e "$MNT/file" ]
}

@test "nothing in the unit gives it mounts of its own, which nobody else would see" {
    run grep -E '^(PrivateTmp|PrivateDevices|PrivateMounts|PrivateIPC|PrivateUsers|Protect(System|Home|Proc|ControlGroups|Kernel.*)|ProcSubset|(ReadOnly|ReadWrite|Inaccessible|Exec|NoExec)Paths|Bind.*|TemporaryFileSystem|Root.*|DynamicUser|User|MountFlags|LogNamespace|MountImages|Extension.*)=' "$UNIT"
    assert_failure
    [ "$(said CapabilityBoundingSet)" = CAP_SYS_ADMIN ]
}

@test "packages have the program's version" {
    local version
    version=$("$SKYSTACKFS" --version)
    run head -n 1 "$BATS_TEST_DIRNAME/../../packaging/debian/changelog"
    assert_output --partial "skystackfs (${version#skystackfs })"
}
