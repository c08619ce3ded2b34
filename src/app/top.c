#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "error.h"
#include "exit_code.h"
#include "mounts.h"
#include "say.h"
#include "top_feed.h"
#include "top_options.h"
#include "top_screen.h"
#include "top_table.h"

enum {
    TICK_MS = 250,
    DRAW_MS = 50,             /* what comes in quick succession is drawn at once */
    PLAIN_SILENCE_MS = 10000, /* so long a mount may say nothing before plain output gives up */
    PLAIN_BYTES = 1 << 30,
};

typedef struct Top {
    TopOptions options;
    char *mountpoint;
    TopFeed *feed;
    Loop *loop;
    LoopPoll *input;
    int input_fd;
    Timer *tick, *draw;
    bool draws; /* the second one runs */
    TopUi ui;
    TopGrid grid;
    int exit_code;
} Top;

/* ---- the screen ---- */

static void draw(Top *top)
{
    unsigned lines, columns;

    top_screen_size(&lines, &columns);
    if (top_grid_size(&top->grid, lines, columns) < 0)
        return;
    top_ui_draw(&top->ui, &top->grid, clock_wall_ms(loop_clock(top->loop)));
    top_screen_show(&top->grid);
}

static void on_draw(void *ctx)
{
    Top *top = ctx;

    top->draws = false;
    draw(top);
}

static void on_change(void *ctx)
{
    Top *top = ctx;

    if (top->draws || top->ui.paused)
        return;
    top->draws = true;
    timer_start(top->draw, DRAW_MS);
}

static void on_tick(void *ctx)
{
    Top *top = ctx;

    top_feed_tick(top->feed);
    draw(top);
    timer_start(top->tick, TICK_MS);
}

static void heed_key(Top *top, int key)
{
    switch (top_ui_key(&top->ui, key)) {
    case TOP_QUIT:
        loop_stop(top->loop);
        break;
    case TOP_REDRAW:
        top_screen_redraw();
        break;
    case TOP_PAUSE:
        top_feed_pause(top->feed);
        break;
    case TOP_GO_ON:
        break;
    }
}

static bool is_gone(int terminal)
{
    struct pollfd in = {.fd = terminal, .events = POLLIN};

    return poll(&in, 1, 0) != 0 && in.revents & (POLLHUP | POLLERR | POLLNVAL);
}

static void on_input(void *ctx, int events)
{
    Top *top = ctx;
    int key;

    (void)events;
    while ((key = top_screen_key()) >= 0)
        heed_key(top, key);
    if (is_gone(top->input_fd))
        loop_stop(top->loop);
    draw(top);
}

static void on_signal(void *ctx, int number)
{
    Top *top = ctx;

    if (number == SIGTSTP)
        top_screen_stop();
    if (number == SIGTSTP || number == SIGWINCH)
        draw(top);
    else
        loop_stop(top->loop);
}

/* The loop wants descriptors that do not block, and the terminal's are shared with the shell: so it is opened anew. */
static int watch_terminal(Top *top)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
    int r = 0;

    top->input_fd = open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (top->input_fd >= 0)
        top->input = loop_poll_start(top->loop, top->input_fd, LOOP_READABLE, on_input, top);
    if (!top->input)
        return -ERR_NO_ACCESS;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0] && r == 0; i++)
        r = loop_signal(top->loop, signals[i], on_signal, top);
    return r;
}

static int show(Top *top)
{
    Failure failure;
    int r = watch_terminal(top);

    if (r < 0)
        failure = failure_make(r, "The terminal can't be read: %s", error_sentence(r));
    else
        r = top_screen_begin(&failure);
    if (r < 0) {
        say_failure(&failure);
        return EXIT_FAILED;
    }
    top->grid.utf8 = top_screen_is_utf8();
    on_tick(top);
    loop_run(top->loop);
    top_screen_end();
    return EXIT_OK;
}

/* ---- plain ---- */

static void end_plain(Top *top, int exit_code)
{
    top->exit_code = exit_code;
    loop_stop(top->loop);
}

