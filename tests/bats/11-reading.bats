#!/usr/bin/env bats
# Reading: what files, views, sizes, times and attributes say.

load helper

setup_file() {
    sandbox_start --instances 6
}

setup() {
    local id
    admin POST /config '{"rows":"full","pagination":"cursor"}' >/dev/null
    admin POST /reset >/dev/null
    for id in $(admin GET /projects | jq -r ".[].id" | grep -vx "prj_[12]"); do admin DELETE "/projects/$id" >/dev/null; done
    # Their gauges stand still, so that they are the same at every look.
    instance a '"name":"web-1","tags":["frontend","team:checkout"]'
    instance b '"name":"web-2","project_id":"prj_2","size":"standard-8"'
    instance c '"name":"db-1","status":"stopped","ip":null'
}

# instance ID FIELDS: makes one, in prod unless the fields say otherwise.
instance() {
    local still='"utilization":{"cpu":12.5,"memory":20.5},"created_at":"2026-01-02T03:04:05Z","updated_at":"2026-02-03T04:05:06Z"'
    jq -e . <<<"{$2}" >/dev/null
    [[ $2 == *project_id* ]] || set -- "$1" "$2,\"project_id\":\"prj_1\""
    [[ $2 == *'"status"'* ]] || set -- "$1" "$2,\"status\":\"running\""
    [[ $2 == *'_at"'* ]] || set -- "$1" "$2,$still"
    admin POST /instances "{\"id\":\"$1\",$2}" >/dev/null
}

patch() {
    admin PATCH "/instances/$1" "$2" >/dev/null
}

summaries() {
    admin POST /config '{"rows":"summary"}' >/dev/null
}

# What the API has, in the layout of a file.
row() {
    admin GET "/instances/$1" | jq .
}

attribute() {
    getfattr --absolute-names --only-values -n "user.skystack.$2" "$1"
}

# A word of stat's about a file, as the kernel is told now.
stat_of() {
    stat --cached=never -c "$2" "$1"
}

# Text

@test "a listing shows every instance once, as NAME.json" {
    mount_up
    assert_equal "$(ls -A "$MNT" | paste -sd ' ')" "prod staging"
    assert_equal "$(ls -A "$MNT/prod" "$MNT/staging" | grep json | paste -sd ' ')" "db-1.json web-1.json web-2.json"
    assert_equal "$(find "$MNT" | wc -l)" 6
    assert_equal "$(find "$MNT" -type f | wc -l)" 3
}

@test "JSON is indented by two spaces and ends in one newline" {
    instance d '"name":"deep","o":{},"l":[],"n":null,"t":true,"nested":{"a":[1,[2,{"b":[]}],{}],"c":{"d":{"e":"f"}}}'
    mount_up
    local id path
    for path in a:prod/web-1 b:staging/web-2 c:prod/db-1 d:prod/deep; do
        id=${path%%:*}
        diff <(row "$id") "$MNT/${path#*:}.json"
    done
    assert_equal "$(tail -c 3 "$MNT/prod/deep.json" | xxd -p)" 0a7d0a
    assert_equal "$(head -n 2 "$MNT/prod/deep.json")" $'{\n  "id": "d",'
}

@test "fields stand in the server's order" {
    instance d '"zeta":1,"name":"order","alpha":2,"Beta":{"z":1,"a":2}'
    mount_up
    assert_equal "$(jq -c 'paths | map(tostring)' "$MNT/prod/order.json")" \
        "$(admin GET /instances/d | jq -c 'paths | map(tostring)')"
    assert_equal "$(grep -oE 'zeta|alpha|Beta|"z"|"a"' "$MNT/prod/order.json" | paste -sd ' ')" 'zeta alpha Beta "z" "a"'
}

