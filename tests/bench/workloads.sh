# What is measured: a table of workloads, and below it a function for each that prints the number.
# shellcheck shell=bash disable=SC2034,SC2153,SC2154
#
#   key       names it; its function is measure_KEY, which gets the system's name; FOLDER is where that has the instances
#   state     cold: mounted anew before each round; warm: was run once before
#             If there is a prepare_KEY it runs ahead of each round, and its requests don't count
#   who       all: every system; kernel: ours, tmpfs and ceilings; or names of systems
#   unit      ns, bytes, or count
#   asks      requests of ours in one round, seen by the sandbox: a number, exactly, or `-`; `pages` is their number
#             at 200 instances a page. Where it is cold, the one that mounting takes is among them
#   bars      of ours: FACTOR*SYSTEM or FACTOR*SYSTEM/KEY (against that median), a plain limit (250ms, 4, 4requests),
#             FACTOR*linear (a time for each instance, against the smallest number of instances) or FACTOR*constant; `-`
#   sandbox   what the API is like meanwhile, `-` as usual
#
# Workloads of one setting of the sandbox stand together; those that change something come last.

WORKLOADS=$(
    cat <<'END'
ls-f           cold all                    ns        1+pages   -                              -  | `ls -f`, cold
ls-l           cold all+curl               ns        1+pages   1.5*curl,1.2*linear            -  | `ls -l`, cold
first          cold kernel+curl            ns        2         1.2*curl,1.25*constant         -  | first name, cold
head           cold ours                   ns        -         4requests                       -  | `ls -U \| head -n 1`, cold
everything     cold ours                   ns        1+pages   -                              -  | `ls -l`, `find`, `du`, `grep -r` and `cat *` at once, cold
ls-l-warm      warm all                    ns        0         1.1*tmpfs,1.2*linear           -  | `ls -l`, warm
cat-first      cold kernel                 ns        0         1.3*ours/cat                   -  | `cat *` after `ls`, the first
cat            warm readable               ns        0         0.85*ceiling,0.083*rclone      -  | `cat *`, warm
grep           warm readable               ns        0         0.85*ceiling,0.083*rclone      -  | `grep -rl`, warm
open-one       warm readable               ns        0         1.25*ceiling,0.02*rclone,1.25*constant -  | open, read, close on one core
open-two       warm kernel                 ns        0         0.5*ceiling                    -  | open, read, close across cores
paced          warm ours                   ns        0         -                              -  | open, read, close of one file now and then
by-name        cold ours                   ns        2         -                              -  | `cat` of one file, cold
warm-start     cold ours                   ns        -         250ms                          -  | mount to first `ls` from a snapshot
calls          cold ours                   count     0         2                              -  | lookups and extended attributes that the kernel asks for, warm `ls -l`
memory         cold daemons+allowance      bytes     1+pages   1*allowance                    -  | memory, all looked at
idle           cold daemons                count     0         0                              -  | wake-ups in 5 s of nobody looking
decode         warm ours                   ns        -         5ms                            -  | decode 1 MB of a page
first-away     cold ours+curl              ns        2         1.2*curl                       {"latency_ms":20}  | first name, cold, 20 ms away
one-by-one     cold ours+curl              ns        1+pages   1.5*curl                       {"latency_ms":20}  | `ls -l`, cold, 20 ms away: by cursor
numbered       cold ours                   ns        1+pages   0.333*ours/one-by-one          {"latency_ms":20,"pagination":"page"}  | the same, by page number
after-summary  cold ours                   ns        1         -                              {"rows":"summary"}  | `cat` of one file after `ls` of summaries
hundred        cold ours                   ns        1         -                              {"rows":"summary","latency_ms":20}  | 100 readers of one file, 20 ms away
together       cold ours                   ns        64        150ms                          {"rows":"summary","latency_ms":20}  | 64 cold files at once, 20 ms away
meanwhile      cold ours                   ns        64        1.5*ours/paced                 {"rows":"summary","latency_ms":20}  | … a cached file meanwhile
create         warm ours                   ns        1         -                              -  | `echo … >new.json`
update         warm ours                   ns        2         -                              -  | `echo … >web-1.json`
remove         warm ours                   ns        1         -                              -  | `rm new.json`
END
)

# Some are not to be run so often.
declare -A ROUNDS_MOST=([idle]=1 [calls]=1 [memory]=3 [everything]=3 [by-name]=3)

clock()
{
    "$PROGRAMS/bench-stopwatch" "$@"
}

measure_ls_f()
{
    clock -o "$work/out" run ls -f "$FOLDER"
    has_lines $((SIZE + 2))
}

measure_ls_l()
{
    if [[ $1 == curl ]]; then
        clock_curl list
    else
        clock -o "$work/out" run ls -l "$FOLDER"
        has_lines $((SIZE + 1))
    fi
}

