#!/usr/bin/env bats
# bats file_tags=release
# Freshness: when the API is asked, and what is shown while it fails.

load helper

setup_file() {
    sandbox_start --instances 0
}

setup() {
    local id
    admin POST /config '{"rows":"full","pagination":"cursor"}' >/dev/null
    admin POST /reset >/dev/null
    for id in a b c; do
        admin POST /instances "{\"id\":\"$id\",\"name\":\"web-$id\",\"project_id\":\"prj_1\",\"utilization\":{\"cpu\":1}}" >/dev/null
    done
    requests_reset
}

patch() {
    admin PATCH "/instances/$1" "$2" >/dev/null
}

size_of() {
    jq -r .size "$MNT/prod/web-$1.json"
}

# Every answer about instances fails from now on.
api_fails() {
    fault '{"kind":"status","status":503,"count":-1,"path":"/v1/instances*"}' >/dev/null
}

source_of() {
    getfattr --only-values --absolute-names -n user.skystack.source "$MNT/prod/web-$1.json"
}

# The names that a directory gives, and the error that it ends with, on a line of its own.
names() {
    perl -e '$| = 1; opendir my $d, $ARGV[0] or die "$!\n"; $! = 0;
        while (defined(my $name = readdir $d)) { print "$name\n" unless $name =~ /^\.\.?$/; $! = 0 } print "error: $!\n" if $!' "$1"
}

# Within the time

