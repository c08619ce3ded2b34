#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "error.h"
#include "error_line.h"
#include "exit_code.h"
#include "mounts.h"
#include "say.h"

enum {
    LINES_BYTES = 1 << 20, /* that are read and not printed yet */
    TEXT_BYTES = 16 << 10,
    CHUNK_BYTES = 64 << 10,
    DATE_BYTES = 10, /* of 2026-03-19T10:22:44.123Z … */
    TIME_BYTES = 8,  /* … and where */
    TIME_AT = 11,
};

#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define RED    "\033[31m"
#define PLAIN  "\033[m"

typedef struct Printer {
    bool json, colour;
    Buf lines;
} Printer;

static const char *colour_of_status(const char *status)
{
    if (strcmp(status, "running") == 0)
        return GREEN;
    return strcmp(status, "failed") == 0 ? RED : YELLOW;
}

static void print_coloured(const Printer *printer, const char *colour, const char *text)
{
    printf("%s%s%s", printer->colour ? colour : "", text, printer->colour ? PLAIN : "");
}

static const char *or_dash(const Buf *text)
{
    return text->len > 0 ? buf_text(text) : "-";
}

static void print_change(const Printer *printer, Span event)
{
    _cleanup_buf_ Buf field = BUF_INIT(TEXT_BYTES), from = BUF_INIT(TEXT_BYTES), to = BUF_INIT(TEXT_BYTES);

    if (error_line_show(event, "field", &field) < 0 || error_line_show(event, "from", &from) < 0 ||
        error_line_show(event, "to", &to) < 0)
        return;
    printf("%-18s %s -> ", buf_text(&field), or_dash(&from));
    if (error_line_is(event, "type", "status_changed"))
        print_coloured(printer, colour_of_status(buf_text(&to)), or_dash(&to));
    else
        printf("%s", or_dash(&to));
}

static void print_what(const Printer *printer, Span event)
{
    if (error_line_is(event, "type", "created"))
        print_coloured(printer, GREEN, "created");
    else if (error_line_is(event, "type", "deleted"))
        print_coloured(printer, RED, "deleted");
    else
        print_change(printer, event);
}

static void print_time_and_name(Span event)
{
    _cleanup_buf_ Buf time = BUF_INIT(TEXT_BYTES), name = BUF_INIT(TEXT_BYTES);
    int r = error_line_show(event, "time", &time);

    if (r == 0)
        r = error_line_show(event, "project", &name);
    if (r == 0)
        r = buf_append_char(&name, '/');
    if (r == 0)
        r = error_line_show(event, "name", &name);
    if (r == 0 && time.len >= TIME_AT + TIME_BYTES)
        printf("%.*s %.*s  %-24s ", DATE_BYTES, time.data, TIME_BYTES, time.data + TIME_AT, buf_text(&name));
}

static void print_for_people(const Printer *printer, Span event)
{
    _cleanup_buf_ Buf source = BUF_INIT(TEXT_BYTES);
    int64_t missed;
    Span value;

    if (json_member(event, "missed", &value) && json_integer(value, &missed)) {
        printf("... %lld were missed\n", (long long)missed);
        return;
    }
    print_time_and_name(event);
    print_what(printer, event);
    if (error_line_show(event, "source", &source) == 0)
        printf("  (%s)", buf_text(&source));
    putchar('\n');
}

static void print_line(const Printer *printer, Span line)
{
    if (line.len == 0) /* what is not kept any more */
        return;
    if (printer->json)
        printf("%.*s\n", (int)line.len, line.at);
    else if (error_line_check(line))
        print_for_people(printer, line);
}

/* Prints what is whole, and keeps the rest. */
static void print_lines(Printer *printer)
{
    char *at = printer->lines.data, *stop, *end;

    if (!at)
        return;
    stop = at + printer->lines.len;
    while ((end = memchr(at, '\n', (size_t)(stop - at))) != NULL) {
        print_line(printer, (Span){at, (size_t)(end - at)});
        at = end + 1;
    }
    memmove(printer->lines.data, at, (size_t)(stop - at));
    (void)buf_resize(&printer->lines, (size_t)(stop - at)); /* it gets shorter */
}

/* Until the end of the file: of what is followed, until the mount ends. */
static int print_all(Printer *printer, int fd)
{
    char chunk[CHUNK_BYTES];
    ssize_t count;
    int r = 0;

    while (r == 0 && (count = read(fd, chunk, sizeof chunk)) != 0) {
        r = count < 0 ? error_from_errno(errno) : buf_append(&printer->lines, chunk, (size_t)count);
        if (r == 0)
            print_lines(printer);
        if (r == 0 && fflush(stdout) != 0)
            r = -ERR_DISK;
    }
    return r;
}

int command_events(const CommandWords *words)
{
    _cleanup_free_ char *mountpoint = NULL;
    _cleanup_close_ int fd = -1;
    Printer printer = {
        .json = words->json, .colour = isatty(STDOUT_FILENO) && !say_without_colour(), .lines = BUF_INIT(LINES_BYTES)};
    Failure failure;
    int r;

    if (mounts_find(words->path, &mountpoint, NULL, &failure) < 0) {
        say_failure(&failure);
        return EXIT_NOT_FOUND;
    }
    fd = commands_open_control(mountpoint, words->follow ? "events.follow" : "events", O_RDONLY);
    r = fd < 0 ? fd : print_all(&printer, fd);
    buf_release(&printer.lines);
    return r < 0 ? commands_cant_read(r, "The events", mountpoint) : EXIT_OK;
}
