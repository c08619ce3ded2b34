#!/usr/bin/env bats
# bats file_tags=release
# Waiting for a change: poll(2) on the files of NAME/, and skystackfs wait.

load helper

setup() {
    sandbox_start --instances 0
    admin POST /instances "$(instance a web-a)" >/dev/null
    admin POST /instances "$(instance b web-b)" >/dev/null
    PATH=$(dirname "$SKYSTACKFS"):$PATH
    prod=$MNT/prod
}

# instance ID NAME: a whole one, that the list brings whole.
instance() {
    printf '{"id":"%s","name":"%s","project_id":"prj_1","status":"running","region":"eu-central","size":"standard-2"}' "$@"
}

up() {
    mount_up "delete_delay=0,$1"
    cat "$prod/web-a/status" >/dev/null
}

patch() {
    admin PATCH "/instances/$1" "$2" >/dev/null
}

# poller FILE STEP...: opens it, and prints what each step gives: `read` (from 0), `poll MS` and what poll(2) says, `line` (waits for one
# of the standard input).
poller() {
    perl -MIO::Poll=POLLPRI,POLLERR -e '$| = 1; my ($path, $text) = shift; open(my $f, "<", $path) or die "$!\n";
        my $poll = IO::Poll->new; $poll->mask($f, POLLPRI);
        while (defined(my $step = shift)) {
            if ($step eq "read") { sysseek($f, 0, 0); print defined sysread($f, $text, 4096) ? "read $text" : "read: $!\n" }
            elsif ($step eq "line") { print "waits\n"; <STDIN> }
            else {
                my $count = $poll->poll(shift() / 1000); my $events = $poll->events($f);
                print "poll $count", $events & POLLPRI ? " pri" : "", $events & POLLERR ? " err" : "", "\n"
            } }' "$@"
}

# poll(2)

@test "poll waits until the value is another, and then says so until it was read" {
    up ttl=0.3
    background poller "$prod/web-a/status" read poll 100 poll 10000 poll 1000 read poll 100 read
    local out=$PLACE/background.$BACKGROUND_COUNT
    within 5 grep -q 'poll 0' "$out"
    patch a '{"status":"stopped"}'
    wait "$BACKGROUND"
    assert_equal "$(xargs <"$out")" 'read running poll 0 poll 1 pri err poll 1 pri err read stopped poll 0 read stopped'
}

@test "a change of another field is not one of this" {
    up ttl=0.3
    background poller "$prod/web-a/status" read poll 1500
    sleep 0.4
    patch a '{"size":"standard-16"}'
    wait "$BACKGROUND"
    assert_equal "$(xargs <"$PLACE/background.$BACKGROUND_COUNT")" 'read running poll 0'
    assert_equal "$(cat "$prod/web-a/size")" standard-16
}

@test "a value that came and went again is a change" {
    up ttl=60
    background poller "$prod/web-a/size" read poll 10000 read
    local out=$PLACE/background.$BACKGROUND_COUNT
    within 5 grep -q read "$out"
    sleep 0.2
    put "$prod/web-a/size" standard-8
    put "$prod/web-a/size" standard-2
    wait "$BACKGROUND"
    run xargs <"$out"
    assert_output --regexp '^read standard-2 poll 1 pri err read standard-[28]$'
}

@test "what was never read is news" {
    up ttl=60
    assert_equal "$(poller "$prod/web-a/status" poll 10000 read poll 100 | xargs)" 'poll 1 pri err read running poll 0'
}

@test "a file that goes is news, and reading it again is ESTALE" {
    up ttl=60
    background poller "$prod/web-a/status" read poll 10000 read
    local out=$PLACE/background.$BACKGROUND_COUNT
    within 5 grep -q read "$out"
    rm "$prod/web-a.json"
    wait "$BACKGROUND"
    assert_equal "$(xargs <"$out")" 'read running poll 1 pri err read: Stale file handle'
}

@test "a file that goes between its opening and the first read is read all the same" {
    up ttl=60
    exec {open}<"$prod/web-a/status"
    rm "$prod/web-a.json"
    assert_equal "$(cat <&"$open")" running
    exec {open}<&-
}

@test "epoll says it too, as often as it is asked" {
    command -v python3 >/dev/null || skip 'python3 is not there'
    up ttl=0.3
    background python3 -c 'import os, select, sys
f = os.open(sys.argv[1], os.O_RDONLY)
print(os.pread(f, 100, 0).decode(), end="")
e = select.epoll(); e.register(f, select.EPOLLPRI)
print("polls", len(e.poll(0.1)), flush=True)
print(len(e.poll(10)), len(e.poll(10)), os.pread(f, 100, 0).decode(), len(e.poll(0.1)), flush=True)' "$prod/web-a/status"
    local out=$PLACE/background.$BACKGROUND_COUNT
    within 5 grep -q 'polls 0' "$out"
    patch a '{"status":"stopped"}'
    wait "$BACKGROUND"
    assert_equal "$(xargs <"$out")" 'running polls 0 1 1 stopped 0'
}

@test "other files are always ready" {
    up ttl=60
    assert_equal "$(poller "$prod/web-a.json" poll 100)" 'poll 0'
    run python3 -c 'import select, sys
f = open(sys.argv[1]); p = select.poll(); p.register(f); print(p.poll(5000)[0][1] & select.POLLIN)' "$prod/web-a.json"
    assert_output 1
}

# What it costs

