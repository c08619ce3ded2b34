#!/usr/bin/env bats
# How many requests looking costs: exactly.

load helper

setup_file() {
    sandbox_start --instances 450
}

setup() {
    admin POST /config '{"rows":"full","pagination":"cursor","latency_ms":0}' >/dev/null
    requests_reset
}

summaries() {
    admin POST /config '{"rows":"summary"}' >/dev/null
}

# Requests for lists of projects, of instances, and for single instances.
asked() {
    admin GET /counts | jq -r '.by_route | [."GET /v1/projects", ."GET /v1/instances", ."GET /v1/instances/{id}"] | map(. // 0) | join(" ")'
}

# Reads entries of a directory until there are so many; prints how many there were, then the error if there was one.
entries() {
    perl -e 'opendir my $d, $ARGV[0] or die "$!\n"; my $n = 0; $! = 0;
        while ($n < $ARGV[1]) { my $name = readdir $d; last unless defined $name; $n++ unless $name =~ /^\.\.?$/ }
        my $e = $!; print "$n\n"; die "$e\n" if $n < $ARGV[1] && $e' "$1" "$2"
}

@test "a mount that nobody looks at costs one request" {
    mount_up ttl=0.2,ttl_projects=0.2
    sleep 2
    assert_equal "$(asked) $(requests)" "1 0 0 1"
}

@test "a find of a fresh mount of 450 instances: one request for projects, three for instances" {
    mount_up ttl=60
    assert_equal "$(find "$MNT" -type f | wc -l)" 450
    assert_equal "$(asked)" "1 3 0"
}

@test "page numbers cost no more than cursors" {
    admin POST /config '{"pagination":"page"}' >/dev/null
    mount_up ttl=60
    assert_equal "$(find "$MNT" -type f | sort -u | wc -l)" 450
    assert_equal "$(asked)" "1 3 0"
    assert_equal "$(ls "$MNT/prod" | wc -l) $(ls "$MNT/staging" | wc -l) $(requests)" "225 225 4"
}

@test "pages that end with the last row need no further one" {
    local i more
    more=$(api POST /v1/instances '{"name":"more","region":"us-east-1","size":"standard-2"}' | jq -r .id)
    admin DELETE "/instances/$more" >/dev/null
    for i in {1..50}; do admin DELETE "/instances/ins_$((400 + i))" >/dev/null; done
    local kind
    for kind in cursor page; do
        admin POST /config "{\"pagination\":\"$kind\"}" >/dev/null
        requests_reset
        mount_up ttl=60
        assert_equal "$(find "$MNT" -type f | wc -l)" 400
        assert_equal "$kind $(asked)" "$kind 1 2 0"
        mount_down
        rm -rf "$PLACE/state" # the next mount would begin with what this one knew
    done
    for i in {1..50}; do
        admin POST /instances "{\"id\":\"ins_$((400 + i))\",\"name\":\"back-$i\",\"project_id\":\"prj_$((i % 2 + 1))\"}" >/dev/null
    done
}

@test "the largest pages are asked for" {
    mount_up
    ls "$MNT/prod" >/dev/null
    assert_equal "$(admin GET /log | jq -r '.[-3:][] | (.query // .path // .uri)' | grep -c 'limit=200')" 3
}

@test "everything at once, cold, costs one listing" {
    admin POST /config '{"latency_ms":50}' >/dev/null
    mount_up ttl=60
    local pids=() pid
    background ls -lR "$MNT"; pids+=("$BACKGROUND")
    background find "$MNT" -name 'web*'; pids+=("$BACKGROUND")
    background du -s "$MNT"; pids+=("$BACKGROUND")
    background grep -rc running "$MNT"; pids+=("$BACKGROUND")
    background bash -c 'jq -s length "$1"/prod/*.json "$1"/staging/*.json' - "$MNT"; pids+=("$BACKGROUND")
    background cat "$MNT/staging/web-1.json"; pids+=("$BACKGROUND")
    background wc -l "$MNT/.all.ndjson"; pids+=("$BACKGROUND")
    for pid in "${pids[@]}"; do wait "$pid"; done
    assert_equal "$(asked)" "1 3 0"
    assert_equal "$(cat "$PLACE/background.5")" 450
    assert_equal "$(grep -c ':[1-9]' "$PLACE/background.4")" 450
    [[ $(cat "$PLACE/background.7") == 450* ]]
}

