#!/usr/bin/env bats
# Faults 01 to 19: changes. What may have happened is never done twice, what did not happen is told, and the text is kept.

load helper
load faults

setup() {
    fault_sandbox --instances 4
}

@test "fault 01: a create that is answered by silence is unsettled, and the server saw one POST" {
    fault_mount
    fault '{"kind":"hang","method":"POST","count":-1}' >/dev/null
    local began
    began=$(since)
    refused 'Operation now in progress' put "$prod/web-9.json" '{"tags":["mine"]}'
    [ $(($(since) - began)) -lt 6000 ]
    assert_equal "$(fault_lines EINPROGRESS | jq -r .sent)" unanswered
    fault_kept "$prod/web-9.json" '{"tags":["mine"]}'
    assert_equal "$(posts)" 1
    fault_aftermath EINPROGRESS
}

@test "fault 02: the same create again meanwhile is EALREADY, and sends nothing" {
    fault_mount
    fault '{"kind":"hang","method":"POST","count":-1}' >/dev/null
    refused 'Operation now in progress' put "$prod/web-9.json" '{"tags":["mine"]}'
    refused 'already in progress' put "$prod/web-9.json" '{"tags":["other"]}'
    refused 'already in progress' mkdir "$prod/web-9"
    assert_equal "$(posts)" 1
    fault_kept "$prod/web-9.json" '{"tags":["mine"]}'
    fault_aftermath EALREADY
}