# Not behind a proxy: a proxy that reads and writes JSON anew does not keep the digits.
# bats test_tags=direct
@test "unknown fields and every digit of every number stay as they were sent" {
    instance d '"name":"exact","big":12345678901234567890123,"small":1.00000000000000000000001,"e":-0.10,"f":1E+2,"g":1e999,"z":-0,
        "s":"\u0041\/\u00e9é\ud83d\ude00\u0000\t","deep":{"n":[9007199254740993,0.1000]}'
    mount_up
    local text
    text=$(tr -d '\0' <"$MNT/prod/exact.json")
    local each
    for each in '"big": 12345678901234567890123,' '"small": 1.00000000000000000000001,' '"e": -0.10,' '"f": 1E+2,' '"g": 1e999,' \
        '"z": -0,' '"s": "\u0041\/\u00e9é\ud83d\ude00\u0000\t",' '      9007199254740993,' '      0.1000'; do
        [[ $text == *"$each"* ]] || fail_with "missing: $each"
    done
    assert_equal "$(cat "$MNT/prod/exact/big") $(cat "$MNT/prod/exact/small") $(cat "$MNT/prod/exact/f")" \
        "12345678901234567890123 1.00000000000000000000001 1E+2"
    grep -qF '"g":1e999' "$MNT/prod/.all.ndjson"
}

@test "the same state gives the same bytes" {
    mount_up ttl=0.1
    local first
    first=$(sha256sum <"$MNT/prod/web-1.json")
    sleep 0.2
    assert_equal "$(sha256sum <"$MNT/prod/web-1.json")" "$first"
    mount_down
    summaries
    mount_up
    assert_equal "$(sha256sum <"$MNT/prod/web-1.json")" "$first"
}

@test "a file is read whole, in part and from anywhere" {
    mount_up
    local file=$MNT/prod/web-1.json
    cat "$file" >"$PLACE/whole"
    assert_equal "$(head -c 10 "$file" | xxd -p)" "$(head -c 10 "$PLACE/whole" | xxd -p)"
    assert_equal "$(tail -c 10 "$file" | xxd -p)" "$(tail -c 10 "$PLACE/whole" | xxd -p)"
    assert_equal "$(tail -c +101 "$file" | head -c 50)" "$(tail -c +101 "$PLACE/whole" | head -c 50)"
    cmp <(dd if="$file" bs=7 status=none) "$PLACE/whole"
    assert_equal "$(tail -c +100000 "$file" | wc -c)" 0
}

@test "a large instance is read whole" {
    local pad
    pad=$(printf 'x%.0s' {1..2000})
    jq -n --arg pad "$pad" '{id:"big",name:"big",project_id:"prj_1",status:"running",utilization:{},pad:[range(150)|$pad]}' >"$PLACE/big"
    admin POST /instances "@$PLACE/big" >/dev/null
    mount_up
    assert_equal "$(stat -c %s "$MNT/prod/big.json")" "$(row big | wc -c)"
    cmp <(row big) "$MNT/prod/big.json"
    cmp <(row big) <(dd if="$MNT/prod/big.json" bs=1000 status=none)
    cp "$MNT/prod/big.json" "$PLACE/copy"
    cmp "$PLACE/copy" "$MNT/prod/big.json"
}

# Sizes

@test "a size is exact where the details are known" {
    mount_up
    local file
    for file in prod/web-1.json prod/db-1.json staging/web-2.json; do
        assert_equal "$file $(stat -c %s "$MNT/$file")" "$file $(wc -c < <(cat "$MNT/$file"))"
    done
    assert_equal "$(find "$MNT/prod" -name web-1.json -size "$(row a | wc -c)c" | wc -l)" 1
    assert_equal "$(stat -c %s "$MNT/prod/web-1/status")" 8
}

@test "where only a summary is known a size is 4096, and exact once the file is open" {
    summaries
    mount_up
    local file=$MNT/prod/web-1.json size
    assert_equal "$(stat -c %s "$file")" 4096
    assert_equal "$(ls -l "$MNT/prod" | awk '{print $5}' | paste -sd ' ')" " 4096 4096"
    size=$(row a | wc -c)
    assert_equal "$(stat -c %s - <"$file")" "$size"
    assert_equal "$(stat -c %s "$file")" "$size"
    assert_equal "$(stat -c %s "$MNT/prod/db-1.json")" 4096
}