@test "the same again within the TTL costs nothing" {
    mount_up ttl=60
    ls -lR "$MNT" >/dev/null
    requests_reset
    ls -lR "$MNT" >/dev/null
    find "$MNT" -size +1k >/dev/null
    du -s "$MNT" >/dev/null
    assert_equal "$(grep -rl '"status"' "$MNT" | wc -l)" 450
    cat "$MNT"/prod/*.json "$MNT"/staging/*.json | jq -s -e 'length == 450'
    cat "$MNT/prod/web-1/status" "$MNT/.table" "$MNT/.all.ndjson" "$MNT/.skystack/status" >/dev/null
    ls -lR "$MNT/.skystack" >/dev/null
    assert_equal "$(requests)" 0
}

@test "with summaries a listing costs the same, and each text one more, once" {
    summaries
    mount_up ttl=60
    ls -lR "$MNT" >/dev/null
    find "$MNT" -size +1k >/dev/null
    assert_equal "$(asked)" "1 3 0"
    cat "$MNT/prod/web-1.json" >/dev/null
    assert_equal "$(asked)" "1 3 1"
    cat "$MNT/prod/web-1.json" "$MNT/prod/web-1/status" >/dev/null
    ls -l "$MNT/prod/web-1" >/dev/null
    assert_equal "$(asked)" "1 3 1"
}

@test "a hundred readers of one cold text cost one request" {
    summaries
    mount_up ttl=60
    ls "$MNT/prod" >/dev/null
    requests_reset
    admin POST /config '{"latency_ms":300}' >/dev/null
    local pids=() pid i
    for i in {1..100}; do
        cat "$MNT/prod/web-1.json" >"$PLACE/read.$i" 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    assert_equal "$(asked)" "0 0 1"
    assert_equal "$(sha256sum "$PLACE"/read.* | cut -d' ' -f1 | sort -u | wc -l)" 1
    jq -e '.name == "web-1"' "$PLACE/read.100"
}

@test "a hundred who list a cold directory cost one listing" {
    admin POST /config '{"latency_ms":100}' >/dev/null
    mount_up ttl=60
    local pids=() pid i
    for i in {1..100}; do
        ls "$MNT/staging" >"$PLACE/list.$i" 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    assert_equal "$(asked)" "1 3 0"
    assert_equal "$(cat "$PLACE"/list.* | wc -l)" 22500
}

@test "whoever stops reading a list early pays for no further page" {
    mount_up ttl=60
    assert_equal "$(entries "$MNT/prod" 1)" 1
    sleep 0.5
    assert_equal "$(requests)" 2
    assert_equal "$(entries "$MNT/prod" 10000)" 225
}

@test "a text of the first page by its name, cold, costs that page alone" {
    mount_up ttl=60
    jq -e '.name == "web-1"' "$MNT/prod/web-1.json"
    sleep 0.5
    assert_equal "$(asked)" "1 1 0"
}

@test "a name that a complete list does not have costs nothing" {
    mount_up ttl=60
    ls "$MNT/prod" >/dev/null
    requests_reset
    local i
    for i in {1..20}; do [ ! -e "$MNT/prod/nothing-$i.json" ]; done
    [ ! -e "$MNT/prod/nothing/status" ]
    [ ! -e "$MNT/prod/web-1/nothing" ]
    [ ! -e "$MNT/nothing" ]
    [ ! -e "$MNT/.skystack/by-id/nothing" ]
    assert_equal "$(requests)" 0
}

@test "names that editors, shells and desktops try cost nothing, cold" {
    mount_up ttl=60
    requests_reset
    local name
    for name in .git .hidden .web-1.json.swp '.#web-1.json' '#web-1.json#' web-1.json~ .DS_Store .Trash-0 .directory; do
        [ ! -e "$MNT/prod/$name" ]
        [ ! -e "$MNT/$name" ]
    done
    assert_equal "$(requests)" 0
}

@test "one after another, many old texts become one listing" {
    mount_up ttl=1
    ls "$MNT/prod" >/dev/null
    sleep 1.1
    requests_reset
    cat "$MNT"/prod/*.json >/dev/null
    cat "$MNT"/staging/*.json >/dev/null
    [ "$(requests)" -le 9 ] || fail_with "$(asked)"
}

@test "one text looked at again and again costs one request in a TTL" {
    mount_up ttl=1
    cat "$MNT/prod/web-1.json" >/dev/null
    requests_reset
    local until=$(($(since) + 3500))
    while [ "$(since)" -lt $until ]; do cat "$MNT/prod/web-1.json" "$MNT/prod/web-1/status" >/dev/null; done
    [ "$(requests)" -ge 2 ] && [ "$(requests)" -le 4 ] || fail_with "$(asked)"
}

@test "an instance in transition is asked for ever less often while nothing moves" {
    local id=moving
    admin POST /instances '{"id":"moving","name":"slow","project_id":"prj_1","status":"provisioning","ip":null,"utilization":{}}' >/dev/null
    mount_up ttl=60,ttl_transition=0.5
    cat "$MNT/prod/slow.json" >/dev/null
    requests_reset
    local until=$(($(since) + 5000))
    while [ "$(since)" -lt $until ]; do cat "$MNT/prod/slow.json" >/dev/null; done
    admin DELETE "/instances/$id" >/dev/null
    [ "$(requests)" -ge 2 ] && [ "$(requests)" -le 4 ] || fail_with "$(asked)"
}

@test "one connection carries a listing" {
    mount_up ttl=60
    find "$MNT" >/dev/null
    [ "$(admin GET /log | jq '[.[-4:][].connection] | unique | length')" = 1 ]
}

# Not behind a proxy: a second sandbox has no place there.
# bats test_tags=direct
@test "ls -l of 10,000 instances, cold: 51 requests; then cat of all: none" {
    sandbox_start --instances 10000 --dir "$PLACE/ten-thousand"
    mount_up ttl=60
    assert_equal "$(ls -l "$MNT"/prod "$MNT"/staging | grep -c json)" 10000
    assert_equal "$(asked)" "1 50 0"
    (cd "$MNT/prod" && cat -- *.json) >"$PLACE/texts"
    (cd "$MNT/staging" && cat -- *.json) >>"$PLACE/texts"
    assert_equal "$(grep -c '^}$' "$PLACE/texts")" 10000
    assert_equal "$(requests)" 51
}

# Not behind a proxy: a second sandbox has no place there.
# bats test_tags=direct
@test "pages by number are fetched four at a time, each of them once: 51 requests for 10,000 instances" {
    sandbox_start --instances 10000 --dir "$PLACE/ten-thousand" --pagination page --latency-ms 100
    mount_up ttl=60
    assert_equal "$(ls -l "$MNT"/prod "$MNT"/staging | grep -c json)" 10000
    assert_equal "$(asked)" "1 50 0"
    assert_equal "$(abreast)" "4 0"
    mount_down
    requests_reset
    admin POST /log/reset >/dev/null
    mount_up ttl=60
    assert_equal "$(cat "$MNT/.all.ndjson" | wc -l)" 10000
    assert_equal "$(asked)" "1 50 0"
    assert_equal "$(abreast)" "4 0"
}

# Leaves a mount that was made anew, with nothing counted.
first_name_costs_one_page() {
    mount_up ttl=60
    assert_equal "$(entries "$MNT/prod" 1)" 1
    sleep 0.3
    assert_equal "$(asked)" "1 1 0"
    mount_down
    requests_reset
    mount_up ttl=60
}

# Not behind a proxy: a second sandbox has no place there.
# bats test_tags=direct
@test "pages by number: the first name costs one page, and names of the first pages cost few" {
    local name
    sandbox_start --instances 10000 --dir "$PLACE/ten-thousand" --pagination page --latency-ms 20
    first_name_costs_one_page
    jq -e '.name == "web-1"' "$MNT/prod/web-1.json"
    sleep 0.3
    assert_equal "$(asked)" "1 1 0"
    name=$(api GET '/v1/instances?limit=200&page=2' | jq -r '[.data[] | select(.project_id == "prj_1")][50].name')
    requests_reset
    jq -e --arg name "$name" '.name == $name' "$MNT/prod/$name.json"
    sleep 0.3
    assert_equal "$(asked)" "0 2 0" # that page, and the one that was abreast
}

# Not behind a proxy: a second sandbox has no place there.
# bats test_tags=direct
@test "the first name of a listing of 10,000 costs one page, ls -U | head -1 a few" {
    sandbox_start --instances 10000 --dir "$PLACE/ten-thousand"
    first_name_costs_one_page
    assert_equal "$(ls -U "$MNT/prod" | head -1)" web-1.json
    sleep 0.3
    # ls writes 4 KiB of names at a time, and goes on until a write finds that head has gone
    [ "$(requests)" -le 12 ] || fail_with "$(asked)"
}

# Reads the texts of the instances whose files are named on standard input, which are 60, one after another, and says how many had
# been asked for when the twentieth was read.
read_sixty() {
    local name i=0
    while read -r name; do
        cat "$MNT/prod/$name" >>"$PLACE/texts"
        i=$((i + 1))
        if [ "$i" = 20 ]; then sleep 0.3 && asked; fi
    done
}

# Lists with `ls OPTION…`, and reads in that order.
reads_ahead() {
    local ahead
    sandbox_start --instances 120 --rows summary --latency-ms 20
    mount_up ttl=60
    requests_reset
    ls "$@" "$MNT/prod" >"$PLACE/names"
    : >"$PLACE/texts"
    ahead=$(read_sixty <"$PLACE/names")
    [ "${ahead##* }" -gt 24 ] || fail_with "nothing is read ahead: $ahead"
    [ "${ahead##* }" -le 36 ] || fail_with "too much is read ahead: $ahead"
    assert_equal "$(asked)" "0 1 60"
    assert_equal "$(admin GET /log | jq -r '.[].path' | sort | uniq -d)" ""
    assert_equal "$(jq -r '.name + ".json"' "$PLACE/texts")" "$(cat "$PLACE/names")"
}

@test "whoever reads one summary after another is read ahead of, by at most 16, and nothing is asked twice" {
    reads_ahead -U
}

@test "so is who reads them by their sorted names" {
    reads_ahead
}

@test "who reads here and there is not read ahead of" {
    local place
    summaries
    mount_up ttl=60
    ls "$MNT/prod" >"$PLACE/names"
    for place in 200 7 44 100 3; do cat "$MNT/prod/$(sed -n "${place}p" "$PLACE/names")" >/dev/null; done
    sleep 0.3
    assert_equal "$(asked)" "1 3 5"
}

calls() { status_of .kernel.requests; }

# An open and a close each: what an open answers with is in the page cache already. RELEASE comes a moment later.
@test "reading a file for the first time is two calls of the kernel, and so is each time after" {
    local before round
    sandbox_start --instances 100 --projects 1
    mount_up ttl=60
    ls -l "$MNT/prod" >/dev/null
    calls >/dev/null
    for round in 1 2 3; do
        sleep 0.2
        before=$(calls)
        (cd "$MNT/prod" && cat ./*.json) >"$PLACE/texts.$round"
        sleep 0.2
        [ "$(($(calls) - before))" -ge 200 ] || fail_with "only $(($(calls) - before)) calls in round $round"
        [ "$(($(calls) - before))" -lt 230 ] || fail_with "$(($(calls) - before)) calls in round $round"
        assert_equal "$(jq -s length "$PLACE/texts.$round")" 100
    done
    cmp "$PLACE/texts.1" "$PLACE/texts.3"
}

@test "what another client changed is read anew, longer or shorter, whoever has it open" {
    local id file text held
    sandbox_start --instances 3
    mount_up ttl=1
    file=$MNT/prod/$(ls "$MNT/prod" | head -n 1)
    id=$(jq -r .id "$file")
    exec {held}<"$file"
    for text in $(printf 'x%.0s' {1..3000}) a $(printf 'y%.0s' {1..90}) b; do
        api PATCH "/v1/instances/$id" "{\"tags\":[\"$text\"]}" >/dev/null
        sleep 1.1
        assert_equal "$(jq -r '.tags[0]' "$file")" "$text"
        assert_equal "$(stat -c %s "$file")" "$(wc -c <"$file")"
        assert_equal "$(jq -r '.tags[0]' "$file")" "$text"
    done
    exec {held}<&-
}
