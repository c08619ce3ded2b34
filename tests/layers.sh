#!/bin/bash
# The layer law: a file in src/LAYER sees its own headers, those of the layers that LAYER may use, and no others.
#
#   layers.sh [BUILD]        a build folder that was set up; default: build
#
# Each header is included, by its bare name, from each layer, with exactly the folders that the build gives to that
# layer. What the law allows must be found, and what it forbids must not. Libraries have their one place, too.
# The last line is `N passed, N failed`.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
build=${1:-build}
commands=$build/compile_commands.json
[[ -f $commands ]] || {
    echo "layers.sh: $commands is not there; run \`meson setup $build\` first" >&2
    exit 1
}

# layer: the layers that it may use
declare -A may_use=(
    [base]=''
    [model]='base'
    [net]='base'
    [api]='base model net'
    [disk]='base model'
    [store]='base model api disk'
    [tree]='base model store'
    [mount]='base tree'
    [hook]='base model'
    [app]='base model net api disk store tree mount hook'
    [sandbox]=''
)

# a library's header: the layers that may include it
declare -A library=(
    ['uv.h']='base'
    ['curl/']='net sandbox'
    ['fuse']='mount'
    ['sqlite3.h']='sandbox'
    ['microhttpd.h']='hook sandbox'
    ['gnutls/']='sandbox'
    ['openssl/']='api hook sandbox'
    ['cjson/']='app sandbox'
    ['curses.h']='app'
    ['ini.h']='app'
    ['systemd/']='app'
)

passed=0
failed=0

# verdict WHAT COMPLAINTS: good if there are none.
verdict()
{
    if [[ -z $2 ]]; then
        passed=$((passed + 1))
        echo "good: $1"
    else
        failed=$((failed + 1))
        printf 'bad:  %s\n%s\n' "$1" "${2%$'\n'}"
    fi
}

has_word()
{
    [[ " $1 " == *" $2 "* ]]
}

# The include folders that the build gives to a layer, one in a line, below the build folder.
include_folders()
{
    jq -r --arg layer "src/$1/" '[.[] | select(.file | contains($layer))][0].command' "$commands" |
        tr ' ' '\n' | grep '^-I' || true
}

# Which of the headers $2… a file in src/$1 finds by their bare names, as src/OWNER/HEADER. What a header itself needs
# does not matter (-MG), so that one which is found but would not compile still counts as found. What they include in
# turn is found too, and lies in the folder of one that may be included, or the same law holds for it.
found_from()
{
    local layer=$1 folders
    shift
    mapfile -t folders < <(include_folders "$layer")
    [[ ${#folders[@]} -gt 0 ]] || return 1
    (
        cd "$build"
        printf '#include "%s"\n' "$@" |
            gcc -std=c17 -M -MG -MT x "${folders[@]}" -iquote "$root/src/$layer" -x c - |
            grep -E -o 'src/[a-z]+/[a-z0-9_]+\.h' | tr '\n' ' ' || true
    )
}

check_layer()
{
    local layer=$1 header owner found complaints=''
    found=$(found_from "$layer" "${names[@]}") || complaints="the build compiles nothing in it"$'\n'
    for header in src/*/*.h; do
        owner=${header#src/}
        owner=${owner%%/*}
        if [[ $owner == "$layer" ]] || has_word "${may_use[$layer]}" "$owner"; then
            has_word "$found" "$header" || complaints+="it may include $header, and does not find it"$'\n'
        elif has_word "$found" "$header"; then
            complaints+="it may not include $header, and finds it"$'\n'
        fi
    done
    verdict "layer $layer" "$complaints"
}

check_library()
{
    local name=$1 complaints='' file layer
    while IFS=: read -r file _; do
        layer=${file#src/}
        has_word "${library[$name]}" "${layer%%/*}" || complaints+="$file includes it"$'\n'
    done < <(grep -n "^ *# *include *<$name" src/*/*.[ch])
    verdict "library <$name…> in ${library[$name]} alone" "$complaints"
}

# A path in quotes would lead around the include folders.
check_paths()
{
    verdict 'headers are included by bare names' "$(grep -n '^ *# *include *"[^"]*/' src/*/*.[ch] || true)"
}

mapfile -t names < <(basename -a src/*/*.h | sort -u)
for folder in src/*/; do
    layer=$(basename "$folder")
    if [[ -v may_use[$layer] ]]; then
        check_layer "$layer"
    else
        verdict "layer $layer" 'the law does not know it'
    fi
done
for name in "${!library[@]}"; do
    check_library "$name"
done
check_paths

echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
