#!/usr/bin/env bats
# What every file system is expected to do, and what programs try on one.

load helper

setup() {
    sandbox_start --instances 8
    prod=$MNT/prod
    mount_up region=eu-central,size=standard-2,timeout=5,delete_delay=0
    ls "$MNT" "$prod" >/dev/null
    requests_reset
}

@test "stat: a regular file of one link, with blocks for its bytes" {
    local bytes
    bytes=$(wc -c <"$prod/web-1.json")
    assert_equal "$(stat -c '%F %h %s %b' "$prod/web-1.json")" "regular file 1 $bytes $(((bytes + 511) / 512))"
    assert_equal "$(stat -c '%F' "$prod/web-1")" directory
    assert_equal "$(stat -c %i "$prod/web-1.json")" "$(stat -c %i "$prod/web-1.json")"
}

@test "the inode number is stable over mounting again" {
    local before
    before=$(stat -c %i "$prod/web-1.json" "$prod" "$prod/web-1" | xargs)
    mount_down
    mount_up
    assert_equal "$(stat -c %i "$prod/web-1.json" "$prod" "$prod/web-1" | xargs)" "$before"
}

@test "df shows what scratch files have left, and df -i the instances; neither is 0" {
    run df --output=size,avail -B1 "$MNT"
    [[ ${lines[1]} =~ ^\ *16777216\ +16777216 ]]
    run df --output=iused,iavail "$MNT"
    [[ ${lines[1]} =~ ^\ *8\ +[1-9] ]]
    head -c 1048576 /dev/zero >"$prod/scratch"
    run df --output=avail -B1 "$MNT"
    [ "${lines[1]}" -le 15728640 ]
}

@test "access says what may be done" {
    [ -r "$prod/web-1.json" ]
    [ -w "$prod/web-1.json" ]
    [ -x "$prod" ]
    [ ! -x "$prod/web-1.json" ]
}

@test "getfattr -d gives the fields, and other name spaces are not supported" {
    run getfattr -d "$prod/web-1.json"
    assert_line 'user.skystack.id="ins_1"'
    assert_line 'user.skystack.size="standard-2"'
    assert_line 'user.skystack.source="live"'
    refused 'not supported' getfattr -n trusted.x "$prod/web-1.json"
    refused 'not supported' setfattr -n user.x -v 1 "$prod/web-1.json"
    refused 'not supported' setfattr -x user.skystack.id "$prod/web-1.json"
}

@test "ls -la complains about nothing" {
    run --separate-stderr ls -laRn --time-style=full-iso "$MNT"
    assert_success
    assert_equal "$stderr" ''
    assert_equal "$(changing)" 0
}

@test "find -newer finds what changed" {
    touch "$PLACE/mark"
    sleep 1.1
    echo '{"size":"standard-4"}' >"$prod/web-1.json"
    assert_equal "$(find "$prod" -name '*.json' -newer "$PLACE/mark")" "$prod/web-1.json"
}

@test "touch -d, chmod and chown to oneself succeed on an instance, and do nothing" {
    local before
    before=$(stat -c '%a %u %g %Y' "$prod/web-1.json")
    touch -d '2001-01-01' "$prod/web-1.json"
    chmod 600 "$prod/web-1.json"
    chown "$(id -u):$(id -g)" "$prod/web-1.json"
    chown "$(id -u)" "$prod/web-1"
    chmod 700 "$prod"
    echo all >"$MNT/.skystack/refresh"
    assert_equal "$(stat -c '%a %u %g %Y' "$prod/web-1.json")" "$before"
    assert_equal "$(changing)" 0
}

@test "chown of an instance to somebody else is EPERM" {
    refused 'Operation not permitted' chown 12345 "$prod/web-1.json"
    refused 'Operation not permitted' chgrp 12345 "$prod/web-1.json"
}

@test "scratch files keep mode, owner and times" {
    echo text >"$prod/scratch"
    chmod 640 "$prod/scratch"
    chown 1:2 "$prod/scratch"
    touch -d '2001-02-03 04:05:06 UTC' "$prod/scratch"
    assert_equal "$(stat -c '%a %u %g %Y' "$prod/scratch")" '640 1 2 981173106'
}

