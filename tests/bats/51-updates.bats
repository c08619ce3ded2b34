#!/usr/bin/env bats
# Saving changed JSON sends what the writer changed, and nothing else.

load helper

setup() {
    SANDBOX=(--instances 4)
    prod=$MNT/prod
}

# up [OPTION,...]: a sandbox and its mount, and the lists known.
up() {
    sandbox_start "${SANDBOX[@]}"
    mount_up "region=eu-central,size=standard-2,timeout=5${1:+,$1}"
    ls "$MNT" "$prod" >/dev/null
    requests_reset
}

# The bodies that were sent to change something, one a line.
sent() {
    admin GET /log | jq -r '.[] | select(.method != "GET") | .body'
}

# save FILE FILTER: what an editor does: reads, changes, writes the whole of it, each in a process of its own.
save() {
    jq "$2" "$1" >"$PLACE/edited"
    cat "$PLACE/edited" >"$1"
}

# Changes an instance behind the mount's back, and lets the mount see it.
elsewhere() {
    admin PATCH "/instances/$1" "$2" >/dev/null
    echo all >"$MNT/.skystack/refresh"
}

field() {
    admin GET "/instances/$1" | jq -c ".$2"
}

# What is sent

@test "saving sends a merge patch of the changed fields only" {
    up
    save "$prod/web-1.json" '.size = "standard-4"'
    assert_equal "$(sent)" '{"size":"standard-4"}'
}

@test "two changed fields are one request" {
    up
    save "$prod/web-1.json" '.size = "standard-4" | .image = "debian-12"'
    assert_equal "$(sent | jq -cS .)" '{"image":"debian-12","size":"standard-4"}'
    assert_equal "$(changing)" 1
}

@test "an update is one GET and then one PATCH" {
    up
    echo '{"size":"standard-4"}' >"$prod/web-1.json"
    assert_equal "$(admin GET /log | jq -r '.[-2:][] | .method + " " + .path' | xargs)" 'GET /v1/instances/ins_1 PATCH /v1/instances/ins_1'
    assert_equal "$(requests)" 2
}

@test "the file shows the new state at once" {
    up
    save "$prod/web-1.json" '.size = "standard-4"'
    assert_equal "$(jq -r .size "$prod/web-1.json")" standard-4
    assert_equal "$(cat "$prod/web-1/size")" standard-4
}

@test "no change, no request to change anything" {
    up
    save "$prod/web-1.json" .
    cp "$prod/web-1.json" "$PLACE/copy"
    cp "$PLACE/copy" "$prod/web-1.json"
    echo '{"size":"standard-2"}' >"$prod/web-1.json"
    echo '{}' >"$prod/web-1.json"
    assert_equal "$(changing)" 0
    [ ! -e "$prod/web-1.json.rejected" ]
}

@test "a text in another layout and order of fields is no change" {
    up
    jq -cS . "$prod/web-1.json" >"$PLACE/copy"
    cat "$PLACE/copy" >"$prod/web-1.json"
    assert_equal "$(changing)" 0
}

@test "fields of nested objects are sent alone" {
    up
    save "$prod/web-1.json" '.metadata.owner = "me@example.com"'
    assert_equal "$(sent)" '{"metadata":{"owner":"me@example.com"}}'
    assert_equal "$(field ins_1 metadata.cost_center)" '"cc-1001"'
}

@test "a nested field that is added, and one that is removed" {
    up
    save "$prod/web-1.json" '.metadata.deep = {"a": {"b": [1, 2]}} | del(.metadata.owner)'
    assert_equal "$(sent | jq -cS .)" '{"metadata":{"deep":{"a":{"b":[1,2]}},"owner":null}}'
    assert_equal "$(field ins_1 metadata)" '{"cost_center":"cc-1001","deep":{"a":{"b":[1,2]}}}'
}

@test "a list is sent whole" {
    up
    save "$prod/web-1.json" '.tags += ["new"]'
    assert_equal "$(sent)" '{"tags":["frontend","team:checkout","new"]}'
}

# Not behind a proxy: a proxy that reads and writes JSON anew does not keep the escapes.
# bats test_tags=direct
@test "text with escapes is sent as it was written" {
    up
    echo '{"metadata":{"note":"a\"b\\c\u00e9 \ud83d\ude00 ä"}}' >"$prod/web-1.json"
    assert_equal "$(sent)" '{"metadata":{"note":"a\"b\\c\u00e9 \ud83d\ude00 ä"}}'
}

