# skystackfs, over the sandbox. Nothing goes stale while it is measured, and the only limits are its own.
# shellcheck shell=bash disable=SC2034,SC2154

ours_up()
{
    local options=token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state,requests_per_minute=0,requests_per_day=0
    options+=,ttl=86400,ttl_projects=86400,delete_delay=0,max_creates=0,max_deletes=0
    OURS=("$SKYSTACKFS" "$ENDPOINT" "$AT/ours" -o "$options")
    mkdir -p "$AT/ours" "$PLACE/state"
    "${OURS[@]}" >"$work/mount.out" 2>&1 || fail "skystackfs does not mount: $(<"$work/mount.out")"
}

ours_down()
{
    mount_down "$AT/ours"
}

ours_cold()
{
    ours_down
    rm -rf "$PLACE/state"
    ours_up
}

ours_pid()
{
    daemon_pid "$AT/ours"
}

ours_requests()
{
    requests
}
