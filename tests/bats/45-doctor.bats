#!/usr/bin/env bats
# skystackfs doctor: what stands in the way of a mount, and what to do about it. Each state that it tells of is brought about here.

# What stands between client and sandbox is looked at here, so nothing else may stand there.
# bats file_tags=direct

bats_require_minimum_version 1.5.0
load helper
load clock

setup_file() {
    sandbox_start --instances 4
}

# An ordinary user must be able to come here, which he can't below bats' own folders. What is broken of the machine is broken in a mount
# namespace that ends with the command, and other mounts than ours are not in it.
setup() {
    [ "$(id -u)" = 0 ] || skip "only root can make the namespace in which the machine is broken"
    AREA=$(mktemp -d /tmp/skystackfs-doctor.XXXXXX)
    chmod 755 "$AREA"
    MNT=$AREA/mnt
    mkdir "$MNT" "$AREA/bin"
    cp "$SKYSTACKFS" "$AREA/skystackfs"
    cp "$CACERT" "$AREA/ca.pem"
    printf '#!/bin/sh\n' >"$AREA/bin/updatedb"
    chmod 755 "$AREA/skystackfs" "$AREA/bin/updatedb"
    chmod 644 "$AREA/ca.pem"
    export XDG_CONFIG_HOME=$AREA/config AREA MNT
    OPTIONS=token_file=$TOKEN_FILE,cacert=$AREA/ca.pem,state_dir=$AREA/state
    SETUP=:
    AS=()
    faults_clear
    requests_reset
}

teardown() {
    [ -n "${AREA-}" ] || return 0
    all_down_but_sandbox
    umount -l "$MNT" "$AREA/small" 2>/dev/null || true
    rm -rf --one-file-system "$AREA"
}

# doctor [ARGUMENT]...: where $SETUP was done, as $AS; sets output, stderr and status.
doctor() {
    # shellcheck disable=SC2016  # the inner shell's
    run --separate-stderr timeout -k 1 60 unshare -m bash -euc '
        mapfile -t mounts </proc/self/mounts
        for line in "${mounts[@]}"; do
            read -r _ place type _ <<<"$line"
            if [[ $type == fuse.skystackfs && $place != "$MNT" ]]; then umount -l "$(printf %b "$place")" || true; fi
        done
        eval "$1"
        shift
        exec "$@"' - "$SETUP" "${AS[@]}" "$AREA/skystackfs" doctor "$@" 3>&- 4>&-
    [[ $output$stderr != *"$(cat "$TOKEN_FILE")"* ]] || fail_with "it tells the token"
}

as_user() {
    AS=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@")
    cp "$TOKEN_FILE" "$AREA/token"
    chown 65534:65534 "$AREA/token"
    OPTIONS=token_file=$AREA/token,cacert=$AREA/ca.pem,state_dir=$AREA/state
    mkdir -p "$AREA/state"
    chown 65534:65534 "$AREA/state"
}