# waiters COUNT: so many processes wait for web-a to stop.
waiters() {
    local i
    WAITERS=()
    for ((i = 0; i < $1; i++)); do
        background skystackfs wait "$prod/web-a" stopped
        WAITERS+=("$BACKGROUND")
    done
    for i in "${WAITERS[@]}"; do within 20 has_open "$i" || fail_with "a waiter does not wait"; done
}

has_open() {
    [[ "$(readlink /proc/"$1"/fd/* 2>/dev/null)" == */web-a/status* ]]
}

@test "a hundred waiters cost one request for each TTL" {
    up ttl=4
    waiters 100
    requests_reset
    patch a '{"status":"stopped"}'
    local pid
    for pid in "${WAITERS[@]}"; do wait "$pid"; done
    assert_equal "$(requests)" 1
}

@test "while nothing changes they cost one request for each TTL too" {
    up ttl=1
    waiters 30
    requests_reset
    sleep 4.5
    local count
    count=$(requests)
    echo "# $count requests in 4.5 s" >&3
    [ "$count" -ge 3 ]
    [ "$count" -le 5 ]
}

@test "with no TTL they ask once a second" {
    up ttl=0
    waiters 10
    requests_reset
    sleep 3.2
    local count
    count=$(requests)
    [ "$count" -ge 2 ]
    [ "$count" -le 4 ]
}

@test "when nobody waits any more nothing is asked" {
    up ttl=0.5
    mkfifo "$PLACE/line"
    exec {line}<>"$PLACE/line"
    background poller "$prod/web-a/status" read poll 800 line <"$PLACE/line"
    within 5 grep -q waits "$PLACE/background.$BACKGROUND_COUNT" # it gave up, and has it open
    waiters 1
    kill "${WAITERS[0]}"
    sleep 0.7
    requests_reset
    sleep 1.5
    assert_equal "$(requests)" 0
}

@test "while the API fails waiting goes on, and ends with its return" {
    up ttl=0.3
    waiters 1
    fault '{"kind":"status","status":503,"count":-1,"path":"/v1/instances*"}' >/dev/null
    patch a '{"status":"stopped"}'
    sleep 1
    has_open "${WAITERS[0]}"
    faults_clear
    wait "${WAITERS[0]}"
}

# skystackfs wait

@test "wait ends when the status is there, however the instance is named" {
    up ttl=0.3
    local path
    for path in "$prod/web-a.json" "$prod/web-a" "$prod/web-a/" "$prod/web-a/status"; do
        run skystackfs wait "$path" running
        assert_success
        assert_output ''
    done
    waiters 1
    sleep 0.4
    patch a '{"status":"stopping"}'
    sleep 0.5
    patch a '{"status":"stopped"}'
    wait "${WAITERS[0]}"
}

@test "an instance of the name status can be waited for" {
    admin POST /instances "$(instance c status)" >/dev/null
    up ttl=60
    local path
    for path in "$prod/status.json" "$prod/status" "$prod/status/status"; do
        skystackfs wait "$path" running
    done
}

@test "wait follows a new instance until it runs" {
    admin POST /config '{"provision_ms":1500}' >/dev/null
    up ttl=60,ttl_transition=0.3,region=eu-central,size=standard-2
    mkdir "$prod/web-9"
    assert_equal "$(cat "$prod/web-9/status")" provisioning
    skystackfs wait "$prod/web-9" running --timeout 20
    assert_equal "$(cat "$prod/web-9/status")" running
}

# ends CODE TEXT: the last waiter does, and says that.
ends() {
    local code=0
    wait "${WAITERS[-1]}" || code=$?
    assert_equal "$code" "$1"
    grep -q "$2" "$PLACE/background.$BACKGROUND_COUNT"
}

@test "wait fails as soon as the instance has failed" {
    up ttl=0.3
    waiters 1
    patch a '{"status":"failed"}'
    ends 1 'has failed'
    run skystackfs wait "$prod/web-a" running
    assert_failure 1
    skystackfs wait "$prod/web-a" failed
}

@test "wait fails as soon as the instance is gone" {
    up ttl=0.3
    waiters 1
    admin DELETE /instances/a >/dev/null
    ends 1 'is gone'
}

@test "wait ends with 124 when its time is up" {
    up ttl=60
    local began
    began=$(since)
    run skystackfs wait "$prod/web-a" stopped --timeout 0.5
    assert_failure 124
    assert_output --partial 'within 0.5 s'
    [ $(($(since) - began)) -ge 500 ]
    run skystackfs wait "$prod/web-a" stopped --timeout 0
    assert_failure 124
    skystackfs wait --timeout 0 "$prod/web-a" running
}

@test "its time is up also while the API does not answer" {
    up ttl=0
    fault '{"kind":"hang","count":-1,"path":"/v1/instances*"}' >/dev/null
    local began
    began=$(since)
    run skystackfs wait "$prod/web-a" stopped --timeout 1
    assert_failure 124
    [ $(($(since) - began)) -lt 4000 ]
}

@test "wait says what it needs, and what is not there" {
    up ttl=60
    run skystackfs wait "$prod/web-a"
    assert_failure 2
    run skystackfs wait "$prod/web-a" running now
    assert_failure 2
    run skystackfs wait "$prod/web-a" running --timeout soon
    assert_failure 2
    run skystackfs wait "$prod/web-z" running
    assert_failure 3
    assert_output --partial 'no instance'
    run skystackfs wait /tmp running
    assert_failure 3
}

@test "the end of the mount ends waiting" {
    up ttl=60
    waiters 1
    kill -TERM "$(daemon_pid)"
    ends 1 'read'
}
