#!/usr/bin/env bats
# bats file_tags=release
# skystackfs top: the instances on a full screen, in a terminal that tmux plays, and as a plain table.

load helper

setup() {
    sandbox_start --instances 12
    mkdir "$PLACE/bin"
    ln -s "$(readlink -f "$SKYSTACKFS")" "$PLACE/bin/skystackfs"
}

teardown() {
    local pid
    pid=$(daemon_pid 2>/dev/null) && kill -CONT "$pid"
    tmux_of kill-server 2>/dev/null || true
    all_down
}

tmux_of() {
    tmux -S "$PLACE/tmux" "$@" 3>&- 4>&-
}

# A shell in a window of 80 columns and 24 lines, in which top runs with these arguments, and says how it ended.
# LANGUAGE_OF, TYPE and WITHOUT_COLOUR are what LC_ALL, TERM and NO_COLOR are there.
start_top() {
    printf '%s\n' "before=\$(stty -g)" "$PLACE/bin/skystackfs top $MNT $* & echo \$! >$PLACE/top.pid; fg >/dev/null" 'result=$?; echo "ended $result"' \
        'if [ "$result" = 147 ]; then read -r; fg >/dev/null; echo "then ended $?"; fi' \
        "[ \"\$(stty -g)\" = \"\$before\" ] && echo 'the terminal is as it was'" 'read -r' >"$PLACE/screen.sh"
    tmux_of -f /dev/null new-session -d -x 80 -y 24 \
        "env LC_ALL=${LANGUAGE_OF-C.UTF-8} TERM=${TYPE-screen} NO_COLOR=${WITHOUT_COLOUR-} bash -m '$PLACE/screen.sh'"
}

# A new one may begin at once after.
end_screen() {
    local server
    server=$(tmux_of display-message -p '#{pid}')
    tmux_of kill-server
    within 5 ended "$server"
}

screen() {
    tmux_of capture-pane -p "$@"
}

keys() {
    tmux_of send-keys "$@"
}

is_shown() {
    screen | grep -qF -- "$1"
}

shows() {
    within "${2:-10}" is_shown "$1" || fail_with "the screen does not show '$1', but:" "$(screen)"
}

hides() {
    within 10 is_not_shown "$1" || fail_with "the screen still shows '$1':" "$(screen)"
}

is_not_shown() {
    ! is_shown "$1"
}

# Any of the eight colours, for what is written or behind it; 39 and 49 are the terminal's own.
is_coloured() {
    screen -e | grep -q $'\e\[[0-9;]*[34][0-7]m'
}

is_monochrome() {
    ! is_coloured
}

is_ascii() {
    ! LC_ALL=C grep -q '[^ -~]'
}

# Of top itself, and of those that read for it.
top_pids() {
    local pid
    read -r pid <"$PLACE/top.pid"
    pgrep -P "$pid" || true
    echo "$pid"
}

all_ended() {
    local pid
    for pid in "$@"; do ended "$pid" || return 1; done
}

change() {
    admin PATCH "/instances/$1" "$2" >/dev/null
}

# The screen

@test "a screen of 80 columns and 24 lines has all of it" {
    mount_up ttl=60,requests_per_minute=120,requests_per_day=10000
    start_top
    shows '12 instances  12 running'
    shows "skystackfs  $MNT"
    shows 'of 120  day'
    shows '- prod  6 instances  6 running'
    shows '  web-1 '
    shows 'q quit  h help  s sort'
    [ "$(screen | wc -L)" -le 80 ]
}

@test "what changes shows, and only a list that is past its time is asked for" {
    mount_up ttl=5
    start_top
    shows '12 running'
    requests_reset
    change ins_1 '{"status":"failed"}'
    shows '1 failed' 12
    assert_equal "$(requests)" 1
    requests_reset
    sleep 3
    assert_equal "$(requests)" 0
}

