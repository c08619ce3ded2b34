#!/usr/bin/env bats
# Names: how an instance's name becomes a file's.

load helper

setup_file() {
    sandbox_start --instances 0
}

# instance ID NAME [,MORE FIELDS]: makes one in prod; NAME is JSON.
instance() {
    admin POST /instances "{\"id\":\"$1\",\"name\":$2,\"project_id\":\"prj_1\"${3-}}" >/dev/null
}

# The file that by-id leads to.
file_of() {
    basename "$(readlink "$MNT/.skystack/by-id/$1")"
}

# called ID FILE: this is the file of that instance, and it is listed once.
called() {
    assert_equal "$1 $(file_of "$1")" "$1 $2"
    assert_equal "$(jq -r .id "$MNT/prod/$2")" "$1"
    assert_equal "$(find "$MNT/prod" -mindepth 1 -printf '%f\n' | grep -cxF -- "$2")" 1
}

setup() {
    local id
    admin POST /reset >/dev/null
    for id in $(admin GET /projects | jq -r ".[].id" | grep -vx "prj_[12]"); do admin DELETE "/projects/$id" >/dev/null; done
}

# Takes the escapes out of a stem.
unescaped() {
    local text=${1//\\/\\\\}
    [[ $text == % ]] || printf '%b' "${text//%/\\x}"
}

@test "a plain name is the file's, with .json behind it" {
    instance a '"web-1"'
    instance b '"Web 1.prod_b"'
    instance c '"naïve-日本-😀"'
    instance d '"-rf"'
    instance e '"WEB-1"'
    mount_up
    called a web-1.json
    called b 'Web 1.prod_b.json'
    called c naïve-日本-😀.json
    called d -rf.json
    called e WEB-1.json
}

@test "a slash is escaped" {
    instance a '"eu/web"'
    instance b '"/"'
    mount_up
    called a eu%2Fweb.json
    called b %2F.json
}

@test "control characters are escaped" {
    instance a '"a\u001b[31mb"'
    instance b '"line\nfeed\r"'
    instance c '"nul\u0000"'
    instance d '"del\u007f"'
    instance e '"csi\u009b"'
    instance f '"tab\there"'
    mount_up
    called a 'a%1B[31mb.json'
    called b line%0Afeed%0D.json
    called c nul%00.json
    called d del%7F.json
    called e csi%C2%9B.json
    called f tab%09here.json
    run bash -c 'ls -U "$1" | LC_ALL=C grep -a -c "[[:cntrl:]]"' - "$MNT/prod"
    assert_output 0
}

@test "a percent sign is escaped, so that no name looks like an escaped one" {
    instance a '"100%"'
    instance b '"a/b"'
    instance c '"a%2Fb"'
    instance d '"a%252Fb"'
    mount_up
    called a 100%25.json
    called b a%2Fb.json
    called c a%252Fb.json
    called d a%25252Fb.json
}

@test "a tilde is escaped, so that no name looks like a twin's or a backup's" {
    instance a '"web"' ',"created_at":"2026-01-01T00:00:00Z"'
    instance b '"web"' ',"created_at":"2026-01-02T00:00:00Z"'
    instance c '"web~b"'
    instance d '"web~"'
    mount_up
    called a web.json
    called b web~b.json
    called c web%7Eb.json
    called d web%7E.json
}

@test "a leading dot or hash is escaped, another is not" {
    instance a '".hidden"'
    instance b '"#auto"'
    instance c '"a.b#c."'
    instance d '"."'
    instance e '".."'
    instance f '"...."'
    mount_up
    called a %2Ehidden.json
    called b %23auto.json
    called c 'a.b#c..json'
    called d %2E.json
    called e %2E..json
    called f %2E....json
}

@test "the dot of a final .json, .rejected or .error is escaped, another is not" {
    instance a '"web.json"'
    instance b '"web.rejected"'
    instance c '"web.error"'
    instance d '"web.json.json"'
    instance e '"web.json.old"'
    instance f '".json"'
    instance g '"web.JSON"'
    instance h '"web"'
    mount_up
    called a web%2Ejson.json
    called b web%2Erejected.json
    called c web%2Eerror.json
    called d web.json%2Ejson.json
    called e web.json.old.json
    called f %2Ejson.json
    called g web.JSON.json
    called h web.json
}

@test "what is not UTF-8 is escaped byte by byte" {
    instance a '"half\ud800pair"'
    instance b '"\udc00\ud800"'
    mount_up
    assert_equal "$(file_of a) $(file_of b)" "half%ED%A0%80pair.json %ED%B0%80%ED%A0%80.json"
    grep -qF '"name": "half\ud800pair"' "$MNT/prod/half%ED%A0%80pair.json"
    grep -qF '"id": "b"' "$MNT/prod/%ED%B0%80%ED%A0%80.json"
}

@test "an empty name is a percent sign alone" {
    instance a '""'
    instance b '"%"'
    mount_up
    called a %.json
    called b %25.json
}

# Not behind a proxy: the API breaks the contract here.
# bats test_tags=direct
@test "an instance without a name, or with one that is no text, has a file too" {
    instance a '"x"'
    admin PATCH /instances/a '{"name":null}' >/dev/null
    instance b 17
    mount_up
    assert_equal "$(ls "$MNT/prod" | wc -l)" 2
    assert_equal "$(jq -r .id "$MNT/prod/$(file_of a)")" a
    assert_equal "$(jq -r .id "$MNT/prod/$(file_of b)")" b
}

@test "escapes taken out again give the name" {
    local names=('"a/b"' '"100%"' '"x~y~"' '".vimrc"' '"#1"' '"web.json"' '"a.rejected"' '"é.error"' '"a b\u001b"' '"~"' '"%41"' '"\\x41"'
        '"..\/..\/etc\/passwd"')
    local i stem
    for i in "${!names[@]}"; do instance "n$i" "${names[$i]}"; done
    mount_up
    assert_equal "$(ls -A "$MNT/prod" | wc -l)" ${#names[@]}
    for i in "${!names[@]}"; do
        stem=$(file_of "n$i")
        assert_equal "$(unescaped "${stem%.json}")" "$(jq -r . <<<"${names[$i]}")"
    done
}

@test "another spelling of an escaped name is nobody's" {
    instance a '"a/b"'
    instance b '"web"'
    mount_up
    called a a%2Fb.json
    local other
    for other in a%2fb %61%2Fb %77eb web% web%2 %; do
        run stat "$MNT/prod/$other.json"
        assert_failure
        assert_output --partial 'No such file or directory'
    done
}

@test "the views of an instance go by its escaped name" {
    instance a '"eu/web.json"'
    mount_up
    assert_equal "$(cat "$MNT/prod/eu%2Fweb%2Ejson/id")" a
}

@test "a name too long for a file is cut and ends in its id" {
    local long utf
    long=$(printf 'x%.0s' {1..600})
    utf=$(printf 'é%.0s' {1..300})
    instance a "\"$long\""
    instance b "\"${long}y\""
    instance c "\"$utf\""
    instance d "\"$(printf '/%.0s' {1..90})\""
    mount_up
    local id name
    for id in a b c d; do
        name=$(file_of "$id")
        [[ $name == *"~$id.json" ]]
        [ "$(LC_ALL=C; echo "${#name}")" -le 255 ]
        [ "$(LC_ALL=C; echo "${#name}")" -ge 200 ]
        called "$id" "$name"
        assert_equal "$(cat "$MNT/prod/${name%.json}/id")" "$id"
    done
    file_of c | iconv -f UTF-8 -t UTF-8 >/dev/null
    [[ $(file_of d) =~ ^(%2F)+~d\.json$ ]]
}

@test "a name that just fits is not cut" {
    local name
    name=$(printf 'x%.0s' {1..200})
    instance a "\"$name\""
    mount_up
    called a "$name.json"
}

@test "of two instances of one name the oldest is NAME.json, each other NAME~ID.json" {
    instance young '"web"' ',"created_at":"2026-03-03T00:00:00Z"'
    instance oldest '"web"' ',"created_at":"2026-01-01T00:00:00Z"'
    instance middle '"web"' ',"created_at":"2026-02-02T00:00:00Z"'
    mount_up
    called oldest web.json
    called middle web~middle.json
    called young web~young.json
    assert_equal "$(cat "$MNT/prod/web/id") $(cat "$MNT/prod/web~young/id")" "oldest young"
}

@test "of two of one name and age the smaller id is NAME.json" {
    instance z '"web"' ',"created_at":"2026-01-01T00:00:00Z"'
    instance k '"web"' ',"created_at":"2026-01-01T00:00:00Z"'
    mount_up
    called k web.json
    called z web~z.json
}

@test "instances of one name in two projects are each NAME.json" {
    instance a '"web"'
    admin POST /instances '{"id":"b","name":"web","project_id":"prj_2"}' >/dev/null
    mount_up
    assert_equal "$(jq -r .id "$MNT/prod/web.json" "$MNT/staging/web.json" | paste -sd ' ')" "a b"
}

@test "a name once bound stays with its id, even if an older twin turns up" {
    instance first '"web"' ',"created_at":"2026-02-02T00:00:00Z"'
    mount_up ttl=0.2
    called first web.json
    instance older '"web"' ',"created_at":"2026-01-01T00:00:00Z"'
    sleep 0.3
    called older web~older.json
    called first web.json
}

@test "a twin keeps its name when the plain one is free again" {
    instance first '"web"' ',"created_at":"2026-01-01T00:00:00Z"'
    instance second '"web"' ',"created_at":"2026-02-02T00:00:00Z"'
    mount_up ttl=0.2
    called second web~second.json
    admin DELETE /instances/first >/dev/null
    sleep 0.3
    called second web~second.json
    [ ! -e "$MNT/prod/web.json" ]
}

@test "a name is free again when its instance is gone" {
    instance first '"web"'
    mount_up ttl=0.2
    called first web.json
    admin DELETE /instances/first >/dev/null
    instance second '"web"'
    sleep 0.3
    called second web.json
    run stat "$MNT/prod/web~second.json"
    assert_failure
}

@test "nothing shadows a view" {
    instance a '".table"'
    instance b '".all.ndjson"'
    instance c '".defaults"'
    instance d '".skystack"'
    instance e '"status"'
    mount_up
    assert_equal "$(head -c 4 "$MNT/prod/.table") $(wc -l <"$MNT/prod/.all.ndjson")" "NAME 5"
    assert_equal "$(cat "$MNT/prod/.defaults.json")" "{}"
    called a %2Etable.json
    called b %2Eall.ndjson.json
    called c %2Edefaults.json
    called d %2Eskystack.json
    called e status.json
}

@test "nothing leaves its directory" {
    instance a '"../staging/evil"'
    instance b '".."'
    instance c '"/etc/passwd"'
    mount_up
    assert_equal "$(ls -A "$MNT" | paste -sd ' ')" "prod staging"
    assert_equal "$(ls -A "$MNT/staging")" ""
    assert_equal "$(ls -A "$MNT/prod" | wc -l)" 3
    called a %2E.%2Fstaging%2Fevil.json
    assert_equal "$(readlink "$MNT/.skystack/by-id/a")" "../../prod/%2E.%2Fstaging%2Fevil.json"
}

@test "nothing hides another instance, whatever the names" {
    local name ids=0
    for name in web web web~i1 web%7Ei1 web.json web.json web%2Ejson '' '' % %25 . .. .x '#' a/b a%2Fb WEB Web é é; do
        instance "i$ids" "$(jq -Rn --arg n "$name" '$n')"
        ids=$((ids + 1))
    done
    mount_up
    assert_equal "$(ls -A "$MNT/prod" | sort -u | wc -l)" "$ids"
    assert_equal "$(find "$MNT/prod" -type f -print0 | xargs -0 cat | jq -r .id | sort -u | wc -l)" "$ids"
    assert_equal "$(ls "$MNT/.skystack/by-id" | wc -l)" "$ids"
    while ((ids-- > 0)); do
        assert_equal "$(jq -r .id "$MNT/.skystack/by-id/i$ids")" "i$ids"
    done
}

@test "an id with odd characters is escaped where it is part of a name" {
    instance a '"web"' ',"created_at":"2026-01-01T00:00:00Z"'
    admin POST /instances '{"id":"odd ~id%","name":"web","project_id":"prj_1","created_at":"2026-02-02T00:00:00Z"}' >/dev/null
    mount_up
    called a web.json
    called 'odd ~id%' 'web~odd %7Eid%25.json'
}

@test "a project's name is escaped like an instance's" {
    local id
    admin POST /projects '{"id":"p1","name":"a/b"}' >/dev/null
    admin POST /projects '{"id":"p2","name":".skystack"}' >/dev/null
    admin POST /projects '{"id":"p3","name":".."}' >/dev/null
    admin POST /projects '{"id":"p4","name":"x\u001b"}' >/dev/null
    for id in p1 p2 p3 p4; do
        admin POST /instances "{\"id\":\"in_$id\",\"name\":\"web\",\"project_id\":\"$id\"}" >/dev/null
    done
    mount_up
    assert_equal "$(cat "$MNT/a%2Fb/web/id") $(cat "$MNT/%2Eskystack/web/id") $(cat "$MNT/%2E./web/id") $(cat "$MNT/x%1B/web/id")" \
        "in_p1 in_p2 in_p3 in_p4"
    assert_equal "$(ls -A "$MNT" | wc -l)" 6
    [ -f "$MNT/.skystack/status" ]
}

@test "projects of one name are all reachable" {
    admin POST /projects '{"id":"p5","name":"prod"}' >/dev/null
    instance a '"web"'
    admin POST /instances '{"id":"b","name":"web","project_id":"p5"}' >/dev/null
    mount_up
    assert_equal "$(ls -A "$MNT" | paste -sd ' ')" "prod prod~p5 staging"
    assert_equal "$(cat "$MNT/prod/web/id") $(cat "$MNT/prod~p5/web/id")" "a b"
}

@test "an instance of a project that the API does not list is in a directory of that project's id" {
    admin POST /instances '{"id":"a","name":"web","project_id":"prj_gone"}' >/dev/null
    mount_up
    ls "$MNT/prod" >/dev/null
    assert_equal "$(cat "$MNT/prj_gone/web/id")" a
    [[ $(ls "$MNT") == *prj_gone* ]]
}
