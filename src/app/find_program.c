#include "find_program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool find_program(const char *folders, const char *name, char ret_path[PATH_MAX])
{
    while (folders && *folders) {
        size_t length = strcspn(folders, ":");

        if (snprintf(ret_path, PATH_MAX, "%.*s/%s", (int)length, folders, name) < PATH_MAX &&
            access(ret_path, X_OK) == 0)
            return true;
        folders += length + (folders[length] == ':');
    }
    return false;
}
