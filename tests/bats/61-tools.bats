#!/usr/bin/env bats
# bats file_tags=release
# Tools that write files: each save is at most one changing request, and whatever replaces a file by unlink and create updates an instance.

load helper
load saves

setup_file() {
    all_up
}

setup() {
    use_machine
    outside=$PLACE/outside
    mkdir "$outside"
}

grown() {
    echo "PATCH $id {\"size\":\"standard-4\"}"
}

# edited [FILE]: a copy of the text with another size, outside of the mount; prints its path.
edited() {
    resize standard-2 standard-4 <"${1:-$file}" >"$outside/$(basename "${1:-$file}")"
    echo "$outside/$(basename "${1:-$file}")"
}

# grows PROGRAM COMMAND...: it changes the size, quietly, by one PATCH.
grows() {
    local program=$1
    shift
    quiet timeout 20 "$@"
    size_is standard-4
    came_to "$program" 1 0 "$(grown)"
    nothing_is_new
}

# keeps PROGRAM COMMAND...: it writes the same text, quietly, and nothing is sent.
keeps() {
    local program=$1
    shift
    quiet timeout 20 "$@"
    size_is standard-2
    came_to "$program" 1 1 ''
    nothing_is_new
}

# fails_to COMMAND...: with every change refused it fails and says so, and the text is kept.
fails_to() {
    refuse_changes
    run timeout 20 "$@"
    assert_failure
    [ -n "$output" ]
    was_refused
}

sed_grow='s/"size": "standard-2"/"size": "standard-4"/'
sed_keep='s/"size": "standard-2"/"size": "standard-2"/'

# In place

@test "sed -i" {
    grows 'sed -i' sed -i "$sed_grow" "$file"
}

@test "sed -i without a change" {
    keeps 'sed -i' sed -i "$sed_keep" "$file"
}

@test "sed -i refused" {
    fails_to sed -i "$sed_grow" "$file"
}

@test "sed -i.bak" {
    quiet sed -i.bak "$sed_grow" "$file"
    size_is standard-4
    came_to 'sed -i.bak' 1 0 "$(grown)" "$name.json.bak"
    grep -q standard-2 "$file.bak"
    nothing_is_new
}

@test "sed -i of three files at once" {
    quiet sed -i "$sed_grow" "$prod"/m{a,b,c}"$BATS_TEST_NUMBER.json"
    came_to 'sed -i' 3 0 "$(printf 'PATCH ins_m%s {"size":"standard-4"}\n' {a,b,c}"$BATS_TEST_NUMBER")"
    nothing_is_new
}

@test "perl -i -pe" {
    grows 'perl -i' perl -i -pe "$sed_grow" "$file"
}

@test "perl -i -pe without a change" {
    keeps 'perl -i' perl -i -pe "$sed_keep" "$file"
}

@test "perl -i.bak -pe" {
    quiet perl -i.bak -pe "$sed_grow" "$file"
    size_is standard-4
    came_to 'perl -i.bak' 1 0 "$(grown)" "$name.json.bak"
    nothing_is_new
}

@test "perl -i -pe refused: the text is kept" {
    refuse_changes
    run timeout 20 perl -i -pe "$sed_grow" "$file"
    was_refused
}

@test "jq to a file in the mount, and mv" {
    grows 'jq … > t && mv t f, in the mount' bash -c 'jq ".size = \"standard-4\"" "$1" >"$1.t" && mv "$1.t" "$1"' - "$file"
}

@test "jq to a file in the mount, and mv, without a change" {
    keeps 'jq … > t && mv t f, in the mount' bash -c 'jq . "$1" >"$1.t" && mv "$1.t" "$1"' - "$file"
}

@test "jq to a file in the mount, and mv refused" {
    fails_to bash -c 'jq ".size = \"standard-4\"" "$1" >"$1.t" && mv "$1.t" "$1"' - "$file"
}

@test "jq to a file elsewhere, and mv" {
    grows 'jq … > /tmp/t && mv /tmp/t f' bash -c 'jq ".size = \"standard-4\"" "$1" >t && mv t "$1"' - "$file"
}

