#!/bin/bash
# The Debian packages: built twice, read by lintian, and lived with on a bare Debian, from installing to purging, without and with
# systemd.
#
#   package.sh
#
# The Debian is a folder of its own (debootstrap). Each check is named with its seconds; what it printed is shown if it fails. The
# last line is `N passed, N failed`. Only root can run this, where a file system can be mounted.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0
work=$(mktemp -d /tmp/skystackfs-package.XXXXXX)
bare=$work/debian
one=$work/one
other=$work/a/longer/path/to/another

# --- the end, whatever way it comes ---

unmount_all()
{
    local at
    while read -r at; do
        umount -l "$at"
    done < <(awk -v below="$work/" 'index($2, below) == 1 { print $2 }' /proc/self/mounts | sort -r)
}

# What was started in the folder has it as its root.
end_processes()
{
    local root
    for root in /proc/[0-9]*/root; do
        if [[ $(readlink "$root") == "$bare" ]]; then
            root=${root#/proc/}
            kill -KILL "${root%/root}" 2>/dev/null
        fi
    done
}

on_exit()
{
    local code=$?
    trap - EXIT
    end_processes
    unmount_all
    rm -rf --one-file-system "$work"
    [[ $code -eq 0 || $failed -gt 0 ]] || failed=1
    echo "$passed passed, $failed failed"
    [[ $failed -eq 0 && $passed -gt 0 ]] || exit 1
    exit 0
}
trap on_exit EXIT
trap 'exit 1' INT TERM HUP

stop()
{
    echo "package.sh: $*" >&2
    exit 1
}

[[ $(id -u) -eq 0 ]] || stop "only root can make a Debian to try the packages in"
for tool in debootstrap dpkg-buildpackage lintian dpkg-deb systemd-nspawn systemd-analyze; do
    command -v "$tool" >/dev/null || stop "$tool is missing; \`sh packaging/deps.sh\` installs what the tests need"
done

# tell CODE TITLE SECONDS SAID
tell()
{
    if [[ $1 -eq 0 ]]; then
        passed=$((passed + 1))
        echo "good: $2 ($3 s)"
    else
        failed=$((failed + 1))
        echo "bad:  $2 ($3 s)"
        tail -n 100 "$4"
    fi
}

# Prints the seconds since $EPOCHREALTIME had so many microseconds.
seconds_since()
{
    awk -v us=$((${EPOCHREALTIME/./} - $1)) 'BEGIN { printf "%.1f", us / 1e6 }'
}

# step TITLE COMMAND…; its result is the command's.
step()
{
    local title=$1 begin=${EPOCHREALTIME/./} code=0
    shift
    "$@" >"$work/said" 2>&1 </dev/null || code=$?
    tell "$code" "$title" "$(seconds_since "$begin")" "$work/said"
    return "$code"
}

# beside NAME COMMAND…: begins a step that runs beside the others; `after NAME TITLE` waits for it and counts it.
beside()
{
    local name=$1
    shift
    (
        begin=${EPOCHREALTIME/./} code=0
        "$@" >"$work/$name.said" 2>&1 </dev/null || code=$?
        echo "$code $(seconds_since "$begin")" >"$work/$name.result"
    ) &
    printf -v "pid_of_$name" %s $!
}

after()
{
    local name=$1 pid=pid_of_$1 seconds=0 code=1
    wait "${!pid}"
    read -r code seconds <"$work/$name.result"
    tell "$code" "$2" "$seconds" "$work/$name.said"
    return "$code"
}

# --- building ---

# The second time without the tests, in another place, as another time zone and language have it.
build_once()
{
    DEB_BUILD_OPTIONS=parallel=2 packaging/build-deb.sh "$one"
}

build_again()
{
    mkdir -p "$other"
    TMPDIR=$other TZ=Asia/Kolkata LC_ALL=C DEB_BUILD_OPTIONS='nocheck parallel=2' packaging/build-deb.sh "$work/two"
}

same_bytes()
{
    local file count=0
    for file in "$one"/*.deb "$one"/*.dsc "$one"/*.tar.xz; do
        cmp "$file" "$work/two/${file##*/}" || return 1
        count=$((count + 1))
    done
    [[ $count -eq 6 ]] || { ls "$one"; return 1; }
}

