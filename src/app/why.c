#include <cjson/cJSON.h>
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
#include "exit_code.h"
#include "log.h"
#include "mounts.h"
#include "say.h"

enum { ERRORS_BYTES = 8 << 20, FIELD_BYTES = 16 << 10 };

static const char *text_of(const cJSON *error, const char *field)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, field));

    return text ? text : "";
}

/* The newest failure of a path, or of this session. */
static bool is_wanted(const cJSON *error, const char *below, pid_t session, int64_t since_ms)
{
    int64_t at_ms = 0;

    const cJSON *whose = cJSON_GetObjectItemCaseSensitive(error, "session");

    if (since_ms && (!date_parse_rfc3339(span_of(text_of(error, "time")), &at_ms) || at_ms < since_ms))
        return false;
    if (below)
        return strcmp(text_of(error, "path"), below) == 0;
    return cJSON_IsNumber(whose) && whose->valueint == (int)session;
}

/* The last line that is wanted, as it stands in the file; NULL if there is none. Points into `errors`. */
static char *find_newest(char *errors, const char *below, int64_t since_ms)
{
    pid_t session = getsid(0);
    char *rest = errors, *line, *found = NULL;

    while ((line = strsep(&rest, "\n")) != NULL) {
        cJSON *error = cJSON_Parse(line);

        if (error && is_wanted(error, below, session, since_ms))
            found = line;
        cJSON_Delete(error);
    }
    return found;
}

static void print_field(const cJSON *error, const char *field, const char *label)
{
    _cleanup_buf_ Buf text = BUF_INIT(FIELD_BYTES);
    const char *value = text_of(error, field);

    if (value[0] && text_escape(&text, value, strlen(value)) == 0)
        printf("%-9s %s\n", label, buf_text(&text));
}

static void print_for_people(const char *line)
{
    cJSON *error = cJSON_Parse(line);
    const char *sent = text_of(error, "sent");
    _cleanup_buf_ Buf head = BUF_INIT(FIELD_BYTES);
    const char *path = text_of(error, "path");

    if (text_escape(&head, path, strlen(path)) == 0)
        printf("%s %s: %s\n", text_of(error, "operation"), buf_text(&head), text_of(error, "errno"));
    print_field(error, "message", "why");
    print_field(error, "mend", "mend");
    printf("%-9s %s\n", "sent",
           strcmp(sent, "no") == 0         ? "nothing was sent"
           : strcmp(sent, "answered") == 0 ? "it was sent, and this is the API's answer"
                                           : "it was sent, and no answer came");
    print_field(error, "api_code", "code");
    print_field(error, "request_id", "request");
    print_field(error, "time", "time");
    cJSON_Delete(error);
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
        print_for_people(line);
    return EXIT_OK;
}