@test "jq to a file elsewhere, and mv without a change" {
    keeps 'jq … > /tmp/t && mv /tmp/t f' bash -c 'jq . "$1" >t && mv t "$1"' - "$file"
}

@test "jq to a file elsewhere, and mv refused" {
    fails_to bash -c 'jq ".size = \"standard-4\"" "$1" >t && mv t "$1"' - "$file"
}

@test "jq and sponge" {
    grows 'jq … f | sponge f' bash -c 'jq ".size = \"standard-4\"" "$1" | sponge "$1"' - "$file"
}

@test "jq and sponge without a change" {
    keeps 'jq … f | sponge f' bash -c 'jq . "$1" | sponge "$1"' - "$file"
}

@test "jq and sponge, its temporary file in the mount" {
    grows 'jq … f | sponge f' bash -c 'jq ".size = \"standard-4\"" "$1" | TMPDIR=${1%/*} sponge "$1"' - "$file"
}

@test "patch" {
    diff -u "$file" "$(edited)" >change.patch || true
    quiet patch -s "$file" change.patch
    size_is standard-4
    came_to 'patch' 1 0 "$(grown)"
    nothing_is_new
}

@test "patch --backup" {
    diff -u "$file" "$(edited)" >change.patch || true
    quiet patch -s --backup "$file" change.patch
    size_is standard-4
    came_to 'patch --backup' 1 0 "$(grown)" "$name.json.orig"
    nothing_is_new
}

@test "patch refused" {
    diff -u "$file" "$(edited)" >change.patch || true
    fails_to patch -s "$file" change.patch
}

# Copies

@test "cp over an instance" {
    grows 'cp over an instance' cp "$(edited)" "$file"
}

@test "cp over an instance without a change" {
    cp "$file" "$outside/same.json"
    keeps 'cp over an instance' cp "$outside/same.json" "$file"
    keeps 'cp over an instance' cp --remove-destination "$outside/same.json" "$file"
}

@test "cp over an instance refused" {
    fails_to cp "$(edited)" "$file"
}

@test "cp --remove-destination and cp -f" {
    grows 'cp over an instance' cp -f --remove-destination "$(edited)" "$file"
}

@test "cp --backup" {
    quiet cp --backup "$(edited)" "$file"
    size_is standard-4
    came_to 'cp --backup' 1 0 "$(grown)" "$name.json~"
    nothing_is_new
}

@test "cp -a over an instance" {
    grows 'cp -a over an instance' cp -a "$(edited)" "$file"
}

@test "cp -a out of the mount and back" {
    quiet cp -a "$file" "$outside/f"
    cmp "$file" "$outside/f"
    sed -i "$sed_grow" "$outside/f"
    grows 'cp -a over an instance' cp -a "$outside/f" "$file"
}

@test "cp to a new name clones" {
    quiet cp "$file" "$prod/$name-new.json"
    came_to 'cp to a new name' 1 0 "POST instances $(jq -c "{name: \"$name-new\", project_id, region, size, image, network, tags, metadata}" <"$file")" "$name-new.json"
    assert_equal "$(comm -13 ids <(ids) | wc -l)" 1
}

@test "cp -r of a directory over instances and to a new name" {
    mkdir "$outside/more"
    cp "$prod"/m{a,b}"$BATS_TEST_NUMBER.json" "$outside/more"
    sed -i "$sed_grow" "$outside/more/ma$BATS_TEST_NUMBER.json"
    echo '{"region":"eu-central","size":"standard-1"}' >"$outside/more/$name-new.json"
    quiet cp -r "$outside/more/." "$prod"
    assert_equal "$(sent | sort | cut -d' ' -f 1,2)" "PATCH ins_ma$BATS_TEST_NUMBER
POST instances"
    came_to 'cp -r of three files, one new and one changed' 3 1 "$(sent)" "$name-new.json"
}

@test "install" {
    grows 'install' install -m 644 "$(edited)" "$file"
}

