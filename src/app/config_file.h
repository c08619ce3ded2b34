/*
 * config_file: one configuration file, in the form that libinih reads.
 *
 * Lines `key = value`, `[section]`, and comments behind `#` or `;`. Caps: 64 KiB, 198 bytes a line.
 */
#ifndef SKY_CONFIG_FILE_H
#define SKY_CONFIG_FILE_H

#include "failure.h"
#include "fsio.h"

/* One `key = value`; texts for the call alone; the section is "" before the first. 0, or negative with the failure set,
 * which ends the reading. */
typedef int (*config_line_fn)(void *ctx, const char *section, const char *key, const char *value, unsigned line,
                              Failure *ret_failure);

/*
 * Reads a file, through links. 0, also if there is none that this user can reach, and then nothing is called; -ERR_NO_ACCESS if it can't be
 * read, or others than root and this process's user may have written it (it may name programs); -ERR_INVALID for a line
 * that is none, by its number; or what the callback returned.
 */
int config_file_read(Fsio *fsio, const char *path, config_line_fn each, void *ctx, Failure *ret_failure);

#endif