static void fail_plain(Top *top, const char *what)
{
    Failure failure = failure_make(-ERR_DISK, "%s can't be shown: %s.", top->mountpoint, what);

    failure_set_mend(&failure, "If the mount is dead, unmount it with `skystackfs umount %s`.", top->mountpoint);
    say_failure(&failure);
    end_plain(top, EXIT_FAILED);
}

static bool write_all(const Buf *text)
{
    size_t done = 0;
    ssize_t count = 0;

    while (done < text->len && (count = write(STDOUT_FILENO, buf_text(text) + done, text->len - done)) > 0)
        done += (size_t)count;
    return done == text->len;
}

static void print_table(Top *top)
{
    _cleanup_buf_ Buf text = BUF_INIT(PLAIN_BYTES);
    int r = top_table_plain(&top->ui.view, clock_wall_ms(loop_clock(top->loop)), &text);

    if (strcmp(top->ui.status.state, "ok") != 0)
        dprintf(STDERR_FILENO, "skystackfs: %s\n", top->ui.status.state);
    end_plain(top, r == 0 && write_all(&text) ? EXIT_OK : EXIT_FAILED);
}

static void on_plain_change(void *ctx)
{
    Top *top = ctx;

    if (top->ui.status_errno)
        fail_plain(top, strerror(top->ui.status_errno));
    else if (top->ui.list_errno)
        fail_plain(top, strerror(top->ui.list_errno));
    else if (top->ui.listed)
        print_table(top);
}

static void on_plain_tick(void *ctx)
{
    Top *top = ctx;

    top_feed_tick(top->feed);
    timer_start(top->tick, TICK_MS);
    if (top->ui.silent_ms >= PLAIN_SILENCE_MS)
        fail_plain(top, "it does not answer");
}

static int print(Top *top)
{
    top->exit_code = EXIT_FAILED;
    on_plain_tick(top);
    loop_run(top->loop);
    return top->exit_code;
}

/* ---- */

static void arrange(Top *top)
{
    TopView *view = &top->ui.view;

    view->sort = top->options.sort;
    view->reversed = top->options.reversed;
    view->grouped = !top->options.sorted;
    memcpy(view->filter, top->options.filter, strlen(top->options.filter) + 1);
}

static int begin(Top *top, bool plain)
{
    clock_fn changed = plain ? on_plain_change : on_change;

    top->loop = loop_new();
    if (!top->loop)
        return -ERR_NO_MEMORY;
    top->tick = timer_new(loop_clock(top->loop), plain ? on_plain_tick : on_tick, top);
    top->draw = timer_new(loop_clock(top->loop), on_draw, top);
    if (!top->tick || !top->draw)
        return -ERR_NO_MEMORY;
    return top_feed_attach(top->feed, top->loop, top->options.interval_ms, &top->ui, changed, top);
}

static void end(Top *top)
{
    timer_free(top->tick);
    timer_free(top->draw);
    loop_poll_stop(top->input);
    top_feed_free(top->feed);
    loop_free(top->loop);
    if (top->input_fd >= 0)
        close(top->input_fd);
    top_grid_release(&top->grid);
    top_ui_release(&top->ui);
    free(top->mountpoint);
}

static int run(Top *top, bool plain)
{
    Failure failure;
    int r;

    top_ui_init(&top->ui, top->mountpoint);
    arrange(top);
    top->feed = top_feed_new(top->mountpoint, !plain);
    r = top->feed ? begin(top, plain) : -ERR_NO_MEMORY;
    if (r == 0)
        return plain ? print(top) : show(top);
    failure = failure_make(r, "%s", error_sentence(r));
    say_failure(&failure);
    return EXIT_FAILED;
}

int command_top(const CommandWords *words)
{
    Top top = {.input_fd = -1};
    Failure failure;
    int code;

    if (top_options_parse(words->count, words->words, &top.options, &failure) < 0) {
        say_failure(&failure);
        return EXIT_USAGE;
    }
    if (mounts_find(top.options.path, &top.mountpoint, NULL, &failure) < 0) {
        say_failure(&failure);
        return EXIT_NOT_FOUND;
    }
    code = run(&top, top.options.once || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO));
    end(&top);
    return code;
}