@test "install without a change" {
    cp "$file" "$outside/same.json"
    keeps 'install' install -m 644 "$outside/same.json" "$file"
}

@test "install refused" {
    fails_to install -m 644 "$(edited)" "$file"
}

@test "install --backup" {
    quiet install --backup "$(edited)" "$file"
    size_is standard-4
    came_to 'install --backup' 1 0 "$(grown)" "$name.json~"
}

# rsync

three() {
    echo m{a,b,c}"$BATS_TEST_NUMBER.json"
}

# rsyncs PROGRAM OPTION...: out, one of three changed, and in again, twice.
rsyncs() {
    local program=$1
    shift
    (cd "$prod" && quiet rsync -a "$@" $(three) "$outside/")
    for each in $(three); do cmp "$prod/$each" "$outside/$each"; done
    sed -i "$sed_grow" "$outside/mb$BATS_TEST_NUMBER.json"
    quiet rsync -a "$@" "$outside/" "$prod/"
    size_is standard-4 "$prod/mb$BATS_TEST_NUMBER.json"
    quiet rsync -a "$@" "$outside/" "$prod/"
    came_to "$program" 6 5 "PATCH ins_mb$BATS_TEST_NUMBER {\"size\":\"standard-4\"}"
    nothing_is_new
}

@test "rsync -a" {
    rsyncs 'rsync -a of three files, one changed, twice'
}

@test "rsync -a --inplace" {
    rsyncs 'rsync -a --inplace of three files, one changed, twice' --inplace
}

@test "rsync -a --checksum" {
    rsyncs 'rsync -a --checksum of three files, one changed, twice' --checksum
}

@test "rsync refused" {
    mkdir "$outside/in"
    mv "$(edited)" "$outside/in"
    fails_to rsync -a "$outside/in/" "$prod/"
}

# Archives

@test "tar c takes the right bytes, tar x over instances updates the changed one" {
    quiet tar c -C "$prod" -f archive.tar $(three)
    quiet tar x -C "$outside" -f archive.tar
    for each in $(three); do cmp "$prod/$each" "$outside/$each"; done
    quiet tar x -C "$prod" -f archive.tar
    sed -i "$sed_grow" "$outside/mb$BATS_TEST_NUMBER.json"
    quiet tar c -C "$outside" -f archive.tar $(three)
    quiet tar x -C "$prod" -f archive.tar
    size_is standard-4 "$prod/mb$BATS_TEST_NUMBER.json"
    came_to 'tar x of three files, one changed, twice' 6 5 "PATCH ins_mb$BATS_TEST_NUMBER {\"size\":\"standard-4\"}"
    nothing_is_new
}

@test "tar x refused" {
    tar c -C "$outside" -f archive.tar "$(basename "$(edited)")"
    fails_to tar x -C "$prod" -f archive.tar
}

@test "unzip -o over instances updates the changed one" {
    (cd "$prod" && quiet zip -q "$PLACE/archive.zip" $(three))
    quiet unzip -q -o archive.zip -d "$prod"
    quiet unzip -q archive.zip -d "$outside"
    for each in $(three); do cmp "$prod/$each" "$outside/$each"; done
    sed -i "$sed_grow" "$outside/mb$BATS_TEST_NUMBER.json"
    rm archive.zip
    (cd "$outside" && quiet zip -q "$PLACE/archive.zip" $(three))
    quiet unzip -q -o archive.zip -d "$prod"
    size_is standard-4 "$prod/mb$BATS_TEST_NUMBER.json"
    came_to 'unzip -o of three files, one changed, twice' 6 5 "PATCH ins_mb$BATS_TEST_NUMBER {\"size\":\"standard-4\"}"
    nothing_is_new
}

# Replacing by unlink and create

@test "tar x over thirty instances deletes none, whatever max_deletes says" {
    local files
    files=$(cd "$prod" && echo mc?.json mc[1-2]?.json)
    tar c -C "$prod" -f archive.tar $files
    quiet tar x -C "$prod" -f archive.tar
    came_to 'tar x over thirty instances' 29 29 ''
    nothing_is_new
}

