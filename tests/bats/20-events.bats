#!/usr/bin/env bats
# What changed: .skystack/events as a log, and events.follow as a stream.

load helper

setup() {
    sandbox_start --instances 0
    admin POST /instances "$(instance a web-a)" >/dev/null
    admin POST /instances "$(instance b web-b)" >/dev/null
    PATH=$(dirname "$SKYSTACKFS"):$PATH
    events=$MNT/.skystack/events
    follow=$MNT/.skystack/events.follow
}

# instance ID NAME: a whole one.
instance() {
    printf '{"id":"%s","name":"%s","project_id":"prj_1","status":"running","updated_at":"2026-01-02T00:00:00Z","region":"eu-central","size":"standard-2","utilization":{"cpu":1,"memory":2}}' "$@"
}

up() {
    mount_up "ttl=60,delete_delay=0,region=eu-central,size=standard-2${1:+,$1}"
    ls "$MNT" "$MNT/prod" >/dev/null
}

# changes ID JSON: behind the client's back; seen by the next look, which this is.
changes() {
    admin PATCH "/instances/$1" "$2" >/dev/null
    look
}

look() {
    echo all >"$MNT/.skystack/refresh"
    ls "$MNT/prod" >/dev/null
}

# fields LINES...: what matters of them, a line each.
fields() {
    jq -rc '[.type, .project, .name, .field, .from, .to, .source] | join(" ")'
}

is_waiting() {
    [ "$(status_of .kernel.parked)" -ge "$1" ]
}

has_lines() {
    [ "$(wc -l <"$1")" -ge "$2" ]
}

# Lines

@test "of what the first listing brings nothing is told" {
    up
    cat "$MNT/prod/web-a.json" >/dev/null
    assert_equal "$(cat "$events")" ''
    assert_equal "$(stat -c %s "$events")" 0
}

@test "a change that polling finds is told, a line for each field" {
    up
    changes a '{"status":"stopped","size":"standard-8","utilization":{"cpu":7,"memory":2}}'
    run fields <"$events"
    assert_line 'status_changed prod web-a status running stopped poll'
    assert_line 'updated prod web-a size standard-2 standard-8 poll'
    assert_line 'updated prod web-a utilization.cpu 1 7 poll'
    refute_line --partial utilization.memory
    jq -e '.id == "a" and (.time | test("^20..-..-..T..:..:.*Z$"))' <(head -n 1 "$events")
}

@test "what came and went is told, by whoever" {
    up
    admin POST /instances "$(instance c web-c)" >/dev/null
    admin DELETE /instances/b >/dev/null
    look
    mkdir "$MNT/prod/web-d"
    rmdir "$MNT/prod/web-a"
    run fields <"$events"
    assert_line 'created prod web-c    poll'
    assert_line 'deleted prod web-b    poll'
    assert_line 'created prod web-d    self'
    assert_line 'deleted prod web-a    self'
}

@test "what is changed here is told with its source, and a rename is a field" {
    up
    echo standard-4 >"$MNT/prod/web-a/size"
    mv "$MNT/prod/web-b.json" "$MNT/prod/web-z.json"
    run fields <"$events"
    assert_line 'updated prod web-a size standard-2 standard-4 self'
    assert_line 'updated prod web-z name web-b web-z self'
}

@test "details that come to be known are no change" {
    admin POST /config '{"rows":"summary"}' >/dev/null
    up
    cat "$MNT/prod/web-a.json" >/dev/null
    look
    assert_equal "$(cat "$events")" ''
    changes a '{"status":"stopped"}'
    cat "$MNT/prod/web-a.json" >/dev/null
    assert_equal "$(fields <"$events" | grep -v ' health ')" 'status_changed prod web-a status running stopped poll'
}

@test "what an earlier mount left is nothing new, and what changed since is" {
    up
    mount_down
    admin PATCH /instances/a '{"status":"stopped"}' >/dev/null
    admin POST /instances "$(instance c web-c)" >/dev/null
    up
    look
    run fields <"$events"
    assert_line 'status_changed prod web-a status running stopped poll'
    assert_line 'created prod web-c    poll'
    refute_line --partial 'created prod web-b'
}

# The log

