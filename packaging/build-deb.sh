#!/bin/sh
# Builds the Debian packages out of a clean copy of this tree, in a temporary folder.
#
#   build-deb.sh [OUTPUT]      where they go; default: build-deb
#
# DEB_BUILD_OPTIONS=nocheck leaves out the unit tests, `parallel=N` says how many processes may run. What is built depends on the
# tree alone: not on when, where or by whom.
set -eu

fail()
{
    echo "build-deb.sh: $*" >&2
    exit 1
}

case "${1-}" in
-*) fail "usage: build-deb.sh [OUTPUT]" ;;
esac
root=$(cd "$(dirname "$0")/.." && pwd)
output=${1:-$root/build-deb}
command -v dpkg-buildpackage >/dev/null || fail "dpkg-buildpackage is missing; \`sh packaging/deps.sh\` installs it"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# What git knows or would take over; without git, all but what is built.
list_files()
{
    if [ -e .git ] && git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files -z --cached --others --exclude-standard --deduplicate | perl -0ne 'chomp; print "$_\0" if -l $_ || -e $_'
    else
        find . -mindepth 1 \( -path './build*' -o -path ./.git \) -prune -o ! -type d -printf '%P\0'
    fi
}

umask 022
tree=$work/skystackfs
mkdir "$tree"
(cd "$root" && list_files | tar --create --null --files-from=- --owner=0 --group=0 --mode=u+rw,go-w,a+rX) |
    tar --extract --no-same-owner -C "$tree"
cp -r "$tree/packaging/debian" "$tree/debian"

(cd "$tree" && dpkg-buildpackage --no-sign) >"$work/log" 2>&1 || {
    tail -n 60 "$work/log" >&2
    fail "the packages can't be built"
}

mkdir -p "$output"
find "$work" -maxdepth 1 -type f ! -name log -exec mv -t "$output" {} +
find "$output" -maxdepth 1 -name 'skystackfs*.deb' | sort