# Whole texts and patches

@test "a text with this instance's id is whole: a field that it leaves out is removed" {
    up
    save "$prod/web-1.json" 'del(.metadata, .tags)'
    assert_equal "$(sent | jq -cS .)" '{"metadata":null,"tags":null}'
    assert_equal "$(field ins_1 metadata)" null
}

@test "a text without an id is a patch: what it leaves out stays" {
    up
    local before
    before=$(field ins_1 metadata)
    echo '{"size":"standard-4"}' >"$prod/web-1.json"
    assert_equal "$(sent)" '{"size":"standard-4"}'
    assert_equal "$(field ins_1 metadata)" "$before"
}

@test "a patch may remove a field by null" {
    up
    echo '{"metadata":{"owner":null},"tags":null}' >"$prod/web-1.json"
    assert_equal "$(sent | jq -cS .)" '{"metadata":{"owner":null},"tags":null}'
}

@test "fields that the server owns are neither sent nor conflicts" {
    up
    cat "$prod/web-1.json" >"$PLACE/text"
    elsewhere ins_1 '{"status":"stopped"}'
    jq '.size = "standard-4" | .status = "melted" | .ip = "1.2.3.4" | .utilization.cpu = 7 | .health = null | .created_at = "x"' \
        "$PLACE/text" >"$PLACE/edited"
    cat "$PLACE/edited" >"$prod/web-1.json"
    assert_equal "$(sent)" '{"size":"standard-4"}'
    [ ! -e "$prod/web-1.json.rejected" ]
}

@test "server-owned fields that a whole text leaves out are not removed" {
    up
    save "$prod/web-1.json" '{id, name, region, size: "standard-4", image, project_id, network, tags, metadata}'
    assert_equal "$(sent)" '{"size":"standard-4"}'
}

@test "a dump of another instance changes neither name nor place" {
    up
    cp "$prod/web-2.json" "$PLACE/dump"
    cat "$PLACE/dump" >"$prod/web-1.json"
    assert_equal "$(sent | jq -r 'has("id") or has("name") or has("project_id") or has("status") or has("ip")')" false
    assert_equal "$(field ins_1 name)" '"web-1"'
    assert_equal "$(field ins_1 region)" "$(field ins_3 region)"
    [ -e "$prod/web-2.json" ]
}

@test "a patch that names another instance is EINVAL" {
    up
    refused 'Invalid argument' bash -c 'echo "{\"name\":\"other\",\"size\":\"standard-4\"}" >"$1"' - "$prod/web-1.json"
    assert_equal "$(changing)" 0
    echo '{"name":"web-1","size":"standard-4"}' >"$prod/web-1.json"
    assert_equal "$(sent)" '{"size":"standard-4"}'
}

@test "a whole text with another name renames the instance, and nothing else" {
    up
    jq '.name = "other"' "$prod/web-1.json" >"$PLACE/edited"
    cat "$PLACE/edited" >"$prod/web-1.json"
    assert_equal "$(sent)" '{"name":"other"}'
    assert_equal "$(jq -r .id "$prod/other.json")" ins_1
    [ ! -e "$prod/web-1.json" ]
}

# The base

@test "the base is the version whose updated_at the text carries: only the own field is sent" {
    up
    cp "$prod/web-1.json" "$PLACE/text"
    elsewhere ins_1 '{"image":"debian-13"}'
    assert_equal "$(jq -r .image "$prod/web-1.json")" debian-13
    jq '.size = "standard-4"' "$PLACE/text" >"$PLACE/edited"
    cp "$PLACE/edited" "$prod/web-1.json"
    assert_equal "$(sent)" '{"size":"standard-4"}'
    assert_equal "$(field ins_1 image)" '"debian-13"'
}

@test "… also where nobody looked since somebody else's change" {
    up
    cp "$prod/web-1.json" "$PLACE/text"
    admin PATCH /instances/ins_1 '{"image":"debian-13"}' >/dev/null
    jq '.size = "standard-4"' "$PLACE/text" >"$PLACE/edited"
    cp "$PLACE/edited" "$prod/web-1.json"
    assert_equal "$(sent)" '{"size":"standard-4"}'
}

