#!/usr/bin/env bats
# The warm start: a mount begins with what an earlier one knew.

load helper

setup() {
    sandbox_start --instances 3 --projects 1
    prod=$MNT/prod
}

# A mount that listed everything, and left.
leave() {
    mount_up "$@"
    ls -l "$MNT" "$prod" >/dev/null
    cat "$prod"/*.json >/dev/null
    mount_down
    requests_reset
}

snapshot_file() {
    find "$PLACE/state" -name snapshot
}

source_of() {
    getfattr --only-values --absolute-names -n user.skystack.source "$1"
}

away() {
    fault '{"kind":"status","status":503,"count":-1}' >/dev/null
}

silent() {
    fault '{"kind":"hang","count":-1,"path":"/v1/instances*"}' >/dev/null
}

# mounting_fails CODE [OPTIONS]
mounting_fails() {
    local result=0
    timeout -k 1 40 "$SKYSTACKFS" "$ENDPOINT" "$MNT" -o "token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state${2:+,$2}" \
        3>&- 4>&- || result=$?
    assert_equal "$result" "$1"
}

is_kept() {
    [ -s "$(snapshot_file)" ]
}

of_status() {
    jq -r "$1" "$MNT/.skystack/status.json"
}

@test "the first ls waits for no request, and what it shows is marked stale" {
    leave
    local names
    names=$(api GET /v1/instances | jq -r '.data[].name + ".json"' | sort)
    silent
    mount_up timeout=20
    local began
    began=$(since)
    assert_equal "$(ls "$prod")" "$names"
    [ $(($(since) - began)) -lt 2000 ]
    assert_equal "$(source_of "$prod/$(head -n 1 <<<"$names")")" stale
    assert_equal "$(of_status .instances.from_snapshot)" true
    assert_equal "$(of_status .instances.stale)" true
    grep -q '^instances  3, listed .* ago by an earlier mount, stale' "$MNT/.skystack/status"
}

@test "meanwhile it is asked for once, and then it is fresh" {
    leave
    admin POST /instances '{"name":"newcomer","project_id":"prj_1"}' >/dev/null
    admin DELETE /instances/ins_2 >/dev/null
    mount_up ttl=60
    ls "$prod" >/dev/null
    within 5 [ -e "$prod/newcomer.json" ]
    assert_equal "$(ls "$prod" | wc -l)" 3
    assert_equal "$(of_status .instances.from_snapshot)" false
    ls -l "$prod" >/dev/null
    assert_equal "$(requests 'GET /v1/instances')" 1
}

@test "cat by name costs one request" {
    leave
    local name
    name=$(api GET /v1/instances/ins_1 | jq -r .name)
    mount_up ttl=60
    requests_reset
    jq -e '.id == "ins_1"' "$prod/$name.json"
    sleep 0.3
    assert_equal "$(requests)" 1
}

@test "a name that is absent is asked for, not said to be missing" {
    leave
    admin POST /instances '{"name":"newcomer","project_id":"prj_1"}' >/dev/null
    mount_up
    jq -e '.name == "newcomer"' "$prod/newcomer.json"
}

@test "contents are asked for, and not shown past stale_if_error" {
    leave
    local file
    sleep 1.2
    away
    mount_up stale_if_error=1
    file=$(find "$prod" -name '*.json' | head -n 1)
    stat "$file"
    run cat "$file"
    assert_failure
    assert_output --partial 'Remote I/O error'
    faults_clear
    sleep 2.1
    jq -e .id "$file"
}

@test "an API that is away is said at mounting, and the mount comes back to it by itself" {
    leave
    away
    mount_up
    grep -q '^skystackfs: Mounting with what was known .* ago: ' "$PLACE/mount.out"
    assert_equal "$(ls "$prod" | wc -l)" 3
    cat "$prod"/*.json >/dev/null
    run mkdir "$prod/web-new" 2>&1
    assert_failure
    faults_clear
    admin POST /instances '{"name":"newcomer","project_id":"prj_1"}' >/dev/null
    within 10 [ -e "$prod/newcomer.json" ]
    within 5 [ "$(of_status .instances.from_snapshot)" = false ]
}

@test "a server that is gone is no reason not to mount; with project= neither" {
    local name
    mount_up project=prod
    ls -l "$MNT" >/dev/null
    mount_down
    sandbox_stop
    mount_up project=prod
    assert_equal "$(ls "$MNT" | wc -l)" 3
    mount_down
    mounting_fails 32 project=other
}

@test "a refused token, a wrong certificate or another server are still refused" {
    leave
    local real=$CACERT
    fault '{"kind":"garbage","count":-1}' >/dev/null
    mounting_fails 32
    faults_clear
    cp "$TOKEN_FILE" "$PLACE/token.kept"
    echo sky_sbx_wrong >"$TOKEN_FILE"
    mounting_fails 4
    cp "$PLACE/token.kept" "$TOKEN_FILE"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$PLACE/key" -subj /CN=other -out "$PLACE/other.pem" 2>/dev/null
    CACERT=$PLACE/other.pem
    mounting_fails 32
    CACERT=$real
}

@test "a snapshot that is damaged, cut short or not ours is a miss" {
    leave
    local file kind
    file=$(snapshot_file)
    cp "$file" "$PLACE/good"
    for kind in damaged short foreign empty; do
        case $kind in
            damaged) cp "$PLACE/good" "$file" && printf 'X' | dd of="$file" bs=1 seek=200 conv=notrunc status=none ;;
            short) head -c 300 "$PLACE/good" >"$file" ;;
            foreign) echo '{"instances":[]}' >"$file" ;;
            empty) : >"$file" ;;
        esac
        mount_up
        assert_equal "$(of_status .instances.count)" 0
        assert_equal "$(ls "$prod" | wc -l)" 3
        mount_down
    done
    away
    mount_up
    assert_equal "$(ls "$prod" | wc -l)" 3
}

@test "it is kept a moment after something came, by a mount that is killed too; nothing of the token is in it" {
    mount_up
    ls "$MNT" "$prod" >/dev/null
    within 10 is_kept
    ! grep -qF -- "$(cat "$TOKEN_FILE")" "$(snapshot_file)"
    assert_equal "$(stat -c %a "$(snapshot_file)")" 600
    within 5 [ "$(of_status .snapshot.outcome)" = ok ]
    kill -KILL "$(daemon_pid)"
    umount -l "$MNT"
    away
    mount_up
    assert_equal "$(ls "$prod" | wc -l)" 3
}

@test "a name stays with its instance over mounts, even if an older twin turned up" {
    admin POST /instances '{"id":"young","name":"twin","project_id":"prj_1"}' >/dev/null
    mount_up ttl=0.2
    ls "$prod" >/dev/null
    jq -e '.id == "young"' "$prod/twin.json"
    admin PATCH /instances/ins_1 '{"name":"twin"}' >/dev/null
    sleep 0.3
    ls "$prod" >/dev/null
    within 5 jq -e '.id == "ins_1"' "$prod/twin~ins_1.json"
    mount_down
    mount_up ttl=0.2
    ls "$prod" >/dev/null
    jq -e '.id == "young"' "$prod/twin.json"
    jq -e '.id == "ins_1"' "$prod/twin~ins_1.json"
}

@test "what is removed by a name from a snapshot is looked at first" {
    leave
    local name
    name=$(api GET /v1/instances/ins_1 | jq -r .name)
    mount_up delete_delay=0,ttl=60
    requests_reset
    rm "$prod/$name.json"
    assert_equal "$(requests 'DELETE /v1/instances/{id}')" 1
    [ "$(requests 'GET /v1/instances/{id}')" -ge 1 ]
}

@test "an id from a snapshot that is another instance by now is neither deleted nor changed" {
    leave
    local name
    name=$(api GET /v1/instances/ins_1 | jq -r .name)
    admin POST /reset >/dev/null
    admin POST /instances "{\"id\":\"ins_1\",\"name\":\"$name\",\"project_id\":\"prj_1\"}" >/dev/null
    requests_reset
    mount_up delete_delay=0
    rm "$prod/$name.json" || true
    within 5 grep -q 'was reset' "$MNT/.skystack/errors"
    rm "$prod/$name.json" || true
    api GET /v1/instances/ins_1 >/dev/null
    assert_equal "$(requests 'DELETE /v1/instances/{id}')" 0
}
