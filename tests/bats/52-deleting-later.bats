#!/usr/bin/env bats
# Deleting with a window: gone at once, sent a little later, and taken back until then.

load helper

setup() {
    SANDBOX=(--instances 40)
    prod=$MNT/prod
}

# up [OPTION,...]: a sandbox and its mount, and the lists known.
up() {
    sandbox_start "${SANDBOX[@]}"
    mount_up "region=eu-central,size=standard-2,timeout=2${1:+,$1}"
    ls "$MNT" "$prod" >/dev/null
    requests_reset
}

deleted() {
    admin GET /log | jq -r '.[] | select(.method == "DELETE") | .path' | xargs
}

sent() {
    admin GET /log | jq -r '.[] | select(.method != "GET") | .method' | xargs
}

deletes_are() {
    [ "$(requests 'DELETE /v1/instances/{id}')" = "$1" ]
}

@test "the file is gone at once, and the DELETE is sent later" {
    up delete_delay=1
    rm "$prod/web-1.json"
    [ ! -e "$prod/web-1.json" ]
    [ ! -e "$prod/web-1" ]
    run grep -x web-1.json <(ls "$prod")
    assert_failure
    assert_equal "$(changing)" 0
    within 3 deletes_are 1
    assert_equal "$(deleted)" /v1/instances/ins_1
    [ ! -e "$prod/web-1.json" ]
}

@test "the window is two seconds unless told" {
    up
    rm "$prod/web-1.json"
    sleep 1.4
    assert_equal "$(changing)" 0
    within 3 deletes_are 1
}

@test "with delete_delay=0 the DELETE is inside of the unlink, with its outcome" {
    up delete_delay=0
    rm "$prod/web-1.json"
    assert_equal "$(changing)" 1
    fault '{"kind":"status","method":"DELETE","status":403}' >/dev/null
    refused 'Permission denied' rm "$prod/web-2.json"
    [ -e "$prod/web-2.json" ]
}

@test "rm -r NAME/ is one DELETE" {
    up delete_delay=1
    rm -r "$prod/web-1"
    [ ! -e "$prod/web-1.json" ]
    within 3 deletes_are 1
    assert_equal "$(deleted)" /v1/instances/ins_1
}

@test "undo brings back what still waits, and nothing is sent" {
    up delete_delay=1
    rm "$prod/web-1.json" "$prod/web-2.json"
    echo all >"$MNT/.skystack/undo"
    [ -e "$prod/web-1.json" ]
    [ -e "$prod/web-2.json" ]
    sleep 1.3
    assert_equal "$(changing)" 0
}

@test "undo of a path brings back that one" {
    up delete_delay=1
    rm "$prod/web-1.json" "$prod/web-2.json"
    echo prod/web-1.json >"$MNT/.skystack/undo"
    [ -e "$prod/web-1.json" ]
    [ ! -e "$prod/web-2.json" ]
    within 3 deletes_are 1
    [ "$(deleted)" != /v1/instances/ins_1 ]
}

@test "undo takes NAME without .json, too" {
    up delete_delay=1
    rm "$prod/web-1.json"
    echo prod/web-1 >"$MNT/.skystack/undo"
    [ -e "$prod/web-1.json" ]
}

@test "undo of a project brings back what waits there" {
    up delete_delay=1
    rm "$prod/web-1.json" "$prod/web-2.json" "$MNT/staging/web-3.json"
    echo prod >"$MNT/.skystack/undo"
    [ -e "$prod/web-1.json" ]
    [ -e "$prod/web-2.json" ]
    [ ! -e "$MNT/staging/web-3.json" ]
}

@test "undo below a mount of one project finds an instance that is called as another project" {
    sandbox_start "${SANDBOX[@]}"
    mount_up region=eu-central,size=standard-2,project=prod,delete_delay=5
    echo '{}' >"$MNT/staging.json"
    rm "$MNT/staging.json"
    echo staging >"$MNT/.skystack/undo"
    [ -e "$MNT/staging.json" ]
}

@test "skystackfs undo does the same" {
    up delete_delay=3
    rm "$prod/web-1.json"
    "$SKYSTACKFS" undo "$prod/web-1.json"
    [ -e "$prod/web-1.json" ]
    rm "$prod/web-1.json"
    "$SKYSTACKFS" undo "$MNT"
    [ -e "$prod/web-1.json" ]
    assert_equal "$(changing)" 0
}

@test "undo where nothing waits is ENOENT, and says so" {
    up
    refused 'No such file' bash -c 'echo prod/web-1.json >"$1"' - "$MNT/.skystack/undo"
    refused 'No such file' bash -c 'echo prod/nobody.json >"$1"' - "$MNT/.skystack/undo"
    refused 'No such file' bash -c 'echo prod >"$1"' - "$MNT/.skystack/undo"
    refused 'No such file' bash -c 'echo all >"$1"' - "$MNT/.skystack/undo"
    refused '/prod: there is nothing to undo' "$SKYSTACKFS" undo "$prod"
}

