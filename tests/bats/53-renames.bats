#!/usr/bin/env bats
# mv renames or moves an instance by one update: it never copies, creates or deletes.

load helper

setup() {
    SANDBOX=(--instances 4)
    prod=$MNT/prod
}

up() {
    sandbox_start "${SANDBOX[@]}"
    mount_up "region=eu-central,size=standard-2,timeout=5${1:+,$1}"
    ls "$MNT" "$prod" "$MNT/staging" >/dev/null
    requests_reset
}

sent() {
    admin GET /log | jq -r '.[] | select(.method != "GET") | .method + " " + .path + " " + .body'
}

# renameat2 FLAGS FROM TO: prints what became of it.
renameat2() {
    python3 - "$@" <<'PROGRAM'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
result = libc.renameat2(-100, sys.argv[2].encode(), -100, sys.argv[3].encode(), int(sys.argv[1]))
print("done" if result == 0 else os.strerror(ctypes.get_errno()))
PROGRAM
}

# mv says of EINVAL that a directory would go into itself: what became of the call itself.
rename() {
    perl -e 'rename($ARGV[0], $ARGV[1]) or die "$!\n"' "$@"
}

@test "mv within a project is one PATCH of the name" {
    up
    mv "$prod/web-1.json" "$prod/web-7.json"
    assert_equal "$(sent)" 'PATCH /v1/instances/ins_1 {"name":"web-7"}'
    [ ! -e "$prod/web-1.json" ]
    assert_equal "$(jq -r '.id + .name' "$prod/web-7.json")" ins_1web-7
    assert_equal "$(ls "$prod" | xargs)" 'web-2.json web-7.json'
    [ -d "$prod/web-7" ]
}

@test "mv of the directory NAME/ does the same" {
    up
    mv -T "$prod/web-1" "$prod/web-7"
    assert_equal "$(sent)" 'PATCH /v1/instances/ins_1 {"name":"web-7"}'
    [ -e "$prod/web-7.json" ]
    [ ! -e "$prod/web-1" ]
}

@test "mv between projects is one PATCH of the project" {
    up
    mv "$prod/web-1.json" "$MNT/staging/moved.json"
    assert_equal "$(sent)" 'PATCH /v1/instances/ins_1 {"name":"moved","project_id":"prj_2"}'
    [ ! -e "$prod/web-1.json" ]
    assert_equal "$(jq -r .id "$MNT/staging/moved.json")" ins_1
}

@test "mv between projects that keeps the name sends the project alone" {
    up
    mv "$prod/web-1.json" "$prod/only.json"
    mv "$prod/only.json" "$MNT/staging"
    assert_equal "$(sent | tail -n 1)" 'PATCH /v1/instances/ins_1 {"project_id":"prj_2"}'
    assert_equal "$(changing)" 2
    assert_equal "$(jq -r .id "$MNT/staging/only.json")" ins_1
}

@test "over an existing instance it is EEXIST, and nothing is sent" {
    up
    refused 'File exists' mv -f "$prod/web-1.json" "$prod/web-2.json"
    refused 'File exists' mv -f "$prod/web-1.json" "$MNT/staging/web-2.json"
    assert_equal "$(changing)" 0
    [ -e "$prod/web-1.json" ]
    assert_equal "$(jq -r .name "$prod/web-2.json")" web-2
    run why "$prod/web-1.json"
    assert_output --partial 'an instance of that name already'
}

@test "mv -n over an existing instance does nothing" {
    up
    mv -n "$prod/web-1.json" "$prod/web-2.json" || true
    assert_equal "$(changing)" 0
    [ -e "$prod/web-1.json" ]
    mv -n "$prod/web-1.json" "$prod/web-7.json"
    assert_equal "$(changing)" 1
}

@test "RENAME_NOREPLACE is honoured" {
    up
    run renameat2 1 "$prod/web-1.json" "$prod/web-2.json"
    assert_output 'File exists'
    run renameat2 1 "$prod/web-1.json" "$prod/web-7.json"
    assert_output done
}

@test "RENAME_EXCHANGE and a whiteout are EINVAL" {
    up
    run renameat2 2 "$prod/web-1.json" "$prod/web-2.json"
    assert_output 'Invalid argument'
    run renameat2 4 "$prod/web-1.json" "$prod/web-7.json"
    assert_output 'Invalid argument'
    assert_equal "$(changing)" 0
}

@test "where the API offers no updates it is EOPNOTSUPP, never a copy" {
    SANDBOX+=(--updates off)
    up
    refused 'not supported' mv "$prod/web-1.json" "$prod/web-7.json"
    refused 'not supported' mv "$prod/web-1.json" "$MNT/staging/web-7.json"
    refused 'not supported' mv -T "$prod/web-1" "$prod/web-7"
    assert_equal "$(requests 'POST /v1/instances')" 0
    assert_equal "$(requests 'DELETE /v1/instances/{id}')" 0
    [ -e "$prod/web-1.json" ]
    [ ! -e "$prod/web-7.json" ]
}

