#!/bin/sh
# Puts a mount's metrics where node_exporter's textfile collector finds them.
#
#   textfile.sh MOUNTPOINT DIRECTORY
#
# The file is DIRECTORY/skystackfs-NAME.prom, NAME being the mount point with `-` for each `/`. The collector reads at any moment, so
# the file is written under a name that it passes over, and renamed. If the mount can't be read, the file goes: numbers that nobody
# stands behind any more would look like good ones. The result is 0 only if the metrics were written.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: textfile.sh MOUNTPOINT DIRECTORY" >&2
    exit 2
fi
mountpoint=${1%/}
directory=${2%/}
name=$(printf '%s' "${mountpoint#/}" | tr -c 'A-Za-z0-9._' '-')
file=$directory/skystackfs-$name.prom
new=$(mktemp "$file.XXXXXX")
trap 'rm -f "$new"' EXIT

if ! timeout 30 cat "$mountpoint/.skystack/metrics.prom" >"$new" || [ ! -s "$new" ]; then
    rm -f "$file"
    exit 1
fi
chmod 644 "$new"
mv -f "$new" "$file"
