#include "top_screen.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "error.h"
#include "say.h"
#include "top_ui.h"

enum { ESCAPE_MS = 25, RUN_BYTES = 4096, LINES_USUAL = 24, COLUMNS_USUAL = 80 };

static bool begun, colours, utf8;

/* By TopStyle: with colours their number among the pairs, and what makes them differ without. */
static const struct {
    short colour;
    attr_t with, without;
} styles[TOP_STYLES] = {
    [TOP_PLAIN] = {-1, A_NORMAL, A_NORMAL},
    [TOP_GOOD] = {COLOR_GREEN, A_NORMAL, A_NORMAL},
    [TOP_BUSY] = {COLOR_YELLOW, A_NORMAL, A_UNDERLINE},
    [TOP_BAD] = {COLOR_RED, A_BOLD, A_BOLD},
    [TOP_DIM] = {COLOR_CYAN, A_NORMAL, A_NORMAL},
    [TOP_STRONG] = {-1, A_BOLD, A_BOLD},
    [TOP_TITLE] = {-1, A_REVERSE, A_REVERSE},
};

static const struct {
    int curses, key;
} special[] = {
    {KEY_UP, TOP_KEY_UP},
    {KEY_DOWN, TOP_KEY_DOWN},
    {KEY_PPAGE, TOP_KEY_PAGE_UP},
    {KEY_NPAGE, TOP_KEY_PAGE_DOWN},
    {KEY_HOME, TOP_KEY_HOME},
    {KEY_END, TOP_KEY_END},
    {KEY_ENTER, TOP_KEY_ENTER},
    {'\r', TOP_KEY_ENTER},
    {'\n', TOP_KEY_ENTER},
    {'\033', TOP_KEY_ESCAPE},
    {KEY_BACKSPACE, TOP_KEY_BACKSPACE},
    {'\b', TOP_KEY_BACKSPACE},
    {'\177', TOP_KEY_BACKSPACE},
    {'U' - '@', TOP_KEY_CLEAR},
    {'L' - '@', TOP_KEY_REDRAW},
};

static void begin_colours(void)
{
    colours = !say_without_colour() && has_colors() && start_color() == OK && use_default_colors() == OK;
    for (short i = 0; colours && i < TOP_STYLES; i++)
        init_pair((short)(i + 1), styles[i].colour, -1);
}

static int refuse(Failure *ret_failure)
{
    const char *type = getenv("TERM");

    *ret_failure = failure_make(-ERR_NOT_SUPPORTED, "The terminal (TERM=%s) can't show a screen.", type ? type : "");
    failure_set_mend(ret_failure, "`skystackfs top --once` prints a table.");
    return -ERR_NOT_SUPPORTED;
}

int top_screen_begin(Failure *ret_failure)
{
    setlocale(LC_CTYPE, "");
    utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (!newterm(NULL, stdout, stdin))
        return refuse(ret_failure);
    begun = true;
    if (!tigetstr((char *)(uintptr_t) "cup")) {
        top_screen_end();
        return refuse(ret_failure);
    }
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESCAPE_MS);
    curs_set(0);
    begin_colours();
    return 0;
}

void top_screen_end(void)
{
    if (begun && !isendwin())
        endwin();
}

bool top_screen_is_utf8(void)
{
    return utf8;
}

void top_screen_size(unsigned *ret_lines, unsigned *ret_columns)
{
    struct winsize size = {0};

    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    *ret_lines = size.ws_row ? size.ws_row : LINES_USUAL;
    *ret_columns = size.ws_col ? size.ws_col : COLUMNS_USUAL;
}

/* Somebody pressed Ctrl-S, or the line to a far terminal is stuck: to wait for it would make us deaf for keys. */
static bool takes_bytes(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) == 1 && out.revents & (POLLOUT | POLLERR | POLLHUP);
}

static void set_style(uint8_t style)
{
    unsigned kind = style & ~(unsigned)TOP_SELECTED;
    attr_t attributes = colours ? styles[kind].with : styles[kind].without;

    if (style & TOP_SELECTED)
        attributes |= A_REVERSE;
    attr_set(attributes, colours ? (short)(kind + 1) : 0, NULL);
}

/* As many places as have one style. */
static unsigned show_run(const TopGrid *grid, unsigned line, unsigned column)
{
    const TopPlace *places = &grid->places[(size_t)line * grid->columns];
    uint8_t style = places[column].style;
    char text[RUN_BYTES] = "";
    size_t used = 0;

    set_style(style);
    move((int)line, (int)column);
    for (; column < grid->columns && places[column].style == style && used + 4 < sizeof text; column++) {
        top_grid_bytes(grid, line, column, text + used);
        used += strlen(text + used);
    }
    addstr(text);
    return column;
}

void top_screen_show(const TopGrid *grid)
{
    if (!takes_bytes())
        return;
    if (LINES != (int)grid->lines || COLS != (int)grid->columns)
        resizeterm((int)grid->lines, (int)grid->columns);
    for (unsigned line = 0; line < grid->lines; line++) {
        for (unsigned column = 0; column < grid->columns;)
            column = show_run(grid, line, column);
    }
    refresh();
}

void top_screen_redraw(void)
{
    clearok(stdscr, TRUE);
}

int top_screen_key(void)
{
    int key = getch();

    if (key == ERR)
        return -1;
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        if (special[i].curses == key)
            return special[i].key;
    }
    return key >= ' ' && key <= '~' ? key : TOP_KEY_OTHER;
}

void top_screen_stop(void)
{
    top_screen_end();
    kill(getpid(), SIGSTOP);
    top_screen_redraw();
    doupdate();
}