@test "links and devices are EPERM, but a symbolic link of a scratch name" {
    refused 'Operation not permitted' ln "$prod/web-1.json" "$prod/scratch"
    refused 'Operation not permitted' mkfifo "$prod/pipe"
    refused 'Operation not permitted' ln -s target "$prod/web-9.json"
    ln -s target "$prod/.#web-1.json"
    assert_equal "$(readlink "$prod/.#web-1.json")" target
    rm "$prod/.#web-1.json"
    assert_equal "$(changing)" 0
}

@test "locks, fallocate and holes are what the kernel does without us" {
    flock "$prod/web-1.json" true
    echo text >"$prod/scratch"
    run fallocate -l 100 "$prod/scratch"
    assert_equal "$(python3 -c 'import os, sys; f = os.open(sys.argv[1], 0); print(os.lseek(f, 0, os.SEEK_HOLE))' "$prod/scratch")" 5
}

@test "a scratch file that is removed while it is open lives until it is closed" {
    exec 7<>"$prod/scratch"
    echo before >&7
    rm "$prod/scratch"
    [ ! -e "$prod/scratch" ]
    echo after >&7
    assert_equal "$(cat /proc/self/fd/7 2>/dev/null || perl -e 'open(my $f, "<&=7"); seek($f, 0, 0); print <$f>')" $'before\nafter'
    echo new >"$prod/scratch"
    assert_equal "$(perl -e 'open(my $f, "<&=7"); seek($f, 0, 0); print <$f>')" $'before\nafter'
    exec 7>&-
    assert_equal "$(cat "$prod/scratch")" new
}

@test "an instance that is deleted while it is open can be read on" {
    exec 7<"$prod/web-1.json"
    rm "$prod/web-1.json"
    assert_equal "$(jq -r .id <&7)" ins_1
    exec 7<&-
}

@test "readdir with telldir and seekdir during changes shows what stayed once, and nothing twice" {
    local n
    for n in $(seq 100 299); do admin POST /instances "{\"name\":\"row-$n\",\"project_id\":\"prj_1\"}" >/dev/null; done
    echo all >"$MNT/.skystack/refresh"
    cat >"$PLACE/walk.c" <<'PROGRAM'
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    DIR *dir = opendir(argv[1]);
    struct dirent *entry;
    long places[4096];
    char *names[4096], path[4096];
    int count = 0;

    for (; (entry = readdir(dir)) != NULL; count++) {
        names[count] = strdup(entry->d_name);
        puts(entry->d_name);
        places[count] = telldir(dir);
        if (count == 50) {
            snprintf(path, sizeof path, "%s/row-110.json", argv[1]);
            unlink(path);
            snprintf(path, sizeof path, "%s/row-290.json", argv[1]);
            unlink(path);
            snprintf(path, sizeof path, "%s/scratch", argv[1]);
            fclose(fopen(path, "w"));
        }
    }
    for (int i = 3; i + 1 < count; i += 7) {
        seekdir(dir, places[i]);
        entry = readdir(dir);
        if (!entry || (strcmp(entry->d_name, names[i + 1]) != 0 && !strstr(names[i + 1], "row-110") && !strstr(names[i + 1], "row-290")))
            fprintf(stderr, "after %s comes %s, not %s\n", names[i], entry ? entry->d_name : "nothing", names[i + 1]);
    }
    (void)argc;
    return 0;
}
PROGRAM
    gcc -o "$PLACE/walk" "$PLACE/walk.c"
    run --separate-stderr "$PLACE/walk" "$prod"
    assert_success
    assert_equal "$stderr" ''
    assert_equal "$(printf '%s\n' "${lines[@]}" | sort | uniq -d)" ''
    assert_equal "$(printf '%s\n' "${lines[@]}" | grep -c '^row-')" "$(printf '%s\n' "${lines[@]}" | grep '^row-' | sort -u | wc -l)"
    for n in 100 150 200 250 299; do assert_line "row-$n.json"; done
}

@test "64 names of 255 bytes can be listed, and each one removed" {
    local n name
    for n in $(seq 10 73); do
        name=$(printf '%s%0253d' "$n" 0)
        : >"$prod/$name"
    done
    assert_equal "$(ls "$prod" | awk 'length == 255' | wc -l)" 64
    for n in $(seq 10 73); do rm "$prod/$(printf '%s%0253d' "$n" 0)"; done
    assert_equal "$(ls "$prod" | awk 'length == 255' | wc -l)" 0
    refused 'File name too long' touch "$prod/$(printf '%0256d' 0)"
}

