#!/usr/bin/env bats
# Creating: mkdir, and the write that completes a text.

load helper

sizes='{"region":"eu-central","size":"standard-2"}'

setup() {
    sandbox_start --instances 4
    prod=$MNT/prod
}

# pieces FILE TEXT...: each in a write(2) of its own; prints what became of each.
pieces() {
    perl -e '
        open(my $file, ">>", shift) or die "open: $!\n";
        print defined syswrite($file, $_) ? "taken" : "$!", "\n" for @ARGV;
        close($file) or print "close: $!\n";' "$@"
}

# The bodies that were sent to create something, one a line.
sent() {
    admin GET /log | jq -c '.[] | select(.method == "POST") | .body | fromjson'
}

field() {
    jq -r ".$2" "$1"
}

newest_error() {
    tail -n 1 "$MNT/.skystack/errors" | jq -r ".$1"
}

# mkdir

@test "mkdir creates from the mount's defaults" {
    mount_up region=eu-central,size=standard-2
    mkdir "$prod/web-9"
    assert_equal "$(sent)" '{"name":"web-9","project_id":"prj_1","region":"eu-central","size":"standard-2"}'
    assert_equal "$(posts)" 1
}

@test "after mkdir both the directory and the file are there" {
    mount_up region=eu-central,size=standard-2
    mkdir "$prod/web-9"
    [ -d "$prod/web-9" ]
    [ -f "$prod/web-9.json" ]
    assert_equal "$(cat "$prod/web-9/region")" eu-central
    assert_equal "$(field "$prod/web-9.json" name)" web-9
    grep -qx web-9.json <(ls "$prod")
    run grep -x web-9 <(ls "$prod")
    assert_failure
}

@test "mkdir takes image and profile from the mount too" {
    mount_up region=eu-central,profile=c4-standard,image=debian-12
    mkdir "$prod/web-9"
    assert_equal "$(posts /v1/compute/instances)" 1
    assert_equal "$(sent)" '{"name":"web-9","project_id":"prj_1","region":"eu-central","image":"debian-12","profile":"c4-standard"}'
}

@test "mkdir without a region is EINVAL, and why says where to set it" {
    mount_up size=standard-2
    refused 'Invalid argument' mkdir "$prod/web-9"
    run why "$prod/web-9"
    assert_success
    assert_output --partial '`region` is missing'
    assert_output --partial 'prod/.defaults.json'
    assert_output --partial '-o region='
    assert_output --partial 'nothing was sent'
    assert_equal "$(changing)" 0
    [ ! -e "$prod/web-9" ]
}

@test "mkdir without a size is EINVAL, and says so" {
    mount_up region=eu-central
    refused 'Invalid argument' mkdir "$prod/web-9"
    run why "$prod/web-9"
    assert_output --partial '`size` is missing'
    assert_output --partial '-o size='
    assert_equal "$(changing)" 0
}

@test "mkdir of a name that ends as a file's is EINVAL" {
    mount_up region=eu-central,size=standard-2
    local name
    for name in x.json x.rejected x.error; do
        refused 'Invalid argument' mkdir "$prod/$name"
    done
    assert_equal "$(changing)" 0
}

@test "mkdir of a hidden name is refused and sends nothing" {
    mount_up region=eu-central,size=standard-2
    refused 'Operation not permitted' mkdir "$prod/.git"
    refused 'Operation not permitted' mkdir "$MNT/.git"
    [ ! -e "$prod/.git" ]
    assert_equal "$(requests 'POST /v1/instances')" 0
}

@test "mkdir at the root is EPERM, since the API makes no projects" {
    mount_up region=eu-central,size=standard-2
    refused 'Operation not permitted' mkdir "$MNT/prod2"
    run why "$MNT/prod2"
    assert_output --partial 'makes and deletes no projects'
    assert_equal "$(changing)" 0
}

@test "mkdir inside of a view is refused" {
    mount_up region=eu-central,size=standard-2
    refused 'Operation not permitted' mkdir "$prod/web-1/x"
    refused 'Operation not permitted' mkdir "$MNT/.skystack/x"
    assert_equal "$(changing)" 0
}

@test "mkdir of a name that is there is EEXIST and sends nothing" {
    mount_up region=eu-central,size=standard-2
    refused 'File exists' mkdir "$prod/web-1"
    assert_equal "$(changing)" 0
}

