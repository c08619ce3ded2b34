/*
 * doctor_read: what the machine's files and an exchange say, for doctor to judge. Pure.
 */
#ifndef SKY_DOCTOR_READ_H
#define SKY_DOCTOR_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

/* Whether a fuse.conf has `user_allow_other`, on a line by itself. */
bool fuse_conf_lets_others(const char *conf);

/* Whether an updatedb.conf's PRUNEFS names a type, in any case; and whether a path is one of its PRUNEPATHS, or lies
 * below one. */
bool updatedb_skips_type(const char *conf, const char *type);
bool updatedb_skips_path(const char *conf, const char *path);

/* Whether a unit file has a word anywhere but in comments. */
bool unit_says(const char *unit, const char *word);

/* How far an exchange came: the first of these that failed. */
enum ReachStage { REACH_RESOLVE, REACH_CONNECT, REACH_TLS, REACH_ANSWER, REACH_ALL };
/* code, sent and problem as NetResponse has them. */
enum ReachStage reach_stage(int code, bool sent, const char *problem);

/* Cuts an endpoint (https://HOST[:PORT], https://[ADDRESS]:PORT) into host, without brackets, and port. False if they
 * find no room. */
bool endpoint_cut(const char *endpoint, char *ret_host, size_t host_room, char *ret_port, size_t port_room);

/* How far the local clock is off. Beyond a minute signatures of webhooks, tokens and certificates fail. */
enum ClockVerdict { CLOCK_GOOD, CLOCK_ASKEW, CLOCK_WRONG };
enum { CLOCK_ASKEW_MS = 10 * 1000, CLOCK_WRONG_MS = 60 * 1000 };
enum ClockVerdict clock_judge(int64_t ahead_ms);

/* The process that has the exclusive lock (flock) of a file, as /proc/locks tells; 0 if it doesn't. */
long lock_holder(const char *locks, uint64_t inode);

/* The texts of -o in a command line, as /proc/PID/cmdline has it: words, each with its NUL. Ended by NULL, freed by
 * words_free(). NULL if it does not mount this source, or without memory. */
char **command_line_options(Span line, const char *source);

#endif
