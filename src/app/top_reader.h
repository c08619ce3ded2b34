/*
 * top_reader: reads files of a mount without ever waiting for it.
 *
 * A mount whose daemon hangs holds whoever reads from it, and a process that is held can't even end: the kernel lets it go
 * when the daemon does. So each of the three sources is read by a process of its own, which has nothing of the terminal,
 * and which is killed, not waited for. It reads when it is asked, and sends what it read through a socket.
 */
#ifndef SKY_TOP_READER_H
#define SKY_TOP_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "span.h"

enum TopSource {
    TOP_SOURCE_STATUS, /* .skystack/status.json */
    TOP_SOURCE_ROWS,   /* .all.ndjson of each project, or of the only one */
    TOP_SOURCE_EVENTS, /* .skystack/events.follow, which goes on for as long as there are any */
};

typedef struct TopReader TopReader;

typedef struct TopReaderCalls {
    /* What follows is of this project. */
    void (*project)(void *ctx, Span name);
    void (*bytes)(void *ctx, Span bytes);
    /* The source is opened, and what it has follows. */
    void (*opened)(void *ctx);
    /* The end of an answer; an errno, or 0. */
    void (*ended)(void *ctx, int number);
} TopReaderCalls;

/* Starts the process. Before the loop is made: nothing of it may be in there. NULL if it can't be; errno says why. */
TopReader *top_reader_start(const char *mountpoint, enum TopSource source);
/* Kills it. Takes NULL. */
void top_reader_free(TopReader *reader);

/* From now on what comes is handed on, from the loop. 0 or a negative code. */
int top_reader_attach(TopReader *reader, Loop *loop, const TopReaderCalls *calls, void *ctx);
/* Asks it to read; nothing while it does. */
void top_reader_ask(TopReader *reader);
bool top_reader_is_asked(const TopReader *reader);
/* Since when it has been asked and has said nothing, by the loop's clock; 0: it is not asked. */
int64_t top_reader_silent_since_ms(const TopReader *reader);
/* Takes nothing that comes until told otherwise. */
void top_reader_pause(TopReader *reader, bool pause);

#endif