@test "… also several versions back" {
    up
    cp "$prod/web-1.json" "$PLACE/text"
    local n
    for n in 1 2 3 4; do
        elsewhere ins_1 "{\"image\":\"debian-$n\",\"updated_at\":\"2031-01-0${n}T00:00:00Z\"}"
        cat "$prod/web-1.json" >/dev/null
        sleep 1
    done
    jq '.size = "standard-4"' "$PLACE/text" >"$PLACE/edited"
    cp "$PLACE/edited" "$prod/web-1.json"
    assert_equal "$(sent)" '{"size":"standard-4"}'
}

@test "the base without updated_at is what the writing process itself last read" {
    up
    python3 - "$prod/web-1.json" "$PLACE/read" "$PLACE/go" <<'PROGRAM' &
import json, os, sys, time
import signal
signal.alarm(60)  # whatever becomes of the test
path, read, go = sys.argv[1:]
text = json.load(open(path))
open(read, "w").close()
while not os.path.exists(go):
    time.sleep(0.01)
del text["updated_at"]
text["size"] = "standard-4"
with open(path, "w") as file:
    file.write(json.dumps(text))
PROGRAM
    within 5 [ -e "$PLACE/read" ]
    elsewhere ins_1 '{"image":"debian-13"}'
    cat "$prod/web-1.json" >/dev/null
    touch "$PLACE/go"
    wait $!
    assert_equal "$(sent)" '{"size":"standard-4"}'
    assert_equal "$(field ins_1 image)" '"debian-13"'
}

@test "what another thread of the process read is its own read, too" {
    up
    python3 - "$prod/web-1.json" "$PLACE/read" "$PLACE/go" <<'PROGRAM' &
import json, os, sys, threading, time
import signal
signal.alarm(60)  # whatever becomes of the test
path, read, go = sys.argv[1:]
text = {}
def look():
    text.update(json.load(open(path)))
    open(read, "w").close()
    while not os.path.exists(go + ".over"):
        time.sleep(0.01)
thread = threading.Thread(target=look)
thread.start()
while not os.path.exists(go):
    time.sleep(0.01)
del text["updated_at"]
text["size"] = "standard-4"
with open(path, "w") as file:
    file.write(json.dumps(text))
open(go + ".over", "w").close()
thread.join()
PROGRAM
    within 5 [ -e "$PLACE/read" ]
    elsewhere ins_1 '{"image":"debian-13"}'
    cat "$prod/web-1.json" >/dev/null
    touch "$PLACE/go"
    wait $!
    assert_equal "$(sent)" '{"size":"standard-4"}'
}

@test "else the base is the state of now" {
    up
    jq 'del(.updated_at) | .size = "standard-4"' "$prod/web-1.json" >"$PLACE/text"
    elsewhere ins_1 '{"image":"debian-13"}'
    cat "$prod/web-1.json" >/dev/null
    perl -e 'open(my $in, "<", $ARGV[0]); my $text = join("", <$in>); open(my $out, ">", $ARGV[1]); syswrite($out, $text) or die' \
        "$PLACE/text" "$prod/web-1.json"
    assert_equal "$(sent | jq -cS .)" '{"image":"ubuntu-24.04","size":"standard-4"}'
}

@test "two changes within one second have one updated_at: what the process itself read decides" {
    up
    echo '{"metadata":{"n":1}}' >"$prod/web-1.json"
    requests_reset
    python3 - "$prod/web-1.json" "$PLACE/read" "$PLACE/go" <<'PROGRAM' &
import json, os, sys, time
import signal
signal.alarm(60)  # whatever becomes of the test
path, read, go = sys.argv[1:]
text = json.load(open(path))
open(read, "w").close()
until = time.time() + 60
while not os.path.exists(go) and time.time() < until:
    time.sleep(0.01)
text["size"] = "standard-4"
with open(path, "w") as file:
    file.write(json.dumps(text))
PROGRAM
    within 5 [ -e "$PLACE/read" ]
    local stamp
    stamp=$(field ins_1 updated_at)
    elsewhere ins_1 '{"image":"debian-13"}'
    cat "$prod/web-1.json" >/dev/null
    local same_second=yes
    [ "$(field ins_1 updated_at)" = "$stamp" ] || same_second=
    touch "$PLACE/go"
    wait $!
    if [ -z "$same_second" ]; then skip 'a second went by between the two changes'; fi
    assert_equal "$(field ins_1 size)" '"standard-4"'
    assert_equal "$(field ins_1 image)" '"debian-13"'
}

