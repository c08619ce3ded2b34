#!/usr/bin/env bats
# bats file_tags=release
# A hundred thousand instances.

load helper

setup_file() {
    sandbox_start --instances 100000
}

# kB of the daemon's memory: VmRSS, or VmHWM, the most that it ever was.
memory() {
    awk -v field="$1:" '$1 == field {print $2}' "/proc/$(daemon_pid)/status"
}

@test "listed and looked at, they take less than 160 MB, and 501 requests" {
    requests_reset
    mount_up ttl=300
    assert_equal "$(ls -l "$MNT/prod" "$MNT/staging" | grep -c '\.json$')" 100000
    grep -q libasan "/proc/$(daemon_pid)/maps" || [ "$(memory VmHWM)" -lt $((160 * 1024)) ]
    [ "$(memory VmRSS)" -gt 10000 ]
    assert_equal "$(requests)" 501
    assert_equal "$(jq -r .id "$MNT/prod/web-1.json" "$MNT/.skystack/by-id/ins_100000" | paste -sd ' ')" "ins_1 ins_100000"
    assert_equal "$(jq -r .name "$MNT/.all.ndjson" | wc -l)" 100000
    assert_equal "$(df --output=iused "$MNT" | tail -1 | xargs)" 100000
    assert_equal "$(requests)" 501
}

@test "page numbers bring them all too" {
    admin POST /config '{"pagination":"page"}' >/dev/null
    mount_up ttl=300
    assert_equal "$(find "$MNT/staging" -type f | sort -u | wc -l)" 50000
}
