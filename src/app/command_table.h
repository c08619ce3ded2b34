/*
 * command_table: what the program does beside mounting. One row makes the command's parsing, --help, the manual's list and
 * the shells' completions.
 */
#ifndef SKY_COMMAND_TABLE_H
#define SKY_COMMAND_TABLE_H

/* What a command takes beside a path and --json; TAKES_ALL: it looks at its words itself. */
enum { TAKES_STATUS = 1, TAKES_SINCE = 2, TAKES_FOLLOW = 4, TAKES_TIMEOUT = 8, TAKES_ALL = 16 };

/* X(name, arguments, meaning, takes); command_NAME() runs it. */
#define COMMAND_TABLE(X)                                                                                               \
    X(status, "[MOUNTPOINT] [--json]", "how a mount is doing", 0)                                                      \
    X(why, "[PATH] [--json]", "why the last operation here failed, and what to do", TAKES_SINCE)                       \
    X(events, "[MOUNTPOINT] [--follow] [--json]", "what changed; with --follow, what changes from now on",             \
      TAKES_FOLLOW)                                                                                                    \
    X(wait, "PATH STATUS [--timeout S]", "wait until an instance has a status; 124 when the time is up",               \
      TAKES_STATUS | TAKES_TIMEOUT)                                                                                    \
    X(top, "[MOUNTPOINT] [--once] [--interval S] [--sort [-]FIELD] [--filter TEXT]",                                   \
      "the instances on a full screen, as they change; a plain table where there is no terminal", TAKES_ALL)           \
    X(undo, "[PATH]", "take back deletes that still wait", 0)                                                          \
    X(refresh, "[PATH]", "let the next look ask the API", 0)                                                           \
    X(doctor, "[SOURCE|MOUNTPOINT] [-o OPTIONS] [--json]",                                                             \
      "what stands in the way of mounting, and what to do about it", TAKES_ALL)                                        \
    X(demo, "MOUNTPOINT", "mount a cloud made for trying out, and say what to try; Ctrl-C takes it away", 0)           \
    X(umount, "[MOUNTPOINT]", "unmount", 0)                                                                            \
    X(hook, "bash|zsh|fish", "shell code that tells why after each command that failed on a mount", 0)

#endif