@test "instances with 64 names that need 255 bytes are all listed, and can be read" {
    local n
    for n in $(seq 10 73); do admin POST /instances "{\"name\":\"$n$(printf '%0253d' 0)\",\"project_id\":\"prj_1\"}" >/dev/null; done
    echo all >"$MNT/.skystack/refresh"
    assert_equal "$(ls "$prod" | grep -c '^[1-7][0-9]000.*json$')" 64
    assert_equal "$(ls "$prod" | awk 'length > 255' | wc -l)" 0
    assert_equal "$(cat "$prod"/*0000*.json | jq -r .id | sort -u | wc -l)" 64
}

@test "a directory that goes away while a shell stands in it" {
    run bash -c 'cd "$1" && rmdir "$1" && cat status; pwd >/dev/null; ls; cd .. && ls' - "$prod/web-1"
    assert_output --partial 'No such file or directory'
    [ -e "$prod/web-2.json" ]
    refute_line web-1.json
}

@test "a directory that somebody else deletes while a shell stands in it" {
    background bash -c 'cd "$1" && touch "$2" && while [ ! -e "$3" ]; do sleep 0.02; done; cat status; cd "$4" && echo fine' - \
        "$prod/web-1" "$PLACE/inside" "$PLACE/go" "$prod"
    within 5 [ -e "$PLACE/inside" ]
    admin DELETE /instances/ins_1 >/dev/null
    echo all >"$MNT/.skystack/refresh"
    ls "$prod" >/dev/null
    touch "$PLACE/go"
    wait "$BACKGROUND"
    assert_equal "$(tail -n 1 "$PLACE/background.1")" fine
}

@test "scratch files have 16 MiB in all: past it ENOSPC, and room again when one goes" {
    head -c 16777216 /dev/zero >"$prod/big"
    refused 'No space left on device' bash -c 'echo x >"$1"' - "$prod/other"
    refused 'No space left on device' bash -c 'echo x >>"$1"' - "$prod/big"
    refused 'No space left on device' truncate -s 17M "$prod/other"
    rm "$prod/big"
    echo x >"$prod/other"
    assert_equal "$(cat "$prod/other")" x
    assert_equal "$(changing)" 0
}

@test "a directory is not made under a scratch name" {
    run mkdir "$prod/.git"
    assert_failure
    assert_equal "$(changing)" 0
}

@test "stressors of files and directories don't end the daemon" {
    command -v stress-ng >/dev/null || skip 'stress-ng is not installed'
    local pid stressor
    pid=$(daemon_pid)
    for stressor in --dentry:--dentry-ops --rename:--rename-ops --filename:--filename-ops --chmod:--chmod-ops --utime:--utime-ops \
        --hdd:--hdd-ops --seek:--seek-ops --dir:--dir-ops --link:--link-ops --symlink:--symlink-ops --access:--access-ops; do
        timeout -k 2 8 stress-ng --temp-path "$prod" "${stressor%:*}" 1 "${stressor#*:}" 64 --timeout 2s \
            --hdd-bytes 1M --seek-bytes 1M >>"$PLACE/stress" 2>&1 || true
        [ "$(daemon_pid)" = "$pid" ]
    done
    [ -e "$prod/web-1.json" ]
}

@test "scratch files under many processes at once keep their own bytes" {
    local pid n
    pid=$(daemon_pid)
    for n in 1 2 3 4 5 6; do
        perl -e '
            my ($dir, $n) = @ARGV;
            for my $i (1 .. 60) {
                my $path = "$dir/scratch-$n-" . $i % 7;
                open(my $out, ">", $path) or die "open: $!"; print $out "$n $i " x 500; close($out) or die;
                rename($path, "$path~") or die "rename: $!";
                open(my $in, "<", "$path~") or die "again: $!"; my $text = join("", <$in>);
                die "other bytes" if $text ne "$n $i " x 500;
                unlink("$path~") or die "unlink: $!";
            }' "$prod" "$n" >"$PLACE/out.$n" 2>&1 3>&- &
    done
    wait $(jobs -p | tail -n 6)
    assert_equal "$(cat "$PLACE"/out.*)" ''
    assert_equal "$(daemon_pid)" "$pid"
    assert_equal "$(changing)" 0
}
