#!/usr/bin/env bats
# What the shells offer at the Tab key, in terminals that tmux plays.

load helper

BUILD=${SKYSTACKFS%/src/app/skystackfs}

# A folder with every file by the name that it is installed with, programs that must not be called, and a configuration.
setup() {
    local program
    mkdir -p "$PLACE/bash/completions" "$PLACE/zsh" "$PLACE/fish" "$PLACE/bin" "$PLACE/home" "$PLACE/config/skystackfs"
    cp "$BUILD"/packaging/completions/{skystackfs,skystack-sandbox} "$PLACE/bash/completions"
    cp "$BUILD"/packaging/completions/_* "$PLACE/zsh"
    cp "$BUILD"/packaging/completions/*.fish "$PLACE/fish"
    for program in skystackfs skystack-sandbox curl; do
        # shellcheck disable=SC2016  # the program's own
        printf '#!/bin/sh\necho "$0 $*" >>"%s/called"\n' "$PLACE" >"$PLACE/bin/$program"
        chmod +x "$PLACE/bin/$program"
    done
    printf 'ttl = 3\n[lab]\nendpoint = https://lab.example.com\n\n[https://127.0.0.1:1]\n' >"$PLACE/config/skystackfs/config"
    echo 'a file' >"$PLACE/home/only.pem"
    mkdir "$PLACE/home/folder"
}

teardown() {
    tmux_of kill-server 2>/dev/null || true
    all_down
}

tmux_of() {
    tmux -S "$PLACE/tmux.${TERMINALS-0}" "$@" 3>&- 4>&-
}

# terminal SHELL...: starts it, in a network without anything. Without the machine's own configuration of the shell.
terminal() {
    TERMINALS=$((${TERMINALS-0} + 1)) # a server of its own: one that was told to end may still be there
    tmux_of -f /dev/null new-session -d -x 150 -y 70 -c "$PLACE/home" \
        env -i PATH="$PLACE/bin:$PATH" HOME="$PLACE/home" TERM=xterm LC_ALL=C.UTF-8 XDG_CONFIG_HOME="$PLACE/config" \
        BASH_COMPLETION_USER_DIR="$PLACE/bash" unshare -r -n "$@"
}

start_bash() {
    terminal bash --norc -i
    enter "PS1='> '; . /usr/share/bash-completion/bash_completion; bind 'set show-all-if-ambiguous on' 'set bell-style none'"
}

start_zsh() {
    terminal zsh -f
    enter "PS1='> '; fpath=('$PLACE/zsh' \$fpath); autoload -Uz compinit; compinit -D -u; setopt no_list_beep no_list_ambiguous"
}

start_fish() {
    terminal fish --no-config --init-command "set fish_complete_path '$PLACE/fish' \$fish_complete_path"
    enter "function fish_prompt; echo -n '> '; end; function fish_right_prompt; end"
}

enter() {
    tmux_of send-keys -l "$1; clear; echo re''ady"
    tmux_of send-keys Enter
    within 20 screen_has 'ready' || fail_with "no prompt:" "$(tmux_of capture-pane -p)"
}

screen_has() {
    local screen
    screen=$(tmux_of capture-pane -p -J)
    [[ $screen == *"$1"* ]]
}

# offers TEXT WORD...: behind TEXT and a Tab, all of the words can be seen. The line is empty again then.
offers() {
    local text=$1 word
    shift
    tmux_of send-keys -l "$text"
    tmux_of send-keys Tab
    for word; do
        within 10 screen_has "$word" || fail_with "behind: $text" "expected: $word" "$(tmux_of capture-pane -p -J)"
    done
    clear_line
}

# offers_not TEXT SEEN WORD...: as offers SEEN, and none of the words is there.
offers_not() {
    local text=$1 seen=$2 word
    shift 2
    tmux_of send-keys -l "$text"
    tmux_of send-keys Tab
    within 10 screen_has "$seen" || fail_with "behind: $text" "expected: $seen" "$(tmux_of capture-pane -p -J)"
    for word; do
        if screen_has "$word"; then fail_with "behind: $text" "not expected: $word" "$(tmux_of capture-pane -p -J)"; fi
    done
    clear_line
}

# A shell that still looks for what to offer takes Ctrl-C for the end of that, and not of the line.
clear_line() {
    within 10 line_is_given_up || fail_with "the line stays:" "$(tmux_of capture-pane -p)"
    tmux_of send-keys -l "clear; echo cl''eared"
    tmux_of send-keys Enter
    within 10 screen_has cleared
    tmux_of send-keys C-l
}

line_is_given_up() {
    local screen
    tmux_of send-keys C-c
    pause
    screen=$(tmux_of capture-pane -p | grep . | tail -n 1)
    [[ $screen == '>' || $screen == '> ' ]]
}

# What all three have in common.
common() {
    offers 'skystackfs ' production sandbox https:// lab status why events wait top undo refresh doctor demo umount hook
    offers 'skystackfs la' 'skystackfs lab '
    offers 'skystackfs stat' 'skystackfs status '
    offers 'skystackfs status --j' 'skystackfs status --json'
    offers_not 'skystackfs status --' json follow timeout
    offers 'skystackfs wait only.pem ' provisioning running stopping stopped failed
    offers 'skystackfs wait --timeout 5 only.pem ru' 'only.pem running'
    offers 'skystackfs wait on' 'wait only.pem'
    offers 'skystackfs top --sort ' name project status cpu mem age health
    offers 'skystackfs hook z' 'hook zsh'
    offers 'skystackfs doctor lab -o ro,attrs=l' 'ro,attrs=listed'
    offers 'skystackfs doctor sand' 'doctor sandbox'
    offers 'skystackfs demo fol' 'demo folder'
    offers 'skystackfs production fol' 'production folder'
    offers_not 'skystackfs production ' folder only.pem
    offers 'skystackfs -o tt' ttl ttl_transition ttl_projects ttl_health
    offers 'skystackfs lab folder -o ro,allow' 'ro,allow_other'
    offers 'skystackfs -o ttl=' 'ttl=10'
    offers 'skystackfs -o ttl=5,attrs=' hidden listed
    offers 'skystackfs -o ttl=5,log=de' 'ttl=5,log=debug'
    offers 'skystackfs -o nodelete,cacert=on' 'cacert=only.pem'
    offers 'skystackfs -o uid=daem' 'uid=daemon'
    offers 'skystack-sandbox --inst' '--instances'
    offers 'skystack-sandbox --certificate ' good expired wrong-host self-signed
    offers 'skystack-sandbox --dir fol' '--dir folder'
    offers 'skystack-sandbox --webhook-secret-file on' 'only.pem'
    [ ! -e "$PLACE/called" ] || fail_with "this was called:" "$(cat "$PLACE/called")"
}

# Mount points, one with a blank, of daemons that hang.
mount_points() {
    local pids=() MNT
    sandbox_start
    for MNT in "$PLACE/cloud" "$PLACE/my cloud"; do
        mount_up
        pids+=("$(daemon_pid)")
    done
    kill -STOP "${pids[@]}"
    offers "skystackfs umount $PLACE/cl" "umount $PLACE/cloud"
    offers "skystackfs status $PLACE/m" "status $PLACE/my\\ cloud"
    offers "skystackfs top --once $PLACE/m" "--once $PLACE/my\\ cloud"
    kill -CONT "${pids[@]}"
    [ ! -e "$PLACE/called" ] || fail_with "this was called:" "$(cat "$PLACE/called")"
}

@test "bash offers commands, sources, options and their values, and asks nobody" {
    start_bash
    common
    offers 'skystackfs top --sort -c' '--sort -cpu'
    offers 'skystackfs https://127' 'https://127.0.0.1:1'
    offers 'skystack-sandbox --etag=' off on
}

@test "bash offers mount points, without looking at the mounts" {
    start_bash
    mount_points
}

@test "zsh offers the same, with what they mean" {
    start_zsh
    common
    offers 'skystackfs top --sort -c' '--sort -cpu'
    offers 'skystackfs -o ' 'how long an answer counts as fresh'
    offers 'skystackfs ' 'take back deletes that still wait'
}

@test "zsh offers mount points, without looking at the mounts" {
    start_zsh
    mount_points
}

@test "fish offers the same, with what they mean" {
    start_fish
    common
    offers 'skystackfs ' 'take back deletes that still wait'
}

@test "fish offers mount points, without looking at the mounts" {
    start_fish
    mount_points
}

@test "fish offers all options of -o with what they mean, none twice" {
    local name names
    names=$("$SKYSTACKFS" --help | sed -n 's/^    \([a-z_]*\)\(=[^ ]*\)\{0,1\}  .*/\1/p')
    [ "$(wc -w <<<"$names")" -gt 30 ]
    run fish --no-config -c "source '$PLACE/fish/skystackfs.fish'; complete -C 'skystackfs -o ro,'"
    assert_success
    for name in $names; do
        assert_equal "$name $(grep -c -E "^ro,$name"$'=?\t.' <<<"$output")" "$name 1"
    done
}

@test "bash and zsh offer an option once in a list" {
    start_bash
    offers_not 'skystackfs -o ro,attrs=listed,' nodelete 'listed,ro' 'listed,attrs'
    tmux_of kill-server
    start_zsh
    offers_not 'skystackfs -o ro,umask=022,no' nodelete umask=022,umask
}

@test "each is free of what its shell can't read" {
    local file
    for file in "$PLACE"/bash/completions/*; do
        bash -n "$file"
        shellcheck -s bash "$file"
    done
    for file in "$PLACE"/zsh/*; do zsh -n "$file"; done
    for file in "$PLACE"/fish/*; do fish --no-execute "$file"; done
}

@test "they are installed where the shells look" {
    run meson introspect --installed "$BUILD"
    assert_success
    for place in bash-completion/completions/skystackfs bash-completion/completions/skystack-sandbox \
        site-functions/_skystackfs site-functions/_skystack-sandbox \
        fish/vendor_completions.d/skystackfs.fish fish/vendor_completions.d/skystack-sandbox.fish; do
        assert_output --partial "/share/${place/#site/zsh/site}\""
    done
}
