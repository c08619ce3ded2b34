#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "error.h"

enum { LOG_LINE_BYTES = 2048 };

static enum LogTarget log_target = LOG_TO_STDERR;
static enum LogLevel log_level = LOG_LEVEL_WARN;
static bool
    log_to_journal; /* standard error is journald's, which takes a level as `<N>` ahead of a line (sd-daemon(3)) */

static const struct {
    const char *name;
    int priority;
} levels[] = {{"error", LOG_ERR}, {"warn", LOG_WARNING}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}};

/* $JOURNAL_STREAM names the journal's socket by device and inode; standard error may have been sent elsewhere since. */
static bool stderr_is_the_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char own[64];
    struct stat st;

    if (!stream || fstat(STDERR_FILENO, &st) < 0)
        return false;
    snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(stream, own) == 0;
}

void log_open(enum LogTarget target, enum LogLevel level)
{
    log_target = target;
    log_level = level;
    log_to_journal = target == LOG_TO_STDERR && stderr_is_the_journal();
    if (target == LOG_TO_SYSLOG)
        openlog("skystackfs", LOG_PID, LOG_DAEMON);
}

int log_level_parse(const char *text, enum LogLevel *ret_level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(text, levels[i].name) == 0) {
            *ret_level = (enum LogLevel)i;
            return 0;
        }
    }
    return -ERR_INVALID;
}

int text_escape(Buf *buf, const char *text, size_t count)
{
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '\\')
            r = buf_append(buf, "\\\\", 2);
        else if (c >= 0x20 && c < 0x7f)
            r = buf_append_char(buf, (char)c);
        else
            r = buf_printf(buf, "\\x%02x", c);
    }
    return r;
}

void log_write(enum LogLevel level, const char *format, ...)
{
    _cleanup_buf_ Buf line = BUF_INIT(4 * LOG_LINE_BYTES + 64);
    char text[LOG_LINE_BYTES];
    va_list args;
    int count;

    if (level > log_level)
        return;
    va_start(args, format);
    count = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (count < 0 || text_escape(&line, text, strlen(text)) < 0)
        return;
    if (log_target == LOG_TO_SYSLOG) {
        syslog(levels[level].priority, "%s", buf_text(&line));
        return;
    }
    if (log_to_journal)
        dprintf(STDERR_FILENO, "<%d>%s\n", levels[level].priority, buf_text(&line));
    else
        dprintf(STDERR_FILENO, "skystackfs: %s: %s\n", levels[level].name, buf_text(&line));
}
