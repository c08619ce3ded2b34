/*
 * mount_command: `skystackfs SOURCE MOUNTPOINT`, and the same called by mount(8) as mount.skystackfs.
 */
#ifndef SKY_MOUNT_COMMAND_H
#define SKY_MOUNT_COMMAND_H

#include <stdbool.h>

/* Whether it was called by the name by which a demo mounts: by its options alone, whatever the files and variables say. */
#define MOUNT_BARE_NAME "skystackfs-demo"
bool mount_is_bare(const char *program);

/* Whether the program was called by the name that mount(8) gives its helpers (mount.TYPE). */
bool mount_is_helper(const char *program);
/* Mounts. The program's exit code, or that of mount(8) where it was called as its helper. */
int mount_command(int argc, char **argv);

#endif
