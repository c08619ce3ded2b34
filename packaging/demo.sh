#!/bin/sh
# Shows skystackfs at work, on this machine alone: builds it, starts a SkyStack sandbox with 40 instances, mounts it,
# and walks through the mount. Afterwards all of it stays up, to look around.
#
#   demo.sh [--once] [MOUNTPOINT]      --once: take everything away at the end
#   demo.sh --stop [MOUNTPOINT]        take away what an earlier demo left up
set -eu

say()
{
    printf '\n# %s\n' "$*"
}

fail()
{
    echo "demo.sh: $*" >&2
    exit 1
}

usage()
{
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
    exit "$1"
}

mode=stay
mountpoint=
for word; do
    case "$word" in
    --once) mode=once ;;
    --stop) mode=stop ;;
    -h | --help) usage 0 ;;
    -*) usage 2 >&2 ;;
    *) [ -z "$mountpoint" ] || usage 2 >&2
       mountpoint=$word ;;
    esac
done

me=$(id -u)
if [ -z "$mountpoint" ]; then
    if [ "$me" = 0 ]; then
        mountpoint=/mnt/skystack
    else
        mountpoint=${HOME:-/tmp/$me}/skystack
    fi
fi
case "$mountpoint" in
/*) ;;
*) mountpoint=$PWD/$mountpoint ;;
esac
mountpoint=${mountpoint%/}
case "$mountpoint" in
*[!A-Za-z0-9_./-]*) fail "name a mount point of plain letters, digits, -, _ and dots" ;;
esac

# Everything that the demo keeps is here: one folder for each user and mount point, so that --stop finds it.
folder=${TMPDIR:-/tmp}/skystackfs-demo.$me$(printf %s "$mountpoint" | tr -c 'A-Za-z0-9' .)
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build
PATH=$build/src/app:$build/src/sandbox:$PATH

# --- taking away ---

is_mounted()
{
    awk -v at="$mountpoint" '$2 == at && $3 == "fuse.skystackfs" { found = 1 } END { exit !found }' /proc/self/mounts
}

# Whether the process whose number is in the file $1 is still the program $2.
is_alive()
{
    [ -s "$1" ] && tr '\0' '\n' 2>/dev/null <"/proc/$(cat "$1")/cmdline" | head -n 1 | grep -q "$2\$"
}

unmount()
{
    if [ "$me" = 0 ]; then
        umount "$@" "$mountpoint"
    else
        fusermount3 -u ${1:+-z} "$mountpoint"
    fi
}

wait_gone()
{
    tries=100
    while is_alive "$1" "$2"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

end_process()
{
    is_alive "$1" "$2" || return 0
    kill "$(cat "$1")"
    wait_gone "$1" "$2" || fail "process $(cat "$1") ($2) does not end"
}

take_away()
{
    if is_mounted; then
        unmount 2>/dev/null || unmount -l || fail "$mountpoint can't be unmounted"
    fi
    end_process "$folder/skystackfs.pid" skystackfs
    end_process "$folder/sandbox.pid" skystack-sandbox
    if [ -e "$folder/made-mountpoint" ]; then
        rmdir "$mountpoint"
    fi
    rm -rf "$folder"
}

is_up()
{
    [ -d "$folder" ] && [ -O "$folder" ] && [ ! -L "$folder" ]
}

if [ "$mode" = stop ]; then
    is_up || fail "no demo is up on $mountpoint"
    take_away
    echo "demo.sh: the demo on $mountpoint is gone, with its sandbox"
    exit 0
fi

# --- preparing ---

sh "$root/packaging/deps.sh"

(: <>/dev/fuse) 2>/dev/null ||
    fail "/dev/fuse can't be opened, so nothing can be mounted here (\`modprobe fuse\`; in a container: --device /dev/fuse --cap-add SYS_ADMIN)"

say "building in $build"
[ -f "$build/build.ninja" ] || meson setup "$build" "$root" -Dbuildtype=release >/dev/null ||
    fail "the build can't be set up, see $build/meson-logs/meson-log.txt"
ninja -C "$build" --quiet src/app/skystackfs src/sandbox/skystack-sandbox || fail "the build failed"

if is_up; then
    say "a demo is up on $mountpoint already: it makes room for this one"
    take_away
fi
if is_mounted; then
    fail "a skystackfs that is not the demo's is mounted on $mountpoint"
fi
mkdir -m 700 "$folder"

# From here on whatever ends this script early takes everything away again.
on_exit()
{
    result=$?
    trap - EXIT
    if [ "$result" -ne 0 ]; then
        echo "demo.sh: failed; taking everything away" >&2
        cat "$folder/sandbox.log" >&2 2>/dev/null || true
    fi
    if [ "$result" -ne 0 ] || [ "$mode" = once ]; then
        cd /
        take_away
    fi
    exit "$result"
}
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ ! -d "$mountpoint" ]; then
    mkdir -p "$mountpoint"
    : >"$folder/made-mountpoint"
fi

say 'a SkyStack of our own: two projects, 40 instances, three seconds to start one'
setsid skystack-sandbox --dir "$folder/sandbox" --instances 40 --projects 2 --provision-ms 3000 \
    </dev/null >"$folder/ready.json" 2>"$folder/sandbox.log" &
echo $! >"$folder/sandbox.pid"
tries=100
until [ -s "$folder/ready.json" ]; do
    tries=$((tries - 1))
    if [ "$tries" = 0 ] || ! is_alive "$folder/sandbox.pid" '[a-z-]*'; then
        fail "the sandbox does not start"
    fi
    sleep 0.1
done
SANDBOX=$(jq -r .endpoint "$folder/ready.json")
CACERT=$(jq -r .cacert "$folder/ready.json")
TOKEN_FILE=$(jq -r .token_file "$folder/ready.json")

# --- the walk ---

# Shows a command and what it says. Its output must match $2, if given, and its exit code be $3, or 0.
show()
{
    printf '\n$ %s\n' "$1"
    code=0
    eval "$1" >"$folder/output" 2>&1 || code=$?
    cat "$folder/output"
    [ "$code" = "${3:-0}" ] || fail "that should have ended with ${3:-0}, and ended with $code"
    [ -z "${2:-}" ] || grep -q -e "$2" "$folder/output" || fail "that should have said: $2"
}

show "skystackfs $SANDBOX $mountpoint -o token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$folder/state,region=us-east-1,size=standard-2"
is_mounted || fail "nothing is mounted on $mountpoint"
pgrep -n -f "^skystackfs $SANDBOX $mountpoint " >"$folder/skystackfs.pid" || fail "the mount has no process"
show "cd $mountpoint"

say 'a folder for each project, a file for each instance'
show 'ls' '^prod$'
show 'ls prod' '^web-1\.json$'
show 'cat prod/web-1.json' '"status": "running"'
show 'cat prod/web-1/ip prod/web-1/utilization/cpu' '^10\.'
show "jq -r 'select(.size == \"standard-8\") | .name + \" \" + .region' prod/*.json" '^db-1 '
show 'head -n 5 .table' '^NAME  *STATUS'
show "jq -r .region .all.ndjson | sort | uniq -c" 'us-east-1'

say 'mkdir rents an instance'
show 'mkdir prod/web-new'
show 'cat prod/web-new/status' '^provisioning$'
show 'until grep running prod/web-new/status; do sleep 1; done' '^running$'
show 'cat prod/web-new/ip' '^10\.'

say 'so does writing a file, which says more about it'
show "echo '{\"region\":\"eu-west-1\",\"size\":\"standard-4\",\"tags\":[\"demo\"]}' >prod/batch.json"
show "jq -c '[.id, .name, .size, .tags]' prod/batch.json" '"standard-4",\["demo"\]'

say 'rm deletes it'
show 'rm prod/batch.json prod/web-new.json'
show 'ls prod/batch.json prod/web-new.json' 'No such file' 2

say 'what is refused says why'
show "echo '{\"size\":\"gigantic\"}' | tee prod/huge.json" 'Invalid argument' 1
show 'skystackfs why' 'is not a known size'

say 'and how the mount is doing'
show 'head -4 .skystack/status' 'texts that were refused wait for a person'
show 'rm prod/huge.json.rejected'
show 'cat .skystack/status' '^everything is well$'

cd /
if [ "$mode" = once ]; then
    say 'the demo worked; taking it away'
else
    say 'it stays mounted'
    cat <<END
Look around:  cd $mountpoint
All commands: $build/src/app/skystackfs --help
Stop it all:  sh $root/packaging/demo.sh --stop $mountpoint
END
fi