@test "… and of versions that nobody was shown, none is taken for what a text was made of" {
    up
    # two changes by the mount itself within one second, which nobody reads in between
    local stamp same_second=
    until [ -n "$same_second" ]; do
        put "$prod/web-1.json" '{"image":"debian-12","size":"standard-2"}'
        sleep "0.$((1000 - 10#$(date +%3N) + 30))" # the beginning of a second
        put "$prod/web-1.json" '{"image":"debian-13"}'
        stamp=$(admin GET /instances/ins_1 | jq -r .updated_at)
        put "$prod/web-1.json" '{"size":"standard-4"}'
        if [ "$(admin GET /instances/ins_1 | jq -r .updated_at)" = "$stamp" ]; then same_second=yes; fi
    done
    jq '.size = "standard-8"' "$prod/web-1.json" >"$PLACE/text"
    bash -c 'cat "$1" >"$2"' - "$PLACE/text" "$prod/web-1.json"
    assert_equal "$(admin GET /instances/ins_1 | jq -r '.size + " " + .image')" 'standard-8 debian-13'
}

# Conflicts

@test "a field that both changed is ECANCELED, nothing is sent, and the text is kept" {
    up
    cp "$prod/web-1.json" "$PLACE/text"
    sleep 1
    elsewhere ins_1 '{"size":"standard-8"}'
    jq '.size = "standard-4"' "$PLACE/text" >"$PLACE/edited"
    refused 'Operation canceled' bash -c 'cat "$1" >"$2"' - "$PLACE/edited" "$prod/web-1.json"
    assert_equal "$(changing)" 0
    assert_equal "$(field ins_1 size)" '"standard-8"'
    cmp "$PLACE/edited" "$prod/web-1.json.rejected"
    run cat "$prod/web-1.json.error"
    assert_output --partial ECANCELED
    assert_output --partial '`size`'
    assert_equal "$(jq -r .size "$prod/web-1.json")" standard-8
}

@test "both changed it to the same: no conflict, and nothing is left to send" {
    up
    cp "$prod/web-1.json" "$PLACE/text"
    sleep 1
    elsewhere ins_1 '{"size":"standard-4"}'
    jq '.size = "standard-4"' "$PLACE/text" >"$PLACE/edited"
    cat "$PLACE/edited" >"$prod/web-1.json"
    assert_equal "$(changing)" 0
    [ ! -e "$prod/web-1.json.rejected" ]
}

@test "different fields of one nested object are no conflict" {
    up
    cp "$prod/web-1.json" "$PLACE/text"
    sleep 1
    elsewhere ins_1 '{"metadata":{"owner":"other@example.com"}}'
    jq '.metadata.cost_center = "cc-7"' "$PLACE/text" >"$PLACE/edited"
    cat "$PLACE/edited" >"$prod/web-1.json"
    assert_equal "$(sent)" '{"metadata":{"cost_center":"cc-7"}}'
    assert_equal "$(field ins_1 metadata.owner)" '"other@example.com"'
}

@test "one nested field that both changed is a conflict, and so is a list" {
    up
    cp "$prod/web-1.json" "$PLACE/text"
    sleep 1
    elsewhere ins_1 '{"metadata":{"owner":"other@example.com"},"tags":["theirs"]}'
    jq '.metadata.owner = "me@example.com"' "$PLACE/text" >"$PLACE/edited"
    refused 'Operation canceled' bash -c 'cat "$1" >"$2"' - "$PLACE/edited" "$prod/web-1.json"
    grep -q 'metadata.owner' "$prod/web-1.json.error"
    jq '.tags = ["mine"]' "$PLACE/text" >"$PLACE/edited"
    refused 'Operation canceled' bash -c 'cat "$1" >"$2"' - "$PLACE/edited" "$prod/web-1.json"
    assert_equal "$(changing)" 0
}

