#!/bin/sh
# Takes away what a daemon that was killed leaves: a mount that answers with "Transport endpoint is not connected".
#
#   clear-dead-mount.sh MOUNTPOINT
#
# A mount that is alive, or is no skystackfs, is left alone: somebody else's may be on the same place. Called by the units when a
# daemon has ended, however it did; mostly there is nothing to do.
set -u

if [ $# -ne 1 ]; then
    echo "usage: clear-dead-mount.sh MOUNTPOINT" >&2
    exit 2
fi

is_dead()
{
    findmnt --noheadings --types fuse.skystackfs --mountpoint "$1" >/dev/null || return 1
    said=$(LC_ALL=C timeout 5 stat "$1" 2>&1 >/dev/null) && return 1
    case $said in
    *'Transport endpoint is not connected') return 0 ;;
    esac
    return 1
}

# Lazily: who still stands in it would keep it for ever.
while is_dead "$1"; do
    if [ "$(id -u)" = 0 ]; then
        umount -l "$1" || exit 1
    else
        fusermount3 -u -z "$1" || exit 1
    fi
    echo "cleared the dead mount on $1"
done