@test "cp and tar store the right bytes, with summaries too" {
    local rows
    for rows in full summary; do
        admin POST /config "{\"rows\":\"$rows\"}" >/dev/null
        mount_up
        ls -l "$MNT/prod" "$MNT/staging" >/dev/null
        rm -rf "$PLACE/to"
        mkdir "$PLACE/to"
        tar cf "$PLACE/all.tar" -C "$MNT" prod staging 2>"$PLACE/tar.said"
        assert_equal "$(cat "$PLACE/tar.said")" ""
        tar xf "$PLACE/all.tar" -C "$PLACE/to"
        diff <(row a) "$PLACE/to/prod/web-1.json"
        diff <(row b) "$PLACE/to/staging/web-2.json"
        diff <(row c) "$PLACE/to/prod/db-1.json"
        mount_down
        mount_up
        cp "$MNT/prod/web-1.json" "$PLACE/copy"
        diff <(row a) "$PLACE/copy"
        cmp "$PLACE/to/prod/db-1.json" "$MNT/prod/db-1.json"
        diff -r "$PLACE/to" "$MNT"
        mount_down
    done
}

@test "after a stat a text that has grown is read whole" {
    mount_up ttl=0.3
    local file=$MNT/prod/web-1.json
    stat "$file" >/dev/null
    cat "$file" >/dev/null
    patch a '{"note":"a text that makes it longer by a good deal, and more, and more, and more, and more, and more"}'
    sleep 0.4
    diff <(row a) "$file"
    patch a '{"note":null}'
    stat "$file" >/dev/null
    sleep 0.4
    diff <(row a) "$file"
    assert_equal "$(stat -c %s "$file")" "$(row a | wc -c)"
}

@test "an open file keeps the text that it was opened with" {
    mount_up ttl=0.2
    local file=$MNT/prod/web-1.json before
    before=$(row a)
    exec 9<"$file"
    patch a '{"size":"standard-16","note":"longer than it was, by some hundred bytes or so, so that it matters where a text ends"}'
    sleep 0.3
    assert_equal "$(jq -r .size "$file")" standard-16
    assert_equal "$(cat <&9)" "$before"
    exec 9<&-
    diff <(row a) "$file"
}

@test "blocks are the size in units of 512 bytes" {
    mount_up
    local file=$MNT/prod/web-1.json
    assert_equal "$(stat -c %b "$file")" $((($(stat -c %s "$file") + 511) / 512))
}

# Changes

@test "a change of status shows once the time is up" {
    mount_up ttl=1
    local file=$MNT/prod/web-1.json
    assert_equal "$(jq -r .status "$file")" running
    patch a '{"status":"stopped"}'
    assert_equal "$(jq -r .status "$file") $(cat "$MNT/prod/web-1/status")" "running running"
    sleep 1.1
    assert_equal "$(jq -r .status "$file") $(cat "$MNT/prod/web-1/status")" "stopped stopped"
}

@test "an instance becoming ready is seen by whoever looks again and again" {
    admin POST /config '{"provision_ms":800}' >/dev/null
    local id
    id=$(api POST /v1/instances '{"name":"fresh","region":"us-east-1","size":"standard-2"}' | jq -r .id)
    mount_up ttl=60,ttl_transition=0.3
    assert_equal "$(cat "$MNT/prod/fresh/status")" provisioning
    within 4 grep -q running "$MNT/prod/fresh/status"
    assert_equal "$(cat "$MNT/prod/fresh/ip")" "$(admin GET "/instances/$id" | jq -r .ip)"
    jq -e '.status == "running" and .ip != null' "$MNT/prod/fresh.json"
}

@test "what others make, rename, move and delete comes and goes" {
    mount_up ttl=0.2
    assert_equal "$(ls "$MNT/prod" | paste -sd ' ')" "db-1.json web-1.json"
    local inode
    inode=$(stat -c %i "$MNT/prod/web-1.json")
    instance d '"name":"new-1"'
    patch a '{"name":"www-1"}'
    admin DELETE /instances/c >/dev/null
    sleep 0.3
    assert_equal "$(ls "$MNT/prod" | paste -sd ' ')" "new-1.json www-1.json"
    assert_equal "$(stat -c %i "$MNT/prod/www-1.json")" "$inode"
    run cat "$MNT/prod/web-1.json"
    assert_failure
    assert_output --partial 'No such file'
    patch a '{"project_id":"prj_2"}'
    sleep 0.3
    assert_equal "$(ls "$MNT/prod") $(ls "$MNT/staging" | paste -sd ' ')" "new-1.json web-2.json www-1.json"
    assert_equal "$(cat "$MNT/staging/www-1/id")" a
}