@test "removed by one and changed by the other is a conflict" {
    up
    cp "$prod/web-1.json" "$PLACE/text"
    sleep 1
    elsewhere ins_1 '{"metadata":null}'
    jq '.metadata.owner = "me@example.com"' "$PLACE/text" >"$PLACE/edited"
    refused 'Operation canceled' bash -c 'cat "$1" >"$2"' - "$PLACE/edited" "$prod/web-1.json"
    assert_equal "$(changing)" 0
}

@test "after a conflict, made anew from the new text, it goes through and clears what was kept" {
    up
    cp "$prod/web-1.json" "$PLACE/text"
    sleep 1
    elsewhere ins_1 '{"size":"standard-8"}'
    jq '.size = "standard-4"' "$PLACE/text" >"$PLACE/edited"
    run bash -c 'cat "$1" >"$2"' - "$PLACE/edited" "$prod/web-1.json"
    [ -e "$prod/web-1.json.rejected" ]
    save "$prod/web-1.json" '.size = "standard-4"'
    assert_equal "$(sent)" '{"size":"standard-4"}'
    within 2 [ ! -e "$prod/web-1.json.rejected" ]
}

@test "where there is an ETag, the PATCH carries it as If-Match" {
    SANDBOX+=(--etag on)
    up
    echo '{"size":"standard-4"}' >"$prod/web-1.json"
    assert_equal "$(admin GET /log | jq -r '.[] | select(.method == "PATCH") | .headers["if-match"] | test("^\"[0-9a-f]+\"$")')" true
}

@test "where there is none, there is no If-Match" {
    up
    echo '{"size":"standard-4"}' >"$prod/web-1.json"
    assert_equal "$(admin GET /log | jq -r '.[] | select(.method == "PATCH") | .headers["if-match"]')" null
}

@test "changed between the GET and the PATCH it is ECANCELED, and kept" {
    SANDBOX+=(--etag on)
    up
    fault '{"kind":"delay","method":"PATCH","ms":1000}' >/dev/null
    background bash -c 'echo "{\"size\":\"standard-4\"}" >"$1"' - "$prod/web-1.json"
    is_sent() { [ "$(requests 'GET /v1/instances/{id}')" -ge 1 ]; }
    within 5 is_sent
    sleep 0.1
    admin PATCH /instances/ins_1 '{"image":"debian-13"}' >/dev/null
    wait "$BACKGROUND" || true
    grep -q 'Operation canceled' "$PLACE/background.1"
    assert_equal "$(field ins_1 size)" '"standard-2"'
    within 2 [ -e "$prod/web-1.json.rejected" ]
    assert_equal "$(cat "$prod/web-1.json.rejected")" '{"size":"standard-4"}'
}

@test "412 is ECANCELED" {
    up
    fault '{"kind":"status","method":"PATCH","status":412}' >/dev/null
    refused 'Operation canceled' bash -c 'echo "{\"size\":\"standard-4\"}" >"$1"' - "$prod/web-1.json"
    within 2 [ -e "$prod/web-1.json.rejected" ]
}

# What the API refuses

@test "where the API offers no updates it is EOPNOTSUPP, and kept" {
    SANDBOX+=(--updates off)
    up
    refused 'Operation not supported' bash -c 'echo "{\"size\":\"standard-4\"}" >"$1"' - "$prod/web-1.json"
    within 2 [ -e "$prod/web-1.json.rejected" ]
    assert_equal "$(cat "$prod/web-1.json.rejected")" '{"size":"standard-4"}'
    assert_equal "$(field ins_1 size)" '"standard-2"'
    refused 'Operation not supported' bash -c 'echo standard-4 >"$1"' - "$prod/web-1/size"
}

# Not behind a proxy: Prism takes 501 for a wish that it make up the answer.
# bats test_tags=direct
@test "501 to an update is EOPNOTSUPP too" {
    up
    fault '{"kind":"status","method":"PATCH","status":501}' >/dev/null
    refused 'Operation not supported' bash -c 'echo "{\"size\":\"standard-4\"}" >"$1"' - "$prod/web-1.json"
}

