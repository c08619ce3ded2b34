#!/usr/bin/env bats
# mount(8): `mount -t skystackfs`, a line of fstab, and what comes of its options; by mount.skystackfs, which is the same program.

bats_require_minimum_version 1.5.0
load helper

setup_file() {
    sandbox_start --instances 4
}

setup() {
    [ "$(id -u)" = 0 ] || skip "only root can make the namespace that /etc/fstab and /sbin are in"
    MNT=$PLACE/mnt
    mkdir -p "$MNT"
    OPTIONS=token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state
    PROGRAM=$(realpath "$SKYSTACKFS")
    export OPTIONS MNT PLACE PROGRAM
    requests_reset
}

teardown() {
    all_down_but_sandbox
}

# inside SCRIPT [FSTAB-LINE]: a shell that sees /etc/fstab with this line, and mount(8)'s helpers in /sbin. Nobody else does.
inside() {
    printf '%s\n' "${2-}" >"$PLACE/fstab"
    # shellcheck disable=SC2016  # the inner shell's
    unshare -m bash -c '
        mkdir -p "$PLACE/over"
        mount -t tmpfs none "$PLACE/over"
        mkdir "$PLACE/over/upper" "$PLACE/over/work"
        mount -t overlay -o "lowerdir=/usr/sbin,upperdir=$PLACE/over/upper,workdir=$PLACE/over/work" none /usr/sbin
        ln -sfn "$PROGRAM" /usr/sbin/mount.skystackfs
        ln -sfn "$PROGRAM" /usr/sbin/mount.fuse.skystackfs
        [ /sbin -ef /usr/sbin ] || exit 99
        touch /etc/fstab
        mount --bind "$PLACE/fstab" /etc/fstab
        eval "$1"' - "$1" 3>&- 4>&-
}

@test "mount -t skystackfs mounts, umount unmounts, and both end with 0" {
    run inside 'mount -t skystackfs -o "$OPTIONS" "$ENDPOINT" "$MNT" && ls "$MNT" && grep -F " $MNT " /proc/self/mounts && umount "$MNT"'
    assert_success
    assert_line prod
    assert_line --regexp "^$ENDPOINT $MNT fuse.skystackfs rw,nosuid,nodev,"
}

@test "one line of fstab is all that it takes" {
    run inside 'mount "$MNT" && ls "$MNT" && umount "$MNT"' \
        "$ENDPOINT $MNT skystackfs _netdev,nofail,noauto,x-systemd.automount,allow_other,gid=0,umask=007,$OPTIONS 0 0"
    assert_success
    assert_line prod
    run inside 'mount -a && ls "$MNT" && umount "$MNT"' "$ENDPOINT $MNT skystackfs _netdev,nofail,$OPTIONS 0 0"
    assert_success
    assert_line prod
}

@test "a section of the configuration may stand in fstab as the source" {
    mkdir -p "$PLACE/config/skystackfs"
    printf '[lab]\nendpoint = %s\ntoken_file = %s\ncacert = %s\nstate_dir = %s\n' "$ENDPOINT" "$TOKEN_FILE" "$CACERT" "$PLACE/state" \
        >"$PLACE/config/skystackfs/config"
    run inside 'mount "$MNT" && findmnt -n -o SOURCE,FSTYPE "$MNT" && umount "$MNT"' "lab $MNT skystackfs defaults,nofail 0 0"
    assert_success
    assert_output --regexp '^lab +fuse.skystackfs'
}

@test "what the kernel can keep of the options, it keeps; ro is one of ours too" {
    run inside 'mount -t skystackfs -o "$OPTIONS,noexec,ro,noatime,sync" "$ENDPOINT" "$MNT" && grep -F " $MNT " /proc/self/mounts && umount "$MNT"'
    assert_success
    assert_output --regexp ' ro,.*(sync,)?.*noexec,noatime'
    run inside 'mount -t skystackfs -o "$OPTIONS,ro" "$ENDPOINT" "$MNT" && ! mkdir "$MNT/prod/new" && umount "$MNT"'
    assert_success
    assert_output --partial 'Read-only file system'
}

@test "ro of the configuration holds, though mount(8) says rw wherever nobody says ro" {
    mkdir -p "$PLACE/config/skystackfs"
    printf 'ro = yes\n' >"$PLACE/config/skystackfs/config"
    run inside 'mount "$MNT" && grep -F " $MNT " /proc/self/mounts && umount "$MNT"' "$ENDPOINT $MNT skystackfs defaults,$OPTIONS 0 0"
    assert_success
    assert_output --partial ' fuse.skystackfs ro,'
}

@test "remount is refused clearly, and the mount goes on" {
    run inside 'mount -t skystackfs -o "$OPTIONS" "$ENDPOINT" "$MNT" || exit 90
        mount -o remount,ro "$MNT"; echo "code $?"
        ls "$MNT"; mkdir "$MNT/prod/more-1" 2>&1 | head -n 1; umount "$MNT"'
    assert_line --partial "A skystackfs can't be remounted. Unmount it"
    refute_line 'code 0'
    assert_line prod
}

@test "the exit codes are mount's: 1 for wrong usage, 32 for what can't be mounted" {
    run inside 'mount -t skystackfs -o "$OPTIONS,nope" "$ENDPOINT" "$MNT"'
    assert_failure 1
    assert_output --partial 'There is no option `nope`'
    run inside 'mount -t skystackfs -o "$OPTIONS,project=nowhere" "$ENDPOINT" "$MNT"'
    assert_failure 32
    assert_output --partial 'There is no project `nowhere`'
    run inside 'mount -t skystackfs -o "$OPTIONS" https://127.0.0.1:1 "$MNT"'
    assert_failure 32
    run inside "mount -t skystackfs -o 'token_command=echo sky_sbx_wrong,cacert=$CACERT,state_dir=$PLACE/state' \"\$ENDPOINT\" \"\$MNT\""
    assert_failure 32
    assert_output --partial 'token'
    run inside 'mount -t skystackfs -o "$OPTIONS" "$ENDPOINT" "$MNT/none"'
    assert_failure 32
}

@test "-f pretends, -v says what was mounted, and -s passes over what it does not know" {
    run inside 'mount -f -v -t skystackfs -o "$OPTIONS" "$ENDPOINT" "$MNT"; echo "code $?"; grep -c -F " $MNT " /proc/self/mounts'
    assert_line "$ENDPOINT mounted on $MNT."
    assert_line 'code 0'
    assert_line 0
    assert_equal "$(requests)" 0
    run inside 'mount -s -t skystackfs -o "$OPTIONS,nope=1" "$ENDPOINT" "$MNT" && umount "$MNT"'
    assert_success
    run inside 'mount -f -t skystackfs -o "$OPTIONS,nope=1" "$ENDPOINT" "$MNT"'
    assert_failure 1
}

@test "called by its own name, mount(8)'s words are taken too" {
    "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$OPTIONS,rw,_netdev,nofail,noauto,user,x-systemd.automount,comment=mine"
    echo "$MNT" >>"$PLACE/started.mounts"
    run ls "$MNT"
    assert_output --partial prod
    refused "can't be remounted" "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "$OPTIONS,remount"
}
