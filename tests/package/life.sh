#!/bin/bash
# What becomes of mounts, and of what people wrote, while the packages come and go. package.sh runs this in a Debian of its own, a
# name after the other; what one leaves is what the next one finds.
set -euo pipefail

mountpoint=/mnt/skystack
state=/var/lib/skystackfs

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

is_mounted()
{
    grep -q " $mountpoint fuse.skystackfs " /proc/self/mounts
}

# Prints its pid, whatever it was called as, and also when its file is gone; fails if there is none.
the_daemon()
{
    local exe
    for exe in /proc/[0-9]*/exe; do
        if [[ $(readlink "$exe") == /usr/bin/skystackfs* && ${exe%/exe}/root -ef / ]]; then
            exe=${exe#/proc/}
            echo "${exe%/exe}"
            return 0
        fi
    done
    return 1
}

no_daemon()
{
    ! the_daemon
}

purge()
{
    apt-get -q -y purge skystackfs 2>&1 | tee /tmp/said
}

# --- what package.sh calls, in this order ---

begin()
{
    setsid skystack-sandbox --dir /srv/sandbox --instances 8 >/srv/ready.json 2>/srv/sandbox.log </dev/null &
    within 20 test -s /srv/ready.json
    provide
    mkdir -p "$mountpoint"
    cp -p /etc/fstab /srv/
    echo "lab $mountpoint skystackfs _netdev,nofail,cacert=$(jq -r .cacert /srv/ready.json),region=us-east-1,size=standard-2 0 0" >>/etc/fstab
    mount "$mountpoint"
    is_mounted
}

# What an administrator writes: the token, and a source in the conffile.
provide()
{
    install -m 600 "$(jq -r .token_file /srv/ready.json)" /etc/skystackfs/token
    printf '[lab]\nendpoint = %s\n' "$(jq -r .endpoint /srv/ready.json)" >>/etc/skystackfs/config
}

upgrade()
{
    local daemon
    daemon=$(the_daemon) || fail "no daemon runs"
    cd "$mountpoint/prod"
    apt-get -q -y install /debs/newer/skystackfs_*.deb
    [[ $(dpkg-query -W -f '${Version}' skystackfs) == *+newer ]]
    [[ $(the_daemon) == "$daemon" ]] || fail "the daemon was another one afterwards"
    jq -e .id web-1.json
    grep -q '^endpoint' /etc/skystackfs/config
}

remove_in_use()
{
    cd "$mountpoint/prod"
    apt-get -q -y remove skystackfs 2>&1 | tee /tmp/said
    grep -q "$mountpoint is in use and stays mounted" /tmp/said
    [[ ! -e /usr/bin/skystackfs ]]
    jq -e .id web-1.json
    cd /
    umount "$mountpoint"
    within 10 no_daemon
    [[ -e /etc/skystackfs/token && -e /etc/skystackfs/config && -d $state ]]
}

install_and_mount()
{
    apt-get -q -y install /debs/skystackfs_*.deb
    [[ -e /etc/skystackfs/token ]] || provide
    mount "$mountpoint"
}

remove_idle()
{
    install_and_mount
    apt-get -q -y remove skystackfs
    ! is_mounted || fail "it is still mounted"
    no_daemon || fail "its daemon still runs"
}

# A refused text is nowhere but in the state.
purge_keeps()
{
    install_and_mount
    ! echo '{"size":"gigantic"}' 2>/dev/null >"$mountpoint/prod/huge.json" || fail "the sandbox took it"
    purge
    grep -q "$state is kept" /tmp/said
    ! is_mounted || fail "it is still mounted"
    [[ ! -e /etc/skystackfs ]]
    find "$state" -name '*.intent' | grep .
}

purge_settled()
{
    install_and_mount
    grep -q gigantic "$mountpoint/prod/huge.json.rejected"
    rm "$mountpoint/prod/huge.json.rejected"
    purge
    ! grep -q 'is kept' /tmp/said || fail "it was kept"
    [[ ! -e $state && ! -e /etc/skystackfs ]]
}

end()
{
    install_and_mount
    mkdir -p /etc/systemd/system/multi-user.target.wants
    ln -s /lib/systemd/system/skystackfs@.service /etc/systemd/system/multi-user.target.wants/skystackfs@lab.service
    apt-get -q -y purge --autoremove skystackfs skystackfs-sandbox ca-certificates # which apt likes to keep
    no_daemon || fail "a daemon still runs"
    end_sandbox
    rmdir "$mountpoint"
    mv /srv/fstab /etc/
    rm -r /srv/*
}

end_sandbox()
{
    kill "$(pidof -c skystack-sandbox)"
    within 5 sandbox_is_gone
}

sandbox_is_gone()
{
    ! pidof -q -c skystack-sandbox
}

"$1"
