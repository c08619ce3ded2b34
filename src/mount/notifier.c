#include "mount_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Past this nothing more is queued: the kernel's own time-outs do the rest. */
enum { QUEUE_MAX = 100000 };

typedef struct Notice {
    uint64_t node;                   /* or the directory of the name */
    struct fuse_pollhandle *waiting; /* who is to be woken; then the rest means nothing */
    struct Notice *prev, *next;
    char name[]; /* "": the node's content */
} Notice;

struct Notifier {
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t filled;
    Notice *queue;
    size_t queued;
    bool closing, ended;
    struct fuse_session *session;
};

/* These calls take locks in the kernel that a request waiting for us may hold: that is why they have a thread of their
 * own. */
static void tell(Notifier *notifier, const Notice *notice)
{
    if (notice->waiting)
        (void)fuse_lowlevel_notify_poll(notice->waiting);
    else if (notice->name[0])
        (void)fuse_lowlevel_notify_inval_entry(notifier->session, notice->node, notice->name, strlen(notice->name));
    else
        (void)fuse_lowlevel_notify_inval_inode(notifier->session, notice->node, 0, 0);
}

/* Takes NULL. */
static void notice_free(Notice *notice)
{
    if (notice && notice->waiting)
        fuse_pollhandle_destroy(notice->waiting);
    free(notice);
}

static Notice *take(Notifier *notifier)
{
    Notice *notice;

    pthread_mutex_lock(&notifier->lock);
    while (!notifier->queue && !notifier->closing)
        pthread_cond_wait(&notifier->filled, &notifier->lock);
    notice = notifier->queue;
    if (notice) {
        DL_DELETE(notifier->queue, notice);
        notifier->queued--;
    }
    pthread_mutex_unlock(&notifier->lock);
    return notice;
}

static void *run(void *ctx)
{
    Notifier *notifier = ctx;
    Notice *notice;

    while ((notice = take(notifier)) != NULL) {
        tell(notifier, notice);
        notice_free(notice);
    }
    pthread_mutex_lock(&notifier->lock);
    notifier->ended = true;
    pthread_mutex_unlock(&notifier->lock);
    return NULL;
}

Notifier *notifier_new(struct fuse_session *session)
{
    Notifier *notifier = calloc(1, sizeof *notifier);

    if (!notifier)
        return NULL;
    notifier->session = session;
    pthread_mutex_init(&notifier->lock, NULL);
    pthread_cond_init(&notifier->filled, NULL);
    if (pthread_create(&notifier->thread, NULL, run, notifier) != 0) {
        free(notifier);
        return NULL;
    }
    return notifier;
}

/* Wake-ups are never more than open files, and who missed one would wait for ever. */
static void queue(Notifier *notifier, Notice *notice)
{
    pthread_mutex_lock(&notifier->lock);
    if (!notifier->closing && (notice->waiting || notifier->queued < QUEUE_MAX)) {
        DL_APPEND(notifier->queue, notice);
        notifier->queued++;
        notice = NULL;
    }
    pthread_cond_signal(&notifier->filled);
    pthread_mutex_unlock(&notifier->lock);
    notice_free(notice);
}

static void put(Notifier *notifier, uint64_t node, const char *name)
{
    Notice *notice = calloc(1, sizeof *notice + strlen(name) + 1);

    if (!notice)
        return;
    notice->node = node;
    memcpy(notice->name, name, strlen(name) + 1);
    queue(notifier, notice);
}

void notifier_wake(Notifier *notifier, struct fuse_pollhandle *waiting)
{
    Notice *notice = calloc(1, sizeof *notice + 1);

    if (!notice) { /* it takes no lock that a request holds, so that it may be done here too */
        (void)fuse_lowlevel_notify_poll(waiting);
        fuse_pollhandle_destroy(waiting);
        return;
    }
    notice->waiting = waiting;
    queue(notifier, notice);
}

void notifier_forget_content(Notifier *notifier, uint64_t node)
{
    put(notifier, node, "");
}

void notifier_forget_name(Notifier *notifier, uint64_t directory, const char *name)
{
    put(notifier, directory, name);
}

void notifier_close(Notifier *notifier)
{
    Notice *each, *next;

    pthread_mutex_lock(&notifier->lock);
    DL_FOREACH_SAFE(notifier->queue, each, next)
    {
        DL_DELETE(notifier->queue, each);
        notice_free(each);
    }
    notifier->closing = true;
    pthread_cond_signal(&notifier->filled);
    pthread_mutex_unlock(&notifier->lock);
}

bool notifier_has_ended(Notifier *notifier)
{
    bool ended;

    pthread_mutex_lock(&notifier->lock);
    ended = notifier->ended;
    pthread_mutex_unlock(&notifier->lock);
    return ended;
}

void notifier_free(Notifier *notifier)
{
    pthread_join(notifier->thread, NULL);
    pthread_cond_destroy(&notifier->filled);
    pthread_mutex_destroy(&notifier->lock);
    free(notifier);
}
