#!/usr/bin/env bats
# The manual: every page is well made, has all that the program has, and what its examples say is so.

load helper

BUILD=${SKYSTACKFS%/src/app/skystackfs}
SOURCE=$BATS_TEST_DIRNAME/../..
PAGES=(skystackfs.1 mount.skystackfs.8 skystackfs.conf.5 skystackfs-tree.7 skystack-sandbox.1)

teardown() {
    cd /
    all_down
}

# page NAME: as it is read, on very long lines.
page() {
    mandoc -T utf8 -O width=1000 "$BUILD/docs/man/$1" | sed 's/.\x08//g; s/^ *//' | grep .
}

# has PAGE LINE...: each is the beginning of a line of the page, up to a blank, a comma or the end of the line.
has() {
    local name=$1 text line
    text=$'\n'$(page "$name")
    shift
    for line; do
        [[ $text == *$'\n'"$line"[$',\n ']* || $text == *$'\n'"$line" ]] || fail_with "$name has no line: $line"
    done
}

# tells_of PAGE WORD...: each is somewhere in it, not as a part of another word.
tells_of() {
    local name=$1 text word
    text=" $(page "$name" | tr -s '\n,;:()"=/' ' ') "
    shift
    for word; do
        [[ $text == *" $word "* || $text == *" $word."* ]] || fail_with "$name does not tell of: $word"
    done
}

# The lines `    NAME=ARGUMENT   meaning` of skystackfs --help.
options_of_help() {
    "$SKYSTACKFS" --help | sed -n '/^Options/,/^$/s/^    \([a-z_]*\)\(=[^ ]*\)\{0,1\}  .*/\1\2/p'
}

@test "mandoc has nothing to warn of in any page" {
    local name
    for name in "${PAGES[@]}"; do
        run mandoc -T lint -W warning "$BUILD/docs/man/$name"
        assert_success
        refute_output
    done
}

@test "each page is where man looks, and tells apropos what it is about" {
    local name installed
    installed=$(meson introspect --installed "$BUILD")
    for name in "${PAGES[@]}"; do
        [[ $installed == *"/man/man${name##*.}/$name\""* ]] || fail_with "$name is not installed:" "$installed"
        run lexgrog "$BUILD/docs/man/$name"
        assert_success
        assert_output --partial "\"${name%.*} - "
    done
}

@test "a page of ours that another one names is there" {
    local name other count=0
    for name in "${PAGES[@]}"; do
        for other in $(page "$name" | grep -o -E '[a-z.-]*skystack[a-z.-]*\([0-9]\)' | tr '(' '.' | tr -d ')' | sort -u); do
            [ -s "$BUILD/docs/man/$other" ] || fail_with "$name names $other"
            count=$((count + 1))
        done
    done
    [ "$count" -gt 15 ]
}

@test "each option of --help is in skystackfs(1), with its argument" {
    local options
    mapfile -t options < <(options_of_help)
    [ "${#options[@]}" -gt 30 ]
    has skystackfs.1 "${options[@]}"
    has skystackfs.1 -o -f -d -h -V
}

@test "each option of --help is a key and a variable in skystackfs.conf(5)" {
    local option keys=() variables=()
    for option in $(options_of_help); do
        keys+=("${option%%=*} =")
        option=${option%%=*}
        variables+=("SKYSTACKFS_${option^^}")
    done
    [ "${#keys[@]}" -gt 30 ]
    has skystackfs.conf.5 "${keys[@]}" endpoint
    tells_of skystackfs.conf.5 "${variables[@]}"
}

@test "a default in the manual is that of --help" {
    assert_equal "$(page skystackfs.1 | grep -A 1 '^stale_if_error=')" \
        $'stale_if_error=S\nHow old contents may be while the API fails. Default: 300.'
    "$SKYSTACKFS" --help | grep -q '^    stale_if_error=S .*(300)$'
}

@test "each command of --help is in skystackfs(1), with its arguments and with a paragraph of its own" {
    local commands
    mapfile -t commands < <("$SKYSTACKFS" --help | sed -n 's/^    \(skystackfs [a-z].*\)/\1/p')
    [ "${#commands[@]}" -ge 11 ]
    has skystackfs.1 "${commands[@]}"
    commands=("${commands[@]#skystackfs }")
    has skystackfs.1 "${commands[@]%% *}"
}