@test "sync of a directory sends what waits there, and returns the outcome" {
    up delete_delay=30
    rm "$prod/web-1.json" "$prod/web-2.json" "$MNT/staging/web-1.json"
    sync "$prod"
    deletes_are 2
    [ ! -e "$prod/web-1.json" ]
    fault '{"kind":"status","method":"DELETE","status":403,"message":"Not this one."}' >/dev/null
    refused 'Permission denied' sync "$MNT/staging"
    [ -e "$MNT/staging/web-1.json" ]
}

@test "sync sends the others although one fails" {
    up delete_delay=30
    rm "$prod/web-1.json" "$prod/web-2.json" "$prod/db-1.json"
    fault '{"kind":"status","method":"DELETE","path":"/v1/instances/ins_1","status":403}' >/dev/null
    refused 'Permission denied' sync "$prod"
    deletes_are 3
    [ -e "$prod/web-1.json" ]
    [ ! -e "$prod/web-2.json" ]
    [ ! -e "$prod/db-1.json" ]
}

@test "unmounting sends what waits" {
    up delete_delay=30
    rm "$prod/web-1.json"
    mount_down
    assert_equal "$(deleted)" /v1/instances/ins_1
}

@test "TERM sends what waits, and ends cleanly" {
    up delete_delay=30
    local pid
    pid=$(daemon_pid)
    rm "$prod/web-1.json"
    kill -TERM "$pid"
    within 5 ended "$pid"
    assert_equal "$(deleted)" /v1/instances/ins_1
    run is_mounted "$MNT"
    assert_failure
}

@test "after kill -9 nothing that waited is sent, and the files are back" {
    up delete_delay=2
    rm "$prod/web-1.json"
    kill -KILL "$(daemon_pid)"
    within 2 dead
    umount -l "$MNT"
    mount_up delete_delay=2
    sleep 2.3
    assert_equal "$(changing)" 0
    [ -e "$prod/web-1.json" ]
}

dead() {
    ! stat "$MNT" >/dev/null 2>&1
}

@test "a failed DELETE brings the file back with its error" {
    up delete_delay=1
    fault '{"kind":"status","method":"DELETE","status":403,"message":"It is locked."}' >/dev/null
    rm "$prod/web-1.json"
    [ ! -e "$prod/web-1.json" ]
    within 4 [ -e "$prod/web-1.json" ]
    run cat "$prod/web-1.json.error"
    assert_output --partial EACCES
    assert_output --partial 'It is locked.'
    run why "$prod/web-1.json"
    assert_output --partial 'It is locked.'
}

@test "a 404 is success" {
    up delete_delay=1
    rm "$prod/web-1.json"
    admin DELETE /instances/ins_1 >/dev/null
    within 3 deletes_are 1
    sleep 0.2
    [ ! -e "$prod/web-1.json" ]
    run cat "$MNT/.skystack/errors"
    assert_output ''
}

@test "created again by the same process it is one update and no DELETE" {
    up delete_delay=1
    perl -e '
        my $path = shift;
        open(my $in, "<", $path); my $text = join("", <$in>); close($in);
        $text =~ s/standard-2/standard-4/;
        unlink($path) or die "unlink: $!\n";
        open(my $out, ">", $path) or die "open: $!\n";
        defined syswrite($out, $text) or die "write: $!\n"; close($out)' "$prod/web-1.json"
    [ -e "$prod/web-1.json" ]
    sleep 1.3
    assert_equal "$(sent)" PATCH
    assert_equal "$(jq -r '.id + .size' "$prod/web-1.json")" ins_1standard-4
}

@test "created again by another process the DELETE goes first, then the POST" {
    up delete_delay=5
    rm "$prod/web-1.json"
    echo '{"size":"standard-4"}' >"$prod/web-1.json"
    assert_equal "$(sent)" 'DELETE POST'
    [ "$(jq -r .id "$prod/web-1.json")" != ins_1 ]
    sleep 0.3
    assert_equal "$(changing)" 2
}

@test "mkdir of a name whose delete waits sends the DELETE first, too" {
    up delete_delay=5
    rm "$prod/web-1.json"
    mkdir "$prod/web-1"
    assert_equal "$(sent)" 'DELETE POST'
}

# made_again NAME JSON: one process removes the instance and makes it again; meanwhile another client changes it.
made_again() {
    perl -e '
        my ($path, @change) = @ARGV;
        rmdir($path) or die "rmdir: $!\n";
        system(@change) == 0 or die "no change\n";
        mkdir($path) or die "mkdir: $!\n"' "$prod/$1" \
        curl -sS --fail -o "$PLACE/changed" -X PATCH --data-binary "$2" "$ADMIN/instances/$(cat "$prod/$1/id")"
}

