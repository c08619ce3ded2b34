#!/bin/bash
# The units under a systemd that runs for them alone. package.sh boots one in a Debian of its own, where this prints a line for each
# check, `good SECONDS TITLE` or `bad SECONDS TITLE`, and why on standard error.
set -euo pipefail

unit=skystackfs@lab
mountpoint=/mnt/skystack/lab
token=/etc/skystackfs/token

fail()
{
    echo "$*" >&2
    exit 1
}

# within SECONDS COMMAND…
within()
{
    local tries=$(($1 * 20))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [[ $tries -gt 0 ]] || fail "never so: $*"
        sleep 0.05
    done
}

# property NAME [UNIT]
property()
{
    systemctl show --value --property="$1" "${2-$unit}"
}

is_property()
{
    [[ $(property "$1") == "$2" ]]
}

is_mounted()
{
    grep -q " $mountpoint fuse.skystackfs " /proc/self/mounts
}

is_gone()
{
    ! is_mounted
}

answers()
{
    [[ -d $mountpoint/prod ]]
}

of_sandbox()
{
    jq -r ".$1" /run/sandbox.json
}

journal_says()
{
    grep -q -e "$1" <(journalctl -u "$unit" --no-pager)
}

# GET of the sandbox's count of all requests, as HTTP/1.0.
requests()
{
    local at
    at=$(of_sandbox admin)
    at=${at#http://}
    exec 3<>"/dev/tcp/${at/://}"
    printf 'GET /counts HTTP/1.0\r\n\r\n' >&3
    grep -o '"total":[0-9]*' <&3 | grep -o '[0-9]*$'
}

good_token()
{
    install -m 600 "$(of_sandbox token_file)" "$token"
}

start()
{
    systemctl reset-failed "$unit" 2>/dev/null || true
    systemctl start "$unit"
}

# Long enough for a start that RestartSec=1 would bring.
stays_failed()
{
    within 5 is_property ActiveState failed
    sleep 3
    is_property ActiveState failed
    is_property NRestarts 0
}

# --- the checks ---

units_are_clean()
{
    local said
    said=$(systemd-analyze verify --man=no skystackfs@lab.service skystackfs-textfile@mnt.timer skystackfs-metrics.socket \
        /usr/share/doc/skystackfs/examples/mnt-skystack.mount /usr/share/doc/skystackfs/examples/mnt-skystack.automount 2>&1)
    said+=$(XDG_RUNTIME_DIR=/run HOME=/root systemd-analyze --user --man=no verify skystackfs@lab.service 2>&1)
    [[ -z $said ]] || fail "$said"
}

is_ready_when_it_answers()
{
    start
    answers
    [[ $(property StatusText) == *"is mounted on $mountpoint" ]]
    jq -e .id "$mountpoint/prod/web-1.json"
}

others_see_it()
{
    local pid
    pid=$(property MainPID)
    [[ $(readlink "/proc/$pid/ns/mnt") == "$(readlink /proc/1/ns/mnt)" ]]
    grep -q " $mountpoint fuse.skystackfs " /proc/1/mounts
}

has_one_right()
{
    local status
    status=$(<"/proc/$(property MainPID)/status")
    [[ $status == *$'CapEff:\t0000000000200000'* && $status == *$'CapBnd:\t0000000000200000'* ]]
    [[ $status == *$'NoNewPrivs:\t1'* && $status == *$'Seccomp:\t2'* ]]
}

works_within_its_limits()
{
    mkdir "$mountpoint/prod/by-unit"
    within 10 grep -qx running "$mountpoint/prod/by-unit/status"
    echo '{"tags":["x"]}' >"$mountpoint/prod/by-unit.json"
    rm "$mountpoint/prod/by-unit.json"
    grep -q by-unit /var/lib/skystackfs/*/audit.jsonl
    journal_says 'is mounted on'
    [[ $(stat -c %a /var/lib/skystackfs) == 700 ]]
}

reads_the_token_again()
{
    systemctl reload "$unit"
    within 5 journal_says 'token was read again'
    answers
}

no_dead_mount()
{
    local sleeper
    (cd "$mountpoint/prod" && exec sleep 60) &
    sleeper=$!
    within 5 test "$mountpoint/prod" -ef "/proc/$sleeper/cwd"
    kill -KILL "$(property MainPID)"
    within 3 is_property SubState auto-restart
    is_gone
    within 20 is_mounted
    answers
    [[ $(grep -c " $mountpoint " /proc/self/mounts) -eq 1 ]]
    kill "$sleeper"
}

stop_unmounts()
{
    systemctl stop "$unit"
    is_gone
    is_property ActiveState inactive
    is_property Result success
    [[ ! -e /mnt/skystack ]]
}

umount_is_an_end()
{
    start
    umount "$mountpoint"
    within 5 is_property ActiveState inactive
    is_property Result success
}

refused_token_is_not_tried_on()
{
    echo nonsense >"$token"
    ! start 2>/dev/null || fail "it started"
    stays_failed
    is_property ExecMainStatus 4
    is_gone
    good_token
}

wrong_option_is_not_tried_on()
{
    echo 'SKYSTACKFS_TTL=soon' >/etc/skystackfs/lab.env
    ! start 2>/dev/null || fail "it started"
    stays_failed
    is_property ExecMainStatus 2
    rm /etc/skystackfs/lab.env
}

waits_for_the_cloud()
{
    systemctl stop sandbox
    rm -rf /var/lib/skystackfs/*
    ! start 2>/dev/null || fail "it started"
    is_property ExecMainStatus 32
    systemctl start sandbox
    within 20 is_property ActiveState active
    answers
    systemctl stop "$unit"
}

takes_a_credential()
{
    install -d -m 700 /etc/credstore
    mv "$token" /etc/credstore/skystackfs-lab
    start
    grep -q "^token  *from /run/credentials/$unit.service/skystack-token" "$mountpoint/.skystack/status"
    systemctl stop "$unit"
    mv /etc/credstore/skystackfs-lab "$token"
}

mounts_elsewhere()
{
    echo 'MOUNTPOINT=/srv/cloud' >/etc/skystackfs/lab.env
    start
    [[ -d /srv/cloud/prod ]]
    systemctl stop "$unit"
    rm /etc/skystackfs/lab.env
}

# Without the drop-in it is crawled, so that is what the drop-in prevents.
updatedb_stays_out()
{
    local before
    start
    before=$(requests)
    systemctl start plocate-updatedb.service
    [[ $(requests) -eq $before ]] || fail "updatedb asked the cloud"
    ! plocate web-1.json || fail "it is in the database"
    /usr/sbin/updatedb.plocate
    [[ $(requests) -gt $before ]] || fail "it would not have asked anyway"
    plocate web-1.json
    systemctl stop "$unit"
}

is_on_skystack()
{
    grep -q ' /mnt/skystack fuse' /proc/self/mounts
}

example_units_mount()
{
    cp /usr/share/doc/skystackfs/examples/mnt-skystack.* /etc/systemd/system/
    sed -i "s|^What=.*|What=$(of_sandbox endpoint)|; s|^Options=.*|&,cacert=$(of_sandbox cacert)|" /etc/systemd/system/mnt-skystack.mount
    systemctl daemon-reload
    mkdir -p /mnt/skystack
    systemctl start mnt-skystack.mount
    [[ -d /mnt/skystack/prod ]]
    systemctl stop mnt-skystack.mount
    ! is_on_skystack || fail "it is still mounted"
    if [[ -e /dev/autofs ]]; then
        systemctl start mnt-skystack.automount
        ! is_on_skystack || fail "it is mounted already"
        [[ -d /mnt/skystack/prod ]]
        is_on_skystack
        systemctl stop mnt-skystack.automount mnt-skystack.mount
    fi
    rm /etc/systemd/system/mnt-skystack.*
    rmdir /mnt/skystack
    systemctl daemon-reload
}

# as_user COMMAND…; for_user VERB…: systemctl of the user's own systemd.
as_user()
{
    setpriv --reuid=someone --regid=someone --init-groups "$@"
}

for_user()
{
    systemctl --user -M someone@ "$@"
}

users_unit_mounts()
{
    local home=/home/someone place=/home/someone/skystack/lab
    umount /dev/fuse # it is the machine's, and may be closed to users
    rm -f /dev/fuse
    mknod -m 666 /dev/fuse c 10 229
    useradd -m someone
    as_user mkdir -p -m 700 "$home/.config" "$home/.config/skystackfs"
    install -o someone -m 600 "$(of_sandbox token_file)" "$home/.config/skystackfs/token"
    install -m 644 "$(of_sandbox cacert)" "$home/ca.pem"
    printf 'endpoint = %s\ncacert = %s\n' "$(of_sandbox endpoint)" "$home/ca.pem" | sed '1i[lab]' |
        as_user tee "$home/.config/skystackfs/config"
    loginctl enable-linger someone
    within 10 for_user is-active default.target
    for_user start "$unit"
    as_user test -d "$place/prod"
    kill -KILL "$(for_user show --value --property=MainPID "$unit")"
    within 3 users_unit_waits
    ! grep " $place " /proc/self/mounts || fail "a dead mount is left"
    for_user stop "$unit"
    [[ ! -e ${place%/*} ]]
}

users_unit_waits()
{
    [[ $(for_user show --value --property=SubState "$unit") == auto-restart ]]
}

purge_stops_and_forgets()
{
    systemctl enable --now "$unit"
    is_mounted
    DEBIAN_FRONTEND=noninteractive apt-get -q -y purge skystackfs
    is_gone
    is_property ActiveState inactive
    ! find /etc/systemd/system | grep skystack || fail "links are left"
    ! systemctl --failed --no-legend | grep skystack || fail "units are left"
    [[ ! -e /mnt/skystack && ! -e /var/lib/skystackfs && ! -e /etc/skystackfs ]]
}

# --- in their order ---

# check TITLE FUNCTION: in a shell of its own, where each command must succeed.
check()
{
    local begin=${EPOCHREALTIME/./} result=good
    echo "--- $1" >&2
    bash -x "$0" "$2" >&2 || result=bad
    awk -v result=$result -v us=$((${EPOCHREALTIME/./} - begin)) -v title="$1" 'BEGIN { printf "%s %.1f %s\n", result, us / 1e6, title }'
}

all()
{
    cat >/run/systemd/system/sandbox.service <<'UNIT'
[Service]
ExecStart=/bin/sh -c 'exec skystack-sandbox --dir /srv/sandbox --listen 127.0.0.1:18443 --instances 8 --provision-ms 200 >/run/sandbox.json'
ExecStartPost=/bin/sh -c 'until [ -s /run/sandbox.json ]; do sleep 0.1; done'
UNIT
    mkdir /run/systemd/system/skystackfs@.service.d
    printf '[Service]\nRestartSec=1\n' >/run/systemd/system/skystackfs@.service.d/sooner.conf
    systemctl daemon-reload
    systemctl start sandbox
    good_token
    printf '[lab]\nendpoint = %s\ncacert = %s\nregion = us-east-1\nsize = standard-2\n' "$(of_sandbox endpoint)" "$(of_sandbox cacert)" \
        >>/etc/skystackfs/config
    check 'systemd-analyze verify has nothing to say of the units' units_are_clean
    check 'a unit is started when its mount answers' is_ready_when_it_answers
    check 'all others see the mount' others_see_it
    check 'the daemon has CAP_SYS_ADMIN and no other right' has_one_right
    check 'creating, changing and deleting work within the limits of the unit' works_within_its_limits
    check 'reload reads the token again' reads_the_token_again
    check 'kill -9 leaves no dead mount, and the mount comes back' no_dead_mount
    check 'stop unmounts' stop_unmounts
    check 'umount ends the unit, and it is no failure' umount_is_an_end
    check 'a refused token is not tried again' refused_token_is_not_tried_on
    check 'a wrong option is not tried again' wrong_option_is_not_tried_on
    check 'a cloud that is away is tried until it is back' waits_for_the_cloud
    check 'a token in /etc/credstore is handed over' takes_a_credential
    check 'NAME.env says another mount point' mounts_elsewhere
    check "plocate's updatedb stays out" updatedb_stays_out
    check 'the example .mount and .automount mount' example_units_mount
    check "a user's unit mounts, and leaves no dead mount" users_unit_mounts
    check 'purging stops the unit and forgets that it was enabled' purge_stops_and_forgets
    echo end
}

"${1-all}"