@test "each exit code, signal and errno is in skystackfs(1)" {
    local codes errnos
    codes=$(sed -n 's/^ *EXIT_[A-Z_]* = \([0-9]*\),.*/\1/p' "$SOURCE/src/app/exit_code.h")
    errnos=$(sed -n 's/^ *X([A-Z_]*, \(E[A-Z]*\),.*/\1/p' "$SOURCE/src/base/error.h")
    [ "$(wc -w <<<"$codes")" -ge 7 ] && [ "$(wc -w <<<"$errnos")" -gt 30 ]
    # shellcheck disable=SC2086  # words
    has skystackfs.1 $codes TERM HUP USR1 $errnos
}

@test "each word of mount(8) that is taken is in mount.skystackfs(8)" {
    local words
    words=$(grep -o '{"[a-z_]*", WORD_' "$SOURCE/src/app/mount_words.c" | cut -d '"' -f 2)
    [ "$(wc -w <<<"$words")" -gt 25 ]
    # shellcheck disable=SC2086
    tells_of mount.skystackfs.8 $words
}

@test "each option of skystack-sandbox --help is in its page, with its value" {
    local options
    mapfile -t options < <("$SKYSTACK_SANDBOX" --help | sed -n 's/^  \(-.*\)/\1/p')
    [ "${#options[@]}" -gt 20 ]
    has skystack-sandbox.1 "${options[@]}"
}

@test "each file that the tree shows or knows is in skystackfs-tree(7)" {
    local names
    sandbox_start --instances 4
    mount_up region=us-east-1,size=standard-2
    put "$MNT/prod/x.json" '{"size":"x"}' 2>/dev/null || true
    assert_equal "$(cd "$MNT/prod" && echo x.*)" 'x.json.error x.json.rejected'
    names=$(ls -A "$MNT/.skystack")
    [ "$(wc -w <<<"$names")" -ge 9 ]
    names+=" $(sed -n 's/^ *{"\(\.[a-z.]*\)", NODE_.*/\1/p; s/.*{"events.follow".*/events.follow/p' "$SOURCE/src/tree/lookup.c")"
    [[ $names == *.defaults.json*events.follow* ]]
    for name in $names; do
        [[ " $(page skystackfs-tree.7 | tr -s '\n,/' ' ')" == *" $name "* ]] || fail_with "no word on $name"
    done
    tells_of skystackfs-tree.7 NAME.json NAME.json.rejected NAME.json.error status ip utilization
    for name in $(getfattr --absolute-names "$MNT/prod/x.json.error" "$MNT/prod/web-1.json" 2>/dev/null |
        grep -E '\.(source|age|error|request_id)$'); do
        tells_of skystackfs-tree.7 "$name"
    done
}

# The commands of a page, behind `$ `, and what they print; … stands for anything.
run_examples() {
    python3 - "$1" <<'PROGRAM'
import fnmatch, re, subprocess, sys

bad = commands = 0
for block in re.findall(r"^```\n(.*?)^```", open(sys.argv[1]).read(), re.S | re.M):
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
        commands += 1
        done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        pattern = re.sub(r"([\[\]*?])", r"[\1]", expected).replace("…", "*")
        if not fnmatch.fnmatchcase(done.stdout, pattern):
            bad += 1
            print("$", command, "\nexpected:", expected, "\nprinted:", done.stdout, sep="\n")
print(commands, "commands")
sys.exit(1 if bad or commands < 20 else 0)
PROGRAM
}

# blocks PAGE: the examples in it that are not such, a file for each in $PLACE/blocks.
blocks() {
    mkdir -p "$PLACE/blocks"
    awk -v to="$PLACE/blocks/" '/^```$/ { inside = !inside; n += inside; next } inside { print >(to sprintf("%02d", n)) }' \
        "$SOURCE/docs/man/$1.scd"
}

@test "the examples of skystackfs-tree(7) do what the page shows" {
    sandbox_start --instances 6 --provision-ms 60000
    mount_up
    PATH=$(dirname "$SKYSTACKFS"):$PATH
    cd "$MNT"
    run run_examples "$SOURCE/docs/man/skystackfs-tree.7.scd"
    echo "$output"
    assert_success
}