@test "tail -F prints what comes" {
    up
    changes a '{"status":"stopped"}'
    background tail -n +1 -F -s 0.1 "$events"
    local out=$PLACE/background.$BACKGROUND_COUNT
    within 5 has_lines "$out" 1
    changes a '{"status":"running"}'
    within 5 grep -q '"to":"running"' "$out"
    assert_equal "$(grep -c status_changed "$out")" 2
    run grep -i truncated "$out"
    assert_failure
}

# flood COUNT: so many changes of one field alone.
flood() {
    local i
    for ((i = 1; i <= $1; i++)); do
        admin PATCH /instances/a "{\"size\":\"s-$i\",\"updated_at\":\"2026-01-02T00:00:00Z\"}" >/dev/null
        echo prod/web-a.json >"$MNT/.skystack/refresh"
        read -r _ <"$MNT/prod/web-a/size"
    done
}

@test "the log keeps the last 1,000 lines, and offsets in it go on" {
    up
    background tail -n +1 -F -s 0.1 "$events"
    local out=$PLACE/background.$BACKGROUND_COUNT size
    within 5 is_open "$BACKGROUND"
    flood 1100
    size=$(stat -c %s "$events")
    cat "$events" >"$PLACE/kept"
    assert_equal "$(wc -l <"$PLACE/kept")" 1000
    [ "$size" -gt "$(stat -c %s "$PLACE/kept")" ]
    jq -e . "$PLACE/kept" >/dev/null
    assert_equal "$(tail -n 1 "$PLACE/kept" | jq -r .to)" s-1100
    assert_equal "$(tail -n 3 "$events" | jq -r .to | xargs)" 's-1098 s-1099 s-1100'
    # who goes on at an offset that has fallen out of it comes to what is kept
    assert_equal "$(tail -c +101 "$events" | grep -c .)" 1000
    within 5 grep -q '"to":"s-1100"' "$out"
    assert_equal "$(grep -c . "$out")" 1100
}

is_open() {
    ls -l "/proc/$1/fd" 2>/dev/null | grep -q events
}

# The stream

@test "who follows is given what comes after he opened it, each his own" {
    up
    changes a '{"size":"before"}'
    background head -n 1 "$follow"
    local first=$PLACE/background.$BACKGROUND_COUNT
    background head -n 2 "$follow"
    local second=$PLACE/background.$BACKGROUND_COUNT
    within 5 is_waiting 2
    changes a '{"size":"one"}'
    within 5 has_lines "$first" 1
    changes a '{"size":"two"}'
    within 5 has_lines "$second" 2
    grep -q '"to":"one"' "$first"
    run grep -h '"to":"before"' "$first" "$second"
    assert_failure
}

@test "a read that waits is ended by a signal" {
    up
    background env --default-signal=INT cat "$follow"
    within 5 is_waiting 1
    local began
    began=$(since)
    kill -INT "$BACKGROUND"
    wait "$BACKGROUND" || true
    began=$(($(since) - began))
    echo "# after $began ms" >&3
    [ "$began" -lt 1000 ]
    within 5 eval '[ "$(status_of .kernel.parked)" = 0 ]'
}

@test "with O_NONBLOCK a read that would wait is EAGAIN" {
    up
    run perl -MFcntl -e 'sysopen(my $f, $ARGV[0], O_RDONLY | O_NONBLOCK) or die "$!\n";
        defined sysread($f, my $line, 4096) and die "it read\n"; print "$!\n"; print $!{EAGAIN} ? "again\n" : "else\n"' "$follow"
    assert_line again
}

@test "it can't be sought in" {
    up
    run perl -MFcntl=:seek -e 'open(my $f, "<", $ARGV[0]) or die "$!\n"; sysseek($f, 0, SEEK_SET) and die "it did\n"; print "$!\n"' "$follow"
    assert_output 'Illegal seek'
}

# Polls for the milliseconds given; prints what poll(2) says, and then what is read.
follow_poller() {
    perl -MIO::Poll=POLLIN -MFcntl -e '$| = 1; my ($path, $ms) = @ARGV;
        sysopen(my $f, $path, O_RDONLY | O_NONBLOCK) or die "$!\n"; my $poll = IO::Poll->new; $poll->mask($f, POLLIN);
        print "polls\n"; my $count = $poll->poll($ms / 1000); print "ready $count\n";
        print $line if $count && sysread($f, $line, 4096)' "$@"
}

