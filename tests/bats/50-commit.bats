#!/usr/bin/env bats
# When a text is carried out: with the write that completes it, and with the outcome of that.

load helper

setup() {
    sandbox_start --instances 4
    mount_up region=eu-central,size=standard-2,timeout=5
    prod=$MNT/prod
    ls "$MNT" "$prod" >/dev/null
    requests_reset
}

# calls FILE MODE CALL...: opens the file once and prints what became of each system call, a line each. MODE: w (write, made, emptied), a (append),
# r+ (over the old text). CALL: write TEXT, at OFFSET TEXT, read, truncate BYTES, sync, changing (prints how many requests changed something), close.
calls() {
    perl -X -MFcntl -MIO::Handle -MIO::Socket::INET -e '
        my $admin = shift;
        my ($path, $mode) = splice(@ARGV, 0, 2);
        my %flags = ("w" => O_WRONLY|O_CREAT|O_TRUNC, "a" => O_WRONLY|O_CREAT|O_APPEND, "r+" => O_RDWR);
        sysopen(my $file, $path, $flags{$mode}) or die "open: $!\n";
        # Without a fork: a child that closes the file flushes it.
        sub changing {
            my $socket = IO::Socket::INET->new(PeerAddr => $admin =~ s{^http://}{}r) or die "admin: $!\n";
            print $socket "GET /counts HTTP/1.0\r\n\r\n";
            join("", <$socket>) =~ /"changing":(\d+)/ ? $1 : "?";
        }
        sub outcome { my ($what, $good) = @_; print "$what: ", defined $good && $good ? "ok" : "$!", "\n" }
        while (defined(my $call = shift)) {
            if ($call eq "write") { my $text = shift; outcome("write", syswrite($file, $text) == length $text) }
            elsif ($call eq "at") { sysseek($file, shift, 0); outcome("write", defined syswrite($file, shift)) }
            elsif ($call eq "truncate") { outcome("truncate", truncate($file, shift)) }
            elsif ($call eq "sync") { outcome("sync", $file->sync) }
            elsif ($call eq "read") { sysseek($file, 0, 0); sysread($file, my $text, 1 << 20); print "read: $text\n" }
            elsif ($call eq "changing") { print "changing: ", changing(), "\n" }
            elsif ($call eq "close") { outcome("close", close($file)) }
            else { die "call $call\n" }
        }' "$ADMIN" "$@"
}

# As mount_up, over what a killed daemon left.
mount_again() {
    timeout -k 5 60 "$SKYSTACKFS" "$ENDPOINT" "$MNT" \
        -o "token_file=$TOKEN_FILE,cacert=$CACERT,state_dir=$PLACE/state,requests_per_minute=0,requests_per_day=0${1:+,$1}" \
        >"$PLACE/mount.out" 2>&1 3>&- 4>&-
}

patches() {
    requests 'PATCH /v1/instances/{id}'
}

# The bodies that were sent to change something, one a line.
sent() {
    admin GET /log | jq -c '.[] | select(.method != "GET") | .body | fromjson'
}

# How many instances of that name there are.
count_of() {
    admin GET /instances | jq --arg name "$1" '[.[] | select(.name == $name)] | length'
}

# A new file

@test "one write creates one instance" {
    run calls "$prod/web-9.json" w write '{"size":"standard-4"}' changing close
    assert_output $'write: ok\nchanging: 1\nclose: ok'
    assert_equal "$(posts)" 1
    assert_equal "$(jq -r .size "$prod/web-9.json")" standard-4
}

@test "many pieces are one text, carried out with the piece that completes it" {
    run calls "$prod/web-9.json" w write '{"si' write 'ze":' changing write '"standard-4"' changing write '}' changing close changing
    assert_output $'write: ok\nwrite: ok\nchanging: 0\nwrite: ok\nchanging: 0\nwrite: ok\nchanging: 1\nclose: ok\nchanging: 1'
    assert_equal "$(sent | jq -r .size)" standard-4
}

@test "a shell that flushes before it writes and at each fork creates once" {
    { echo '{"size":'; /bin/echo '"standard-4"'; /bin/echo; echo '}'; /bin/echo; } >"$prod/web-9.json"
    assert_equal "$(posts)" 1
    assert_equal "$(changing)" 1
    assert_equal "$(jq -r .size "$prod/web-9.json")" standard-4
    [ ! -e "$prod/web-9.json.rejected" ]
}

@test "a here-document of many lines creates once" {
    cat >"$prod/web-9.json" <<'TEXT'
{
  "size": "standard-4",
  "tags": ["a", "b"]
}

TEXT
    assert_equal "$(posts)" 1
    assert_equal "$(sent | jq -c .tags)" '["a","b"]'
}

@test "appending pieces by processes of their own never completes a text that began with nothing written" {
    printf '{' >>"$prod/web-9.json"
    printf '}' >>"$prod/web-9.json" || true
    assert_equal "$(changing)" 0
}

@test "append completes a text as well" {
    run calls "$prod/web-9.json" a write '{' write '"size":"standard-4"' write '}' changing close
    assert_output $'write: ok\nwrite: ok\nwrite: ok\nchanging: 1\nclose: ok'
    assert_equal "$(posts)" 1
}

@test "append ignores where the file was positioned" {
    run calls "$prod/web-9.json" a write '{"size":' at 0 '"standard-4"}' close
    assert_output $'write: ok\nwrite: ok\nclose: ok'
    assert_equal "$(sent | jq -r .size)" standard-4
}

@test "writes of one byte each create once" {
    local text='{"size": "standard-4", "metadata": {"a": [1, {"b": null}]}}' arguments=() i
    for ((i = 0; i < ${#text}; i++)); do arguments+=(write "${text:i:1}"); done
    run calls "$prod/web-9.json" w "${arguments[@]}" changing write $'\n' close changing
    refute_output --partial Invalid
    assert_equal "$(grep -c 'write: ok' <<<"$output")" $((${#text} + 1))
    assert_equal "$(posts)" 1
    assert_equal "$(sent | jq -c .metadata)" '{"a":[1,{"b":null}]}'
}

@test "dd with one byte a write creates once" {
    printf '{"size":"standard-4"}' | dd of="$prod/web-9.json" bs=1 status=none
    assert_equal "$(posts)" 1
}

@test "a text without a final end of line is as good" {
    printf '{"size":"standard-4"}' >"$prod/web-9.json"
    assert_equal "$(posts)" 1
    [ -e "$prod/web-9.json" ]
}

@test "white space after a committed object is taken" {
    run calls "$prod/web-9.json" w write '{}' write $' \n\t\r\n' write $'\n' close
    assert_output $'write: ok\nwrite: ok\nwrite: ok\nclose: ok'
    assert_equal "$(changing)" 1
    [ ! -e "$prod/web-9.json.rejected" ]
}

@test "anything else after a committed object is EINVAL" {
    local more
    for more in '{}' ']' x ',' '{"size":"standard-8"}'; do
        run calls "$prod/web-9${#more}.json" w write '{}' write "$more" close
        assert_line --index 0 'write: ok'
        assert_line --index 1 'write: Invalid argument'
    done
    run calls "$prod/web-81.json" w write $'{}\n{}'
    assert_line --index 0 'write: Invalid argument'
    assert_equal "$(count_of web-81)" 0
}

@test "white space before the object is taken" {
    run calls "$prod/web-9.json" w write $' \n\t' write '{}' close
    assert_output $'write: ok\nwrite: ok\nclose: ok'
    assert_equal "$(posts)" 1
}

@test "a flush of an empty or incomplete buffer does nothing" {
    exec 7>"$prod/web-9.json"
    for _ in 1 2 3; do /bin/true >&7; bash -c : 7>&7; done
    printf '{"size":' >&7
    /bin/true 8>&7
    assert_equal "$(changing)" 0
    printf '"standard-4"}' >&7
    assert_equal "$(posts)" 1
    exec 7>&-
    assert_equal "$(changing)" 1
}

@test "fsync of an incomplete buffer does nothing" {
    run calls "$prod/web-9.json" w sync write '{' sync changing write '}' sync changing close
    assert_output $'sync: ok\nwrite: ok\nsync: ok\nchanging: 0\nwrite: ok\nsync: ok\nchanging: 1\nclose: ok'
}

@test "truncating to nothing begins the text anew" {
    run calls "$prod/web-9.json" w write '{"size":"nonsense' truncate 0 at 0 '{"size":"standard-4"}' close
    assert_output $'write: ok\ntruncate: ok\nwrite: ok\nclose: ok'
    assert_equal "$(sent | jq -r .size)" standard-4
    assert_equal "$(posts)" 1
    [ ! -e "$prod/web-9.json.rejected" ]
}

@test "truncating away a mistake mends the handle" {
    run calls "$prod/web-9.json" w write 'x' write '{}' truncate 0 at 0 '{}' close
    assert_output $'write: Invalid argument\nwrite: Invalid argument\ntruncate: ok\nwrite: ok\nclose: ok'
    assert_equal "$(posts)" 1
}

@test "truncating cuts what was written" {
    run calls "$prod/web-9.json" w write '{"size":"standard-2' truncate 18 at 18 '4"}' close
    assert_output $'write: ok\ntruncate: ok\nwrite: ok\nclose: ok'
    assert_equal "$(sent | jq -r .size)" standard-4
}

@test "a write at an offset puts the bytes where they belong" {
    run calls "$prod/web-9.json" w write '{"size":"standard-2"' at 18 '4' at 20 '}' close
    assert_output $'write: ok\nwrite: ok\nwrite: ok\nclose: ok'
    assert_equal "$(sent | jq -r .size)" standard-4
    assert_equal "$(posts)" 1
}

@test "pieces in the wrong order are carried out when the text is whole" {
    run calls "$prod/web-9.json" w write '{"size":"standard-4"' changing at 20 '}' changing close
    assert_output $'write: ok\nchanging: 0\nwrite: ok\nchanging: 1\nclose: ok'
}

@test "a shared writable map is refused" {
    run python3 - "$prod/web-1.json" <<'PROGRAM'
import mmap, os, sys
file = os.open(sys.argv[1], os.O_RDWR)
try:
    mmap.mmap(file, 64, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    print("mapped")
except OSError as error:
    print(os.strerror(error.errno))
PROGRAM
    assert_output 'No such device'
    assert_equal "$(changing)" 0
}

@test "two descriptors at once are two texts: the first creates, the second updates" {
    exec 7>"$prod/web-9.json" 8>"$prod/web-9.json"
    printf '{"tags":[' >&7
    printf '{"size":' >&8
    printf '"a"]}' >&7
    printf '"standard-4"}' >&8
    exec 7>&- 8>&-
    assert_equal "$(posts)" 1
    assert_equal "$(sent | tail -n 1)" '{"size":"standard-4"}'
    assert_equal "$(count_of web-9)" 1
    assert_equal "$(jq -c '[.size, .tags]' "$prod/web-9.json")" '["standard-4",["a"]]'
}

@test "what is being written can't be seen in the instance's file" {
    local before
    before=$(cat "$prod/web-1.json")
    exec 7>"$prod/web-1.json"
    printf '{"size":' >&7
    assert_equal "$(cat "$prod/web-1.json")" "$before"
    [ "$(stat -c %s "$prod/web-1.json")" = $((${#before} + 1)) ]
    printf '"standard-4"}' >&7
    exec 7>&-
    assert_equal "$(jq -r .size "$prod/web-1.json")" standard-4
}

# Large ones

@test "a text of 1 MiB is carried out" {
    printf '{"size":%*s"standard-4"}' $((1048576 - 21)) '' >"$PLACE/text"
    assert_equal "$(stat -c %s "$PLACE/text")" 1048576
    cat "$PLACE/text" >"$prod/web-9.json"
    assert_equal "$(posts)" 1
    assert_equal "$(sent | jq -r .size)" standard-4
}

# Not behind a proxy: Prism takes seconds for a text of that length, and the mount does not wait for it.
# bats test_tags=direct
@test "a body of nearly 1 MiB is sent as it was written" {
    perl -e 'print "{\"metadata\":{\"a\":\"", "x" x 1000000, "\"}}"' >"$PLACE/text"
    cat "$PLACE/text" >"$prod/web-9.json"
    assert_equal "$(admin GET /instances | jq -r '.[] | select(.name == "web-9") | .metadata.a' | wc -c)" 1000001
    assert_equal "$(jq -r .metadata.a "$prod/web-9.json" | wc -c)" 1000001
}

@test "one byte more than 1 MiB is EFBIG, and nothing is sent" {
    printf '{"size":%*s"standard-4"}' $((1048577 - 21)) '' >"$PLACE/text"
    assert_equal "$(stat -c %s "$PLACE/text")" 1048577
    refused 'File too large' bash -c 'cat "$1" >"$2"' - "$PLACE/text" "$prod/web-9.json"
    assert_equal "$(changing)" 0
    run why "$prod/web-9.json"
    assert_output --partial 'larger than'
}

@test "a write far behind the end is EFBIG" {
    run calls "$prod/web-9.json" w at 5000000000 '}' close
    assert_line --index 0 'write: File too large'
    assert_equal "$(changing)" 0
}

@test "truncating to more than 1 MiB is EFBIG" {
    run calls "$prod/web-9.json" w truncate 2000000 close
    assert_line --index 0 'truncate: File too large'
}

# Malformed ones

@test "a malformed first byte is EINVAL at that write" {
    run calls "$prod/web-9.json" w write 'b' close
    assert_line --index 0 'write: Invalid argument'
    assert_equal "$(changing)" 0
}

@test "a malformed last byte is EINVAL at that write" {
    run calls "$prod/web-9.json" w write '{"size":"standard-4"' write ']' close
    assert_line --index 0 'write: ok'
    assert_line --index 1 'write: Invalid argument'
    assert_equal "$(changing)" 0
    run calls "$prod/web-8.json" w write '{"size":"standard-4"]'
    assert_line --index 0 'write: Invalid argument'
    assert_equal "$(changing)" 0
}

@test "what is JSON, but no object, is EINVAL" {
    local text
    for text in '[]' '"web"' 12 null true; do
        refused 'Invalid argument' bash -c 'echo "$1" >"$2"' - "$text" "$prod/web-9.json"
    done
    assert_equal "$(changing)" 0
}

@test "a malformed text fails in the shell, and with set -e ends the script" {
    run bash -c 'set -e; echo "{bad" >"$1"; echo "went on"' - "$prod/web-9.json"
    assert_failure
    assert_output --partial 'Invalid argument'
    refute_output --partial 'went on'
    run sh -c 'set -e; echo "{bad" >"$1"; echo "went on"' - "$prod/web-9.json"
    assert_failure
    refute_output --partial 'went on'
    assert_equal "$(changing)" 0
}

@test "a refusal by the API fails in the shell too" {
    run bash -c 'set -e; echo "{\"size\":\"enormous\"}" >"$1"; echo "went on"' - "$prod/web-9.json"
    assert_failure
    assert_output --partial 'Invalid argument'
    refute_output --partial 'went on'
}

@test "a failed commit stays failed for that handle, and is sent once" {
    fault '{"kind":"status","method":"POST","status":400}' >/dev/null
    run calls "$prod/web-9.json" w write '{}' write $'\n' write '{}' sync close
    assert_output $'write: Invalid argument\nwrite: Invalid argument\nwrite: Invalid argument\nsync: Invalid argument\nclose: Invalid argument'
    assert_equal "$(posts)" 1
}

@test "cat that tries again after a refusal sends nothing again" {
    fault '{"kind":"status","method":"POST","status":400}' >/dev/null
    perl -e 'print "{\"metadata\":{\"a\":\"", "x" x 200000, "\"}}"' >"$PLACE/text"
    refused 'Invalid argument' bash -c 'cat "$1" >"$2"' - "$PLACE/text" "$prod/web-9.json"
    assert_equal "$(posts)" 1
    assert_equal "$(count_of web-9)" 0
}

@test "why says where a text is malformed" {
    run bash -c 'printf "{\n \"size\": standard\n}\n" >"$1"' - "$prod/web-9.json"
    assert_failure
    run why "$prod/web-9.json"
    assert_output --partial 'line 2, column 10'
    assert_output --partial 'Nothing was sent'
}

@test "at the last close an incomplete text is kept as rejected, and nothing was sent" {
    printf '{"size":"standard-4"' >"$prod/web-9.json"
    within 2 [ -e "$prod/web-9.json.rejected" ]
    assert_equal "$(cat "$prod/web-9.json.rejected")" '{"size":"standard-4"'
    run cat "$prod/web-9.json.error"
    assert_output --partial 'Nothing was sent'
    assert_equal "$(changing)" 0
    [ ! -e "$prod/web-9.json" ]
}

@test "not before the last close: another descriptor may complete it" {
    exec 7>"$prod/web-9.json" 8>&7
    printf '{"size":' >&7
    exec 7>&-
    sleep 0.1
    [ ! -e "$prod/web-9.json.rejected" ]
    printf '"standard-4"}' >&8
    exec 8>&-
    assert_equal "$(posts)" 1
    [ ! -e "$prod/web-9.json.rejected" ]
}

@test "an empty file is a draft: local, unlisted, and nothing is sent for it" {
    touch "$prod/web-9.json"
    : >"$prod/web-8.json"
    sleep 0.2
    assert_equal "$(changing)" 0
    run grep -E 'web-[89]' <(ls -a "$prod")
    assert_failure
    [ -e "$prod/web-9.json" ]
    assert_equal "$(cat "$prod/web-9.json")" ''
    [ ! -e "$prod/web-9.json.rejected" ]
    echo '{}' >"$prod/web-9.json"
    assert_equal "$(posts)" 1
}

@test "emptying an instance's file and leaving it so changes nothing" {
    local before
    before=$(cat "$prod/web-1.json")
    : >"$prod/web-1.json"
    truncate -s 0 "$prod/web-1.json"
    touch "$prod/web-1.json"
    assert_equal "$(changing)" 0
    assert_equal "$(cat "$prod/web-1.json")" "$before"
    [ ! -e "$prod/web-1.json.rejected" ]
}

@test "truncated, and then the daemon is killed: the instance is unchanged" {
    local before
    before=$(jq 'del(.utilization)' "$prod/web-1.json")
    exec 7>"$prod/web-1.json"
    printf '{"size":' >&7
    kill -KILL "$(daemon_pid)"
    exec 7>&-
    assert_equal "$(changing)" 0
    mount_again
    assert_equal "$(jq 'del(.utilization)' "$prod/web-1.json")" "$before"
}

@test "a create is not carried out where only the shell's redirection happened" {
    run bash -c 'false >"$1"' - "$prod/web-9.json"
    run bash -c 'no-such-command >"$1"' - "$prod/web-9.json"
    run bash -c 'jq . no-such-file >"$1"' - "$prod/web-9.json"
    assert_equal "$(changing)" 0
    [ ! -e "$prod/web-9.json.rejected" ]
}

# Over the old text

@test "over the old text the write commits nothing, fsync does" {
    local text
    text=$(sed s/standard-2/standard-8/ "$prod/web-1.json")
    run calls "$prod/web-1.json" r+ at 0 "$text" changing sync changing close changing
    assert_output $'write: ok\nchanging: 0\nsync: ok\nchanging: 1\nclose: ok\nchanging: 1'
    assert_equal "$(sent)" '{"size":"standard-8"}'
}

@test "over the old text the close commits" {
    local text
    text=$(sed s/standard-2/standard-8/ "$prod/web-1.json")
    run calls "$prod/web-1.json" r+ at 0 "$text" changing close changing
    assert_output $'write: ok\nchanging: 0\nclose: ok\nchanging: 1'
    assert_equal "$(sent)" '{"size":"standard-8"}'
}

@test "one changed byte in the middle is one field" {
    local offset
    offset=$(grep -bo standard-2 "$prod/web-1.json" | cut -d: -f1)
    printf 8 | dd of="$prod/web-1.json" bs=1 seek=$((offset + 9)) conv=notrunc status=none
    assert_equal "$(sent)" '{"size":"standard-8"}'
    assert_equal "$(changing)" 1
}

@test "dd conv=notrunc of a whole text is one update" {
    sed s/standard-2/standard-8/ "$prod/web-1.json" >"$PLACE/text"
    dd if="$PLACE/text" of="$prod/web-1.json" conv=notrunc bs=64 status=none
    assert_equal "$(sent)" '{"size":"standard-8"}'
    assert_equal "$(changing)" 1
}

@test "the outcome of a commit over the old text is that of fsync, or of close" {
    fault '{"kind":"status","method":"PATCH","status":400,"count":2}' >/dev/null
    local text
    text=$(sed s/standard-2/standard-8/ "$prod/web-1.json")
    run calls "$prod/web-1.json" r+ at 0 "$text" sync close
    assert_output $'write: ok\nsync: Invalid argument\nclose: Invalid argument'
    assert_equal "$(patches)" 1
    run calls "$prod/web-1.json" r+ at 0 "$text" close
    assert_output $'write: ok\nclose: Invalid argument'
    assert_equal "$(patches)" 2
}

@test "over the old text what can't be JSON is EINVAL at fsync and at close, and kept" {
    run calls "$prod/web-1.json" r+ at 0 'x' sync close
    assert_output $'write: ok\nsync: Invalid argument\nclose: Invalid argument'
    assert_equal "$(changing)" 0
    within 2 [ -e "$prod/web-1.json.rejected" ]
    assert_equal "$(head -c 1 "$prod/web-1.json.rejected")" x
}

@test "appending to an instance's file what makes it no JSON changes nothing, and is kept" {
    echo '{"size":"standard-8"}' >>"$prod/web-1.json" || true
    assert_equal "$(changing)" 0
    within 2 [ -e "$prod/web-1.json.rejected" ]
    assert_equal "$(tail -n 1 "$prod/web-1.json.rejected")" '{"size":"standard-8"}'
}

@test "appending white space to an instance's file changes nothing" {
    echo >>"$prod/web-1.json"
    assert_equal "$(changing)" 0
    [ ! -e "$prod/web-1.json.rejected" ]
}

@test "opened over the old text and closed again nothing is sent" {
    run calls "$prod/web-1.json" r+ sync close
    assert_output $'sync: ok\nclose: ok'
    assert_equal "$(changing)" 0
}

@test "what was written over the old text can be read back through the same handle" {
    run calls "$prod/web-1.json" r+ at 0 '{ "size"' read
    assert_output --partial 'read: { "size"'
    assert_equal "$(changing)" 0
}

@test "over the old text, emptied first, the write that completes the text commits" {
    run calls "$prod/web-1.json" r+ truncate 0 write '{"size":"standard-8"}' changing close changing
    assert_output $'truncate: ok\nwrite: ok\nchanging: 1\nclose: ok\nchanging: 1'
    assert_equal "$(sent)" '{"size":"standard-8"}'
}

@test "a shorter text over the old one, cut to its length, is carried out at the close" {
    run calls "$prod/web-1.json" r+ at 0 '{"size":"standard-8"}' truncate 21 changing close changing
    assert_output $'write: ok\ntruncate: ok\nchanging: 0\nclose: ok\nchanging: 1'
    assert_equal "$(sent)" '{"size":"standard-8"}'
}

# Changes that somebody interrupts

@test "an interrupted change that was not sent yet is cancelled, and a later flush does not revive it" {
    fault '{"kind":"delay","method":"GET","path":"/v1/instances/*","ms":1500}' >/dev/null
    background perl -e '
        $SIG{INT} = sub {};
        open(my $file, ">", shift) or die;
        print defined syswrite($file, "{\"size\":\"standard-8\"}") ? "taken" : "$!", "\n";
        close($file);' "$prod/web-1.json"
    is_asked() { [ "$(requests 'GET /v1/instances/{id}')" -ge 1 ]; }
    within 5 is_asked
    kill -INT "$BACKGROUND"
    wait "$BACKGROUND" || true
    assert_equal "$(cat "$PLACE/background.1")" 'Interrupted system call'
    sleep 1.7
    assert_equal "$(changing)" 0
}