@test "mkdir -p of what is there succeeds and sends nothing" {
    mount_up region=eu-central,size=standard-2
    mkdir -p "$prod/web-1"
    assert_equal "$(changing)" 0
}

@test "a file manager's name rents no machine" {
    mount_up region=eu-central,size=standard-2
    local name
    for name in 'untitled folder' 'web-' '-web' 'wéb' 'a~b' 'a%41' "$(printf 'a%.0s' {1..64})"; do
        refused 'Invalid argument' mkdir "$prod/$name"
        refused 'Invalid argument' put "$prod/$name.json" "$sizes"
    done
    assert_equal "$(changing)" 0
}

@test "names of every kind that is allowed are created as they are" {
    mount_up region=eu-central,size=standard-2
    local name names=(a 9 A.b_c-9 "$(printf 'a%.0s' {1..63})")
    for name in "${names[@]}"; do mkdir "$prod/$name"; done
    assert_equal "$(sent | jq -r .name)" "$(printf '%s\n' "${names[@]}")"
}

# Defaults

@test "a project's own defaults are over the mount's, and the text is over both" {
    mount_up region=eu-central,size=standard-2
    put "$prod/.defaults.json" '{"size":"standard-4","image":"debian-12"}'
    mkdir "$prod/a"
    put "$prod/b.json" '{"size":"standard-8"}'
    mkdir "$MNT/staging/c"
    assert_equal "$(sent | jq -c '[.name, .region, .size, .image]')" \
        $'["a","eu-central","standard-4","debian-12"]\n["b","eu-central","standard-8","debian-12"]\n["c","eu-central","standard-2",null]'
}

@test "a project's defaults can be read, cost no request and are not listed" {
    mount_up
    ls "$prod" >/dev/null
    requests_reset
    assert_equal "$(jq -c . "$prod/.defaults.json")" '{}'
    put "$prod/.defaults.json" '{"size": "standard-4"}'
    assert_equal "$(jq -c . "$prod/.defaults.json")" '{"size":"standard-4"}'
    assert_equal "$(requests)" 0
    run grep defaults <(ls -A "$prod")
    assert_failure
}

@test "a project's defaults live on over a remount" {
    mount_up
    put "$prod/.defaults.json" "$sizes"
    mount_down
    mount_up
    mkdir "$prod/web-9"
    assert_equal "$(sent | jq -c '[.region, .size]')" '["eu-central","standard-2"]'
}

@test "defaults that are not a JSON object are EINVAL, and the old ones stay" {
    mount_up
    put "$prod/.defaults.json" "$sizes"
    refused 'Invalid argument' put "$prod/.defaults.json" '{"size":}'
    refused 'Invalid argument' put "$prod/.defaults.json" '["size"]'
    mkdir "$prod/web-9"
    assert_equal "$(sent | jq -r .size)" standard-2
}

@test "a profile in the text takes the place of a default size" {
    mount_up region=eu-central,size=standard-2
    put "$prod/web-9.json" '{"profile":"c4-standard"}'
    assert_equal "$(sent)" '{"name":"web-9","project_id":"prj_1","region":"eu-central","profile":"c4-standard"}'
}

@test "a size in the text takes the place of a default profile" {
    mount_up region=eu-central,profile=c4-standard
    put "$prod/web-9.json" '{"size":"standard-2"}'
    assert_equal "$(sent)" '{"name":"web-9","project_id":"prj_1","region":"eu-central","size":"standard-2"}'
    assert_equal "$(posts)" 1
}

# Writing NAME.json

@test "writing a new file creates the instance, with one request" {
    mount_up
    put "$prod/web-9.json" "$sizes"
    assert_equal "$(posts)" 1
    assert_equal "$(changing)" 1
    assert_equal "$(field "$prod/web-9.json" size)" standard-2
    [ -d "$prod/web-9" ]
    grep -qx web-9.json <(ls "$prod")
    admin GET /instances | jq -e '.[] | select(.name == "web-9")'
}

@test "several programs may write one text, a piece each" {
    mount_up
    { echo '{'; /bin/echo '"size":"standard-2","region":"eu-central"}'; } >"$prod/a.json"
    { echo '{'; /bin/echo '"size":"standard-2",'; (echo '"region":"eu-central"'); echo '}'; } >"$prod/b.json"
    assert_equal "$(sent | jq -r .name)" $'a\nb'
    assert_equal "$(field "$prod/b.json" region)" eu-central
}

