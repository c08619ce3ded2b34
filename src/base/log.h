/*
 * log: one line an event, to standard error or to syslog. Where standard error is systemd's journal, each line has its
 * level.
 *
 * What comes from a network or a person may hold anything; log_write() escapes control characters and bytes outside of
 * printable ASCII (as \xNN), so that no text can break the line, colour the terminal or pretend to be another line.
 * Tokens never come here. Process-wide, used from any thread; a closed standard error is no error.
 */
#ifndef SKY_LOG_H
#define SKY_LOG_H

#include <stddef.h>

#include "buf.h"

enum LogLevel { LOG_LEVEL_NONE = -1, LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum LogTarget { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* Sets level and target; until then: warnings and errors, to standard error. */
void log_open(enum LogTarget target, enum LogLevel level);
void log_write(enum LogLevel level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "error", "warn", "info" or "debug". 0 or -ERR_INVALID. */
int log_level_parse(const char *text, enum LogLevel *ret_level);
/* Appends text so that it can be shown on a terminal: controls and non-ASCII bytes as \xNN, a backslash as \\. */
int text_escape(Buf *buf, const char *text, size_t count);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