@test "poll says when there is a line" {
    up
    assert_equal "$(follow_poller "$follow" 200 | tail -n 1)" 'ready 0'
    background follow_poller "$follow" 10000
    local out=$PLACE/background.$BACKGROUND_COUNT
    within 5 grep -q polls "$out"
    changes a '{"size":"new"}'
    within 5 grep -q '"to":"new"' "$out"
    grep -q 'ready 1' "$out"
}

@test "epoll says when there is a line" {
    command -v python3 >/dev/null || skip 'python3 is not there'
    up
    background python3 -c 'import os, select, sys
f = os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)
e = select.epoll(); e.register(f, select.EPOLLIN)
print("polls", e.poll(0.1), flush=True)
print(len(e.poll(10)), os.read(f, 65536).decode(), e.poll(0.1), flush=True)' "$follow"
    local out=$PLACE/background.$BACKGROUND_COUNT
    within 5 grep -q 'polls \[\]' "$out"
    changes a '{"size":"new"}'
    within 5 grep -q '"to":"new"' "$out"
    tail -n 1 "$out" | grep -q '\[\]$'
}

@test "a slow reader is told how many lines he missed, and goes on" {
    up
    local slow missed next
    exec {slow}<"$follow"
    flood 1007
    read -r -u "$slow" missed
    read -r -u "$slow" next
    exec {slow}<&-
    assert_equal "$missed" '{"missed":7}'
    assert_equal "$(jq -r .to <<<"$next")" s-8
}

@test "the end of the mount is the end of the file" {
    up
    background cat "$follow"
    local out=$PLACE/background.$BACKGROUND_COUNT code=0
    within 5 is_waiting 1
    kill -TERM "$(daemon_pid)"
    wait "$BACKGROUND" || code=$?
    assert_equal "$code" 0
    assert_equal "$(cat "$out")" ''
    within 5 is_gone "$MNT"
}

@test "whoever reads all files of .skystack does not wait" {
    up
    changes a '{"size":"new"}'
    run timeout 10 grep -rl '"to":"new"' "$MNT/.skystack"
    assert_line "$events"
    refute_line "$follow"
    [ "$status" != 124 ]
}

# skystackfs events

@test "events prints what changed, for people" {
    up
    changes a '{"status":"stopped","size":"standard-8","updated_at":"2026-01-02T00:00:00Z"}'
    admin DELETE /instances/b >/dev/null
    look
    run skystackfs events "$MNT"
    assert_success
    assert_line --regexp '^20..-..-.. ..:..:..  prod/web-a +status +running -> stopped  \(poll\)$'
    assert_line --regexp '  prod/web-a +size +standard-2 -> standard-8  \(poll\)$'
    assert_line --regexp '  prod/web-b +deleted  \(poll\)$'
    assert_equal "$(skystackfs events --json "$MNT")" "$(cat "$events")"
}

@test "events has colour on a terminal, and not where NO_COLOR is set" {
    up
    changes a '{"status":"stopped"}'
    script -qec "skystackfs events $MNT" /dev/null </dev/null | grep -q $'\033\[33mstopped\033\[m'
    run env NO_COLOR=1 script -qec "skystackfs events $MNT" /dev/null </dev/null
    refute_output --partial $'\033'
}

@test "events --follow prints what changes from now on" {
    up
    changes a '{"size":"before"}'
    background skystackfs events --follow "$MNT"
    local out=$PLACE/background.$BACKGROUND_COUNT
    within 5 is_waiting 1
    changes a '{"size":"after"}'
    within 5 grep -q -- '-> after' "$out"
    run grep -- '-> before' "$out"
    assert_failure
    kill -TERM "$(daemon_pid)"
    wait "$BACKGROUND"
}

@test "events takes no other word, and needs a mount" {
    up
    run skystackfs events "$MNT" running
    assert_failure 2
    run skystackfs events /tmp
    assert_failure 3
}

@test "what an API says of itself can't deceive a terminal" {
    up
    changes a '{"size":"\u001b[31m\u202e"}'
    run skystackfs events "$MNT"
    refute_output --partial $'\033'
    assert_output --partial '-> '
}
