#!/bin/sh
# Takes away what a daemon leaves that did not end well: a mount that answers with "Transport endpoint is not connected".
#
#   clear-mountpoint.sh MOUNTPOINT [FOLDER]
#
# A mount that is alive, or is no skystackfs, is left alone: somebody else's may be on the same place. FOLDER, which was made to mount
# on, goes too if it is empty, with an empty one above it: a file that is written there while nothing is mounted would be in the
# way of the next mount. Called by the units when a daemon has ended, however it did; mostly there is nothing to clear.
set -u

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: clear-mountpoint.sh MOUNTPOINT [FOLDER]" >&2
    exit 2
fi

is_dead()
{
    [ -n "$(findmnt --noheadings --types fuse.skystackfs --mountpoint "$1")" ] || return 1
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

if [ $# -eq 2 ]; then
    rmdir "$2" "${2%/*}" 2>/dev/null
fi
exit 0
