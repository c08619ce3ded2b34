# bash completion for skystack-sandbox                                                    -*- shell-script -*-

# Its options, and what is offered as their value.
declare -gA _skystack_sandbox_options=(
@BASH_SANDBOX@
)

_skystack_sandbox() {
    local cur=$2 name=$3 kind one
    COMPREPLY=()
    # bash cuts at =, which may stand between an option and its value
    if [[ $cur == = ]]; then
        cur=
    elif [[ $name == = ]]; then
        name=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    kind=${_skystack_sandbox_options[${name:-none}]-}
    if [[ $kind == files ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    elif [[ $kind == folders ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
    elif [[ $kind == *'|'* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${kind//|/ }" -- "$cur")
    elif [[ -z $kind ]]; then
        for one in "${!_skystack_sandbox_options[@]}"; do
            if [[ $one == "$cur"* ]]; then COMPREPLY+=("$one"); fi
        done
    fi
}

complete -F _skystack_sandbox skystack-sandbox
