/* The folder that holds everything: database, certificates, token file. */
#ifndef SANDBOX_WORKDIR_H
#define SANDBOX_WORKDIR_H

#include "buf.h"

#include <stdbool.h>

typedef struct Workdir {
    char *path;     /* absolute */
    bool temporary; /* removed at the end */
} Workdir;

/* Uses `dir`, made if it is missing (mode 0700), or makes a temporary folder if it is NULL. Gives 0 or a negative
 * errno. */
int workdir_open(const char *dir, Workdir *ret);

/* Removes a temporary folder with the files that the sandbox puts there; frees the rest. */
void workdir_close(Workdir *dir);

/* The path of a file in it; free() it. */
char *workdir_file(const Workdir *dir, const char *name);

/* Puts `text` into a file of mode 0600 that appears whole or not at all. Gives 0 or a negative errno. */
int workdir_write(const Workdir *dir, const char *name, Text text);

/* Adds a file's contents. Gives 0 or a negative errno. */
int workdir_read(const Workdir *dir, const char *name, Buf *out);

#endif
