/*
 * test_hook_steps: a receiver on a loop, and senders in threads of their own that talk to it over sockets.
 */
#ifndef SKY_TEST_HOOK_STEPS_H
#define SKY_TEST_HOOK_STEPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>

#include "date.h"
#include "hook.h"
#include "log.h"
#include "test_disk_fakes.h"

enum { SENDERS_MAX = 64, ANSWER_BYTES = 1024, LONG_MS = 5 * 1000, SHORT_MS = 600 };

#define SECRET "a secret"

/* --- senders --- */

/* What one does once it is connected; it sets `answer`. */
typedef struct Sender Sender;
typedef void (*sender_fn)(Sender *sender);

struct Sender {
    sender_fn talk;
    const char *bytes; /* what is sent */
    size_t count;
    int fd;
    char answer[ANSWER_BYTES]; /* all that came until the end; "": nothing */
    int64_t took_ms;
    pthread_t thread;
};

typedef struct Receiver {
    Loop *loop;
    LoopWaker *bell;
    Worker *worker;
    FakeWorker fake_worker;
    FakeDisk disk;
    Folder folder;
    Hook *hook;
    unsigned events;
    HookEvent last;
    Sender senders[SENDERS_MAX];
    size_t begun;
    atomic_size_t ended;
} Receiver;

static Receiver on;

static inline int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int connect_to_hook(void)
{
    const char *address = hook_address(on.hook);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((in_port_t)atoi(strrchr(address, ':') + 1)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    abort();
}

/* Whoever is refused early may not take all of it. */
static inline void send_all(const Sender *sender)
{
    for (size_t sent = 0; sent < sender->count;) {
        ssize_t count = send(sender->fd, sender->bytes + sent, sender->count - sent, MSG_NOSIGNAL);

        if (count < 0)
            return;
        sent += (size_t)count;
    }
}

static inline void read_answer(Sender *sender)
{
    size_t length = 0;
    ssize_t count;

    while (length < ANSWER_BYTES - 1 &&
           (count = recv(sender->fd, sender->answer + length, ANSWER_BYTES - 1 - length, 0)) > 0)
        length += (size_t)count;
    sender->answer[length] = '\0';
}

static inline void talk_plainly(Sender *sender)
{
    send_all(sender);
    read_answer(sender);
}

static inline void *run_sender(void *ctx)
{
    Sender *sender = ctx;
    int64_t begun_ms = now_ms();

    sender->fd = connect_to_hook();
    sender->talk(sender);
    close(sender->fd);
    sender->took_ms = now_ms() - begun_ms;
    on.ended++;
    loop_waker_send(on.bell);
    return NULL;
}

static inline Sender *begin_sender(sender_fn talk, const char *bytes, size_t count)
{
    Sender *sender = &on.senders[on.begun++];

    *sender = (Sender){.talk = talk, .bytes = bytes, .count = count};
    assert_int_equal(pthread_create(&sender->thread, NULL, run_sender, sender), 0);
    return sender;
}

static inline void on_bell(void *ctx)
{
    (void)ctx;
    if (on.ended == on.begun)
        loop_stop(on.loop);
}

/* Runs the loop until all have ended. */
static inline void await_senders(void)
{
    if (on.ended < on.begun)
        loop_run(on.loop);
    for (size_t i = 0; i < on.begun; i++)
        pthread_join(on.senders[i].thread, NULL);
    on.begun = 0;
    on.ended = 0;
}

static inline void stop_loop(void *ctx)
{
    (void)ctx;
    loop_stop(on.loop);
}

static inline void run_for(int64_t ms)
{
    Timer *timer = timer_new(loop_clock(on.loop), stop_loop, NULL);

    assert_non_null(timer);
    timer_start(timer, ms);
    loop_run(on.loop);
    timer_free(timer);
}

/* Runs the loop until something holds, for as long as a request may take. */
static inline bool run_until(bool (*holds)(void))
{
    for (unsigned i = 0; i < LONG_MS / 10 && !holds(); i++)
        run_for(10);
    return holds();
}

/* 0: the connection was closed without an answer. */
static inline int status_of(const Sender *sender)
{
    static const char begin[] = "HTTP/1.1 ";

    return strncmp(sender->answer, begin, sizeof begin - 1) == 0 ? atoi(sender->answer + sizeof begin - 1) : 0;
}

static inline int ask(const char *bytes, size_t count)
{
    const Sender *sender = begin_sender(talk_plainly, bytes, count);

    await_senders();
    return status_of(sender);
}

/* --- what is sent --- */

static inline void sign_with(const char *secret, const char *body, char ret_hex[65])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned length;

    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, strlen(body), sum, &length);
    for (unsigned i = 0; i < 32; i++)
        snprintf(ret_hex + (size_t)(2 * i), 3, "%02x", sum[i]);
}

