#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "commands.h"
#include "date.h"
#include "error.h"
#include "error_line.h"
#include "exit_code.h"
#include "mounts.h"
#include "say.h"

enum { ERRORS_BYTES = 8 << 20, FIELD_BYTES = 64 << 10 };

/* The newest failure of a path, or of this session. */
static bool is_wanted(Span error, const char *below, pid_t session, int64_t since_ms)
{
    _cleanup_buf_ Buf time = BUF_INIT(FIELD_BYTES);
    int64_t at_ms = 0, whose;
    Span value;

    if (since_ms && (error_line_get(error, "time", &time) < 0 ||
                     !date_parse_rfc3339((Span){buf_text(&time), time.len}, &at_ms) || at_ms < since_ms))
        return false;
    if (below)
        return error_line_is(error, "path", below);
    return json_member(error, "session", &value) && json_integer(value, &whose) && whose == session;
}

/* The last line that is wanted, as it stands in the file; NULL if there is none. Points into `errors`. */
static char *find_newest(char *errors, const char *below, int64_t since_ms)
{
    pid_t session = getsid(0);
    char *rest = errors, *line, *found = NULL;

    while ((line = strsep(&rest, "\n")) != NULL) {
        Span error = span_of(line);

        if (error_line_check(error) && is_wanted(error, below, session, since_ms))
            found = line;
    }
    return found;
}

static void print_field(Span error, const char *field, const char *label)
{
    _cleanup_buf_ Buf text = BUF_INIT(FIELD_BYTES);

    if (error_line_show(error, field, &text) == 0 && text.len > 0)
        printf("%-9s %s\n", label, buf_text(&text));
}

static const char *say_sent(Span error)
{
    if (error_line_is(error, "sent", "no"))
        return "nothing was sent";
    return error_line_is(error, "sent", "answered") ? "it was sent, and this is the API's answer"
                                                    : "it was sent, and no answer came";
}

static void print_for_people(Span error)
{
    _cleanup_buf_ Buf head = BUF_INIT(FIELD_BYTES);
    int r = error_line_show(error, "operation", &head);

    if (r == 0)
        r = buf_append_char(&head, ' ');
    if (r == 0)
        r = error_line_show(error, "path", &head);
    if (r == 0)
        r = buf_append_str(&head, ": ");
    if (r == 0 && error_line_show(error, "errno", &head) == 0)
        printf("%s\n", buf_text(&head));
    print_field(error, "message", "why");
    print_field(error, "mend", "mend");
    printf("%-9s %s\n", "sent", say_sent(error));
    print_field(error, "api_code", "code");
    print_field(error, "request_id", "request");
    print_field(error, "time", "time");
}

static int read_errors(const char *mountpoint, Buf *into)
{
    _cleanup_close_ int fd = commands_open_control(mountpoint, "errors", O_RDONLY);
    char chunk[16 << 10];
    ssize_t count;
    int r = fd < 0 ? fd : 0;

    while (r == 0 && (count = read(fd, chunk, sizeof chunk)) != 0)
        r = count < 0 ? -ERR_DISK : buf_append(into, chunk, (size_t)count);
    return r;
}

int command_why(const CommandWords *words)
{
    _cleanup_free_ char *mountpoint = NULL, *below = NULL;
    _cleanup_buf_ Buf errors = BUF_INIT(ERRORS_BYTES);
    Failure failure;
    const char *line;
    int r = mounts_find(words->path, &mountpoint, &below, &failure);

    if (r < 0) {
        say_failure(&failure);
        return EXIT_NOT_FOUND;
    }
    r = read_errors(mountpoint, &errors);
    if (r < 0) {
        failure = failure_make(r, "The errors of %s can't be read: %s", mountpoint, error_sentence(r));
        say_failure(&failure);
        return EXIT_FAILED;
    }
    line = errors.data ? find_newest(errors.data, words->path ? below : NULL, words->since_ms) : NULL;
    if (!line && words->since_ms)
        return EXIT_NOT_FOUND; /* a hook's question: no news is not worth a line */
    if (!line) {
        printf("%s\n", words->json   ? "null"
                       : words->path ? "Nothing has failed there."
                                     : "Nothing has failed in this session.");
        return EXIT_NOT_FOUND;
    }
    if (words->json)
        printf("%s\n", line);
    else
        print_for_people(span_of(line));
    return EXIT_OK;
}
