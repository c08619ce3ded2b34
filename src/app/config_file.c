#include "config_file.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "error.h"

/* libinih's own caps: it would cut a longer name of a section, and take the rest of a longer line for another line. */
enum { FILE_BYTES = 64 << 10, LINE_BYTES = 198, SECTION_BYTES = 49 };

typedef struct Reading {
    const char *path;
    const char *rest;  /* of the text */
    unsigned line;     /* that was read last */
    unsigned too_long; /* the first that is; 0: none */
    config_line_fn each;
    void *ctx;
    int code;
    Failure *failure;
} Reading;

/* As fgets(). Blanks ahead of a line are skipped: libinih would take it for more of the line before. */
static char *next_line(char *into, int room, void *stream)
{
    Reading *reading = stream;
    size_t length = strcspn(reading->rest, "\n"), blanks = strspn(reading->rest, " \t");
    const char *text = reading->rest + blanks;

    if (!*reading->rest || reading->code < 0)
        return NULL;
    reading->line++;
    reading->rest += length + (reading->rest[length] == '\n');
    length -= blanks < length ? blanks : length;
    if (length > LINE_BYTES || (int)length + 2 > room || (text[0] == '[' && strcspn(text, "]") > SECTION_BYTES)) {
        reading->too_long = reading->line;
        return NULL;
    }
    memcpy(into, text, length);
    memcpy(into + length, "\n", 2);
    return into;
}

static int on_line(void *ctx, const char *section, const char *key, const char *value)
{
    Reading *reading = ctx;

    if (reading->code == 0)
        reading->code = reading->each(reading->ctx, section, key, value, reading->line, reading->failure);
    return 1;
}

static int refuse_line(const Reading *reading, unsigned line, const char *why)
{
    *reading->failure = failure_make(-ERR_INVALID, "Line %u of %s %s.", line, reading->path, why);
    failure_set_mend(reading->failure, "Write `key = value`, `[section]`, or a comment behind `#`.");
    return -ERR_INVALID;
}

static int parse(Reading *reading)
{
    int wrong = ini_parse_stream(next_line, reading, on_line, reading);

    if (reading->code < 0)
        return reading->code;
    if (reading->too_long)
        return refuse_line(reading, reading->too_long, "is too long");
    if (wrong < 0) {
        *reading->failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
        return -ERR_NO_MEMORY;
    }
    return wrong > 0 ? refuse_line(reading, (unsigned)wrong, "is not understood") : 0;
}

static int check_trust(const char *path, const FsioFacts *facts, Failure *ret_failure)
{
    uid_t user = geteuid();

    if ((facts->owner == user || facts->owner == 0) && (facts->mode & 022) == 0)
        return 0;
    *ret_failure = failure_make(-ERR_NO_ACCESS,
                                "The configuration %s is not trusted by user %u: others may write it (mode %04o, owner "
                                "%u).",
                                path, (unsigned)user, (unsigned)facts->mode, (unsigned)facts->owner);
    failure_set_mend(ret_failure, "chown %u %s && chmod go-w %s", (unsigned)user, path, path);
    return -ERR_NO_ACCESS;
}

int config_file_read(Fsio *fsio, const char *path, config_line_fn each, void *ctx, Failure *ret_failure)
{
    _cleanup_buf_ Buf text = BUF_INIT(FILE_BYTES);
    _cleanup_free_ char *real = realpath(path, NULL);
    Reading reading = {.path = path, .each = each, .ctx = ctx, .failure = ret_failure};
    FsioFacts facts = {0};
    int r = fsio_read(fsio, real ? real : path, &text, &facts);

    if (r == -ERR_NOT_FOUND || (r == -ERR_NO_ACCESS && !facts.is_regular))
        return 0; /* a folder that this user may not enter, as after `su` without a login, is not this user's */
    if (r < 0) {
        *ret_failure = failure_make(r, "The configuration %s can't be read: %s", path, error_sentence(r));
        failure_set_mend(ret_failure, "See who may read it with `ls -l %s`.", path);
        return r;
    }
    r = check_trust(path, &facts, ret_failure);
    if (r < 0)
        return r;
    reading.rest = buf_text(&text);
    return strlen(reading.rest) == text.len ? parse(&reading) : refuse_line(&reading, 1, "holds a NUL byte");
}