no_complaints()
{
    local said
    said=$(lintian --pedantic --display-info --allow-root --tag-display-limit 0 "$one"/*.changes 2>&1)
    printf '%s\n' "$said"
    [[ -z $said ]]
}

# --- the bare Debian ---

make_debian()
{
    debootstrap --variant=minbase bookworm "$bare" && cp /etc/resolv.conf "$bare/etc/resolv.conf" &&
        chroot "$bare" apt-get -q update
}

# inside COMMAND…: there, with what a machine has.
inside()
{
    chroot "$bare" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

prepare_debian()
{
    mount -t proc proc "$bare/proc"
    [[ -e $bare/dev/fuse ]] || mknod -m 666 "$bare/dev/fuse" c 10 229
    inside apt-get -q -y install --no-install-recommends man-db jq
    mkdir "$bare/debs"
    cp "$one"/skystackfs_*.deb "$one"/skystackfs-sandbox_*.deb "$bare/debs/"
}

# Every file with its kind, its rights and, below /etc, its bytes; without what apt and dpkg keep of their own work.
list_files()
{
    # shellcheck disable=SC2016  # the inner shell's
    inside sh -c '
        find / -xdev \( -path /proc -o -path /debs -o -path /tmp -o -path /run -o -path /var/log -o -path /var/cache -o -path /var/lib/apt \
            -o -path /var/lib/dpkg \) -prune -o ! -type d -printf "%M %u %g %p %l\n" -o -printf "%M %u %g %p\n" | sort
        find /etc -type f ! -name ld.so.cache -exec md5sum {} + | sort -k 2'
}

install_all()
{
    inside sh -c 'cd /debs && apt-get -q -y install ./skystackfs_*.deb ./skystackfs-sandbox_*.deb'
}

# lives SCRIPT [ARGUMENT]: tests/package/SCRIPT, run there.
lives()
{
    cp tests/package/*.sh "$bare/debs/"
    inside bash "/debs/$1" "${@:2}"
}

purge_all()
{
    inside apt-get -q -y purge --autoremove skystackfs skystackfs-sandbox
}

nothing_left()
{
    list_files >"$work/after"
    diff "$work/before" "$work/after"
}

manual_is_read()
{
    local page
    for page in skystackfs skystack-sandbox mount.skystackfs skystackfs.conf skystackfs-tree; do
        grep -q -i NAME <(inside man "$page") || { echo "no page $page"; return 1; }
    done
}

own_test()
{
    cp packaging/debian/tests/mount "$bare/debs/" && inside sh /debs/mount
}

# The same package under a later version.
make_newer()
{
    local tree=$work/newer
    dpkg-deb -R "$one"/skystackfs_*.deb "$tree" && sed -i 's/^Version: .*/&+newer/' "$tree/DEBIAN/control" &&
        mkdir -p "$bare/debs/newer" && dpkg-deb --root-owner-group -b "$tree" "$bare/debs/newer"
}

# --- with systemd ---

# Booted with a unit that runs tests/package/systemd.sh, whose output and result are files, and that then switches off.
boot()
{
    inside apt-get -q -y install --no-install-recommends systemd systemd-sysv dbus dbus-user-session libpam-systemd plocate &&
        install_all && cp tests/package/*.sh "$bare/debs/" || return 1
    umount "$bare/proc"
    cat >"$bare/etc/systemd/system/checks.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /debs/systemd.sh
StandardOutput=file:/debs/checks
StandardError=file:/debs/checks.log
ExecStopPost=/bin/systemctl --no-block poweroff
UNIT
    mkdir -p "$bare/etc/systemd/system/graphical.target.wants"
    ln -s ../checks.service "$bare/etc/systemd/system/graphical.target.wants/checks.service"
    local autofs=()
    if [[ -e /dev/autofs ]]; then autofs=(--bind=/dev/autofs); fi
    timeout -k 10 150 systemd-nspawn --quiet --register=no --keep-unit --directory="$bare" --bind=/dev/fuse "${autofs[@]}" --boot
    [[ -s $bare/debs/checks ]]
}

# Its lines are `good SECONDS TITLE` and `bad SECONDS TITLE`, and the last one `end`; the log has a part for each title.
count_checks()
{
    local result seconds title
    while read -r result seconds title; do
        case $result in
        good | bad) awk -v title="--- $title" '/^--- / { on = $0 == title } on' "$bare/debs/checks.log" >"$work/said" ;;
        end) return ;;
        esac
        [[ $result == good ]]
        tell $? "$title" "$seconds" "$work/said"
    done <"$bare/debs/checks"
    tell 1 'all checks with systemd are made' 0 "$bare/debs/checks.log"
}

# --- all of it ---

beside debian make_debian
step 'the packages are built, with their unit tests' build_once || stop "without packages there is nothing to test"
beside lintian no_complaints
step 'built again in another place they are the same' eval 'build_again && same_bytes'
after lintian 'lintian --pedantic has nothing to say'
after debian 'a bare Debian is made (debootstrap)' || stop "without a Debian there is nothing to test in"
step 'it gets a manual reader' prepare_debian || stop "without a Debian there is nothing to test in"
list_files >"$work/before"

step 'apt install ./*.deb installs them' install_all || stop "what can't be installed can't be tested"
step 'man shows each page' manual_is_read
step 'the packages'\'' own test: sandbox, a line of fstab, mount, create, delete, unmount' own_test
step 'a later version' make_newer
step 'a sandbox and a mount by fstab' lives life.sh begin
step 'an upgrade leaves a mount that is in use as it is, and what was configured' lives life.sh upgrade
step 'removing leaves a mount that is in use, says so, and keeps configuration and state' lives life.sh remove_in_use
step 'removing unmounts what nobody uses' lives life.sh remove_idle
step 'purging keeps a state that something is left to do in' lives life.sh purge_keeps
step 'purging deletes a state that is settled' lives life.sh purge_settled
step 'purging both, with a mount up' lives life.sh end
step 'nothing is left but what was there before' nothing_left
step 'with systemd it is installed and booted' boot && count_checks