@test "the events of the mount are shown, or that it tells none" {
    mount_up ttl=5
    start_top
    shows '12 running'
    if [ -e "$MNT/.skystack/events.follow" ]; then
        change ins_1 '{"status":"failed"}'
        shows 'status: running -> failed' 12
    else
        shows 'This mount tells no events'
    fi
}

@test "keys sort, filter, open, close, help and pause" {
    mount_up ttl=60
    start_top
    shows 'NAMEv'
    keys s
    shows 'STATUSv'
    keys r
    shows 'STATUS^'
    keys t
    shows ' PROJECT '
    keys t
    keys /
    keys web project:staging
    shows 'filter: webproject:staging_'
    keys C-u web ' ' project:staging Enter
    shows '4 shown'
    hides '- prod'
    keys Escape
    shows '- prod'
    keys -- -
    shows '+ staging'
    hides 'web-1 '
    keys +
    shows 'web-1 '
    keys h
    shows 'a page up or down'
    keys h p
    shows '  paused'
    keys G
    shows '  worker-'
}

@test "a name that a terminal would obey is shown, not obeyed" {
    admin POST /instances '{"id":"x","name":"a\u001b[2J\u001b]0;title\u0007b","project_id":"prj_1"}' >/dev/null
    mount_up ttl=60
    start_top
    shows '13 instances'
    shows 'a\x1b[2J\x1b]0'
    "$SKYSTACKFS" top "$MNT" | grep -F 'a\x1b[2J\x1b]0;title\x07b'
}

@test "a listing shows how far it has got, and how long it waits" {
    admin POST /config '{"pagination":"page"}' >/dev/null
    sandbox_stop
    rm -r "$PLACE/sandbox"
    sandbox_start --instances 1200 --pagination page
    mount_up requests_per_minute=4
    start_top
    shows 'of 1200, waits'
    shows "the minute's budget is spent"
    shows 'in line'
    keys q
    shows 'ended 0' 3
}

# The terminal

@test "it draws anew when the window gets another size, and says when that is too small" {
    mount_up ttl=60
    start_top
    shows '12 running'
    tmux_of resize-window -x 120 -y 40
    shows ' REGION '
    tmux_of resize-window -x 30 -y 8
    shows 'too small: 30x8'
    tmux_of resize-window -x 80 -y 24
    shows '- prod  6 instances'
}

@test "it works on xterm, vt100, screen and linux, with colours where there are any" {
    local type
    mount_up ttl=60
    for type in xterm vt100 screen linux; do
        TYPE=$type start_top
        shows '- prod  6 instances'
        if [ "$type" = vt100 ]; then is_monochrome; else is_coloured; fi
        keys Down q
        shows 'the terminal is as it was'
        end_screen
    done
}

@test "NO_COLOR takes the colours away" {
    mount_up ttl=60
    WITHOUT_COLOUR=1 start_top
    shows '- prod  6 instances'
    is_monochrome
}

@test "bars are ASCII where the locale is" {
    mount_up ttl=60
    LANGUAGE_OF=C start_top
    shows '#'
    is_ascii <<<"$(screen)"
    end_screen
    start_top
    shows '█'
}

@test "a terminal of which nobody knows anything is refused with a sentence" {
    mount_up
    TYPE=nonsense start_top
    shows "can't show a screen"
    shows 'ended 1'
}

@test "q, Ctrl-C and SIGTERM end it, and leave the terminal as it was" {
    local how pids
    mount_up ttl=60
    for how in q C-c TERM; do
        start_top
        shows '12 running'
        mapfile -t pids < <(top_pids)
        assert_equal "${#pids[@]}" 4
        if [ "$how" = TERM ]; then kill "$(cat "$PLACE/top.pid")"; else keys "$how"; fi
        shows 'ended 0' 2
        shows 'the terminal is as it was'
        within 5 all_ended "${pids[@]}"
        end_screen
    done
}

@test "it ends when its terminal goes away" {
    local pids
    mount_up ttl=60
    start_top
    shows '12 running'
    mapfile -t pids < <(top_pids)
    end_screen
    within 5 all_ended "${pids[@]}"
}

