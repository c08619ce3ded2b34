#!/usr/bin/env bats
# bats file_tags=release
# A wall clock that is wrong, or put right meanwhile, neither deletes nor pays.

load helper
load faults
load clock

DAY=86400

setup() {
    fault_sandbox --instances 4
}

@test "a text that was refused after a backup is removed without its machine, though the clock jumped meanwhile" {
    clock_mount delete_delay=0
    mv "$prod/web-1.json" "$prod/web-1.json~"
    fault '{"kind":"status","status":422,"method":"PATCH"}' >/dev/null
    refused 'Invalid argument' put "$prod/web-1.json" '{"size":"standard-4"}'
    clock_set $DAY 0
    rm "$prod/web-1.json"
    sleep 0.3
    assert_equal "$(admin GET /counts | jq '.by_method.DELETE // 0')" 0
    assert_equal "$(admin GET /instances | jq length)" 4
}

says() {
    grep -q "$1" "$prod/web-9.json.error"
}

@test "what came of an unanswered create is in doubt if the clock was a day ahead, and it is not sent again" {
    local suspended
    clock_mount timeout=5
    clock_set $DAY 0
    fault '{"kind":"close_after","method":"POST"}' >/dev/null
    refused 'Operation now in progress' mkdir "$prod/web-9"
    for suspended in 60 120 180 240; do
        clock_set $DAY $suspended
        echo all >"$MNT/.skystack/refresh"
        ls "$prod" >/dev/null
    done
    within 5 says 'it can.t be told whether it is it'
    says ins_5
    ! says 'Not created'
    assert_equal "$(posts) $(jq -r .id "$prod/web-9.json")" '1 ins_5'
}
