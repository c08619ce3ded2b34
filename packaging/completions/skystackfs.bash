# bash completion for skystackfs                                                          -*- shell-script -*-
#
# It asks nobody and needs no token: what it offers stands here, in the configuration files and in the kernel's table of mounts.

# Options of a mount, and what is offered as their value.
declare -gA _skystackfs_options=(
@BASH_OPTIONS@
)

# What each command takes: kinds of words, and behind a semicolon flags, each with the kind of its value.
declare -gA _skystackfs_commands=(
@BASH_COMMANDS@
)

declare -ga _skystackfs_statuses=(@STATUSES@)
declare -ga _skystackfs_columns=(@COLUMNS@)

_skystackfs_sources() {
    local file line
    printf '%s\n' production sandbox https://
    for file in /etc/skystackfs/config "${XDG_CONFIG_HOME:-$HOME/.config}/skystackfs/config"; do
        [[ -f $file && -r $file ]] || continue
        while read -r line || [[ -n $line ]]; do
            if [[ $line =~ ^\[([^]]+)\] ]]; then printf '%q\n' "${BASH_REMATCH[1]}"; fi
        done <"$file"
    done
}

# The table has blanks as \040. The mounts themselves are not looked at: one may hang.
_skystackfs_mounts() {
    local where type
    while read -r _ where type _; do
        if [[ $type == fuse.skystackfs ]]; then printf '%q\n' "$(printf '%b' "$where")"; fi
    done </proc/self/mounts
}

# Prints what is offered for a kind of word, of which the second argument is typed.
_skystackfs_offer() {
    case $1 in
    nothing | '') ;;
    files) compgen -f -- "$2" ;;
    folders) compgen -d -- "$2" ;;
    users) compgen -u -- "$2" ;;
    groups) compgen -g -- "$2" ;;
    sources) _skystackfs_sources ;;
    mounts) _skystackfs_mounts ;;
    sources_and_mounts)
        _skystackfs_mounts
        _skystackfs_sources
        ;;
    statuses) printf '%s\n' "${_skystackfs_statuses[@]}" ;;
    columns) printf '%s\n' "${_skystackfs_columns[@]}" "${_skystackfs_columns[@]/#/-}" ;;
    *) printf '%s\n' "${1//|/$'\n'}" ;;
    esac
}

# Sets `words` to what stands before the cursor, put together where bash cuts at = and :, and `cur` to the last of them.
_skystackfs_split() {
    local line=${COMP_LINE:0:COMP_POINT} word blanks i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        blanks=${line%%[![:blank:]]*}
        line=${line#"$blanks"}
        word=${COMP_WORDS[i]}
        if ((i == COMP_CWORD)); then word=$line; fi
        if ((i == 0)) || [[ -n $blanks ]]; then words+=("$word"); else words[-1]+=$word; fi
        line=${line#"$word"}
    done
    cur=${words[-1]}
}

# Takes of the lines those that go on with what is typed, behind a prefix, without what bash does not replace.
_skystackfs_take() {
    local line breaks=${COMP_WORDBREAKS//[^=:]/} cut=
    if [[ -n $breaks ]]; then cut=${cur%"${cur##*["$breaks"]}"}; fi
    while IFS= read -r line; do
        line=$1$line
        if [[ $line == "$cur"* ]]; then COMPREPLY+=("${line#"$cut"}"); fi
    done
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/] ]]; then compopt -o nospace 2>/dev/null; fi
}

# A word of a kind, behind a prefix.
_skystackfs_word() {
    if [[ $1 == files || $1 == folders ]]; then compopt -o filenames 2>/dev/null; fi
    _skystackfs_take "${2-}" < <(_skystackfs_offer "$1" "${cur#"${2-}"}")
}

# Options with commas between.
_skystackfs_list() {
    local last=${cur##*,} name
    local before=${cur%"$last"}
    compopt -o nospace 2>/dev/null
    if [[ $last == *=* ]]; then
        name=${last%%=*}
        _skystackfs_word "${_skystackfs_options[$name]-}" "$before$name="
        return
    fi
    _skystackfs_take "$before" < <(
        for name in "${!_skystackfs_options[@]}"; do
            [[ ",$before" != *",$name"[=,]* ]] || continue
            printf '%s%s\n' "$name" "${_skystackfs_options[$name]:+=}"
        done
    )
}

# The kind of a flag's value: sets REPLY, "" for none; fails where there is no such flag.
_skystackfs_flag() {
    local flag
    for flag in $2; do
        if [[ ${flag%%=*} == "$1" ]]; then
            REPLY=${flag#*=}
            return 0
        fi
    done
    return 1
}

_skystackfs_command() {
    local kinds flags flag i at=0 REPLY
    IFS=';' read -r kinds flags <<<"${_skystackfs_commands[${words[1]}]}"
    for ((i = 2; i < ${#words[@]} - 1; i++)); do
        if ! _skystackfs_flag "${words[i]}" "$flags"; then
            at=$((at + 1))
        elif [[ -n $REPLY ]]; then
            i=$((i + 1))
        fi
    done
    if ((i == ${#words[@]})) && [[ $REPLY == options ]]; then
        _skystackfs_list
    elif ((i == ${#words[@]})); then # behind another flag that takes a value
        _skystackfs_word "$REPLY"
    elif [[ $cur == -* ]]; then
        _skystackfs_take '' < <(for flag in $flags; do printf '%s\n' "${flag%%=*}"; done)
    else
        read -r -a kinds <<<"$kinds"
        _skystackfs_word "${kinds[at]-}"
    fi
}

_skystackfs_mount() {
    local i at=0
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        case ${words[i]} in
        -o) i=$((i + 1)) ;;
        -*) ;;
        *) at=$((at + 1)) ;;
        esac
    done
    if ((i == ${#words[@]})); then # behind -o
        _skystackfs_list
    elif [[ $cur == -* ]]; then
        _skystackfs_take '' < <(printf '%s\n' -o -f -d -h -V --help --version)
    elif ((at == 0)); then
        _skystackfs_take '' < <(
            _skystackfs_sources
            if ((${#words[@]} == 2)); then printf '%s\n' "${!_skystackfs_commands[@]}"; fi
        )
    elif ((at == 1)); then
        _skystackfs_word folders
    fi
}

_skystackfs() {
    local cur
    local -a words
    COMPREPLY=()
    _skystackfs_split
    if ((${#words[@]} > 2)) && [[ -n ${_skystackfs_commands[${words[1]:-none}]-} ]]; then
        _skystackfs_command
    else
        _skystackfs_mount
    fi
}

complete -F _skystackfs skystackfs