@test "projects come and go" {
    mount_up ttl=0.2,ttl_projects=0.2
    assert_equal "$(ls "$MNT" | paste -sd ' ')" "prod staging"
    admin POST /projects '{"id":"p9","name":"lab"}' >/dev/null
    sleep 0.3
    assert_equal "$(ls "$MNT" | paste -sd ' ')" "lab prod staging"
    assert_equal "$(ls -A "$MNT/lab")" ""
    admin DELETE /projects/p9 >/dev/null
    sleep 0.3
    assert_equal "$(ls "$MNT" | paste -sd ' ')" "prod staging"
    run ls "$MNT/lab"
    assert_failure
}

# Views

@test "NAME/ holds one value per file" {
    mount_up
    assert_equal "$(cd "$MNT/prod/web-1" && cat id name status region size ip project_id | paste -sd ' ')" \
        "$(admin GET /instances/a | jq -r '[.id,.name,.status,.region,.size,.ip,.project_id] | join(" ")')"
    assert_equal "$(cat "$MNT/prod/db-1/status")" stopped
    run cat "$MNT/prod/web-1/color"
    assert_failure
    assert_output --partial 'No such file'
    run ls "$MNT/prod/web-9"
    assert_failure
    assert_output --partial 'No such file'
}

# Not behind a proxy: a proxy that reads and writes JSON anew does not keep the digits.
# bats test_tags=direct
@test "a nested object in NAME/ is a directory" {
    instance d '"name":"deep","metadata":{"owner":"me","more":{"x":{"y":1.50}},"a/b":"slash",".h":"dot","":"nothing"}'
    mount_up
    assert_equal "$(cat "$MNT/prod/deep/utilization/cpu") $(cat "$MNT/prod/deep/metadata/more/x/y")" "12.5 1.50"
    assert_equal "$(cat "$MNT/prod/deep/metadata/a%2Fb") $(cat "$MNT/prod/deep/metadata/%2Eh") $(cat "$MNT/prod/deep/metadata/%")" \
        "slash dot nothing"
    [ -d "$MNT/prod/deep/metadata/more/x" ]
    assert_equal "$(ls -A "$MNT/prod/deep/metadata" | sort | paste -sd ' ')" "% %2Eh a%2Fb more owner"
}

@test "a listing of NAME/ shows every field" {
    mount_up
    assert_equal "$(ls -A "$MNT/prod/web-1" | sort)" "$(admin GET /instances/a | jq -r 'keys[]' | sort)"
    assert_equal "$(find "$MNT/prod/web-1" -type f | wc -l)" "$(admin GET /instances/a |
        jq '[paths(type != "object")] | map(select(all(type == "string"))) | length')"
}

@test "a list in NAME/ is one line an element" {
    mount_up
    assert_equal "$(cat "$MNT/prod/web-1/tags")" $'frontend\nteam:checkout'
    grep -qx team:checkout "$MNT/prod/web-1/tags"
}

@test "NAME/ works with summaries too" {
    summaries
    mount_up
    assert_equal "$(cat "$MNT/prod/web-1/status")" running
    assert_equal "$(ls -A "$MNT/prod/db-1" | sort)" "$(admin GET /instances/c | jq -r 'keys[]' | sort)"
}

