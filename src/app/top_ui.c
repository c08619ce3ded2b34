#include "top_ui.h"

#include <string.h>

void top_ui_init(TopUi *ui, const char *mountpoint)
{
    *ui = (TopUi){.mountpoint = mountpoint};
    top_rows_init(&ui->rows);
    top_view_init(&ui->view);
    top_events_init(&ui->events);
}

void top_ui_release(TopUi *ui)
{
    top_view_release(&ui->view);
    top_rows_release(&ui->rows);
    top_events_release(&ui->events);
}

int top_ui_take_rows(TopUi *ui, TopRows *rows)
{
    TopRows old = ui->rows;
    int r;

    ui->rows = *rows;
    top_rows_init(rows);
    if (ui->view.rows)
        ui->view.rows = &old; /* where one is among them is looked up there */
    r = top_view_take(&ui->view, &ui->rows);
    top_rows_release(&old);
    ui->listed = r == 0;
    return r;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t top_list_due_ms(int64_t read_ms, int64_t interval_ms, const TopStatus *status, bool wanted)
{
    int64_t least = larger(interval_ms, TOP_LIST_MS);

    if (wanted && top_status_is_fresh(status, 0))
        return read_ms + least;
    return read_ms + larger(least, status->ttl_ms);
}

/* ---- keys ---- */

static void cut_filter(TopUi *ui, size_t length)
{
    ui->view.filter[length] = '\0';
    top_view_filter(&ui->view);
}

static void type(TopUi *ui, int key)
{
    size_t length = strlen(ui->view.filter);

    if (key < ' ' || key > '~' || length + 1 >= sizeof ui->view.filter)
        return;
    ui->view.filter[length] = (char)key;
    cut_filter(ui, length + 1);
}

/* While a filter is typed, what is shown follows each key. */
static void edit_filter(TopUi *ui, int key)
{
    size_t length = strlen(ui->view.filter);

    switch (key) {
    case TOP_KEY_ENTER:
        ui->typing = false;
        break;
    case TOP_KEY_ESCAPE:
        ui->typing = false;
        cut_filter(ui, 0);
        break;
    case TOP_KEY_CLEAR:
        cut_filter(ui, 0);
        break;
    case TOP_KEY_BACKSPACE:
        cut_filter(ui, length ? length - 1 : 0);
        break;
    default:
        type(ui, key);
    }
}

static void sort_by_next(TopUi *ui, unsigned steps)
{
    ui->view.sort = (enum TopSort)((ui->view.sort + steps) % TOP_SORTS);
    if (ui->view.grouped && ui->view.sort == TOP_BY_PROJECT) /* they are, anyhow */
        ui->view.sort = (enum TopSort)((ui->view.sort + steps) % TOP_SORTS);
    ui->view.reversed = false;
    top_view_sort(&ui->view);
}

static void flip(TopUi *ui, bool *what)
{
    *what = !*what;
    top_view_sort(&ui->view);
}

/* Whether it was a key that moves. */
static bool move(TopUi *ui, int key)
{
    long page = (long)ui->view.page, all = (long)ui->view.line_count;
    const struct {
        int key, letter;
        long lines;
    } moves[] = {
        {TOP_KEY_UP, 'k', -1},          {TOP_KEY_DOWN, 'j', 1},    {TOP_KEY_PAGE_UP, 'b', -page},
        {TOP_KEY_PAGE_DOWN, 'f', page}, {TOP_KEY_HOME, 'g', -all}, {TOP_KEY_END, 'G', all},
    };

    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        if (key == moves[i].key || key == moves[i].letter) {
            top_view_move(&ui->view, moves[i].lines);
            return true;
        }
    }
    return false;
}

static void arrange(TopUi *ui, int key)
{
    switch (key) {
    case 's':
        sort_by_next(ui, 1);
        break;
    case 'S':
        sort_by_next(ui, TOP_SORTS - 1);
        break;
    case 'r':
        flip(ui, &ui->view.reversed);
        break;
    case 't':
        flip(ui, &ui->view.grouped);
        break;
    case ' ':
    case TOP_KEY_ENTER:
        top_view_turn(&ui->view);
        break;
    case '+':
    case '-':
        top_view_turn_all(&ui->view, key == '-');
        break;
    case '/':
        ui->typing = true;
        break;
    case TOP_KEY_ESCAPE:
        cut_filter(ui, 0);
        break;
    default:
        break;
    }
}

enum TopWish top_ui_key(TopUi *ui, int key)
{
    if (key == TOP_KEY_REDRAW)
        return TOP_REDRAW;
    if (ui->typing) {
        edit_filter(ui, key);
        return TOP_GO_ON;
    }
    if (key == 'q' || key == 'Q')
        return TOP_QUIT;
    if (key == 'h' || key == '?' || ui->help) {
        ui->help = !ui->help; /* any key ends it */
        return TOP_GO_ON;
    }
    if (key == 'p') {
        ui->paused = !ui->paused;
        return TOP_PAUSE;
    }
    if (!move(ui, key))
        arrange(ui, key);
    return TOP_GO_ON;
}
