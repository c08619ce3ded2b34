/*
 * top_ui: all that is on the screen of `skystackfs top`, and what keys do to it. Pure: reading and drawing are done by
 * others.
 */
#ifndef SKY_TOP_UI_H
#define SKY_TOP_UI_H

#include "top_events.h"
#include "top_grid.h"
#include "top_status.h"
#include "top_view.h"

/* Keys that are no printable character. */
enum TopKey {
    TOP_KEY_UP = 0x100,
    TOP_KEY_DOWN,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_HOME,
    TOP_KEY_END,
    TOP_KEY_ENTER,
    TOP_KEY_ESCAPE,
    TOP_KEY_BACKSPACE,
    TOP_KEY_CLEAR,
    TOP_KEY_REDRAW,
    TOP_KEY_OTHER,
};

/* What is left to do after a key. */
enum TopWish { TOP_GO_ON, TOP_QUIT, TOP_REDRAW, TOP_PAUSE };

enum TopStream {
    TOP_STREAM_UNKNOWN,
    TOP_STREAM_NONE, /* this mount has none */
    TOP_STREAM_OPEN,
    TOP_STREAM_BROKEN,
};

/* From so many milliseconds on a file of the mount that does not answer is worth a word. */
enum { TOP_SILENCE_MS = 2000, TOP_COLUMNS_MIN = 40, TOP_LINES_MIN = 10 };

typedef struct TopUi {
    const char *mountpoint; /* borrowed */
    TopStatus status;
    bool answered;                /* the status was read at least once */
    bool listed;                  /* and so was the list */
    int64_t silent_ms;            /* how long it has not answered; 0: it does */
    int status_errno, list_errno; /* why the last one could not be read; 0 */
    TopRows rows;
    TopView view;
    TopEvents events;
    enum TopStream stream;
    bool paused, help, typing;
} TopUi;

void top_ui_init(TopUi *ui, const char *mountpoint);
void top_ui_release(TopUi *ui);
/* Takes rows over, which are left empty, for those that it had. 0 or -ERR_NO_MEMORY, and then none are shown. */
int top_ui_take_rows(TopUi *ui, TopRows *rows);
/* A printable character or an enum TopKey. */
enum TopWish top_ui_key(TopUi *ui, int key);
/* top_layout.c: draws all of it, as large as the grid is. wall_ms: now. */
void top_ui_draw(TopUi *ui, TopGrid *grid, int64_t wall_ms);

/*
 * When the list is to be read again, by the same clock as read_ms, when that was last done. Reading it may ask the API for
 * a listing, so it is done no more often than the list's time to live (ttl_ms), and than every TOP_LIST_MS; but where the
 * mount's list is fresh, reading costs no request, and an event said that something is missing (`wanted`), at once after
 * TOP_LIST_MS.
 */
enum { TOP_LIST_MS = 3000 };
int64_t top_list_due_ms(int64_t read_ms, int64_t interval_ms, const TopStatus *status, bool wanted);

#endif