@test "views are not listed" {
    mount_up
    cat "$MNT/prod/web-1/status" "$MNT/prod/.table" "$MNT/.table" "$MNT/.skystack/status" >/dev/null
    assert_equal "$(ls -a "$MNT" | paste -sd ' ')" ". .. prod staging"
    assert_equal "$(ls -a "$MNT/prod" | paste -sd ' ')" ". .. db-1.json web-1.json"
    assert_equal "$(find "$MNT" | wc -l)" 6
    assert_equal "$(grep -rl '"id": "a"' "$MNT")" "$MNT/prod/web-1.json"
    assert_equal "$(grep -rc . "$MNT" | wc -l)" 3
    assert_equal "$(cd "$MNT" && echo * prod/* prod/.[!.]*)" "prod staging prod/db-1.json prod/web-1.json prod/.[!.]*"
    assert_equal "$(du -a "$MNT" | wc -l)" 6
}

@test "with attrs=listed the NAME directories are listed as well" {
    mount_up attrs=listed
    assert_equal "$(ls -A "$MNT/prod" | paste -sd ' ')" "db-1 db-1.json web-1 web-1.json"
    [ "$(find "$MNT/prod" -name status | wc -l)" = 2 ]
    assert_equal "$(cat "$MNT"/prod/*/status | sort | paste -sd ' ')" "running stopped"
}

@test ".table is for people" {
    mount_up
    assert_equal "$(head -1 "$MNT/prod/.table" | xargs)" "NAME STATUS IP SIZE REGION AGE"
    assert_equal "$(wc -l <"$MNT/prod/.table")" 3
    assert_equal "$(grep '^web-1 ' "$MNT/prod/.table" | awk '{print $2, $3, $4, $5}')" \
        "$(admin GET /instances/a | jq -r '[.status,.ip,.size,.region] | join(" ")')"
    assert_equal "$(grep '^db-1 ' "$MNT/prod/.table" | awk '{print $2, $3}')" "stopped -"
    assert_equal "$(sed 1d "$MNT/.table" | awk '{print $1}' | sort | paste -sd ' ')" "prod/db-1 prod/web-1 staging/web-2"
}

@test ".table shows what a terminal would obey, and does not send it there" {
    instance d '"name":"x","region":"\u001b[31mred","size":"two\nlines"'
    mount_up
    assert_equal "$(wc -l <"$MNT/prod/.table")" 4
    run grep -c $'\e' "$MNT/prod/.table"
    assert_output 0
}

@test ".all.ndjson is every instance, a line each" {
    mount_up
    assert_equal "$(wc -l <"$MNT/.all.ndjson") $(wc -l <"$MNT/prod/.all.ndjson") $(wc -l <"$MNT/staging/.all.ndjson")" "3 2 1"
    assert_equal "$(jq -s -c 'sort_by(.id)' "$MNT/.all.ndjson")" "$(admin GET /instances | jq -c 'sort_by(.id)')"
    assert_equal "$(jq -r 'select(.status == "stopped").name' "$MNT/prod/.all.ndjson")" db-1
}

@test "with project= that project alone is the root" {
    mount_up project=staging
    assert_equal "$(ls -A "$MNT")" web-2.json
    assert_equal "$(cat "$MNT/web-2/size") $(wc -l <"$MNT/.all.ndjson") $(wc -l <"$MNT/.table")" "standard-8 1 2"
}

# .skystack

@test "status is a page for people" {
    mount_up
    ls "$MNT/prod" >/dev/null
    assert_equal "$(head -n 1 "$MNT/.skystack/status")" 'everything is well'
    grep -q '^state *ok$' "$MNT/.skystack/status"
    grep -qF "$ENDPOINT" "$MNT/.skystack/status"
    grep -q '^instances *3' "$MNT/.skystack/status"
    grep -q -E '^memory +[0-9.]+ MB, [0-9]+ bytes an instance, of which [1-9][0-9]* are its JSON$' "$MNT/.skystack/status"
    assert_equal "$("$SKYSTACKFS" status "$MNT" | head -1)" "$(head -1 "$MNT/.skystack/status")"
}

@test "status.json is the same for programs" {
    mount_up
    ls "$MNT/prod" >/dev/null
    jq -e --arg mnt "$MNT" '.state == "ok" and .mountpoint == $mnt and .instances.count == 3 and .instances.complete
        and .projects.count == 2 and .api.requests == 2 and .memory.json_bytes_per_instance == .instances.json_bytes / 3' "$MNT/.skystack/status.json"
    "$SKYSTACKFS" status --json "$MNT" | jq -e '.state == "ok"'
}