@test "a text may come byte by byte" {
    mount_up
    printf '%s' "$sizes" | dd bs=1 of="$prod/a.json" status=none
    printf '%s' "$sizes" | perl -e 'open(my $f, ">", shift) or die; while (sysread(STDIN, my $c, 1)) { syswrite($f, $c) or die $! }' \
        "$prod/b.json"
    assert_equal "$(sent | jq -r .name)" $'a\nb'
}

@test "a text may be copied, moved in or teed" {
    mount_up
    put "$PLACE/new.json" "$sizes"
    cp "$PLACE/new.json" "$prod/a.json"
    tee "$prod/b.json" <"$PLACE/new.json" >/dev/null
    dd if="$PLACE/new.json" of="$prod/c.json" status=none
    cat "$PLACE/new.json" >>"$prod/d.json"
    assert_equal "$(sent | jq -r .name)" $'a\nb\nc\nd'
}

@test "the create is done when the write that completes the text returns" {
    mount_up
    exec 7>"$prod/web-9.json"
    printf '%s' "${sizes%\}}" >&7
    assert_equal "$(changing)" 0
    printf '}' >&7
    assert_equal "$(changing)" 1
    exec 7>&-
    assert_equal "$(changing)" 1
}

@test "what the API says is the outcome of the write, and a script stops there" {
    mount_up
    run bash -ec 'echo "{\"region\":\"mars\",\"size\":\"standard-2\"}" >"$1"; echo reached' - "$prod/web-9.json"
    assert_failure
    assert_output --partial 'Invalid argument'
    refute_output --partial reached
    [ ! -e "$prod/web-9.json" ]
}

@test "why shows the details of a refusal, field by field, and the request id" {
    mount_up
    refused 'Invalid argument' put "$prod/web-9.json" '{"region":"mars","size":"huge"}'
    local id
    id=$(admin GET /log | jq -r '.[] | select(.method == "POST") | .request_id')
    run why "$prod/web-9.json"
    assert_success
    assert_output --partial 'region: is not a known region.'
    assert_output --partial 'size: is not a known size.'
    assert_output --partial "$id"
    assert_output --partial "this is the API's answer"
}

@test "malformed text is EINVAL at that very write, and nothing is sent" {
    mount_up
    run pieces "$prod/web-9.json" '{"size":"standard-2",' '"region":}' ',"more":1}'
    assert_equal "${lines[0]}" taken
    assert_equal "${lines[1]}" 'Invalid argument'
    assert_equal "${lines[2]}" 'Invalid argument'
    assert_equal "$(changing)" 0
    assert_equal "$(newest_error errno)" EINVAL
    [[ $(newest_error message) == *'line 1, column '*'Nothing was sent.' ]]
}

@test "why says where a text is wrong" {
    mount_up
    refused 'Invalid argument' put "$prod/web-9.json" $'{\n  "size": "standard-2",\n  "region": eu\n}'
    run why "$prod/web-9.json"
    assert_output --partial 'line 3, column 13'
}

@test "what is no object, or not strict JSON, is EINVAL and sends nothing" {
    mount_up
    local text
    for text in '[]' '"x"' 'null' '1' "{'size':1}" '{"a":01}' '{"a":1,"a":2}' $'{"a":"\x01"}' '{"a":NaN}' $'{"a":"\xff"}' '{,}' 'region: eu'; do
        run put "$prod/web-9.json" "$text"
        assert_equal "$text $status" "$text 1"
        assert_output --partial 'Invalid argument'
    done
    assert_equal "$(changing)" 0
}

@test "after a malformed text the name is free for a good one" {
    mount_up
    refused 'Invalid argument' put "$prod/web-9.json" '{"size":}'
    put "$prod/web-9.json" "$sizes"
    assert_equal "$(posts)" 1
}

@test "truncating to nothing starts a refused text anew" {
    mount_up
    run perl -e '
        open(my $file, ">", shift) or die;
        print defined syswrite($file, "{]") ? "taken" : "$!", "\n";
        truncate($file, 0) or die $!; sysseek($file, 0, 0);
        print defined syswrite($file, shift) ? "taken" : "$!", "\n"' "$prod/web-9.json" "$sizes"
    assert_output $'Invalid argument\ntaken'
    assert_equal "$(posts)" 1
}

