#include "worker.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <utlist.h>

#include "error.h"

typedef struct Item {
    clock_fn work, done;
    void *ctx;
    struct Item *prev, *next;
} Item;

/* What the first of the queue has behind it. Only the thread goes from WAITING to WORKED, only the loop from there on.
 */
enum Stage { WAITING, WORKED, DELIVERING };

typedef struct ThreadWorker {
    Worker worker; /* first: a Worker* of ours is a ThreadWorker* */
    LoopWaker *bell;
    pthread_t thread;
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t changed;
    Item *queue; /* in the order of giving */
    enum Stage stage;
    bool stopping;
} ThreadWorker;

/* Waits for a work to do, with the lock held. NULL: the thread is to end. */
static Item *await_item(ThreadWorker *worker)
{
    while (!worker->stopping && !(worker->queue && worker->stage == WAITING))
        pthread_cond_wait(&worker->changed, &worker->lock);
    return worker->stopping ? NULL : worker->queue;
}

static void *work_through(void *ctx)
{
    ThreadWorker *worker = ctx;
    Item *item;

    pthread_mutex_lock(&worker->lock);
    while ((item = await_item(worker)) != NULL) {
        pthread_mutex_unlock(&worker->lock);
        item->work(item->ctx);
        pthread_mutex_lock(&worker->lock);
        worker->stage = WORKED;
        pthread_cond_broadcast(&worker->changed);
        loop_waker_send(worker->bell);
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

/* The work that is over, or NULL. The lock is held. */
static Item *take_worked(ThreadWorker *worker)
{
    if (worker->stage != WORKED)
        return NULL;
    worker->stage = DELIVERING;
    return worker->queue;
}

/* Runs a work's `done` and lets the next one begin. The lock is not held. */
static void deliver(ThreadWorker *worker, Item *item)
{
    item->done(item->ctx);
    pthread_mutex_lock(&worker->lock);
    DL_DELETE(worker->queue, item);
    worker->stage = WAITING;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    free(item);
}

static void on_bell(void *ctx)
{
    ThreadWorker *worker = ctx;
    Item *item;

    pthread_mutex_lock(&worker->lock);
    item = take_worked(worker); /* none if a drain was faster */
    pthread_mutex_unlock(&worker->lock);
    if (item)
        deliver(worker, item);
}

static int run(Worker *base, clock_fn work, clock_fn done, void *ctx)
{
    ThreadWorker *worker = (ThreadWorker *)base;
    Item *item = malloc(sizeof *item);

    if (!item)
        return -ERR_NO_MEMORY;
    *item = (Item){.work = work, .done = done, .ctx = ctx};
    pthread_mutex_lock(&worker->lock);
    DL_APPEND(worker->queue, item);
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    return 0;
}

/* Waits for the end of the first work in the queue. NULL if the queue is empty. */
static Item *await_worked(ThreadWorker *worker)
{
    Item *item;

    pthread_mutex_lock(&worker->lock);
    assert(worker->stage != DELIVERING);
    while (worker->queue && worker->stage == WAITING)
        pthread_cond_wait(&worker->changed, &worker->lock);
    item = take_worked(worker);
    pthread_mutex_unlock(&worker->lock);
    return item;
}

static void drain(Worker *base)
{
    ThreadWorker *worker = (ThreadWorker *)base;
    Item *item;

    while ((item = await_worked(worker)) != NULL)
        deliver(worker, item);
}

/* Signals are the loop's: the thread is born with all of them blocked. */
static int start_thread(ThreadWorker *worker)
{
    sigset_t all, before;
    int number;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    number = pthread_create(&worker->thread, NULL, work_through, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number == 0 ? 0 : -ERR_NO_MEMORY;
}

static void release(ThreadWorker *worker)
{
    loop_waker_free(worker->bell);
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

Worker *worker_new(Loop *loop)
{
    ThreadWorker *worker = calloc(1, sizeof *worker);

    if (!worker)
        return NULL;
    worker->worker = (Worker){.run = run, .drain = drain};
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->changed, NULL);
    worker->bell = loop_waker_new(loop, on_bell, worker);
    if (!worker->bell || start_thread(worker) < 0) {
        release(worker);
        return NULL;
    }
    return &worker->worker;
}

void worker_free(Worker *base)
{
    ThreadWorker *worker = (ThreadWorker *)base;

    if (!worker)
        return;
    worker_drain(base);
    pthread_mutex_lock(&worker->lock);
    worker->stopping = true;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    release(worker);
}