# refused_by STATUS...: the API answers so to whatever mv sends.
refused_by() {
    local answer
    for answer; do
        fault "{\"kind\":\"status\",\"method\":\"PATCH\",\"status\":$answer,\"count\":-1}" >/dev/null
        run mv "$prod/web-1.json" "$prod/web-7.json"
        assert_failure
        run mv "$prod/web-2.json" "$MNT/staging/web-7.json"
        assert_failure
        faults_clear
        [ -e "$prod/web-1.json" ]
        [ -e "$prod/web-2.json" ]
    done
    assert_equal "$(requests 'POST /v1/instances')" 0
    assert_equal "$(requests 'DELETE /v1/instances/{id}')" 0
}

@test "whatever the API answers, mv never copies nor removes" {
    up timeout=1
    refused_by 400 403 405 409 412 422 500 503
}

# Not behind a proxy: Prism takes 501 for a wish that it make up the answer.
# bats test_tags=direct
@test "… be it 501" {
    up timeout=1
    refused_by 501
}

@test "a name that no instance can have is EINVAL" {
    up
    refused 'Invalid argument' rename "$prod/web-1.json" "$prod/no good.json"
    assert_equal "$(changing)" 0
    run why "$prod/web-1.json"
    assert_output --partial 'No instance can have this name'
}

@test "an instance does not leave the mount by mv: what mv does then is refused" {
    up nodelete
    run mv "$prod/web-1.json" "$PLACE/web-1.json"
    assert_failure
    assert_equal "$(changing)" 0
    [ -e "$prod/web-1.json" ]
}

@test "a directory of an instance does not become a file, nor the other way round" {
    up
    run mv -T "$prod/web-1" "$prod/web-7.json"
    assert_failure
    assert_equal "$(changing)" 0
}

@test "views, projects and the mount's own files can't be renamed" {
    up
    local from
    for from in "$prod/.table" "$MNT/.skystack/errors" "$prod/web-1/size" "$MNT/.skystack/by-id/ins_1"; do
        refused 'Operation not permitted' mv "$from" "$prod/scratch"
    done
    run mv -T "$prod" "$MNT/other"
    assert_failure
    [ -d "$prod" ]
    assert_equal "$(changing)" 0
}

@test "what is open under the old name is read on, and written to the instance" {
    up
    exec 7<"$prod/web-1.json"
    mv "$prod/web-1.json" "$prod/web-7.json"
    assert_equal "$(jq -r .id <&7)" ins_1
    exec 7<&-
    echo '{"size":"standard-4"}' >"$prod/web-7.json"
    assert_equal "$(sent | tail -n 1)" 'PATCH /v1/instances/ins_1 {"size":"standard-4"}'
}

@test "a read-only mount renames nothing" {
    up ro
    refused 'Read-only file system' mv "$prod/web-1.json" "$prod/web-7.json"
    assert_equal "$(changing)" 0
}

@test "a rename and back again leaves the instance as it was" {
    up
    mv "$prod/web-1.json" "$prod/web-7.json"
    mv "$prod/web-7.json" "$prod/web-1.json"
    assert_equal "$(jq -r '.id + .name' "$prod/web-1.json")" ins_1web-1
    assert_equal "$(changing)" 2
}

@test "renaming a scratch file to NAME.json is writing that file, with the outcome as rename's" {
    up
    echo '{"size":"standard-4"}' >"$prod/draft"
    mv "$prod/draft" "$prod/web-9.json"
    assert_equal "$(requests 'POST /v1/instances')" 1
    [ ! -e "$prod/draft" ]
    jq '.size = "standard-8"' "$prod/web-1.json" >"$prod/draft"
    mv "$prod/draft" "$prod/web-1.json"
    assert_equal "$(sent | tail -n 1)" 'PATCH /v1/instances/ins_1 {"size":"standard-8"}'
    echo '{"size":"enormous"}' >"$prod/draft"
    refused 'Invalid argument' rename "$prod/draft" "$prod/web-1.json"
    assert_equal "$(cat "$prod/draft")" '{"size":"enormous"}'
    echo '{bad' >"$prod/draft"
    refused 'Invalid argument' rename "$prod/draft" "$prod/web-1.json"
    assert_equal "$(cat "$prod/draft")" '{bad'
}

@test "renaming NAME.json to a scratch name copies it there and hides it until it is written anew; nothing is deleted" {
    up
    mv "$prod/web-1.json" "$prod/web-1.json~"
    [ ! -e "$prod/web-1.json" ]
    assert_equal "$(jq -r .id "$prod/web-1.json~")" ins_1
    jq '.size = "standard-4"' "$prod/web-1.json~" >"$prod/web-1.json"
    assert_equal "$(sent)" 'PATCH /v1/instances/ins_1 {"size":"standard-4"}'
    [ -e "$prod/web-1.json" ]
    rm "$prod/web-1.json~"
    [ -e "$prod/web-1.json" ]
    assert_equal "$(changing)" 1
}

@test "what a backup hides comes back if the backup goes, or ten seconds pass" {
    up
    mv "$prod/web-1.json" "$prod/web-1.json~"
    mv "$prod/web-2.json" "$prod/web-2.json~"
    rm "$prod/web-1.json~"
    [ -e "$prod/web-1.json" ]
    [ ! -e "$prod/web-2.json" ]
    within 11 [ -e "$prod/web-2.json" ]
    assert_equal "$(changing)" 0
}