@test "a name in the text may be left out or the file's, and else is EINVAL" {
    mount_up
    put "$prod/a.json" "${sizes%\}},\"name\":\"a\"}"
    refused 'Invalid argument' put "$prod/b.json" "${sizes%\}},\"name\":\"a\"}"
    run why "$prod/b.json"
    assert_output --partial '`name`'
    refused 'Invalid argument' put "$prod/c.json" "${sizes%\}},\"project_id\":\"prj_2\"}"
    run why "$prod/c.json"
    assert_output --partial '`project_id`'
    assert_equal "$(changing)" 1
}

@test "a size goes to one address of the API, a profile to the other" {
    mount_up
    put "$prod/a.json" "$sizes"
    put "$prod/b.json" '{"region":"eu-central","profile":"c4-standard","autoscale":true}'
    assert_equal "$(posts)" 1
    assert_equal "$(posts /v1/compute/instances)" 1
    assert_equal "$(field "$prod/b.json" profile)" c4-standard
}

@test "the project is sent along" {
    mount_up
    put "$MNT/staging/web-9.json" "$sizes"
    assert_equal "$(sent | jq -r .project_id)" prj_2
    [ -e "$MNT/staging/web-9.json" ]
    [ ! -e "$prod/web-9.json" ]
}

@test "the project default is not" {
    admin POST /projects '{"id":"default","name":"default"}' >/dev/null
    mount_up
    put "$MNT/default/web-9.json" "$sizes"
    assert_equal "$(sent | jq -c .)" '{"name":"web-9","region":"eu-central","size":"standard-2"}'
    [ -e "$MNT/default/web-9.json" ]
}

# Not behind a proxy: a proxy that reads and writes JSON anew does not keep the digits.
# bats test_tags=direct
@test "fields that nobody knows are sent to the last digit" {
    mount_up
    put "$prod/web-9.json" "${sizes%\}},\"big\":12345678901234567890123,\"deep\":{\"x\":-0.10}}"
    admin GET /log | jq -r '.[] | select(.method == "POST") | .body' | grep -qF '"big":12345678901234567890123,"deep":{"x":-0.10}'
    grep -qF '12345678901234567890123' "$prod/web-9.json"
}

@test "a copy of an instance's file under a new name is a new instance like it" {
    mount_up
    cp "$prod/web-1.json" "$prod/web-9.json"
    local expected
    expected=$(jq -cS 'del(.id, .status, .ip, .created_at, .updated_at, .health, .utilization) | .name = "web-9"' "$prod/web-1.json")
    assert_equal "$(sent | jq -cS .)" "$expected"
    [ "$(field "$prod/web-9.json" id)" != "$(field "$prod/web-1.json" id)" ]
    [ -e "$prod/web-1.json" ]
}

@test "a copy between projects is one in the other project" {
    mount_up
    cp "$prod/web-1.json" "$MNT/staging/web-9.json"
    assert_equal "$(sent | jq -c '[.name, .project_id, has("id")]')" '["web-9","prj_2",false]'
}

@test "a request to create names its type, its version and a key of its own" {
    mount_up
    put "$prod/a.json" "$sizes"
    put "$prod/b.json" "$sizes"
    run jq -r '.[] | select(.method == "POST") | .headers | [.["content-type"], .["skystack-version"], .authorization] | join(" ")' \
        <(admin GET /log)
    assert_output $'application/json 2026-01-15 true\napplication/json 2026-01-15 true'
    run jq -r '.[] | select(.method == "POST") | .headers["idempotency-key"]' <(admin GET /log)
    [[ ${lines[0]} =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]]
    [ "${lines[0]}" != "${lines[1]}" ]
}

@test "an instance becomes running by itself" {
    sandbox_stop
    sandbox_start --provision-ms 700
    mount_up region=eu-central,size=standard-2,ttl_transition=0.1
    mkdir "$prod/web-9"
    assert_equal "$(cat "$prod/web-9/status")" provisioning
    is_running() { [ "$(jq -r .status "$prod/web-9.json")" = running ]; }
    within 5 is_running
    assert_equal "$(cat "$prod/web-9/status")" running
}

# Drafts and ends of texts

