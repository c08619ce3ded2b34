# To be read by a script that runs tests, whose $work is its temporary folder and in the environment of all that it starts as
# $SKYSTACKFS_TEST_RUN: what it began, and how to end that, whatever became of it.
# shellcheck shell=sh disable=SC2154

# Numbers of the processes that this run began, whatever they are: each has a mark in its environment.
ours()
{
    for environ in /proc/[0-9]*/environ; do
        if tr '\0' '\n' 2>/dev/null <"$environ" | grep -q -x -F "SKYSTACKFS_TEST_RUN=$work"; then
            environ=${environ#/proc/}
            echo "${environ%/environ}"
        fi
    done
}

# What is left when this is broken off.
end_all()
{
    for pid in $(ours); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    awk -v below="$work/" 'index($2, below) == 1 { print $2 }' /proc/self/mounts |
        while read -r at; do
            umount -l "$at" 2>/dev/null || fusermount3 -u -z "$at" || true
        done
}
