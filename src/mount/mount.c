#include "mount_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "log.h"

enum {
    BATCH = 64,         /* requests taken in one turn of the loop, so that the network is heard too … */
    BATCH_NS = 1000000, /* … and how long it may last while it looks for more */
    LOOK_NS = 50000,
    OPTIONS_BYTES = 1024,
    NOTIFIER_WAIT_MS = 10
};

typedef struct Deferred {
    uint64_t directory;
    struct Deferred *next;
    char name[];
} Deferred;

void mount_node_changed(void *ctx, uint64_t node, bool content)
{
    Mount *mount = ctx;

    if (content && mount->notifier)
        notifier_forget_content(mount->notifier, node);
    if (!content) /* with a negative offset this takes no lock */
        (void)fuse_lowlevel_notify_inval_inode(mount->session, node, -1, 0);
}

static void defer(Mount *mount, uint64_t directory, const char *name)
{
    Deferred *deferred = calloc(1, sizeof *deferred + strlen(name) + 1);

    if (!deferred)
        return;
    deferred->directory = directory;
    memcpy(deferred->name, name, strlen(name) + 1);
    LL_PREPEND(mount->deferred, deferred);
}

/* While a request of ours holds the directory's lock in the kernel, forgetting a name there would wait for it, and
 * everybody else for that. */
void mount_name_changed(void *ctx, uint64_t directory, const char *name)
{
    Mount *mount = ctx;

    if (request_holds(mount, directory))
        defer(mount, directory, name);
    else if (mount->notifier)
        notifier_forget_name(mount->notifier, directory, name);
}

void mount_tell_deferred(Mount *mount)
{
    Deferred *each, *next;

    LL_FOREACH_SAFE(mount->deferred, each, next)
    {
        if (request_holds(mount, each->directory))
            continue;
        if (mount->notifier)
            notifier_forget_name(mount->notifier, each->directory, each->name);
        LL_DELETE(mount->deferred, each);
        free(each);
    }
}

void mount_deferred_free(Mount *mount)
{
    Deferred *each, *next;

    LL_FOREACH_SAFE(mount->deferred, each, next)
    {
        free(each);
    }
    mount->deferred = NULL;
}

/* The kernel has let go of the session: unmounted by somebody else. */
static void end(Mount *mount)
{
    if (mount->over)
        return;
    mount->over = true;
    loop_poll_stop(mount->poll);
    mount->poll = NULL;
    mount->ended(mount->ctx);
}

/* Takes one request and answers or parks it. 1: that was done; 0: there is none; negative: the session is over. */
static int take_one(Mount *mount)
{
    int r = fuse_session_receive_buf(mount->session, &mount->buffer);

    if (r == -EAGAIN || r == -EINTR)
        return 0;
    if (r > 0 && !(mount->buffer.flags & FUSE_BUF_IS_FD))
        tally_note(mount, mount->buffer.mem, mount->buffer.size);
    if (r > 0)
        fuse_session_process_buf(mount->session, &mount->buffer);
    return r <= 0 || fuse_session_exited(mount->session) ? -1 : 1;
}

/* After an answer: takes the next request if it comes while looking for it pays. As take_one(). */
static int take_next(Mount *mount, int64_t leave_ns)
{
    int64_t now_ns = loop_now_ns(mount->loop), until_ns = now_ns + LOOK_NS;
    int taken = 0;

    while (taken == 0 && now_ns < until_ns && now_ns < leave_ns) {
        taken = take_one(mount);
        now_ns = loop_now_ns(mount->loop);
    }
    look_note(&mount->look, taken != 0);
    return taken;
}

/* Nobody asks at once whose request waits for the network. */
static bool was_answered(const Mount *mount, unsigned parked_before)
{
    return mount->parked_count <= parked_before;
}

static void on_readable(void *ctx, int events)
{
    Mount *mount = ctx;
    int64_t leave_ns = loop_now_ns(mount->loop) + BATCH_NS;
    unsigned parked = mount->parked_count;
    int taken = take_one(mount);

    (void)events;
    for (int i = 1; i < BATCH && taken > 0 && was_answered(mount, parked) && look_pays(&mount->look); i++) {
        parked = mount->parked_count;
        taken = take_next(mount, leave_ns);
    }
    if (taken < 0)
        end(mount);
    else if (mount->interrupted)
        request_check_interrupts(mount);
}

static void on_watch(void *ctx)
{
    request_check_interrupts(ctx);
}

static int add_options(struct fuse_args *args, const MountConfig *config)
{
    char options[OPTIONS_BYTES];

    if (snprintf(options, sizeof options, "-ofsname=%s,subtype=skystackfs%s%s%s", config->source,
                 config->allow_other ? ",allow_other,default_permissions" : "", config->read_only ? ",ro" : "",
                 config->kernel_options ? config->kernel_options : "") >= (int)sizeof options)
        return -ERR_INVALID;
    if (fuse_opt_add_arg(args, "skystackfs") < 0 || fuse_opt_add_arg(args, options) < 0)
        return -ERR_NO_MEMORY;
    return config->debug && fuse_opt_add_arg(args, "-d") < 0 ? -ERR_NO_MEMORY : 0;
}

