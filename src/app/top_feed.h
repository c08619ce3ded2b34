/*
 * top_feed: what `skystackfs top` shows is kept up to date: asks the readers when it is time, and hands to the screen's model
 * what they bring.
 */
#ifndef SKY_TOP_FEED_H
#define SKY_TOP_FEED_H

#include "top_reader.h"
#include "top_ui.h"

typedef struct TopFeed TopFeed;

/* Starts the processes that read. Before the loop is made. events: follow these too. NULL: a process can't be started. */
TopFeed *top_feed_new(const char *mountpoint, bool events);
/* Kills them. Takes NULL. */
void top_feed_free(TopFeed *feed);

/* From now on things are read, and go to `ui`; changed(ctx) runs after each time. 0 or a negative code. */
int top_feed_attach(TopFeed *feed, Loop *loop, int64_t interval_ms, TopUi *ui, clock_fn changed, void *ctx);
/* To be called every now and then: asks for what is due, and tells the model how long the mount has been silent. */
void top_feed_tick(TopFeed *feed);
/* What the model says of pausing holds. */
void top_feed_pause(TopFeed *feed);

#endif
