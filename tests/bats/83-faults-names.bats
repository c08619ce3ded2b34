#!/usr/bin/env bats
# Faults 41 and 42: names and texts that mean something else to a file system, a terminal or a format string.

load helper
load faults

setup() {
    fault_sandbox --instances 0
}

# instance ID NAME [,MORE FIELDS]: makes one in prod behind the mount; NAME is JSON.
instance() {
    admin POST /instances "{\"id\":\"$1\",\"name\":$2,\"project_id\":\"prj_1\",\"region\":\"eu-central\",\"size\":\"standard-2\"${3-}}" >/dev/null
}

@test "fault 41: names of every kind are reachable, listed once, reversible, and shadow nothing" {
    local long names=() i=0 name
    long=$(printf 'n%.0s' {1..600})
    names=('"/"' '"."' '".."' '""' '"nul\u0000here"' '"esc\u001b[31m"' '"line\nfeed\r"' '"%"' '"%2F"' '"100%"' '".hidden"' '"-rf"' '"--"'
        "\"$long\"" "\"${long}x\"" '"\ud800lone"' '"\udfff"' '"na\u00efve"' '"nai\u0308ve"' '"case"' '"CASE"' '"twin"' '"twin"' '"twin"' '"twin~i21"'
        '".skystack"' '".table"' '".all.ndjson"' '".defaults.json"' '"a.json"' '"a.json.rejected"' '"a.json.error"' '"a.error"' '"a~"' '"#a#"'
        '"../../etc/passwd"' '" "' '"a b"' '"del\u007f"')
    for name in "${names[@]}"; do
        instance "i$i" "$name"
        i=$((i + 1))
    done
    for name in '".skystack"' '".."' '"."' '"a/b"' '""' '"prod"' '"\u001b[2J"'; do
        admin POST /projects "{\"name\":$name}" >/dev/null
    done
    fault_mount
    admin GET /instances >"$PLACE/instances"
    python3 - "$MNT" "$PLACE/instances" <<'PROGRAM'
import json, os, re, sys
mount, instances = sys.argv[1], json.load(open(sys.argv[2]))
listed = os.listdir(os.fsencode(mount + "/prod"))
assert len(listed) == len(set(listed)) == len(instances), (len(listed), len(instances))
for each in instances:
    link = os.readlink(os.fsencode(mount + "/.skystack/by-id/" + each["id"]))
    file = os.path.basename(link)
    assert file in listed and len(file) <= 255, file
    assert json.load(open(os.path.join(os.fsencode(mount + "/prod"), file), encoding="utf-8", errors="surrogateescape"))["id"] == each["id"], file
    assert file.endswith(b".json") and not file.startswith((b".", b"#")), file
    assert not re.search(rb"[\x00-\x1f\x7f/]", file), file
    stem, name = file[:-5], each["name"].encode("utf-8", "surrogatepass")
    if stem.endswith(b"~" + each["id"].encode()):
        stem = stem[:-len(each["id"]) - 1]
    plain = b"" if stem == b"%" else re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), stem)
    assert plain == name or (len(name) > 200 and name.startswith(plain)), (file, name)
    view = os.path.join(os.fsencode(mount + "/prod"), file[:-5], b"id")
    assert open(view).read().strip() == each["id"], view
roots = os.listdir(mount)
assert len(roots) == len(set(roots)) == 9, roots
assert all(os.path.isdir(mount + "/" + root) and not root.startswith(".") for root in roots), roots
PROGRAM
    assert_equal "$(wc -l <"$prod/.all.ndjson")" "${#names[@]}"
    grep -q NAME "$prod/.table"
    [ -s "$MNT/.skystack/status" ]
    fault_aftermath none
    fault_printable "$prod/.table"
}

# What a server might say to whoever looks at it in a terminal.
evil='\u001b[31mred\r\nskystackfs: warn: forged %n%s%n \u202eright\u2066 \u009b1m\u0000'

# The same text as bytes: control characters, also those of two bytes, and marks that turn the direction.
fault_harmless() {
    local file
    for file; do
        ! LC_ALL=C grep -n -a -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]|\xd8\x9c' "$file" |
            cat -v | grep . || fail_with "$file is not harmless"
    done
}

@test "fault 42: escapes, line ends, formats and direction marks in the server's text are escaped in log, errors and status" {
    instance evil '"x\u001b[31m\u202ey"' ",\"$evil\":1"
    fault_mount
    fault "{\"kind\":\"status\",\"method\":\"POST\",\"status\":422,\"message\":\"$evil\",\"code\":\"$evil\",\"details\":[{\"field\":\"$evil\",\"issue\":\"$evil\"}]}" >/dev/null
    refused 'Invalid argument' put "$prod/web-9.json" '{"tags":["mine"]}'
    fault "$(jq -n --arg body "{\"error\":{\"code\":\"c\",\"message\":\"m\",\"request_id\":\"$evil\"}}" \
        '{kind: "body", method: "POST", status: 403, body: $body, content_type: "application/json"}')" >/dev/null
    refused 'Permission denied' put "$prod/web-8.json" '{"tags":["mine"]}'
    local file
    file=$prod/$(basename "$(readlink "$MNT/.skystack/by-id/evil")")
    jq ".[\"$evil\"] = 2" "$file" >"$PLACE/text"
    admin PATCH /instances/evil "{\"$evil\":3}" >/dev/null
    refused 'Operation canceled' bash -c 'cat "$1" >"$2"' - "$PLACE/text" "$file"
    fault_kept "$prod/web-9.json" '{"tags":["mine"]}'
    fault_aftermath ECANCELED
    kill -USR1 "$MOUNT_PID"
    within 5 grep -q 'info: ' "$LOG"
    cat "$prod"/*.error >"$PLACE/reasons"
    why "$prod/web-9.json" >"$PLACE/why"
    fault_harmless "$LOG" "$PLACE/errors" "$MNT/.skystack/status" "$MNT/.skystack/status.json" "$PLACE/reasons" "$PLACE/why" "$prod/.table"
    run grep -c '^skystackfs: warn: forged' "$LOG"
    assert_output 0
    assert_equal "$(jq -s length "$PLACE/errors")" 3
}
