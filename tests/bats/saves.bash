# What the chapters about editors and tools share: one sandbox and one mount for a whole file, an instance of its own for each test, and the
# account of what a program's saves came to.
#
#   all_up                        in setup_file
#   use_machine [a|b|c]           an instance that only this test uses; sets name, file (its NAME.json), id and prod, and begins an account
#   account                       begins one: what is listed now, and what is sent from now on
#   came_to PROGRAM SAVES UNCHANGED SENT [NAME]...
#                                 ends it: exactly SENT was sent (lines as `sent` prints them), and exactly these names are new in the listing
#   sent                          what was sent to change something, a line each: METHOD ID BODY
#   resize FROM TO                a filter: the size in a text
#   quiet COMMAND...              it succeeds, and prints nothing
#   size_is SIZE [FILE]           the file shows it
#   has_size SIZE                 the same, for within
#   refuse_changes                from now on the API answers a 400 to each
#   was_refused [NAME]            the text is kept and says why, the instance is what it was, and only PATCHes were sent
#   editors_table                 every account so far, in Markdown
#
#   open_screen COMMAND...        in a terminal of its own
#   keys KEY...                   as tmux names them; text too
#   shows TEXT                    waits for it on the screen
#   closed                        waits for the program's end; fails as it did

SAVES_ROWS=${SAVES_ROWS:-$BATS_RUN_TMPDIR/saves.rows}

# Not below /tmp: vim and emacs make no backups there. The instances are some seconds old before anything happens to them: a save that comes within the
# second of another change has the same updated_at.
all_up() {
    local i
    MNT=$(mktemp -d /var/tmp/saves.XXXXXX)
    export MNT
    sandbox_start --instances 0
    for i in {,a,b,c}{1..70}; do machine "m$i"; done
    sleep 1
    mount_up "$@"
}

teardown() {
    cd /
    [ ! -S "$PLACE/tmux" ] || tmux -S "$PLACE/tmux" kill-server 2>/dev/null || true
    all_down
}

teardown_file() {
    all_down
    rmdir "$MNT"
    [ -z "${EDITORS_TABLE-}" ] || editors_table >"$EDITORS_TABLE"
}

machine() {
    admin POST /instances '{"id":"ins_'"$1"'","name":"'"$1"'","project_id":"prj_1","size":"standard-2","utilization":{"cpu":1.5},
        "metadata":{"owner":"ops","weight":3}}' >/dev/null
}

# The test's own: m1 for the first, and ma1, mb1, mc1 beside it.
use_machine() {
    export HOME=$PLACE/home
    prod=$MNT/prod
    name=m${1-}$BATS_TEST_NUMBER
    file=$prod/$name.json
    export id=ins_$name
    mkdir -p "$HOME"
    cd "$PLACE" || return
    account
}

names() {
    find "$prod" -mindepth 1 -printf '%f\n' | sort
}

ids() {
    admin GET /instances | jq -r '.[].id' | sort
}

account() {
    names >"$PLACE/names"
    ids >"$PLACE/ids"
    admin POST /log/reset >/dev/null
}

sent() {
    admin GET /log | jq -r '.[] | select(.method != "GET") |
        "\(.method) \(.path | split("/") | last) \(.body | if . == "" then "" else fromjson | tojson end)"'
}

# A delete that waits would be sent two seconds from now: synced, it is sent at once.
came_to() {
    local program=$1 saves=$2 unchanged=$3 wanted=$4 said left
    shift 4
    sync "$prod"
    said=$(sent)
    left=$(comm -13 "$PLACE/names" <(names))
    printf '%s\t%s\t%s\t%s\t%s\n' "$program" "$saves" "$unchanged" "$(grep -c . <<<"$said")" "$(paste -sd ' ' <<<"${left//$name/web-1}")" >>"$SAVES_ROWS"
    assert_equal "$said" "$wanted"
    assert_equal "$left" "$(printf '%s\n' "$@")"
    assert_equal "$(comm -23 "$PLACE/names" <(names))" ''
}

nothing_is_new() {
    assert_equal "$(ids)" "$(cat "$PLACE/ids")"
}

resize() {
    sed "s/\"size\": \"$1\"/\"size\": \"$2\"/"
}

quiet() {
    run "$@"
    assert_success
    assert_output ''
}

has_size() {
    [ "$(jq -r .size "$file")" = "$1" ]
}

size_is() {
    assert_equal "$(jq -r .size "${2:-$file}")" "$1"
}

refuse_changes() {
    fault '{"method":"PATCH","kind":"status","status":400}' >/dev/null
}

was_refused() {
    local of=${1:-$name}
    faults_clear
    sync "$prod"
    assert_equal "$(sent | cut -d' ' -f 1,2 | sort -u)" "PATCH ins_$of"
    assert_equal "$(admin GET "/instances/ins_$of" | jq -r .size)" standard-2
    size_is standard-2 "$prod/$of.json"
    grep -q standard-4 "$prod/$of.json.rejected"
    grep -q . "$prod/$of.json.error"
    names | grep -qx "$of.json.rejected"
    nothing_is_new
    rm "$prod/$of.json.rejected"
}

editors_table() {
    printf '| program | saves | of them without a change | changing requests | left beside the file |\n|---|---|---|---|---|\n'
    awk -F '\t' '
        function shown(name) { gsub(/[|]/, "\\\\|", name); return name }
        !($1 in saves) { order[++count] = $1 }
        { saves[$1] += $2; unchanged[$1] += $3; sent[$1] += $4 }
        $5 != "" && index(left[$1], $5) == 0 { left[$1] = left[$1] (left[$1] == "" ? "" : " ") $5 }
        END {
            for (i = 1; i <= count; i++)
                printf "| %s | %d | %d | %d | %s |\n", shown(order[i]), saves[order[i]], unchanged[order[i]], sent[order[i]], left[order[i]] == "" ? "nothing" : "`" left[order[i]] "`"
        }' "$SAVES_ROWS"
}

# Terminals

open_screen() {
    # shellcheck disable=SC2016  # expanded there
    printf '%s\n' '"$@"' 'echo "$?" >"$PLACE/closed.new"' 'mv "$PLACE/closed.new" "$PLACE/closed"' 'sleep 60' >"$PLACE/screen.sh"
    rm -f "$PLACE/closed"
    env PLACE="$PLACE" TERM=xterm tmux -S "$PLACE/tmux" -f /dev/null new-session -d -x 120 -y 50 -c "$PLACE" \
        "exec bash '$PLACE/screen.sh' $(printf '%q ' "$@")" 3>&- 4>&-
}

screen() {
    tmux -S "$PLACE/tmux" capture-pane -p
}

keys() {
    tmux -S "$PLACE/tmux" send-keys "$@"
}

is_shown() {
    screen | grep -qF -- "$1"
}

shows() {
    within 10 is_shown "$1" || fail_with "the screen does not show '$1', but:" "$(screen)"
}

closed() {
    within 10 [ -e "$PLACE/closed" ] || fail_with "it does not end; its screen:" "$(screen)"
    assert_equal "$(cat "$PLACE/closed")" 0
}
