#!/bin/bash
# Runs once more, one by one and with nothing beside them, the tests that failed when others ran beside them: a deadline that
# a busy machine missed is told from a fault. It says so of each.
#
#   again.sh FOLDER      with a report FOLDER/NAME.tap of each tests/bats/NAME.bats, and in NAME.build, if there is one, the build
#
# The line of a test that passes now becomes `ok …  # passed when tried again`. If more than MOST failed, none is tried.
set -euo pipefail

cd "$(dirname "$0")/.."
folder=$1
MOST=12

if [[ $(cat "$folder"/*.tap | grep -c '^not ok ') -gt $MOST ]]; then
    exit 0
fi
grep -n '^not ok ' "$folder"/*.tap /dev/null | while IFS=: read -r tap line rest; do
    title=${rest#not ok * }
    title=${title%% # timeout after *}
    file=tests/bats/$(basename "$tap" .tap).bats
    # shellcheck disable=SC2001  # a class of characters
    pattern=$(sed 's/[][\.*^$+?(){}|]/\\&/g' <<<"$title")
    if [[ -s ${tap%.tap}.build ]]; then
        build=$PWD/$(<"${tap%.tap}.build")
        export SKYSTACKFS=$build/src/app/skystackfs SKYSTACK_SANDBOX=$build/src/sandbox/skystack-sandbox
    fi
    echo "tried again, alone: $title ($file)"
    if timeout -k 10 300 bats --formatter tap --print-output-on-failure -f "^$pattern\$" "$file" </dev/null \
        >"$folder/again" 2>&1 && grep -q '^ok ' "$folder/again"; then
        sed -i "${line}s/^not ok \([0-9]*\) .*/ok \1 ${title//[&\/\\]/\\&} # passed when tried again/" "$tap"
    else
        cat "$folder/again"
    fi
done || true
rm -f "$folder/again"