/* An event of now. Static. */
static inline const char *event_at(const char *id, int64_t wall_ms)
{
    static char body[512];
    char date[DATE_TEXT_BYTES];

    date_format(wall_ms, date);
    snprintf(body, sizeof body,
             "{\"id\":\"%s\",\"type\":\"instance.updated\",\"created_at\":\"%s\",\"data\":{\"id\":\"ins_1\"}}", id,
             date);
    return body;
}

static inline const char *event_of(const char *id)
{
    return event_at(id, clock_wall_ms(loop_clock(on.loop)));
}

/* A request with these further header lines, each with its end; its caller's to free. */
static inline char *request_of(const char *body, const char *headers)
{
    char *text = NULL;

    assert_true(asprintf(&text, "POST /hooks HTTP/1.1\r\nHost: here\r\nContent-Length: %zu\r\n%s\r\n%s", strlen(body),
                         headers, body) > 0);
    return text;
}

static inline char *signed_request(const char *secret, const char *body)
{
    char hex[65], header[128];

    sign_with(secret, body, hex);
    snprintf(header, sizeof header, "X-Signature: sha256=%s\r\n", hex);
    return request_of(body, header);
}

static inline int post_with(const char *secret, const char *body)
{
    char *request = signed_request(secret, body);
    int status = ask(request, strlen(request));

    free(request);
    return status;
}

static inline int post(const char *body)
{
    return post_with(SECRET, body);
}

static inline int post_headers(const char *body, const char *headers)
{
    char *request = request_of(body, headers);
    int status = ask(request, strlen(request));

    free(request);
    return status;
}

/* --- the receiver --- */

static inline void on_event(void *ctx, const HookEvent *event)
{
    (void)ctx;
    on.events++;
    on.last = *event;
}

static inline HookConfig config_of(int64_t request_ms)
{
    return (HookConfig){.address = "127.0.0.1:0", .directory = on.folder.path, .request_ms = request_ms};
}

static inline int try_open(const HookConfig *config, Failure *ret_failure)
{
    const HookLinks links = {
        .loop = on.loop, .worker = on.worker, .fsio = &on.disk.fsio, .on_event = on_event, .ctx = NULL};

    return hook_new(config, &links, &on.hook, ret_failure);
}

static inline void open_with(const HookConfig *config)
{
    const Span secret = span_of(SECRET);
    Failure failure;

    assert_int_equal(try_open(config, &failure), 0);
    assert_int_equal(hook_set_secrets(on.hook, &secret, 1), 0);
}

/* The loop and all but the receiver. */
static inline void begin_loop(void)
{
    const FakeWorker fresh = FAKE_WORKER;

    log_open(LOG_TO_STDERR, LOG_LEVEL_NONE);
    on = (Receiver){.folder = folder_make(), .disk = fake_disk(FAULT_CLEAN, 0), .fake_worker = fresh};
    on.loop = loop_new();
    assert_non_null(on.loop);
    on.bell = loop_waker_new(on.loop, on_bell, NULL);
    on.worker = worker_new(on.loop);
    assert_true(on.bell && on.worker);
}

static inline void begin_for(int64_t request_ms)
{
    HookConfig config;

    begin_loop();
    config = config_of(request_ms);
    open_with(&config);
}

static inline void begin(void)
{
    begin_for(LONG_MS);
}

static inline void end(void)
{
    hook_free(on.hook);
    if (on.worker != &on.fake_worker.worker)
        worker_free(on.worker);
    loop_waker_free(on.bell);
    loop_free(on.loop);
    folder_remove(&on.folder);
}

static inline HookStats stats(void)
{
    HookStats stats;

    hook_stats(on.hook, &stats);
    return stats;
}

static inline bool has_event(void)
{
    return on.events > 0;
}

static inline bool has_two_requests(void)
{
    return stats().received == 2;
}

static inline bool has_two_connections(void)
{
    return stats().connections == 2;
}

/* From here on the disk is as slow as the test wants: it works in fake_drain() alone. */
static inline void use_slow_disk(int64_t request_ms)
{
    HookConfig config = config_of(request_ms);

    hook_free(on.hook);
    worker_free(on.worker);
    on.worker = &on.fake_worker.worker;
    open_with(&config);
}

#endif