@test "a replacement that takes longer than a delete waits is an update" {
    admin POST /config '{"latency_ms":1300}' >/dev/null
    run timeout 20 install -m 644 "$(edited)" "$file"
    admin POST /config '{"latency_ms":0}' >/dev/null
    assert_success
    sleep 0.5
    size_is standard-4
    came_to 'install, a slow API' 1 0 "$(grown)"
    nothing_is_new
}

# replace FILE TEXT SECONDS: as programs do, and it takes its time to write.
replace() {
    timeout 20 perl -MFcntl -e '
        unlink $ARGV[0] or die "unlink: $!";
        sysopen(my $f, $ARGV[0], O_WRONLY | O_CREAT | O_EXCL) or die "create: $!";
        select(undef, undef, undef, $ARGV[2]);
        if (length $ARGV[1]) { syswrite($f, $ARGV[1]) or die "write: $!" }
        close($f) or die "close: $!"' "$@"
}

@test "a program that takes long to write its replacement updates" {
    quiet replace "$file" "$(cat "$(edited)")" 2.5
    size_is standard-4
    came_to 'unlink, create, and a slow write' 1 0 "$(grown)"
    nothing_is_new
}

@test "a program that unlinks and creates and then writes nothing, or not all, deletes nothing" {
    quiet replace "$file" '' 0
    size_is standard-2
    quiet replace "$file" '{"size": "standard-4"' 0
    size_is standard-2
    sleep 2.2
    came_to 'unlink, create, and an incomplete write' 2 2 '' "$name.json.error" "$name.json.rejected"
    nothing_is_new
    rm "$file.rejected"
}

# git

git() {
    command git -c user.name=t -c user.email=t@example.com -c init.defaultBranch=main -c advice.detachedHead=false --git-dir="$PLACE/git" --work-tree="$prod" "$@"
}

repository() {
    command git init -q --bare "$PLACE/git"
    git config core.bare false
    cd "$prod"
    quiet git add "$name.json"
    quiet git commit -q -m one
}