@test "Ctrl-Z stops it, and fg brings it back" {
    mount_up ttl=60
    start_top
    shows '12 running'
    keys C-z
    shows 'ended 147'
    keys Enter
    shows '12 running'
    keys Down q
    shows 'then ended 0'
    shows 'the terminal is as it was'
}

# A mount that does not answer

@test "a mount that hangs is told of, keys work, and it ends at once" {
    local pids daemon
    mount_up ttl=60
    daemon=$(daemon_pid)
    start_top
    shows '12 running'
    kill -STOP "$daemon"
    shows 'no answer since' 8
    keys s
    shows 'STATUSv' 2
    mapfile -t pids < <(top_pids)
    keys q
    shows 'ended 0' 2
    kill -CONT "$daemon"
    within 10 all_ended "${pids[@]}"
}

@test "a mount that answers again is shown again" {
    local daemon
    mount_up ttl=60
    daemon=$(daemon_pid)
    start_top
    shows '12 running'
    kill -STOP "$daemon"
    shows 'no answer since' 8
    kill -CONT "$daemon"
    hides 'no answer since'
    shows 'ok  12 instances'
}

@test "a dead mount is told of, and how to be rid of it" {
    mount_up ttl=60
    start_top
    shows '12 running'
    kill -KILL "$(daemon_pid)"
    shows 'dead: unmount it with' 8
    keys C-c
    shows 'ended 0' 2
    refused 'skystackfs umount' timeout 20 "$SKYSTACKFS" top --once "$MNT"
}

@test "a refused token is the verdict" {
    mount_up ttl=1
    start_top
    shows '12 running'
    admin POST /token '{"write_file":false}' >/dev/null
    shows 'API refuses the token' 15
    shows '12 instances'
}

# Plain

@test "where standard output is no terminal a table is printed, the same bytes each time" {
    mount_up ttl=60
    "$SKYSTACKFS" top "$MNT" >"$PLACE/first"
    "$SKYSTACKFS" top --once "$MNT" >"$PLACE/second"
    cmp "$PLACE/first" "$PLACE/second"
    assert_equal "$(wc -l <"$PLACE/first")" 13
    assert_equal "$(head -n 1 "$PLACE/first" | xargs)" 'NAME PROJECT STATUS IP SIZE REGION CPU MEM AGE HEALTH'
    is_ascii <"$PLACE/first"
}

@test "plain output takes a sort and a filter" {
    mount_up ttl=60
    change ins_3 '{"status":"failed"}'
    echo all >"$MNT/.skystack/refresh"
    assert_equal "$("$SKYSTACKFS" top "$MNT" --filter status:failed | wc -l)" 2
    assert_equal "$("$SKYSTACKFS" top "$MNT" --sort -name | sed -n '2s/ .*//p')" \
        "$(jq -r .name "$MNT/.all.ndjson" | sort -V | tail -n 1)"
}

@test "a mount of one project alone is shown by its name" {
    mount_up ttl=60,project=staging
    assert_equal "$("$SKYSTACKFS" top "$MNT" | awk '{print $2}' | sort | uniq -c | xargs)" '1 PROJECT 6 staging'
    start_top
    shows '- staging  6 instances'
}

@test "plain output of a mount that hangs fails with a reason" {
    local daemon
    mount_up ttl=60
    daemon=$(daemon_pid)
    kill -STOP "$daemon"
    run timeout 30 "$SKYSTACKFS" top --once "$MNT"
    kill -CONT "$daemon"
    assert_failure 1
    assert_output --partial 'does not answer'
}

@test "wrong words, and a place without a mount" {
    run "$SKYSTACKFS" top --sort colour
    assert_failure 2
    assert_output --partial 'no column `colour`'
    run "$SKYSTACKFS" top --nonsense
    assert_failure 2
    run "$SKYSTACKFS" top "$PLACE"
    assert_failure 3
}
