#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "error.h"
#include "exit_code.h"
#include "say.h"

/*
 * Each hook remembers when the prompt was shown, and after a command that failed asks for a failure of this session since
 * then. Without one nothing is printed, so that other commands may fail as they like.
 */
static const struct {
    const char *shell, *code;
} hooks[] = {
    {"bash", "__skystackfs_hook() {\n"
             "    local status=$?\n"
             "    if [ \"$status\" -ne 0 ] && [ -n \"${__skystackfs_since-}\" ]; then\n"
             "        skystackfs why --since \"$__skystackfs_since\" 2>/dev/null\n"
             "    fi\n"
             "    __skystackfs_since=${EPOCHREALTIME/,/.}\n"
             "    return \"$status\"\n"
             "}\n"
             "PROMPT_COMMAND=\"__skystackfs_hook${PROMPT_COMMAND:+; $PROMPT_COMMAND}\"\n"},
    {"zsh", "zmodload zsh/datetime\n"
            "__skystackfs_hook() {\n"
            "    local code=$?\n"
            "    if (( code )) && [[ -n ${__skystackfs_since-} ]]; then\n"
            "        skystackfs why --since $__skystackfs_since 2>/dev/null\n"
            "    fi\n"
            "    __skystackfs_since=$EPOCHREALTIME\n"
            "    return $code\n"
            "}\n"
            "precmd_functions=(__skystackfs_hook $precmd_functions)\n"},
    {"fish", "function __skystackfs_hook --on-event fish_postexec\n"
             "    set -l code $status\n"
             "    if test $code -ne 0; and set -q __skystackfs_since\n"
             "        skystackfs why --since $__skystackfs_since 2>/dev/null\n"
             "    end\n"
             "end\n"
             "function __skystackfs_mark --on-event fish_preexec\n"
             "    set -g __skystackfs_since (date +%s.%N)\n"
             "end\n"},
};

int command_hook(const CommandWords *words)
{
    Failure failure;

    for (size_t i = 0; words->path && i < sizeof hooks / sizeof hooks[0]; i++) {
        if (strcmp(words->path, hooks[i].shell) == 0) {
            fputs(hooks[i].code, stdout);
            return EXIT_OK;
        }
    }
    failure = failure_make(-ERR_INVALID, "`skystackfs hook` knows bash, zsh and fish.");
    failure_set_mend(&failure, "In your ~/.bashrc: eval \"$(skystackfs hook bash)\".");
    say_failure(&failure);
    return EXIT_USAGE;
}