measure_ls_l_warm()
{
    measure_ls_l "$@"
}

measure_first()
{
    if [[ $1 == curl ]]; then
        clock_curl page
    else
        clock first "$FOLDER"
    fi
}

measure_head()
{
    # shellcheck disable=SC2016
    clock -o "$work/out" run bash -c 'ls -U "$1" | head -n 1' - "$FOLDER"
    has_lines 1
}

measure_everything()
{
    # shellcheck disable=SC2016
    clock run bash -c 'cd "$1" && { ls -l & find . -type f & du -s . & grep -r nothing-has-this . &
        find . -name "*.json" -print0 | xargs -0 cat & wait; }' - "$FOLDER"
}

prepare_cat_first()
{
    ls -l "$FOLDER" >"$work/out"
}

measure_cat_first()
{
    measure_cat "$@"
}

measure_cat()
{
    clock -i "$FOLDER" -n "$work/names" run cat
}

measure_grep()
{
    clock -o "$work/out" run grep -rl "\"ins_$SIZE\"" "$FOLDER"
    has_lines 1
}

# Eight files, so that none of them is anything special.
measure_open_one()
{
    pin "$1" 0
    clock -c 0 -i "$FOLDER" -n "$work/names.8" open
    unpin "$1"
}

measure_open_two()
{
    pin "$1" 1
    clock -c 0 -i "$FOLDER" -n "$work/names.8" open
    unpin "$1"
}

measure_paced()
{
    clock -i "$FOLDER" paced db-1.json
}

# Of the first page.
measure_by_name()
{
    clock run cat "$FOLDER/web-1.json"
}

prepare_warm_start()
{
    ls -l "$FOLDER" >"$work/out"
    ours_down
}

measure_warm_start()
{
    # shellcheck disable=SC2016
    clock -o "$work/out" run bash -c '"${@:2}" >&2 && ls -U "$1"' - "$FOLDER" "${OURS[@]}" 2>"$work/mount.out"
    has_lines "$SIZE"
    sleep 0.5 # the refresh that nobody waits for begins, and is waited for before the next one is measured
}

# The snapshot is written a second after something changed.
prepare_idle()
{
    ls -l "$FOLDER" >"$work/out"
    sleep 3
}

measure_idle()
{
    local before
    before=$(wake_ups "$1")
    sleep 5
    echo $(($(wake_ups "$1") - before))
}

# libfuse writes down each call.
prepare_calls()
{
    ours_down
    serve_at traced "$AT/ours" "${OURS[@]}" -f -d
    ls -l "$FOLDER" >"$work/out"
}

measure_calls()
{
    local trace=$work/traced.out lines
    lines=$(wc -l <"$trace")
    ls -l "$FOLDER" >"$work/out"
    tail -n +$((lines + 1)) "$trace" | grep -c -E 'opcode: (LOOKUP|GETXATTR) ' || true
}

measure_memory()
{
    if [[ $1 == allowance ]]; then
        echo $((JSON_BYTES * 5 / 4 + SIZE * 200 + 16000000))
    else
        ls -l "$FOLDER" >"$work/out"
        resident_bytes "$1"
    fi
}

measure_decode()
{
    "$PROGRAMS/bench-decode" "$work/page"
}

measure_first_away()
{
    measure_first "$@"
}

measure_one_by_one()
{
    measure_ls_l "$@"
}

measure_numbered()
{
    measure_ls_l "$@"
}

prepare_after_summary()
{
    ls "$FOLDER" >"$work/out"
}

measure_after_summary()
{
    clock run cat "$FOLDER/web-1.json"
}

prepare_hundred()
{
    ls "$FOLDER" >"$work/out"
}

measure_hundred()
{
    local files
    mapfile -t files < <(yes web-1.json | head -n 100)
    clock -i "$FOLDER" together "${files[@]}"
}

prepare_together()
{
    ls "$FOLDER" >"$work/out"
}

measure_together()
{
    clock -i "$FOLDER" -n "$work/names.64" together
}

prepare_meanwhile()
{
    ls "$FOLDER" >"$work/out"
    cat "$FOLDER/db-1.json" >"$work/out"
}

measure_meanwhile()
{
    clock -i "$FOLDER" -n "$work/names.64" -m db-1.json together
}

# What is written is another number each round.
measure_create()
{
    # shellcheck disable=SC2016
    clock run sh -c 'echo "{\"region\":\"us-east-1\",\"size\":\"standard-2\"}" >"$1"' - "$FOLDER/new-$ROUND.json"
}

measure_update()
{
    local size=$((2 << ROUND % 2))
    # shellcheck disable=SC2016
    clock run sh -c 'echo "{\"size\":\"standard-$2\"}" >"$1"' - "$FOLDER/web-1.json" "$size"
}

measure_remove()
{
    clock run rm "$FOLDER/new-$ROUND.json"
}