@test "git add, commit, checkout of an older version" {
    repository
    quiet sed -i "$sed_grow" "$file"
    quiet git add "$name.json"
    quiet git commit -q -m two
    quiet git checkout -q HEAD~ -- "$name.json"
    size_is standard-2
    cd "$PLACE"
    came_to 'git checkout of an older version' 2 0 "$(grown)
PATCH $id {\"size\":\"standard-2\"}"
    nothing_is_new
}

@test "git checkout without a change" {
    repository
    touch "$file"
    quiet git checkout -q -f HEAD -- "$name.json"
    rm "$PLACE/git/index"
    quiet git checkout -q -f HEAD -- "$name.json"
    cd "$PLACE"
    came_to 'git checkout of the same version' 2 2 ''
    nothing_is_new
}

# What the server says of an instance moves by itself: what is kept under version control is the rest, by a filter.
@test "git stash and stash pop" {
    mkdir -p "$PLACE/git/info"
    echo '*.json filter=skystack' >"$PLACE/git/info/attributes"
    git config --file "$PLACE/git/config" filter.skystack.clean 'jq "del(.status,.ip,.updated_at,.health,.utilization)"'
    repository
    quiet sed -i "$sed_grow" "$file"
    quiet git stash -q
    size_is standard-2
    quiet git stash pop -q
    size_is standard-4
    cd "$PLACE"
    came_to 'git stash and stash pop' 3 0 "$(grown)
PATCH $id {\"size\":\"standard-2\"}
$(grown)"
    nothing_is_new
}

@test "git init in a project is refused, and makes nothing" {
    run mkdir "$prod/.git"
    assert_failure
    run command git init -q "$prod"
    assert_failure
    came_to 'git init' 1 1 ''
    nothing_is_new
}

# One descriptor

@test "tee" {
    grows 'tee' bash -c 'tee "$2" <"$1" >/dev/null' - "$(edited)" "$file"
}

@test "tee without a change" {
    cp "$file" "$outside/same.json"
    keeps 'tee' bash -c 'tee "$2" <"$1" >/dev/null' - "$outside/same.json" "$file"
}

@test "tee refused" {
    fails_to bash -c 'tee "$2" <"$1" >/dev/null' - "$(edited)" "$file"
}

@test "tee -a of white space changes nothing" {
    keeps 'tee -a' bash -c 'echo | tee -a "$1"' - "$file"
}

@test "dd" {
    grows 'dd' dd "if=$(edited)" "of=$file" status=none
}

@test "dd in pieces of 10 bytes" {
    grows 'dd' dd bs=10 "if=$(edited)" "of=$file" status=none
}

@test "dd conv=notrunc" {
    grows 'dd conv=notrunc' dd "if=$(edited)" "of=$file" conv=notrunc status=none
}

@test "dd conv=notrunc,fsync" {
    grows 'dd conv=notrunc' dd "if=$(edited)" "of=$file" conv=notrunc,fsync status=none
}

@test "dd conv=notrunc in the middle of the text" {
    local at
    at=$(grep -bo 'standard-2' "$file" | cut -d: -f 1)
    grows 'dd conv=notrunc' bash -c 'printf standard-4 | dd bs=1 "seek=$2" "of=$1" conv=notrunc status=none' - "$file" "$at"
}

@test "dd refused" {
    fails_to dd "if=$(edited)" "of=$file" status=none
}

@test "dd conv=notrunc refused" {
    fails_to dd "if=$(edited)" "of=$file" conv=notrunc status=none
}

py() {
    timeout 20 python3 -c "import json, sys
path = sys.argv[1]
$1" "$file"
}

py_grow='
text = json.load(open(path))
text["size"] = "standard-4"
'

@test "python open('w') and json.dump" {
    quiet py "$py_grow
with open(path, 'w') as f: json.dump(text, f, indent=2)"
    size_is standard-4
    came_to "python open('w')" 1 0 "$(grown)"
    nothing_is_new
}

@test "python open('w') and json.dump, refused" {
    refuse_changes
    run py "$py_grow
with open(path, 'w') as f: json.dump(text, f, indent=2)"
    assert_failure
    assert_output --partial OSError
    was_refused
}

@test "python open('r+'), seek, write, truncate" {
    quiet py "
with open(path, 'r+') as f:
    text = json.load(f)
    text['size'] = 'standard-4'
    f.seek(0)
    json.dump(text, f, separators=(',', ':'))
    f.truncate()"
    size_is standard-4
    came_to "python open('r+')" 1 0 "$(grown)"
    nothing_is_new
}

@test "python open('r+') refused" {
    refuse_changes
    run py "
with open(path, 'r+') as f:
    text = f.read().replace('standard-2', 'standard-4')
    f.seek(0)
    f.write(text)"
    assert_failure
    assert_output --partial OSError
    was_refused
}

@test "python: two saves of one process, and back to the first" {
    quiet py "$py_grow
for size in 'standard-4', 'standard-8', 'standard-2':
    text['size'] = size
    with open(path, 'w') as f: json.dump(text, f)"
    size_is standard-2
    came_to "python open('w')" 3 0 "$(grown)
PATCH $id {\"size\":\"standard-8\"}
PATCH $id {\"size\":\"standard-2\"}"
}

@test "bash, which read the file, writes two patches" {
    quiet timeout 20 bash -c 'mapfile -t text <"$1"; echo "{\"size\":\"standard-4\"}" >"$1"; echo "{\"size\":\"standard-8\"}" >"$1"' - "$file"
    size_is standard-8
    came_to "echo '{\"size\":…}' > f" 2 0 "$(grown)
PATCH $id {\"size\":\"standard-8\"}"
    nothing_is_new
}

@test "truncate -s 0 sends nothing and changes nothing" {
    keeps 'truncate -s 0' truncate -s 0 "$file"
}

@test "touch sends nothing and changes nothing" {
    keeps 'touch' touch "$file"
    keeps 'touch' touch -d 2020-01-01 "$file"
}