@test "touch makes a draft: there, unlisted, empty, and nothing is sent" {
    mount_up
    touch "$prod/web-9.json"
    [ -f "$prod/web-9.json" ]
    [ ! -s "$prod/web-9.json" ]
    [ ! -e "$prod/web-9" ]
    run grep web-9 <(ls -A "$prod")
    assert_failure
    assert_equal "$(changing)" 0
}

@test "a draft may be written later, and be removed" {
    mount_up
    touch "$prod/a.json" "$prod/b.json"
    put "$prod/a.json" "$sizes"
    assert_equal "$(posts)" 1
    rm "$prod/b.json"
    [ ! -e "$prod/b.json" ]
    assert_equal "$(changing)" 1
}

@test "a text that ends too early sends nothing and is told" {
    mount_up
    printf '{"size":"standard-2",' >"$prod/web-9.json"
    within 2 grep -q web-9 "$MNT/.skystack/errors"
    assert_equal "$(newest_error path)" /prod/web-9.json
    assert_equal "$(newest_error errno)" EINVAL
    assert_equal "$(newest_error sent)" no
    [[ $(newest_error message) == *'before its JSON object was complete'* ]]
    [ ! -e "$prod/web-9.json" ]
    assert_equal "$(changing)" 0
}

@test "white space after a text is taken, and nothing is sent twice" {
    mount_up
    run pieces "$prod/web-9.json" $' \n' "$sizes" $'\n' $' \t\r\n'
    assert_output $'taken\ntaken\ntaken\ntaken'
    assert_equal "$(posts)" 1
}

@test "anything else after a text is EINVAL" {
    mount_up
    run pieces "$prod/a.json" "$sizes" x
    assert_output --partial $'taken\nInvalid argument'
    assert_equal "$(posts)" 1
    [ -e "$prod/a.json" ]
    refused 'Invalid argument' put "$prod/b.json" "$sizes x"
    refused 'Invalid argument' put "$prod/c.json" "$sizes$sizes"
    assert_equal "$(posts)" 1
}

@test "a text over 1 MiB is EFBIG and sends nothing" {
    mount_up
    { printf '{"note":"'; head -c 1100000 /dev/zero | tr '\0' x; } >"$PLACE/long"
    refused 'File too large' dd if="$PLACE/long" of="$prod/web-9.json" bs=64K status=none
    assert_equal "$(changing)" 0
    run why "$prod/web-9.json"
    assert_output --partial EFBIG
}

@test "after a piece that was too large no later one completes the text" {
    mount_up
    run perl -e '
        open(my $file, ">>", shift) or die;
        for (shift() . ",\"note\":\"", "x" x 1048576, "\"}") { print defined syswrite($file, $_) ? "taken" : "$!", "\n" }' \
        "$prod/web-9.json" "${sizes%\}}"
    assert_output --partial $'taken\nFile too large\nFile too large'
    assert_equal "$(changing)" 0
}

@test "a text of nearly 1 MiB is sent" {
    mount_up
    { printf '{"region":"eu-central","size":"standard-2","note":"'; head -c 900000 /dev/zero | tr '\0' x; printf '"}\n'; } >"$PLACE/long"
    cp "$PLACE/long" "$prod/web-9.json"
    assert_equal "$(posts)" 1
    assert_equal "$(jq '.note | length' "$prod/web-9.json")" 900000
}

@test "only instances can be made in a project, and nothing at the root" {
    mount_up
    refused 'Operation not permitted' put "$MNT/web-9.json" "$sizes"
    refused 'Operation not permitted' put "$MNT/.skystack/web-9.json" "$sizes"
    refused 'Operation not permitted' put "$prod/web-1/new" x
    refused 'Operation not permitted' ln "$prod/web-1.json" "$prod/web-9.json"
    assert_equal "$(changing)" 0
}

@test "a read-only mount creates nothing" {
    mount_up ro,region=eu-central,size=standard-2
    refused 'Read-only file system' mkdir "$prod/web-9"
    refused 'Read-only file system' put "$prod/web-9.json" "$sizes"
    refused 'Read-only file system' touch "$prod/web-9.json"
    refused 'Read-only file system' put "$prod/.defaults.json" "$sizes"
    assert_equal "$(changing)" 0
    assert_equal "$(field "$prod/web-1.json" name)" web-1
}