@test "mkdir by the process whose rmdir waits sends nothing, and promises no instance that is another's by now, or going" {
    up delete_delay=60
    made_again web-1 '{}'
    refused 'mkdir: Device or resource busy' made_again web-2 '{"name":"other"}'
    run why "$prod/web-2"
    assert_output --partial 'has another name by now, by another client.'
    refused 'mkdir: Device or resource busy' made_again web-3 '{"status":"deleting"}'
    run why "$prod/web-3"
    assert_output --partial 'is being deleted, by another client.'
    assert_equal "$(changing)" 0
}

@test "created again where the DELETE fails: nothing is created, the file is back, and the text is kept" {
    up delete_delay=5
    fault '{"kind":"status","method":"DELETE","status":403}' >/dev/null
    rm "$prod/web-1.json"
    refused 'Permission denied' bash -c 'echo "{\"size\":\"standard-4\"}" >"$1"' - "$prod/web-1.json"
    assert_equal "$(sent)" DELETE
    assert_equal "$(jq -r .id "$prod/web-1.json")" ins_1
    within 2 [ -e "$prod/web-1.json.rejected" ]
}

# Guards

@test "one delete too many in a minute: nothing that waits is sent, all files return" {
    up delete_delay=2,max_deletes=5
    cd "$prod"
    local files=(*.json)
    rm "${files[@]:0:5}"
    refused 'Operation not permitted' rm "${files[5]}"
    assert_equal "$(ls | wc -l)" 20
    sleep 2.4
    assert_equal "$(changing)" 0
    refused 'Operation not permitted' rm "${files[7]}"
    run why "$prod/${files[5]}"
    assert_output --partial 'More than 5 deletes in a minute'
    assert_output --partial 'echo NUMBER > .skystack/allow_deletes'
    cd /
}

@test "those that were sent within the minute count" {
    up delete_delay=0,max_deletes=3
    cd "$prod"
    local files=(*.json)
    rm "${files[@]:0:3}"
    refused 'Operation not permitted' rm "${files[3]}"
    assert_equal "$(changing)" 3
    cd /
}

@test "allow_deletes lets as many pass as it says" {
    up delete_delay=0,max_deletes=2
    cd "$prod"
    local files=(*.json)
    rm "${files[@]:0:2}"
    refused 'Operation not permitted' rm "${files[2]}"
    echo 3 >"$MNT/.skystack/allow_deletes"
    assert_equal "$(cat "$MNT/.skystack/allow_deletes")" 3
    rm "${files[@]:2:3}"
    refused 'Operation not permitted' rm "${files[5]}"
    assert_equal "$(changing)" 5
    refused 'Invalid argument' bash -c 'echo many >"$1"' - "$MNT/.skystack/allow_deletes"
    cd /
}

@test "max_deletes=0 is no guard" {
    up delete_delay=0,max_deletes=0
    rm "$prod"/*.json
    assert_equal "$(changing)" 20
}

@test "protect= refuses by name and by project, says so, and takes the others" {
    up delete_delay=0,protect=db-*:staging/web-1
    refused 'Operation not permitted' rm "$prod/db-1.json"
    refused 'Operation not permitted' rm "$MNT/staging/web-1.json"
    refused 'Operation not permitted' rmdir "$MNT/staging/web-1"
    run why "$MNT/staging/web-1"
    assert_output --partial 'protect='
    rm "$prod/web-1.json"
    assert_equal "$(changing)" 1
}

@test "nodelete refuses at once, and says so" {
    up nodelete
    refused 'Operation not permitted' rm "$prod/web-1.json"
    run why "$prod/web-1.json"
    assert_output --partial nodelete
    refused 'Operation not permitted' rm -r "$prod/web-1"
    [ -e "$prod/web-1.json" ]
    assert_equal "$(changing)" 0
}

@test "a read-only mount is EROFS at once" {
    up ro
    refused 'Read-only file system' rm "$prod/web-1.json"
    assert_equal "$(changing)" 0
}

@test "with a latched token rm is refused at once" {
    up ttl=0.1
    admin POST /token '{"write_file":false}' >/dev/null
    sleep 0.2
    run cat "$prod/web-1.json"
    run rm "$prod/web-1.json"
    if [ "$status" = 0 ]; then
        echo '{"size":"standard-4"}' 2>/dev/null >"$prod/web-2.json" || true
        refused 'Key was rejected' rm "$prod/db-1.json"
    else
        assert_output --partial 'Key was rejected'
    fi
}

@test "max_creates stops the cp -r that should not have been: EPERM, and why says so" {
    up max_creates=4
    mkdir "$PLACE/many"
    local n
    for n in 1 2 3 4 5 6 7 8; do echo '{}' >"$PLACE/many/new-$n.json"; done
    run cp "$PLACE/many"/*.json "$prod"
    assert_failure
    assert_output --partial 'Operation not permitted'
    assert_equal "$(ls "$prod" | grep -c '^new-.\.json$')" 4
    assert_equal "$(requests 'POST /v1/instances')" 4
    run why "$prod/new-8.json"
    assert_output --partial 'More than 4 creates in a minute'
    refused 'Operation not permitted' mkdir "$prod/new-9"
}
