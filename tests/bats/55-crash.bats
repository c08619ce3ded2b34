#!/usr/bin/env bats
# bats file_tags=release
# The daemon is killed at every step of a change, and mounted again: no instance twice, and no text lost.

load helper

# Every step that a change passes, on its way to the API and to the disk.
steps=(change.begun change.written change.sent change.answered change.taken change.looking intent-begins intent-begun intent-changes
    intent-changed intent-removed replace-begins replace-written replace-renamed)
KILLS=200
# Each kill takes a second or two.
BATS_TEST_TIMEOUT=500

setup() {
    export WATCHDOG_SECONDS=500
    sandbox_start --instances 4 --provision-ms 0
    prod=$MNT/prod
}

# mount_at STEP: over whatever is there, to be killed at a step; "" for never.
mount_at() {
    mkdir -p "$PLACE/mnt" "$PLACE/state" 2>/dev/null || true
    echo "$MNT" >>"$PLACE/started.mounts"
    SKYSTACKFS_CRASH_AT=$1 timeout -k 5 60 "$SKYSTACKFS" "$ENDPOINT" "$MNT" \
        -o "token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state,requests_per_minute=0,requests_per_day=0,$2" \
        >"$PLACE/mount.out" 2>&1 3>&- 4>&- || fail_with "mounting again gave $?:" "$(cat "$PLACE/mount.out")"
}

options=region=eu-central,size=standard-2,timeout=2,delete_delay=0,max_deletes=0,max_creates=0

has_crash_points() {
    grep -qF SKYSTACKFS_CRASH_AT "$SKYSTACKFS"
}

said() {
    [ "$1" = 0 ] && echo done || echo failed
}

# How many times the ledger shows that an instance of that name was created by way of the API.
created() {
    admin GET /ledger | jq --arg name "$1" '[.[] | select(.op == "create" and .by == "api" and .name == $name)] | length'
}

alive() {
    admin GET /instances | jq -c --arg name "$1" '[.[] | select(.name == $name)]'
}

# create_round STEP NUMBER: what the user was told must hold afterwards.
create_round() {
    local name=new-$2 text="{\"metadata\":{\"note\":\"create $2\"}}" result=0
    echo "$text" 2>/dev/null >"$prod/$name.json" || result=1
    remount
    local there
    there=$(alive "$name" | jq length)
    [ "$(created "$name")" -le 1 ] || fail_with "$1: $name was created twice"
    if [ "$result" = 0 ]; then
        [ "$there" = 1 ] || fail_with "$1: $name was told to be there, and is not"
    fi
    if [ "$there" = 1 ]; then
        [ "$(alive "$name" | jq -r '.[0].metadata.note')" = "create $2" ] || fail_with "$1: $name has another text"
        within 5 test ! -e "$prod/$name.json.rejected" || fail_with "$1: $name is there, and its text is still kept"
        [ -e "$prod/$name.json" ] || fail_with "$1: $name is there, and has no file"
    elif [ -e "$prod/$name.json.rejected" ]; then
        [ "$(cat "$prod/$name.json.rejected")" = "$text" ] || fail_with "$1: $name's kept text is another"
        [ -s "$prod/$name.json.error" ] || fail_with "$1: nothing says why $name's text is kept"
    else
        never_begun "$1" || fail_with "$1: $name neither exists nor is its text kept"
    fi
}

# Up to the moment when the text is on disk, its writer still has it, and was told that it failed.
never_begun() {
    case $1 in
    change.begun | change.looking | intent-begins | replace-begins | replace-written) return 0 ;;
    *) return 1 ;;
    esac
}

update_round() {
    local text="{\"metadata\":{\"note\":\"update $2\"}}" result=0 note
    echo "$text" 2>/dev/null >"$prod/web-1.json" || result=1
    remount
    note=$(admin GET /instances/ins_1 | jq -r .metadata.note)
    if [ "$result" = 0 ]; then
        [ "$note" = "update $2" ] || fail_with "$1: the update was told to be done, and is not"
    fi
    if [ "$note" != "update $2" ]; then
        if [ -e "$prod/web-1.json.rejected" ]; then
            [ "$(cat "$prod/web-1.json.rejected")" = "$text" ] || fail_with "$1: the update's kept text is another"
        else
            never_begun "$1" || fail_with "$1: the update is neither done nor kept"
        fi
    fi
    [ "$(jq -r .metadata.note "$prod/web-1.json")" = "$note" ] || fail_with "$1: the file shows another state"
    rm -f "$prod/web-1.json.rejected"
}

