#include "state_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* $STATE_DIRECTORY (systemd's), else the system's or the user's own place. */
char *state_dir_default(void)
{
    const char *given = getenv("STATE_DIRECTORY"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path = NULL;

    if (given && given[0])
        return strdup(given);
    if (geteuid() == 0)
        return strdup("/var/lib/skystackfs");
    if (state && state[0])
        return asprintf(&path, "%s/skystackfs", state) < 0 ? NULL : path;
    if (home && home[0])
        return asprintf(&path, "%s/.local/state/skystackfs", home) < 0 ? NULL : path;
    return NULL;
}