static int start_session(Mount *mount)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    int r = add_options(&args, &mount->config);

    if (r == 0)
        mount->session = fuse_session_new(&args, &mount_ops, sizeof mount_ops, mount);
    fuse_opt_free_args(&args);
    return mount->session ? 0 : -ERR_INVALID;
}

static int serve(Mount *mount)
{
    int fd = fuse_session_fd(mount->session);
    TreeSink sink = {.node_changed = mount_node_changed,
                     .name_changed = mount_name_changed,
                     .poll_ready = mount_poll_ready,
                     .ctx = mount};

    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
        return -ERR_DISK;
    mount->watch = timer_new(loop_clock(mount->loop), on_watch, mount);
    mount->poll = loop_poll_start(mount->loop, fd, LOOP_READABLE, on_readable, mount);
    mount->notifier = notifier_new(mount->session);
    if (!mount->watch || !mount->poll || !mount->notifier)
        return -ERR_NO_MEMORY;
    tree_set_sink(mount->tree, &sink);
    return 0;
}

static int refused_by_kernel(const MountConfig *config, Failure *ret_failure)
{
    *ret_failure = failure_make(-ERR_NOT_PERMITTED, "%s could not be mounted.", config->mountpoint);
    failure_set_mend(ret_failure, "See that /dev/fuse is there and may be opened, and fusermount3 is installed%s.",
                     config->allow_other ? "; for allow_other, that /etc/fuse.conf has a line user_allow_other" : "");
    return ret_failure->code;
}

int mount_new(const MountConfig *config, Tree *tree, Loop *loop, clock_fn ready, clock_fn ended, void *ctx,
              Mount **ret_mount, Failure *ret_failure)
{
    Mount *mount = calloc(1, sizeof *mount);
    int r = -ERR_NO_MEMORY;

    *ret_failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
    if (!mount)
        return r;
    mount->config = *config;
    mount->config.mountpoint = strdup(config->mountpoint);
    mount->config.source = strdup(config->source);
    mount->tree = tree;
    mount->loop = loop;
    mount->ready = ready;
    mount->ended = ended;
    mount->ctx = ctx;
    if (mount->config.mountpoint && mount->config.source)
        r = start_session(mount);
    if (r == 0 && fuse_session_mount(mount->session, config->mountpoint) < 0) {
        fuse_session_destroy(mount->session);
        mount->session = NULL;
        r = refused_by_kernel(config, ret_failure);
    }
    if (r == 0) {
        mount->mounted = true;
        r = serve(mount);
    }
    if (r < 0) {
        mount_free(mount);
        return r;
    }
    *ret_mount = mount;
    return 0;
}

/* While the notifier tells the kernel something, it may wait for a lock that a request holds, and the kernel frees nothing of
 * the session as long as it does: whoever waits for us then would wait for ever. So requests are answered, and those that
 * would wait are ended, until it is through. */
static void stop_notifier(Mount *mount)
{
    struct pollfd session = {.fd = fuse_session_fd(mount->session), .events = POLLIN};
    bool over = mount->over;

    notifier_close(mount->notifier);
    while (!over && !notifier_has_ended(mount->notifier)) {
        int taken = take_one(mount);

        if (taken == 0)
            (void)poll(&session, 1, NOTIFIER_WAIT_MS);
        over = taken < 0;
        request_end_all(mount);
    }
    notifier_free(mount->notifier);
    mount->notifier = NULL;
}

void mount_stop(Mount *mount)
{
    TreeSink none = {0};

    if (!mount)
        return;
    request_end_all(mount);
    tree_set_sink(mount->tree, &none);
    loop_poll_stop(mount->poll);
    mount->poll = NULL;
    if (mount->notifier)
        stop_notifier(mount);
    if (mount->mounted)
        fuse_session_unmount(mount->session); /* it sees by itself if that was done from outside */
    mount->mounted = false;
    mount->over = true;
}

void mount_free(Mount *mount)
{
    if (!mount)
        return;
    mount_stop(mount);
    timer_free(mount->watch);
    if (mount->session)
        fuse_session_destroy(mount->session);
    mount_deferred_free(mount);
    polls_free(mount);
    free(mount->buffer.mem);
    free((char *)mount->config.mountpoint);
    free((char *)mount->config.source);
    free(mount);
}

void mount_stats(const Mount *mount, MountStats *ret_stats)
{
    *ret_stats = (MountStats){.requests = mount->requests, .parked = mount->parked_count};
}
