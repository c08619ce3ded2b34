/*
 * loop: the one event loop of the program, and the only user of libuv.
 *
 * Everything that the program owns is touched from the thread that runs the loop, so nothing here locks. One call may come
 * from other threads: loop_waker_send(). A Loop is made after the process went into the background, never before: threads
 * and epoll descriptors don't survive a fork.
 */
#ifndef SKY_LOOP_H
#define SKY_LOOP_H

#include "clock.h"

typedef struct Loop Loop;
typedef struct LoopPoll LoopPoll;
typedef struct LoopWaker LoopWaker;

enum { LOOP_READABLE = 1, LOOP_WRITABLE = 2 };

typedef void (*loop_poll_fn)(void *ctx, int events); /* events: LOOP_… bits; a broken descriptor shows as readable */
typedef void (*loop_signal_fn)(void *ctx, int signal_number);

/* NULL if the system gave no resources. Freed by loop_free(), after everything made from it was stopped. */
Loop *loop_new(void);
void loop_free(Loop *loop);
/* Runs until loop_stop(). */
void loop_run(Loop *loop);
void loop_stop(Loop *loop);
/* The real clock; lives as long as the loop. */
Clock *loop_clock(Loop *loop);
/* For what the clock's milliseconds are too coarse; from a point in the past that stays the same. */
int64_t loop_now_ns(const Loop *loop);

/* Watches a descriptor that stays the caller's. NULL on failure. update changes the wanted events. stop takes NULL. */
LoopPoll *loop_poll_start(Loop *loop, int fd, int events, loop_poll_fn call, void *ctx);
int loop_poll_update(LoopPoll *poll, int events);
void loop_poll_stop(LoopPoll *poll);

/* Calls for each arrival of a signal, until the loop is freed. 0 or a negative code. */
int loop_signal(Loop *loop, int signal_number, loop_signal_fn call, void *ctx);

/* A bell that any thread may ring: `call` runs on the loop once or more after each ring. free takes NULL. */
LoopWaker *loop_waker_new(Loop *loop, clock_fn call, void *ctx);
void loop_waker_send(LoopWaker *waker);
void loop_waker_free(LoopWaker *waker);

#endif