@test "a value that the API refuses is EINVAL with its details, and kept" {
    up
    refused 'Invalid argument' bash -c 'echo "{\"size\":\"enormous\"}" >"$1"' - "$prod/web-1.json"
    run cat "$prod/web-1.json.error"
    assert_output --partial 'is not a known size'
    assert_output --partial 'request '
    assert_equal "$(cat "$prod/web-1.json.rejected")" '{"size":"enormous"}'
}

@test "an update that is not answered is kept, says that nobody knows, and is sent once" {
    SANDBOX+=()
    up timeout=1
    fault '{"kind":"hang_after","method":"PATCH"}' >/dev/null
    refused 'Connection timed out' bash -c 'echo "{\"size\":\"standard-4\"}" >"$1"' - "$prod/web-1.json"
    assert_equal "$(changing)" 1
    within 2 [ -e "$prod/web-1.json.rejected" ]
    run cat "$prod/web-1.json.error"
    assert_output --partial 'no whole answer came'
}

@test "an instance that somebody deleted meanwhile: ENOENT, and the text is kept" {
    up
    cp "$prod/web-1.json" "$PLACE/text"
    admin DELETE /instances/ins_1 >/dev/null
    jq '.size = "standard-4"' "$PLACE/text" >"$PLACE/edited"
    run bash -c 'cat "$1" >"$2"' - "$PLACE/edited" "$prod/web-1.json"
    assert_failure
    assert_equal "$(changing)" 0
    within 2 [ -e "$prod/web-1.json.rejected" ]
    cmp "$PLACE/edited" "$prod/web-1.json.rejected"
}

# One value each

@test "a value in NAME/ that the API lets one set is set by writing it" {
    up
    echo standard-4 >"$prod/web-1/size"
    assert_equal "$(sent)" '{"size":"standard-4"}'
    assert_equal "$(cat "$prod/web-1/size")" standard-4
    assert_equal "$(jq -r .size "$prod/web-1.json")" standard-4
}

@test "without an end of line it is the same value" {
    up
    printf debian-12 >"$prod/web-1/image"
    assert_equal "$(sent)" '{"image":"debian-12"}'
}

@test "nested values are set by writing them" {
    up
    echo me@example.com >"$prod/web-1/metadata/owner"
    assert_equal "$(sent)" '{"metadata":{"owner":"me@example.com"}}'
    assert_equal "$(field ins_1 metadata.cost_center)" '"cc-1001"'
}

# Not behind a proxy: a proxy that reads and writes JSON anew does not keep the digits.
# bats test_tags=direct
@test "a number stays a number, digit by digit" {
    up
    elsewhere ins_1 '{"limits":{"files":1024}}'
    echo 12345678901234567890123 >"$prod/web-1/limits/files"
    assert_equal "$(sent)" '{"limits":{"files":12345678901234567890123}}'
    refused 'Invalid argument' bash -c 'echo many >"$1"' - "$prod/web-1/limits/files"
}

@test "the value that stands there already is no request to change anything" {
    up
    echo standard-2 >"$prod/web-1/size"
    assert_equal "$(changing)" 0
}

@test "a value that the API refuses is EINVAL" {
    up
    refused 'Invalid argument' bash -c 'echo enormous >"$1"' - "$prod/web-1/size"
    assert_equal "$(cat "$prod/web-1/size")" standard-2
    run why "$prod/web-1/size"
    assert_output --partial 'is not a known size'
    [ ! -e "$prod/web-1.json.rejected" ]
}

@test "values that the server owns can't be written" {
    up
    local name
    for name in status ip id created_at updated_at health project_id utilization/cpu; do
        refused 'denied' bash -c 'echo x >"$1"' - "$prod/web-1/$name"
    done
    assert_equal "$(changing)" 0
    assert_equal "$(stat -c %A "$prod/web-1/status")" -r--r--r--
    assert_equal "$(stat -c %A "$prod/web-1/size")" -rw-r--r--
}

# Writers at once

@test "two saves one after the other by one process are two updates" {
    up
    python3 - "$prod/web-1.json" <<'PROGRAM'
import json, sys
path = sys.argv[1]
text = json.load(open(path))
for size in ("standard-4", "standard-8"):
    text["size"] = size
    with open(path, "w") as file:
        file.write(json.dumps(text))
PROGRAM
    assert_equal "$(sent | xargs)" '{size:standard-4} {size:standard-8}'
    assert_equal "$(field ins_1 size)" '"standard-8"'
}