@test "errors are JSON lines with request ids, newest last" {
    summaries
    mount_up
    assert_equal "$(cat "$MNT/.skystack/errors")" ""
    fault '{"kind":"status","status":403,"code":"forbidden","message":"not yours \u001b[1m","path":"/v1/instances/a"}'
    run cat "$MNT/prod/web-1.json"
    assert_failure
    assert_output --partial 'Permission denied'
    run mkdir "$MNT/prod/no good"
    assert_failure
    assert_equal "$(jq -c '[.path,.errno]' "$MNT/.skystack/errors" | paste -sd ' ')" \
        '["/prod/web-1.json","EACCES"] ["/prod/no good","EINVAL"]'
    local request
    request=$(head -1 "$MNT/.skystack/errors" | jq -r .request_id)
    assert_equal "$request" "$(admin GET /log | jq -r 'map(select(.status == 403))[0].request_id // "none"')"
    run grep -cE "$(cat "$TOKEN_FILE")|"$'\e' "$MNT/.skystack/errors"
    assert_output 0
    head -1 "$MNT/.skystack/errors" | jq -e '.api_code == "forbidden" and (.message | length > 0) and (.time | fromdateiso8601? // true)'
}

@test "the last 100 errors are kept" {
    mount_up
    local i
    for i in {1..105}; do mkdir "$MNT/prod/no $i" 2>/dev/null || true; done
    assert_equal "$(wc -l <"$MNT/.skystack/errors")" 100
    assert_equal "$(jq -r .path "$MNT/.skystack/errors" | sed -n '1p;$p' | paste -sd ,)" "/prod/no 6,/prod/no 105"
}

@test "by-id holds a link to every instance" {
    mount_up
    assert_equal "$(ls "$MNT/.skystack/by-id" | paste -sd ' ')" "a b c"
    assert_equal "$(readlink "$MNT/.skystack/by-id/b")" ../../staging/web-2.json
    assert_equal "$(jq -r .name "$MNT/.skystack/by-id/"* | paste -sd ' ')" "web-1 web-2 db-1"
    assert_equal "$(realpath "$MNT/.skystack/by-id/a")" "$MNT/prod/web-1.json"
    run readlink "$MNT/.skystack/by-id/nobody"
    assert_failure
    mount_down
    mount_up
    assert_equal "$(jq -r .id "$MNT/.skystack/by-id/c")" c
}

# Attributes

# Not behind a proxy: a proxy that reads and writes JSON anew does not keep the digits.
# bats test_tags=direct
@test "each top-level scalar is an extended attribute" {
    instance d '"name":"x","big":12345678901234567890123,"on":true,"word":"né"'
    mount_up
    local file=$MNT/prod/x.json
    assert_equal "$(attribute "$file" id) $(attribute "$file" big) $(attribute "$file" on) $(attribute "$file" word)" \
        "d 12345678901234567890123 true né"
    assert_equal "$(getfattr --absolute-names -d "$file" | grep -oP '(?<=^user\.skystack\.)[a-z_]+' | sort | paste -sd ' ')" \
        "$(admin GET /instances/d | jq -r '["age","source"] + [to_entries[] | select(.value | type | . != "object" and . != "array") | .key] |
            sort | join(" ")')"
    run attribute "$file" utilization
    assert_failure
}

@test "attributes say where a text is from and how old it is" {
    mount_up ttl=60
    local file=$MNT/prod/web-1.json
    cat "$file" >/dev/null
    assert_equal "$(attribute "$file" source) $(attribute "$file" age)" "live 0"
    sleep 1.2
    assert_equal "$(attribute "$file" source) $(attribute "$file" age)" "cache 1"
}

@test "attributes say what failed last" {
    summaries
    mount_up
    local file=$MNT/prod/web-1.json
    run attribute "$file" error
    assert_failure
    assert_output --partial 'No such attribute'
    fault '{"kind":"status","status":403,"message":"not yours","path":"/v1/instances/a"}'
    run cat "$file"
    assert_failure
    [[ $(attribute "$file" error) == *"not yours"* ]]
    assert_equal "$(attribute "$file" request_id)" "$(jq -r .request_id "$MNT/.skystack/errors")"
}

