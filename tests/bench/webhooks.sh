#!/bin/bash
# Measures what webhooks bring: the time from a change at the API to fresh contents in a file, and what 1,000 events a second
# cost.
#
#   webhooks.sh [--storm SECONDS]      a storm of so long: 60
#
# Wants a release build in build-bench, as run.sh makes one, or $SKYSTACKFS and $SKYSTACK_SANDBOX. Times are never right or wrong;
# a mount that does not answer in 20 s, or contents that do not get fresh in 3, are a failure.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
case $#:${1-}:${2-} in
0::) seconds=60 ;;
2:--storm:[1-9]*) seconds=$2 ;;
*)
    echo 'usage: webhooks.sh [--storm SECONDS]' >&2
    exit 2
    ;;
esac
place=$(mktemp -d)
export BATS_TEST_TMPDIR=$place SKYSTACKFS_TEST_RUN=$place WATCHDOG_SECONDS=$((seconds + 300))
SKYSTACKFS=${SKYSTACKFS:-$root/build-bench/src/app/skystackfs}
SKYSTACK_SANDBOX=${SKYSTACK_SANDBOX:-$root/build-bench/src/sandbox/skystack-sandbox}
unset MNT

# What helper.bash needs of bats.
load()
{
    # shellcheck source=/dev/null
    . "$1.bash"
}
# shellcheck source=/dev/null
. "$root/tests/bats/helper.bash"
# shellcheck source=/dev/null
. "$root/tests/bats/hooked.bash"

trap 'all_down; rm -rf --one-file-system "$place"' EXIT

# Twenty changes, far enough apart that none is gathered with the one before.
lag()
{
    perl -MTime::HiRes=time,sleep -MIO::Socket::INET -e '
        my ($admin, $id, $file) = @ARGV;
        my ($host) = $admin =~ m{//([^/]+)};
        my @ms;
        for my $n (1 .. 20) {
            my $body = qq({"note":"number $n."});
            my $socket = IO::Socket::INET->new($host) or die "$!\n";
            print $socket "PATCH /instances/$id HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ",
                length $body, "\r\n\r\n$body";
            my $began = time;
            while (1) {
                open my $in, "<", $file or die "$!\n";
                local $/;
                last if <$in> =~ /number $n\./;
                die "it does not get fresh\n" if time - $began > 3;
                sleep 0.0005;
            }
            push @ms, (time - $began) * 1000;
            1 while <$socket>;
            sleep 2.2;
        }
        @ms = sort { $a <=> $b } @ms;
        printf "from a change to fresh contents: median %.1f ms, fastest %.1f, slowest %.1f\n", ($ms[9] + $ms[10]) / 2, $ms[0], $ms[-1];
    ' "$ADMIN" "$1" "$2"
}

storm()
{
    local rounds=0 before
    before=$(taken)
    requests_reset
    admin POST /webhook/storm "{\"rate\":1000,\"seconds\":$seconds,\"change\":true}" >/dev/null
    until storm_is_over; do
        rounds=$((rounds + 1))
        timeout 20 find "$MNT" -type f >/dev/null
        timeout 20 ls -lR "$MNT" >/dev/null
        timeout 20 mkdir "$MNT/prod/storm-$rounds"
        timeout 20 rm "$MNT/prod/storm-$rounds.json"
    done
    echo "1,000 events a second for $seconds s: $(($(taken) - before)) taken, $(requests) requests; beside them $rounds times find, ls -lR, mkdir and rm"
}

hooked_up ttl=3600,region=eu-central,size=standard-2,max_creates=0,max_deletes=0,delete_delay=0 --instances 1000
ls "$MNT/prod" >/dev/null
id=$(jq -r .id "$MNT/prod/web-1.json")
heard_of "$id"
lag "$id" "$MNT/prod/web-1.json"
storm