# says STATE CHECK [TEXT [MEND]]: doctor found that.
says() {
    local found
    found=$(printf '%s\n' "$output" | awk -v state="$1" -v check="$2" '
        mine && $1 == "to" && $2 == "do" { print }
        { mine = 0 }
        $1 == state && substr($0, 11, length(check)) == check { mine = 1; print }')
    [[ -n $found && $found == *"${3-}"* && $found == *"${4-}"* ]] ||
        fail_with "expected: $1 $2: ${3-} / ${4-}" "said:" "$output" "$stderr"
}

# finds STATE CHECK TEXT MEND: the same, of $ENDPOINT with $OPTIONS, and the exit code that goes with it.
finds() {
    doctor "$ENDPOINT" -o "$OPTIONS"
    says "$@"
    if [ "$1" = bad ]; then assert_equal "$status" 1; fi
}

# with FILE TEXT: doctor finds a file of the machine to have that text.
with() {
    printf '%b' "$2" >"$AREA/with.${1##*/}"
    SETUP+="; mount --bind '$AREA/with.${1##*/}' '$1'"
}

no_updatedb_walks() {
    [ -e /etc/updatedb.conf ] || return 0
    with /etc/updatedb.conf 'PRUNEFS="nfs fuse.skystackfs"\n'
}

# All together

@test "where all is well it says so, line by line, and gives 0" {
    no_updatedb_walks
    doctor "$ENDPOINT" -o "$OPTIONS"
    assert_equal "$status: $stderr" "0: "
    assert_equal "${lines[-1]}" "everything is well"
    local check
    for check in /dev/fuse fusermount3 fuse.conf updatedb mounts resolve connect tls answer clock token api 'state directory' 'disk space'; do
        says good "$check"
    done
    assert_equal "$(grep -c -E '^  (warn|bad|skipped)' <<<"$output")" 0
}

@test "--json has the same, and where each setting came from" {
    no_updatedb_walks
    doctor "$ENDPOINT" -o "$OPTIONS" --json
    assert_equal "$status" 0
    assert_equal "$(jq -r .state <<<"$output")" good
    assert_equal "$(jq -r '[.subjects[] | .kind + " " + (.name // "")] | join(",")' <<<"$output")" "machine ,source $ENDPOINT"
    assert_equal "$(jq -r '[.subjects[].checks[] | .check] | join(" ")' <<<"$output")" \
        "/dev/fuse fusermount3 fuse.conf updatedb mounts resolve connect tls answer clock token api state directory disk space"
    assert_equal "$(jq -r '.subjects[1].settings[] | select(.name == "ttl") | .value + " " + .from' <<<"$output")" "10 default"
}

@test "--json has the mend of what is bad" {
    OPTIONS=cacert=$AREA/ca.pem,token_file=$AREA/none
    doctor "$ENDPOINT" -o "$OPTIONS" --json
    assert_equal "$status" 1
    assert_equal "$(jq -r '.state, (.subjects[].checks[] | select(.state == "bad") | .check, (.mend | length > 0))' <<<"$output")" \
        $'bad\ntoken\ntrue'
}

@test "colour is for terminals alone, and NO_COLOR is honoured" {
    local plain coloured
    # without what is mounted beside, which comes and goes, and what is told of it
    same() { tr -d '\r0-9' | grep -v -e '  mounts  ' -e '  updatedb  ' -e '  to do  ' -e ' bad, ' -e '^everything'; }
    plain=$("$SKYSTACKFS" doctor "$ENDPOINT" -o "$OPTIONS" | same)
    [[ $plain == *good* && $plain != *$'\033'* ]]
    run env -u NO_COLOR script -qec "$SKYSTACKFS doctor $ENDPOINT -o $OPTIONS" /dev/null
    coloured=$output
    [[ $coloured == *$'\033[32mgood'* ]]
    run env NO_COLOR=1 script -qec "$SKYSTACKFS doctor $ENDPOINT -o $OPTIONS" /dev/null
    assert_equal "$(same <<<"$output")" "$plain"
}

@test "looking changes nothing, here and there" {
    doctor "$ENDPOINT" -o "$OPTIONS"
    [ ! -e "$AREA/state" ]
    assert_equal "$(changing) of $(requests)" '0 of 2'
    says good 'state directory' 'is not there yet, and can be made'
}

@test "a wrong word is a wrong use" {
    doctor nonsense
    assert_equal "$status" 3
    [[ $stderr == *'Name a SOURCE'* ]]
    doctor "$ENDPOINT" --what
    assert_equal "$status" 2
    doctor "$ENDPOINT" -o nothing=1
    assert_equal "$status" 2
    doctor http://127.0.0.1:1
    assert_equal "$status" 3
}

# /dev/fuse

@test "/dev/fuse is not there" {
    # shellcheck disable=SC2016  # the inner shell's
    SETUP='mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3'
    finds bad /dev/fuse "can't be opened: No such file or directory" 'modprobe fuse'
}

@test "/dev/fuse may not be opened" {
    as_user
    SETUP="mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3; mknod -m 600 /dev/fuse c 10 229"
    finds bad /dev/fuse 'Permission denied' 'chmod 666 /dev/fuse'
}

@test "/dev/fuse is there, and the kernel has nothing behind it" {
    SETUP="mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/fuse c 10 1048575"
    finds bad /dev/fuse "can't be opened" 'modprobe fuse'
}

@test "/dev/fuse is something else" {
    with /dev/fuse 'a plain file'
    finds bad /dev/fuse 'something else' 'mknod -m 666 /dev/fuse c 10 229'
}

# fusermount3

@test "fusermount3 is missing, which root can do without and others can't" {
    as_user env PATH=/nowhere
    finds bad fusermount3 'is not in $PATH' 'Install the package fuse3.'
    AS=(env PATH=/nowhere)
    finds warn fusermount3 'is not in $PATH' 'Install the package fuse3.'
}

@test "fusermount3 does not become root" {
    as_user
    SETUP='mount -t tmpfs none /mnt; cp "$(command -v fusermount3)" /mnt/f; mount --bind /mnt/f "$(command -v fusermount3)"'
    finds bad fusermount3 'is not set-user-ID root' 'chmod 4755'
    SETUP+='; chmod 4755 /mnt/f'
    finds good fusermount3 'is set-user-ID root'
    SETUP+='; mount -o remount,bind,nosuid "$(command -v fusermount3)"'
    finds bad fusermount3 'nosuid' 'Mount that file system without nosuid'
}

@test "fusermount3 gets no privileges from within a sandboxed service" {
    as_user setpriv --no-new-privs
    finds bad fusermount3 'no_new_privs' 'NoNewPrivileges=no'
}

# fuse.conf

@test "allow_other needs user_allow_other in fuse.conf, for all but root" {
    as_user
    OPTIONS+=,allow_other
    with /etc/fuse.conf '#user_allow_other\n'
    finds bad fuse.conf 'Only root may mount with allow_other, which is set.' 'Write the line `user_allow_other` into /etc/fuse.conf'
    with /etc/fuse.conf 'user_allow_other\n'
    finds good fuse.conf 'Every user may'
    AS=()
    with /etc/fuse.conf '#user_allow_other\n'
    finds good fuse.conf 'Root may'
}

# updatedb

updatedb_is_there() {
    SETUP+="; mount --bind '$AREA/bin' /usr/local/sbin"
    with /etc/updatedb.conf "$1"
}

@test "updatedb that would walk through the mounts is told of, and how to keep it out" {
    [ -e /etc/updatedb.conf ] || skip "no updatedb.conf to bind another one over"
    updatedb_is_there 'PRUNEFS="nfs tmpfs"\nPRUNEPATHS="/var/spool"\n'
    finds warn updatedb 'costs requests' 'Add fuse.skystackfs to PRUNEFS in /etc/updatedb.conf.'
    assert_equal "$status" 0
    updatedb_is_there 'PRUNEFS="nfs fuse.skystackfs tmpfs"\n'
    finds good updatedb 'is in PRUNEFS'
}

@test "updatedb is kept out by systemd's drop-in, too" {
    [ -e /etc/updatedb.conf ] || skip "no updatedb.conf to bind another one over"
    updatedb_is_there 'PRUNEFS="nfs"\n'
    SETUP+='; mount -t tmpfs none /run; mkdir -p /run/systemd/system/plocate-updatedb.service.d
        echo "ExecStart=/usr/sbin/updatedb.plocate --add-prunefs fuse.skystackfs" >/run/systemd/system/plocate-updatedb.service.d/own.conf'
    finds good updatedb 'plocate-updatedb.service.d/own.conf'
}

@test "updatedb does not come to a mount below one of its PRUNEPATHS" {
    [ -e /etc/updatedb.conf ] || skip "no updatedb.conf to bind another one over"
    mount_up
    updatedb_is_there "PRUNEPATHS=\"/tmp/else $AREA\"\\n"
    doctor "$MNT"
    says good updatedb 'PRUNEPATHS'
    updatedb_is_there 'PRUNEPATHS="/tmp/else"\n'
    doctor "$MNT"
    says warn updatedb
}

# The way to the API

@test "a name that nobody knows" {
    with /etc/nsswitch.conf 'hosts: files\n'
    doctor https://nowhere.invalid -o "$OPTIONS"
    assert_equal "$status" 1
    says bad resolve 'nowhere.invalid' '/etc/resolv.conf'
    says skipped token "can't be tried while the API can't be reached"
    refute_output --partial connect
}

@test "a name server that does not answer does not hold it" {
    local began
    began=$(since)
    with /etc/nsswitch.conf 'hosts: dns\n'
    with /etc/resolv.conf 'nameserver 127.0.0.1\noptions timeout:30 attempts:5\n'
    perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1:53") or exit 1; print "up\n"; $|=1; sleep 60' \
        >"$AREA/server" 2>&1 3>&- 4>&- &
    echo $! >>"$PLACE/started.backgrounds"
    within 2 kill -0 $! && sleep 0.3
    kill -0 $! 2>/dev/null || skip "port 53 is taken"
    doctor https://api.example.test -o "$OPTIONS"
    says bad resolve 'within 10 s' '/etc/resolv.conf'
    [ $(($(since) - began)) -lt 30000 ]
}

@test "nobody listens there" {
    doctor https://127.0.0.1:9 -o "$OPTIONS"
    assert_equal "$status" 1
    says good resolve 'needs no name server'
    says bad connect 'refused' "Check the source's address and port"
}

@test "a certificate of an authority that nobody here knows" {
    OPTIONS=token_file=$TOKEN_FILE
    finds bad tls 'unable to get local issuer certificate' '-o cacert=PATH'
    says good connect
    says skipped token
    assert_equal "$(requests)" 0
}

@test "certificates that have expired, or are another host's" {
    local kind
    for kind in expired wrong-host; do
        PLACE=$AREA/other.$kind
        mkdir "$PLACE"
        sandbox_start --certificate "$kind"
        doctor "$ENDPOINT" -o "token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$AREA/state"
        sandbox_stop
        assert_equal "$status" 1
        says bad tls 'certificate' "Check the source's host name and this machine's date"
    done
    PLACE=$BATS_TEST_TMPDIR
}

@test "a CA bundle that can't be read" {
    OPTIONS=token_file=$TOKEN_FILE,cacert=$AREA/none
    finds bad tls "The CA bundle $AREA/none can't be read." '-o cacert=PATH'
}

@test "a server that takes the request and says nothing" {
    fault '{"kind":"hang","method":"GET","count":-1}' >/dev/null
    OPTIONS+=,timeout=1
    finds bad answer 'did not answer in time'
    says good tls
}

@test "something else than a SkyStack answers" {
    fault '{"kind":"garbage","method":"GET","count":-1}' >/dev/null
    finds bad api 'does not come from a SkyStack' "Check the source's address"
    says skipped token
}

@test "an API that fails, with the request id for those who can help" {
    fault '{"kind":"status","status":503,"count":-1}' >/dev/null
    finds bad api '(request ' "ask SkyStack's support"
}

@test "an API that limits us is no more than a warning" {
    fault '{"kind":"status","status":429,"count":-1,"headers":{"Retry-After":"60"}}' >/dev/null
    finds warn api '' 'Retry in'
}

@test "an API that takes its version away" {
    fault '{"kind":"headers","headers":{"Deprecation":"@1767225600","Sunset":"Fri, 01 Jan 2100 00:00:00 GMT"},"count":-1}' >/dev/null
    finds warn 'api version' '2100' 'api_version'
}

# The clock

@test "a clock that is off by more than a minute is bad, and by less is told of" {
    local off
    cc -shared -fPIC -o "$AREA/shifted_clock.so" "$BATS_TEST_DIRNAME/shifted_clock.c"
    for off in '120 bad ahead' '-120 bad behind' '30 warn ahead' '2 good right'; do
        # shellcheck disable=SC2086  # three words
        set -- $off
        perl -e 'print pack "q2", shift, 0' -- "$1" >"$AREA/clock"
        AS=(env "SHIFTED_CLOCK=$AREA/clock" "LD_PRELOAD=$AREA/shifted_clock.so" ASAN_OPTIONS="verify_asan_link_order=0")
        finds "$2" clock "$3"
        [ "$2" = good ] || says "$2" clock '' 'timedatectl set-ntp true'
    done
}

# The token

@test "a token's file is told of by its owner and mode" {
    finds good token "From token_file=$TOKEN_FILE (of root, mode 0600); the API takes it."
}

@test "a token's file that others may read" {
    cp "$TOKEN_FILE" "$AREA/token"
    chmod 644 "$AREA/token"
    OPTIONS=token_file=$AREA/token,cacert=$AREA/ca.pem
    finds bad token 'others than its owner may use it (mode 0644' "chmod 600 $AREA/token"
}

@test "no token anywhere" {
    AS=(env -u SKYSTACK_TOKEN HOME=/nowhere)
    [ ! -e /etc/skystackfs/token ] || skip "this machine has a token"
    OPTIONS=cacert=$AREA/ca.pem
    finds bad token 'There is no token' 'SkyStack console'
    says good answer
}

@test "a token of the environment serves each source, and is told by its name" {
    AS=(env "SKYSTACK_TOKEN=$(cat "$TOKEN_FILE")")
    OPTIONS=cacert=$AREA/ca.pem
    finds good token 'From $SKYSTACK_TOKEN; the API takes it.'
    mkdir -p "$AREA/config/skystackfs"
    printf '[one]\nendpoint = %s\ncacert = %s\n[two]\nendpoint = %s\ncacert = %s\n' "$ENDPOINT" "$AREA/ca.pem" "$ENDPOINT" "$AREA/ca.pem" \
        >"$AREA/config/skystackfs/config"
    doctor
    assert_equal "$(grep -c 'From $SKYSTACK_TOKEN; the API takes it.' <<<"$output")" 2
}

@test "a token's program is named without its arguments, and told of when it fails" {
    OPTIONS="cacert=$AREA/ca.pem,token_command=/bin/cat $TOKEN_FILE"
    finds good token 'From token_command=/bin/cat; the API takes it.'
    [[ $output != *"cat $TOKEN_FILE"* ]]
    OPTIONS="cacert=$AREA/ca.pem,token_command=/bin/false"
    finds bad token '/bin/false'
}

@test "a token's program is run once for a source" {
    make_users_program
    doctor "$ENDPOINT" -o "cacert=$AREA/ca.pem,token_command=$AREA/program"
    says good token "From token_command=$AREA/program; the API takes it."
    assert_equal "$(cat "$AREA/ran")" 0
    assert_equal "$(requests)" 2
}

@test "a token that the API refuses" {
    printf 'sky_sbx_nobody_gave_this\n' >"$AREA/token"
    chmod 600 "$AREA/token"
    OPTIONS=token_file=$AREA/token,cacert=$AREA/ca.pem
    finds bad token "From token_file=$AREA/token (of root, mode 0600): The API refused the token." 'Renew the token'
    says good api
}

@test "a token of the other environment" {
    printf 'sky_live_of_the_other_one\n' >"$AREA/token"
    chmod 600 "$AREA/token"
    OPTIONS=token_file=$AREA/token,cacert=$AREA/ca.pem
    fault '{"kind":"status","status":401,"code":"wrong_environment","message":"This token is for production.","count":-1}' >/dev/null
    finds bad token 'This token is for production.' 'Wrong environment?'
}

# What is mounted

@test "a mount is told of by its own verdict and settings, without a word about them" {
    mount_up region=us-east-1
    doctor "$MNT"
    assert_equal "$stderr" ""
    says good mounts '1 mounted, all answer.'
    says good status 'everything is well'
    says good token "From token_file=$TOKEN_FILE"
    says good journal "process $(daemon_pid) has it"
    grep -q -E "region +us-east-1  \(-o region\)" <<<"$output"
}

@test "what a mount says of itself is told, with its mend" {
    mount_up region=us-east-1,size=standard-2
    run put "$MNT/prod/huge.json" '{"size":"gigantic"}'
    assert_failure
    doctor "$MNT"
    says warn status 'wait for a person: 1 of them' 'mv them to NAME.json'
    assert_equal "$status" "$(grep -q '^  bad' <<<"$output" && echo 1 || echo 0)"
}

@test "a mount whose token is in its own environment is not told to have none" {
    SKYSTACK_TOKEN=$(cat "$TOKEN_FILE") "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "cacert=$AREA/ca.pem,state_dir=$AREA/state" 3>&- 4>&-
    echo "$MNT" >>"$PLACE/started.mounts"
    doctor "$MNT"
    says skipped token 'The mount has it from $SKYSTACK_TOKEN'
}

# as_nobody COMMAND...: run in $SETUP as an ordinary user.
as_nobody() {
    SETUP+="; setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all ${*@Q} >'$AREA/nobody.out' 2>&1 3>&- 4>&-"
}

# A program of an ordinary user's, which tells who ran it.
make_users_program() {
    as_user
    AS=()
    : >"$AREA/ran"
    chmod 666 "$AREA/ran"
    printf '#!/bin/sh\nid -u >>%s/ran\ncat %s/token\n' "$AREA" "$AREA" >"$AREA/program"
    chmod 755 "$AREA/program"
}

# mounted_by_nobody OPTION,OPTION: doctor finds the mount of an ordinary user, who lets everybody in.
mounted_by_nobody() {
    echo "$MNT" >>"$PLACE/started.mounts"
    chown 65534:65534 "$MNT"
    SETUP="mount -t tmpfs none /mnt; mknod -m 666 /mnt/fuse c 10 229; mount --bind /mnt/fuse /dev/fuse"
    with /etc/fuse.conf 'user_allow_other\n'
    as_nobody "$AREA/skystackfs" "$ENDPOINT" "$MNT" -o "cacert=$AREA/ca.pem,state_dir=$AREA/state,allow_other,$1"
}

@test "what another user's mount says of itself is told, and nothing of it is run, read or asked" {
    make_users_program
    mounted_by_nobody "token_command=$AREA/program"
    SETUP+="; sleep 0.5; : >'$AREA/ran'; curl -sS -o /dev/null -X POST '$ADMIN/counts/reset'"
    doctor "$MNT"
    says good status 'everything is well'
    says skipped settings "This is another user's mount: run doctor as that user."
    assert_equal "$(cat "$AREA/ran"), $(requests) requests" ", 0 requests"
    refute_output --partial token
    doctor_again "$MNT" -o "token_file=$TOKEN_FILE"
    says skipped settings "This is another user's mount: run doctor as that user."
    assert_equal "$(requests)" 0
    doctor_again
    says skipped settings "This is another user's mount: run doctor as that user."
    assert_equal "$(cat "$AREA/ran"), $(requests) requests" ", 0 requests"
}

# The same, anew.
doctor_again() {
    mount_gone "$MNT"
    doctor "$@"
}

@test "that user is told all of it" {
    make_users_program
    mounted_by_nobody "token_command=$AREA/program"
    AS=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
    doctor "$MNT"
    says good token "From token_command=$AREA/program; the API takes it."
    assert_equal "$(sort -u "$AREA/ran")" 65534
}

@test "a process of another user's, named where a mount of ours should say its own, has nothing run" {
    make_users_program
    mount_up
    perl -e '$( = $) = 65534; $< = $> = 65534; sleep 100' "$ENDPOINT" "$MNT" -o "token_command=$AREA/program,cacert=$AREA/ca.pem" 3>&- 4>&- &
    echo $! >>"$PLACE/started.backgrounds"
    SETUP="mount -t tmpfs none '$MNT'; mkdir '$MNT/.skystack'; echo '{\"pid\":$!,\"reasons\":[]}' >'$MNT/.skystack/status.json'"
    doctor "$MNT"
    says good status
    says skipped settings "can't be seen"
    assert_equal "$(cat "$AREA/ran")" ""
}

@test "a status that is a link is not followed out of the mount" {
    mount_up
    printf '{"pid":1,"reasons":[]}' >"$AREA/elsewhere"
    SETUP="mount -t tmpfs none '$MNT'; mkdir '$MNT/.skystack'; ln -s '$AREA/elsewhere' '$MNT/.skystack/status.json'"
    doctor "$MNT"
    says bad status "can't be asked"
}

@test "a dead mount is told of, and the mend mends it" {
    mount_up
    kill -KILL "$(daemon_pid)"
    within 5 dead
    doctor "$MNT"
    assert_equal "$status" 1
    says bad mounts "$MNT is dead" "skystackfs umount $MNT"
    "$SKYSTACKFS" umount "$MNT"
    doctor
    says good mounts 'Nothing is mounted.'
}

dead() {
    ! ls "$MNT" 2>/dev/null
}

@test "a mount that hangs is told of within seconds, and does not hold who waits for the output" {
    mount_up
    local pid began
    pid=$(daemon_pid)
    kill -STOP "$pid"
    began=$(since)
    doctor
    assert_equal "$status" 1
    says bad mounts "$MNT does not answer" 'kill -CONT PID'
    doctor "$MNT/prod/nothing-that-was-looked-at"
    says bad status "$MNT does not answer"
    local word
    for word in mnt/prod/x ./mnt/prod/x ../"${AREA##*/}"//mnt/prod/; do
        AS=(env -C "$AREA")
        doctor "$word"
        assert_equal "$word: $status" "$word: 1"
        says bad status "$MNT does not answer"
    done
    kill -CONT "$pid"
    [ $(($(since) - began)) -lt 40000 ]
}

# The state directory

@test "a state directory that can't be made or written" {
    : >"$AREA/file"
    OPTIONS=token_file=$TOKEN_FILE,cacert=$AREA/ca.pem,state_dir=$AREA/file/state
    finds bad 'state directory' 'is not a directory, so the mount would be read-only' '-o state_dir=PATH'
    mkdir "$AREA/state"
    OPTIONS=token_file=$TOKEN_FILE,cacert=$AREA/ca.pem,state_dir=$AREA/state
    SETUP="mount --bind '$AREA/state' '$AREA/state'; mount -o remount,bind,ro '$AREA/state'"
    finds bad 'state directory' 'read-only file system'
    SETUP=:
    as_user
    chown 0:0 "$AREA/state"
    finds bad 'state directory' "can't be written by this user"
}

@test "a disk that is nearly full, and one that is" {
    mkdir "$AREA/small"
    OPTIONS=token_file=$TOKEN_FILE,cacert=$AREA/ca.pem,state_dir=$AREA/small
    SETUP="mount -t tmpfs -o size=8m none '$AREA/small'"
    finds warn 'disk space' 'Only 8.4 MB' 'Make room'
    SETUP="mount -t tmpfs -o size=64k none '$AREA/small'"
    finds bad 'disk space' 'Only 0.1 MB' 'Make room'
    SETUP="mount -t tmpfs -o nr_inodes=1 none '$AREA/small'"
    finds bad 'disk space' 'no more files' 'Make room'
}

# left_over: a mount that was killed leaves a create that nobody answered, and a text that was refused.
left_over() {
    mount_up "region=us-east-1,size=standard-2,timeout=1,state_dir=$AREA/state"
    run put "$MNT/prod/huge.json" '{"size":"gigantic"}'
    assert_failure
    fault '{"kind":"hang","method":"POST","count":-1}' >/dev/null
    run mkdir "$MNT/prod/web-new"
    assert_failure
    kill -KILL "$(daemon_pid)"
    umount -l "$MNT"
}

@test "what an earlier mount left over is told, and mounting settles it" {
    left_over
    doctor "$ENDPOINT" -o "$OPTIONS"
    says warn journal "$ENDPOINT@$MNT: 1 changes are not settled, and 1 refused texts are kept" 'Mount it again'
}

@test "a damaged journal is told by its folder" {
    left_over
    local file
    file=$(find "$AREA/state" -name '*.intent' | head -n 1)
    printf 'X' | dd of="$file" bs=1 seek=40 conv=notrunc status=none
    finds bad journal "1 files in ${file%/*} are damaged" 'move them away'
}

# Settings

@test "where each value came from: an option, the environment, the files" {
    mkdir -p "$AREA/config/skystackfs"
    printf 'ttl = 5\n[lab]\nendpoint = %s\nregion = eu-west-1\ncacert = %s\n' "$ENDPOINT" "$AREA/ca.pem" >"$AREA/config/skystackfs/config"
    AS=(env SKYSTACKFS_SIZE=standard-2)
    doctor lab -o "token_file=$TOKEN_FILE"
    local line
    for line in "ttl +5  \($AREA/config/skystackfs/config:1\)" "region +eu-west-1  \($AREA/config/skystackfs/config:4\)" \
        "size +standard-2  \(\\\$SKYSTACKFS_SIZE\)" "token_file +$TOKEN_FILE  \(-o token_file\)"; do
        grep -q -E "$line" <<<"$output" || fail_with "expected: $line" "$output"
    done
    assert_equal "$(grep -c 'default' <<<"$output")" 0
}

@test "without a word each section of the configuration is looked at, and what is wrong in one is told" {
    mkdir -p "$AREA/config/skystackfs"
    printf '[lab]\nendpoint = %s\ntoken_file = %s\ncacert = %s\n[broken]\nendpoint = %s\nnonsense = 1\n' "$ENDPOINT" "$TOKEN_FILE" \
        "$AREA/ca.pem" "$ENDPOINT" >"$AREA/config/skystackfs/config"
    doctor
    assert_equal "$status" 1
    says good token "From token_file=$TOKEN_FILE"
    says bad settings "nonsense"
    grep -q '^source lab$' <<<"$output"
    grep -q '^source broken$' <<<"$output"
}
