#!/bin/bash
# What tools can tell of the sources' style: no banned calls, shell scripts without a complaint.
#
# The last line is `N passed, N failed`.
set -euo pipefail

cd "$(dirname "$0")/.."

passed=0
failed=0

# check TITLE COMMAND…: what the command prints is shown if it fails.
check()
{
    local title=$1 said
    shift
    if said=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "good: $title"
    else
        failed=$((failed + 1))
        printf 'bad:  %s\n%s\n' "$title" "$said"
    fi
}

# Calls that overrun, that can't tell an error, that keep hidden state, or that go through a shell.
banned='strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok|system|popen|tmpnam|mktemp'

no_banned_calls()
{
    ! grep -n -E "(^|[^A-Za-z0-9_.>\"])($banned) *\(" src/*/*.[ch]
}

# Its tree drops digits, duplicates and NULs: the client writes with it, and reads by its own strict scan.
cjson_parses_nothing()
{
    ! grep -n cJSON_Parse src/*/*.[ch] | grep -v ^src/sandbox/
}

shell_scripts_are_clean()
{
    local commands
    mapfile -t commands < <(find tests -maxdepth 1 -type f -perm /1 ! -name '*.*')
    shellcheck packaging/*.sh packaging/monitoring/*.sh packaging/systemd/*.sh packaging/debian/*.postinst packaging/debian/*.prerm packaging/debian/*.postrm packaging/debian/tests/mount \
        tests/*.sh tests/package/*.sh tests/fuzz/run.sh tests/bench/*.sh tests/bench/systems/*.sh "${commands[@]}" .ci/run
}

check 'no banned calls in src' no_banned_calls
check 'the client parses nothing with cJSON' cjson_parses_nothing
check 'shell scripts pass shellcheck' shell_scripts_are_clean

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