@test "names outside of user. are not supported, and setting is not" {
    mount_up
    local file=$MNT/prod/web-1.json name
    for name in security.selinux security.capability system.posix_acl_access trusted.skystack; do
        run getfattr -n "$name" "$file" "$MNT/prod"
        assert_failure
        assert_output --partial "$name: Operation not supported"
    done
    run getfattr -n user.other "$file"
    assert_output --partial 'No such attribute'
    run setfattr -n user.skystack.size -v x "$file"
    assert_output --partial 'Operation not supported'
    run setfattr -x user.skystack.size "$file"
    assert_output --partial 'Operation not supported'
    getfattr -d "$MNT/prod" "$MNT" "$MNT/.skystack/status"
}

@test "ls -l shows neither + nor a dot behind the modes" {
    mount_up umask=027
    assert_equal "$(ls -l "$MNT/prod" | awk 'NR > 1 {print $1}' | sort -u)" -rw-r-----
    assert_equal "$(stat -c %A "$MNT/prod") $(stat -c %A "$MNT/prod/web-1/status")" "drwxr-x--- -r--r-----"
}

@test "files belong to whoever the mount says" {
    mount_up uid=12,gid=34
    assert_equal "$(stat -c %u:%g "$MNT/prod/web-1.json" "$MNT/prod" "$MNT/.skystack/status" | sort -u)" 12:34
}

# Times

# Not behind a proxy: the API breaks the contract here.
# bats test_tags=direct
@test "times start from updated_at, else created_at" {
    instance d '"name":"x","created_at":"2026-01-02T03:04:05Z","updated_at":null'
    mount_up
    assert_equal "$(stat -c %Y "$MNT/prod/web-1.json") $(stat -c %Z "$MNT/prod/web-1.json")" \
        "$(date -d 2026-02-03T04:05:06Z +%s) $(date -d 2026-02-03T04:05:06Z +%s)"
    assert_equal "$(stat -c %Y "$MNT/prod/x.json")" "$(date -d 2026-01-02T03:04:05Z +%s)"
    summaries
    mount_down
    mount_up
    cat "$MNT/prod/web-1.json" >/dev/null
    assert_equal "$(stat -c %Y "$MNT/prod/web-1.json")" "$(date -d 2026-02-03T04:05:06Z +%s)"
}

@test "what the server owns moves the ctime alone" {
    mount_up ttl=0.2
    local file=$MNT/prod/web-1.json mtime ctime change
    for change in '{"utilization":{"cpu":99.9}}' '{"status":"stopped"}' '{"ip":"10.0.0.9"}' '{"health":"bad"}' \
        '{"updated_at":"2026-03-03T03:03:03Z"}'; do
        cat "$file" >/dev/null
        mtime=$(stat_of "$file" %.Y)
        ctime=$(stat_of "$file" %.Z)
        patch a "$change"
        sleep 0.3
        cat "$file" >/dev/null
        assert_equal "$change $(stat_of "$file" %.Y)" "$change $mtime"
        [ "$(stat_of "$file" %.Z)" != "$ctime" ] || fail_with "$change left the ctime"
    done
}

@test "a field that one may set moves the mtime" {
    mount_up ttl=0.2
    local file=$MNT/prod/web-1.json mtime change
    for change in '{"size":"standard-4"}' '{"tags":["x"]}' '{"metadata":{"a":1}}' '{"metadata":null}'; do
        cat "$file" >/dev/null
        mtime=$(stat_of "$file" %.Y)
        patch a "$change"
        sleep 0.3
        cat "$file" >/dev/null
        [ "$(stat_of "$file" %.Y)" != "$mtime" ] || fail_with "$change left the mtime"
        [ "$(stat_of "$file" %Z)" -ge "$(($(date +%s) - 2))" ]
    done
}

