#!/bin/bash
# Builds, in folders whose names say how:
#
#   build.sh FOLDER...
#
#   build         as Meson does by itself
#   build-test    as released, with the steps at which tests kill it
#   build-asan    with AddressSanitizer and UndefinedBehaviorSanitizer, and these steps
#   build-clang   with clang
#
# Each is told with its time. The last line is `N passed, N failed`.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0

# set_up FOLDER
set_up()
{
    case $1 in
    build) meson setup "$1" ;;
    build-test) meson setup "$1" -Dbuildtype=release -Dc_args=-DSKY_CRASH_POINTS ;;
    build-asan) meson setup "$1" -Db_sanitize=address,undefined -Dc_args=-DSKY_CRASH_POINTS ;;
    build-clang) CC=clang meson setup "$1" ;;
    *)
        echo "build.sh: there is no build $1"
        return 2
        ;;
    esac
}

compile()
{
    [[ -f $1/build.ninja ]] || set_up "$1" || return
    ninja -C "$1" --quiet
}

for folder; do
    start=$SECONDS
    if said=$(compile "$folder" 2>&1); then
        passed=$((passed + 1))
        echo "good: $folder ($((SECONDS - start)) s)"
    else
        failed=$((failed + 1))
        printf '%s\nbad:  %s (%d s)\n' "$said" "$folder" $((SECONDS - start))
    fi
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