@test "within the TTL nothing is asked" {
    mount_up ttl=60
    ls -l "$MNT/prod" >/dev/null
    requests_reset
    patch a '{"size":"standard-16"}'
    local i
    for i in 1 2 3; do
        ls -l "$MNT/prod" "$MNT" >/dev/null
        cat "$MNT"/prod/*.json >/dev/null
        [ "$(size_of a)" != standard-16 ]
    done
    assert_equal "$(requests)" 0
}

@test "after the TTL a look asks once" {
    mount_up ttl=0.5
    ls -l "$MNT/prod" >/dev/null
    sleep 0.6
    requests_reset
    patch a '{"size":"standard-16"}'
    assert_equal "$(size_of a)" standard-16
    assert_equal "$(requests)" 1
    sleep 0.6
    requests_reset
    ls -l "$MNT/prod" >/dev/null
    cat "$MNT"/prod/*.json >/dev/null
    assert_equal "$(requests)" 1
}

@test "with a TTL of zero every look asks" {
    WATCHDOG_SECONDS=10
    mount_up ttl=0
    local size
    for size in standard-4 standard-8 standard-16; do
        patch a "{\"size\":\"$size\"}"
        assert_equal "$(size_of a)" "$size"
    done
}

@test "the ages of the projects are their own" {
    mount_up ttl=60,ttl_projects=0.3
    ls "$MNT" "$MNT/prod" >/dev/null
    sleep 0.4
    requests_reset
    ls "$MNT" >/dev/null
    assert_equal "$(requests 'GET /v1/projects') $(requests)" "1 1"
}

@test "writing all to refresh makes the next look ask" {
    mount_up ttl=60
    ls -l "$MNT/prod" >/dev/null
    patch a '{"size":"standard-16"}'
    requests_reset
    echo all >"$MNT/.skystack/refresh"
    assert_equal "$(requests)" 0
    assert_equal "$(size_of a)" standard-16
    [ "$(requests)" -ge 1 ]
    admin POST /instances '{"id":"d","name":"web-d","project_id":"prj_1"}' >/dev/null
    echo all >"$MNT/.skystack/refresh"
    assert_equal "$(ls "$MNT/prod" | wc -l)" 4
}

@test "what one look finds is true of every file of the instance" {
    mount_up ttl=60
    cat "$MNT/prod/web-a/status" "$MNT/prod/web-a/utilization/cpu" >/dev/null
    patch a '{"status":"provisioning","utilization":{"cpu":12345}}'
    echo prod/web-a.json >"$MNT/.skystack/refresh"
    cat "$MNT/prod/web-a.json" >/dev/null
    requests_reset
    assert_equal "$(stat -c %s "$MNT/prod/web-a/status" "$MNT/prod/web-a/utilization/cpu" | xargs)" '13 6'
    assert_equal "$(cat "$MNT/prod/web-a/status" "$MNT/prod/web-a/utilization/cpu" | xargs)" 'provisioning 12345'
    assert_equal "$(requests)" 0
}

@test "writing a path to refresh makes the next look at that ask" {
    mount_up ttl=60
    ls -l "$MNT/prod" >/dev/null
    cat "$MNT"/prod/*.json >/dev/null
    patch a '{"size":"standard-16"}'
    patch b '{"size":"standard-16"}'
    requests_reset
    echo prod/web-a.json >"$MNT/.skystack/refresh"
    assert_equal "$(size_of a)" standard-16
    assert_equal "$(requests)" 1
    [ "$(size_of c)" != standard-16 ]
    patch c '{"size":"standard-16"}'
    echo /prod/web-c.json >"$MNT/.skystack/refresh"
    assert_equal "$(size_of c)" standard-16
}

@test "the command refresh does the same" {
    mount_up ttl=60
    ls -l "$MNT/prod" >/dev/null
    patch a '{"size":"standard-16"}'
    "$SKYSTACKFS" refresh "$MNT/prod/web-a.json"
    assert_equal "$(size_of a)" standard-16
    patch b '{"size":"standard-16"}'
    (cd "$MNT/prod" && "$SKYSTACKFS" refresh)
    assert_equal "$(size_of b)" standard-16
}

@test "a name absent from a complete list is ENOENT at no cost" {
    mount_up ttl=60
    ls "$MNT/prod" >/dev/null
    requests_reset
    run cat "$MNT/prod/web-z.json"
    assert_failure
    assert_output --partial 'No such file or directory'
    assert_equal "$(requests)" 0
}

@test "a name that came meanwhile is there once the time is up" {
    mount_up ttl=0.3
    [ ! -e "$MNT/prod/web-d.json" ]
    admin POST /instances '{"id":"d","name":"web-d","project_id":"prj_1"}' >/dev/null
    sleep 0.4
    assert_equal "$(cat "$MNT/prod/web-d/id")" d
}

# While it fails

@test "a partial list or a failed call is never ENOENT" {
    mount_up ttl=60
    api_fails
    local name
    for name in web-a.json web-z.json web-a web-z; do
        run stat "$MNT/prod/$name"
        assert_failure
        assert_output --partial 'Remote I/O error'
    done
    faults_clear
    stat "$MNT/prod/web-a.json"
}

@test "a failed first listing is an error, never an empty directory" {
    mount_up ttl=60
    local kind
    for kind in '"kind":"status","status":500' '"kind":"garbage"' '"kind":"close"' '"kind":"truncate"' \
        '"kind":"body","body":"{\"data\":{}}","content_type":"application/json"'; do
        fault "{$kind,\"count\":-1,\"path\":\"/v1/instances\"}" >/dev/null
        run ls "$MNT/prod"
        assert_failure
        assert_output --partial 'reading directory'
        run ls "$MNT/.skystack/by-id"
        assert_failure
        run cat "$MNT/prod/.table"
        assert_failure
        run cat "$MNT/.all.ndjson"
        assert_failure
        faults_clear
    done
    within 5 lists 3
}

@test "what is known is shown while the API fails, and called stale" {
    mount_up ttl=0.5
    ls -l "$MNT/prod" >/dev/null
    cat "$MNT/prod/web-a.json" >"$PLACE/before"
    api_fails
    sleep 0.6
    cmp "$MNT/prod/web-a.json" "$PLACE/before"
    assert_equal "$(ls "$MNT/prod" | wc -l)" 3
    assert_equal "$(find "$MNT/prod" -name '*.json' -size +0 | wc -l)" 3
    assert_equal "$(cat "$MNT/prod/web-b/id") $(wc -l <"$MNT/prod/.all.ndjson")" "b 3"
    assert_equal "$(source_of a)" stale
    run head -n 4 "$MNT/.skystack/status"
    assert_output --partial stale
    jq -e '.instances.stale and .state != "ok"' "$MNT/.skystack/status.json"
    faults_clear
    patch a '{"size":"standard-16"}'
    within 4 is_size a standard-16
    run head -n 1 "$MNT/.skystack/status"
    refute_output --partial 'does not answer as it should'
    assert_equal "$(source_of a)" live
}

is_size() {
    [ "$(size_of "$1")" = "$2" ]
}

@test "what is known is shown while the API is away" {
    sandbox_start --instances 6 --dir "$PLACE/own"
    mount_up ttl=0.3
    ls -l "$MNT/prod" >/dev/null
    cat "$MNT/prod/web-1.json" >"$PLACE/before"
    sandbox_stop
    sleep 0.4
    cmp "$MNT/prod/web-1.json" "$PLACE/before"
    assert_equal "$(ls "$MNT/prod" | wc -l) $(ls "$MNT" | wc -l)" "3 2"
    assert_equal "$(source_of 1)" stale
    grep -q '^  meanwhile .*stale' "$MNT/.skystack/status"
    run cat "$MNT/prod/web-z.json"
    assert_failure
}

@test "what is known is shown in a few seconds while the API is silent" {
    mount_up ttl=0.3
    ls -l "$MNT/prod" >/dev/null
    fault '{"kind":"hang","count":-1}' >/dev/null
    sleep 0.4
    local began
    began=$(since)
    jq -e '.id == "a"' "$MNT/prod/web-a.json"
    [ $(($(since) - began)) -lt 7000 ]
    began=$(since)
    jq -e '.id == "b"' "$MNT/prod/web-b.json"
    assert_equal "$(ls "$MNT/prod" | wc -l)" 3
    [ $(($(since) - began)) -lt 1000 ]
    assert_equal "$(source_of b)" stale
}

@test "contents older than stale_if_error are not shown, names are" {
    mount_up ttl=0.2,stale_if_error=3
    ls -l "$MNT/prod" >/dev/null
    cat "$MNT/prod/web-a.json" >/dev/null
    api_fails
    sleep 0.4
    jq -e '.id == "a"' "$MNT/prod/web-a.json"
    sleep 3
    run cat "$MNT/prod/web-a.json"
    assert_failure
    assert_output --partial 'Remote I/O error'
    assert_equal "$(ls "$MNT/prod" | wc -l)" 3
    stat "$MNT/prod/web-b.json"
    ls -l "$MNT/prod"
}

@test "an instance is never gone because a request failed" {
    mount_up ttl=0.2
    ls -l "$MNT/prod" >/dev/null
    fault '{"kind":"status","status":404,"envelope":false,"count":-1,"path":"/v1/instances*"}' >/dev/null
    sleep 0.3
    cat "$MNT/prod/web-a.json" >/dev/null
    assert_equal "$(ls "$MNT/prod" | wc -l)" 3
    faults_clear
    fault '{"kind":"body","body":"{\"data\":[]}","content_type":"text/html","count":-1,"path":"/v1/instances"}' >/dev/null
    sleep 2.2
    assert_equal "$(ls "$MNT/prod" | wc -l)" 3
}

@test "a page that fails leaves the last list as it was" {
    paged cursor 0.3
    assert_equal "$(ls "$MNT/prod" | wc -l)" 225
    fault '{"kind":"status","status":500,"count":-1,"path":"/v1/instances","query":"*cursor=*"}' >/dev/null
    admin DELETE /instances/ins_1 >/dev/null
    sleep 0.4
    assert_equal "$(ls "$MNT/prod" | wc -l)" 225
    faults_clear
    within 5 lists 224
}

# The first listing, page by page

lists() {
    [ "$(ls "$MNT/prod" | wc -l)" = "$1" ]
}

# paged KIND [TTL]: 450 instances, in three pages.
paged() {
    sandbox_start --instances 450 --dir "$PLACE/paged" --pagination "$1"
    requests_reset
    mount_up "ttl=${2:-60}"
}

@test "the first page is there while the next one is silent" {
    local kind
    for kind in cursor page; do
        paged "$kind"
        fault '{"kind":"hang","count":-1,"path":"/v1/instances","query":"*cursor=*"}' >/dev/null
        fault '{"kind":"hang","count":-1,"path":"/v1/instances","query":"*page=2*"}' >/dev/null
        background names "$MNT/prod"
        within 5 grep -qx web-1.json "$PLACE/background.$BACKGROUND_COUNT" || fail_with "$kind: no name came"
        within 5 enough_names 100
        sleep 0.2
        ! ended "$BACKGROUND"
        assert_equal "$(jq -r .id "$MNT/prod/web-1.json")" ins_1
        faults_clear
        wait "$BACKGROUND"
        assert_equal "$kind $(sort -u "$PLACE/background.$BACKGROUND_COUNT" | wc -l)" "$kind 225"
        assert_equal "$(requests)" 4
        mount_down
        sandbox_stop
        rm -rf "$PLACE/paged"
    done
}

enough_names() {
    [ "$(grep -c json "$PLACE/background.$BACKGROUND_COUNT")" = "$1" ]
}

@test "a first listing whose second page fails ends with an error" {
    local kind
    for kind in cursor page; do
        paged "$kind"
        fault '{"kind":"status","status":500,"count":-1,"path":"/v1/instances","query":"*cursor=*"}' >/dev/null
        fault '{"kind":"status","status":500,"count":-1,"path":"/v1/instances","query":"*page=2*"}' >/dev/null
        run names "$MNT/prod"
        assert_equal "$kind $(tail -1 <<<"$output")" "$kind error: Remote I/O error"
        run ls "$MNT/staging"
        assert_failure
        assert_output --partial 'Remote I/O error'
        run stat "$MNT/prod/nothing.json"
        assert_output --partial 'Remote I/O error'
        jq -e '.instances.complete == false' "$MNT/.skystack/status.json"
        faults_clear
        within 5 ls "$MNT/prod" >/dev/null
        assert_equal "$kind $(ls "$MNT/prod" | wc -l)" "$kind 225"
        mount_down
        sandbox_stop
        rm -rf "$PLACE/paged"
    done
}

@test "a name is found on the first page while the next one is silent" {
    paged cursor
    fault '{"kind":"hang","count":-1,"path":"/v1/instances","query":"*cursor=*"}' >/dev/null
    assert_equal "$(timeout 5 jq -r .id "$MNT/prod/web-1.json")" ins_1
    assert_equal "$(timeout 5 cat "$MNT/staging/web-2/id")" ins_4
}