# As mount(8) would call it for a line of fstab or a command of a page; nothing is mounted.
pretend() {
    ln -sf "$SKYSTACKFS" "$PLACE/mount.skystackfs"
    "$PLACE/mount.skystackfs" -f "$@"
}

@test "the mounts in the examples of skystackfs(1) and mount.skystackfs(8) are understood" {
    local line words count=0
    blocks skystackfs.1
    cat "$PLACE"/blocks/* >"$PLACE/lines"
    rm "$PLACE"/blocks/*
    blocks mount.skystackfs.8
    cat "$PLACE"/blocks/* >>"$PLACE/lines"
    while IFS= read -r line; do
        case $line in
        'skystackfs production '* | 'skystackfs sandbox '*) eval "words=(${line#skystackfs })" ;;
        'mount -t skystackfs '*) eval "words=(${line#mount -t skystackfs })" ;;
        'mount.skystackfs '*) eval "words=(${line#mount.skystackfs })" ;;
        *'  skystackfs  '*)
            read -r -a words <<<"$line"
            words=("${words[0]}" "${words[1]}" -o "${words[3]}")
            ;;
        *) continue ;;
        esac
        count=$((count + 1))
        pretend "${words[@]}" || fail_with "it is not understood: $line"
    done <"$PLACE/lines"
    [ "$count" -ge 7 ] || fail_with "$count mounts"
    run pretend production "$PLACE" -o tll=3
    assert_failure 1
}

@test "the commands in the examples of skystackfs(1) work on a mount" {
    local block
    sandbox_start --instances 6 --provision-ms 500
    mount_up region=us-east-1,size=standard-2
    PATH=$(dirname "$SKYSTACKFS"):$PATH
    blocks skystackfs.1
    for block in "$PLACE"/blocks/*; do
        if grep -q -E '^skystackfs (production|sandbox) ' "$block"; then continue; fi
        sed -i "s|/mnt/skystack|$MNT|; /skystackfs why/s/$/ || [ \$? = 3 ]/" "$block"
        cd "$MNT/prod"
        bash -e "$block" || fail_with "it does not work:" "$(cat "$block")"
    done
    [ -e "$MNT/prod/web-9.json" ]
    cat "$PLACE"/blocks/* | grep -q 'skystackfs undo'
}

@test "the file in skystackfs.conf(5) is understood, with its sections as sources" {
    export XDG_CONFIG_HOME=$PLACE/config
    mkdir -p "$XDG_CONFIG_HOME/skystackfs"
    blocks skystackfs.conf.5
    grep -l -F '[lab]' "$PLACE"/blocks/* | xargs cat >"$XDG_CONFIG_HOME/skystackfs/config"
    pretend production /mnt
    pretend lab /mnt
    pretend lab /mnt -o rw
    run pretend nowhere /mnt
    assert_failure 1
    echo 'tll = 3' >"$XDG_CONFIG_HOME/skystackfs/config"
    run pretend production /mnt
    assert_output --partial 'There is no option `tll` ('
    grep -q -F 'There is no option `tll` (' "$SOURCE/docs/man/skystackfs.conf.5.scd"
}

@test "the examples of skystack-sandbox(1) work one after the other" {
    PATH=$(dirname "$SKYSTACKFS"):$(dirname "$SKYSTACK_SANDBOX"):$PATH
    export XDG_STATE_HOME=$PLACE/home STATE_DIRECTORY=$PLACE/home
    echo "$PLACE/mnt" >>"$PLACE/started.mounts"
    blocks skystack-sandbox.1
    {
        echo 'set -e -m; trap "kill \$(jobs -p) 2>/dev/null" EXIT'
        cat "$PLACE"/blocks/01
        echo 'ls mnt/prod | wc -l'
        cat "$PLACE"/blocks/02 "$PLACE"/blocks/03
        echo 'echo; skystackfs refresh mnt; cat mnt/prod/web-1/status'
        cat "$PLACE"/blocks/04
    } >"$PLACE/script"
    cd "$PLACE"
    run timeout -k 5 60 bash "$PLACE/script" 3>&- 4>&-
    assert_success
    assert_line stopped
    assert_line 20
    refute is_mounted "$PLACE/mnt"
}