delete_round() {
    local name=old-$2 id result=0
    id=$(admin POST /instances "{\"name\":\"$name\",\"project_id\":\"prj_1\"}" | jq -r .id)
    echo all 2>/dev/null >"$MNT/.skystack/refresh" || true
    rm "$prod/$name.json" 2>/dev/null || result=1
    remount
    if [ "$result" = 0 ]; then
        [ "$(alive "$name")" = '[]' ] || fail_with "$1: $name was told to be deleted, and is there"
    fi
    if [ "$(alive "$name")" = '[]' ]; then
        [ ! -e "$prod/$name.json" ] || fail_with "$1: $name is gone, and has a file"
    else
        [ -e "$prod/$name.json" ] || fail_with "$1: $name is there, and has no file"
        sleep 0.05
        [ "$(alive "$name" | jq length)" = 1 ] || fail_with "$1: $name was deleted by mounting again"
    fi
    [ "$(admin GET /ledger | jq --arg id "$id" '[.[] | select(.op == "delete" and .id == $id)] | length')" -le 1 ] || fail_with "$1: $name was deleted twice"
}

remount() {
    if is_mounted "$MNT" && ls "$MNT" >/dev/null 2>&1; then
        umount "$MNT" 2>/dev/null || true
        within 5 is_gone "$MNT" || true
    else
        killed=$((killed + 1))
    fi
    # What was left is taken up by mounting, which may be killed, too.
    if [ $((n % 3)) = 0 ] && ! (mount_at intent-changed "$options" && sleep 0.1 && ls "$MNT") >/dev/null 2>&1; then killed=$((killed + 1)); fi
    if is_mounted "$MNT"; then umount "$MNT" 2>/dev/null || umount -l "$MNT"; fi
    mount_at '' "$options"
}

@test "200 kills, at every step of create, update and delete: no instance twice, no text lost" {
    has_crash_points || skip 'this build has no crash points'
    local rounds=() step change n=0 killed=0 times
    for step in "${steps[@]}"; do
        for change in create update delete; do
            for times in 1 2; do rounds+=("$step:$times $change"); done
        done
    done
    RANDOM=20261
    while [ "$killed" -lt "$KILLS" ] && [ "$n" -lt 600 ]; do
        read -r step change <<<"${rounds[RANDOM % ${#rounds[@]}]}"
        # Steps that a change does not pass as often kill nothing: they are not worth their time.
        case $step-$change in
        change.*:2-* | change.looking:*-create | change.looking:*-delete | intent-change*-* | intent-*:2-*) continue ;;
        esac
        n=$((n + 1))
        mount_at "$step" "$options"
        "${change}_round" "${step%:*}" "$n"
        # The next round begins with nothing left, so that its kill is one of its own change.
        mount_down
        rm -rf "$PLACE/state"/*/intents/*
    done
    echo "# $killed kills in $n rounds" >&3
    assert_equal "$killed" "$KILLS"
    assert_equal "$(admin GET /ledger | jq '[.[] | select(.by == "api" and .op == "create")] | group_by(.name) | map(length) | max')" 1
    assert_equal "$(admin GET /log | jq '[.[] | select(.method == "POST") | .body | fromjson.name] | group_by(.) | map(length) | max')" 1
}

@test "killed while a text is being kept, it is kept or its writer was told" {
    has_crash_points || skip 'this build has no crash points'
    local step
    for step in intent-changes intent-changed replace-begins:2 replace-written:2 replace-renamed:2; do
        rm -f "$PLACE/started.faults"
        fault '{"kind":"status","method":"POST","status":400}' >/dev/null
        mount_at "$step" "$options"
        run bash -c 'echo "{\"metadata\":{\"note\":\"kept\"}}" >"$1"' - "$prod/kept.json"
        assert_failure
        sleep 0.2
        is_mounted "$MNT" && umount -l "$MNT"
        mount_at '' "$options"
        assert_equal "$(cat "$prod/kept.json.rejected")" '{"metadata":{"note":"kept"}}'
        assert_equal "$(alive kept)" '[]'
        faults_clear
        umount "$MNT"
        within 5 is_gone "$MNT"
        rm -rf "$PLACE/state"/*/intents/*
    done
}
