#!/usr/bin/env bats
# What becomes of creates that nobody answered, to the end: this takes its two minutes.

load helper

setup_file() {
    export BATS_TEST_TIMEOUT=240 WATCHDOG_SECONDS=240
}

setup() {
    sandbox_start --instances 4
    mount_up region=eu-central,size=standard-2
    prod=$MNT/prod
    ls "$prod" >/dev/null
}

# Sends a create whose connection is closed before anything was done.
lose() {
    fault '{"kind":"close","method":"POST","count":1}' >/dev/null
    run bash -c 'echo "{\"size\":\"standard-4\"}" >"$1"' - "$prod/$1.json"
    assert_failure
    assert_output --partial 'Operation now in progress'
}

says() {
    grep -q "$2" "$prod/$1.json.error"
}

@test "several that could be it are told, and none is touched" {
    lose web-7
    admin POST /instances '{"name":"web-7","project_id":"prj_1","region":"eu-central","size":"standard-4"}' >/dev/null
    admin POST /instances '{"name":"web-7","project_id":"prj_1","region":"eu-central","size":"standard-4"}' >/dev/null
    within 10 says web-7 '2 new instances have this name'
    assert_equal "$(admin GET /instances | jq '[.[] | select(.name == "web-7")] | length')" 2
    assert_equal "$(posts)" 1
    [ -e "$prod/web-7.json.rejected" ]
}

@test "what no list shows over two minutes was not created, and can be created again" {
    lose web-8
    lose web-9
    admin POST /instances '{"name":"web-9","project_id":"prj_1","region":"eu-central","size":"standard-4",
        "created_at":"2026-01-01T00:00:00Z"}' >/dev/null
    sleep 90
    says web-8 EINPROGRESS
    run bash -c 'echo "{}" >"$1"' - "$prod/web-8.json"
    assert_failure
    assert_output --partial 'Operation already in progress'
    within 50 says web-8 'Not created'
    within 10 says web-9 'it can.t be told whether it is it'
    assert_equal "$(posts)" 2
    mv "$prod/web-8.json.rejected" "$prod/web-8.json"
    assert_equal "$(posts)" 3
    assert_equal "$(jq -r .size "$prod/web-8.json")" standard-4
    [ ! -e "$prod/web-8.json.rejected" ]
}