@test "no change moves no time" {
    mount_up ttl=0.1
    local file=$MNT/prod/web-1.json before
    cat "$file" >/dev/null
    before=$(stat_of "$file" '%.Y %.Z')
    sleep 0.2
    cat "$file" >/dev/null
    echo all >"$MNT/.skystack/refresh"
    cat "$file" >/dev/null
    assert_equal "$(stat_of "$file" '%.Y %.Z')" "$before"
}

@test "a directory's mtime moves with its members alone" {
    mount_up ttl=0.1
    ls "$MNT/prod" "$MNT/staging" >/dev/null
    local prod staging
    prod=$(stat_of "$MNT/prod" %.Y)
    staging=$(stat_of "$MNT/staging" %.Y)
    patch a '{"size":"standard-4"}'
    sleep 0.2
    cat "$MNT/prod/web-1.json" >/dev/null
    ls "$MNT/prod" >/dev/null
    assert_equal "$(stat_of "$MNT/prod" %.Y)" "$prod"
    instance d '"name":"new"'
    sleep 0.2
    ls "$MNT/prod" >/dev/null
    [ "$(stat_of "$MNT/prod" %.Y)" != "$prod" ]
    prod=$(stat_of "$MNT/prod" %.Y)
    admin DELETE /instances/d >/dev/null
    sleep 0.2
    ls "$MNT/prod" >/dev/null
    [ "$(stat_of "$MNT/prod" %.Y)" != "$prod" ]
    assert_equal "$(stat_of "$MNT/staging" %.Y)" "$staging"
}

has_another_inode() {
    [ "$(stat -c %i "$1")" != "$2" ]
}

@test "an inode number is stable for an id, and nobody else's" {
    mount_up
    local before
    before=$(cd "$MNT" && find . -printf '%i %p\n' | sort -k2)
    assert_equal "$(cut -d' ' -f1 <<<"$before" | sort -u | wc -l)" 6
    assert_equal "$(ls -i "$MNT/prod/web-1.json" | cut -d' ' -f1)" "$(stat -c %i "$MNT/prod/web-1.json")"
    assert_equal "$(ls -1i "$MNT/prod" | awk '/web-1/ {print $1}')" "$(stat -c %i "$MNT/prod/web-1.json")"
    mount_down
    patch c '{"name":"renamed"}'
    mount_up
    within 5 [ -e "$MNT/prod/renamed.json" ] # it begins with what the mount before it knew
    assert_equal "$(cd "$MNT" && find . -printf '%i %p\n' | sort -k2 | sed 's/renamed/db-1/' | sort -k2)" "$before"
    admin DELETE /instances/a >/dev/null
    instance a2 '"name":"web-1"'
    mount_down
    mount_up
    within 5 has_another_inode "$MNT/prod/web-1.json" "$(awk '/web-1.json/ {print $1}' <<<"$before")"
}

@test "every file has one link" {
    mount_up
    assert_equal "$(find "$MNT" -type f -printf '%n\n' | sort -u)" 1
    assert_equal "$(stat -c %h "$MNT/prod/web-1/status" "$MNT/prod/.table" "$MNT/.skystack/status" | sort -u)" 1
}

# The whole

@test "df counts the instances, and never says full" {
    mount_up
    ls "$MNT/prod" >/dev/null
    assert_equal "$(df --output=iused "$MNT" | tail -1 | xargs)" 3
    [ "$(df --output=iavail "$MNT" | tail -1)" -gt 0 ]
    [ "$(df --output=avail "$MNT" | tail -1)" -gt 0 ]
    assert_equal "$(df --output=fstype,source "$MNT" | tail -1 | xargs)" "fuse.skystackfs $ENDPOINT"
}

@test "everyday tools read it without a word of complaint" {
    mount_up
    local said
    said=$(
        {
            cd "$MNT" && ls -lR && find . -newer prod -o -size +1k && du -sh . && grep -r running . && wc -c prod/* &&
                jq . prod/*.json && file prod/* && sha256sum prod/* && stat prod/* && cp -r . "$PLACE/copy" && diff -r . "$PLACE/copy"
        } 2>&1 >/dev/null
    )
    assert_equal "$said" ""
    assert_equal "$(find "$PLACE/copy" -type f | wc -l)" 3
}
