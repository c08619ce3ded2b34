#include "webhook_post.h"

#include "clock.h"
#include "mem.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_EVERY_MS = 20, ANSWER_MAX = 1024 * 1024 };

struct Poster {
    const _Atomic bool *stop;
    CURLM *multi;
    CURL *easy;
    const Post *post;
    int64_t sent, next_byte_ms;
    size_t received;
    bool paused;
};

bool post_begin(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        return true;
    fputs("skystack-sandbox: libcurl can't be used\n", stderr);
    return false;
}

void post_end(void)
{
    curl_global_cleanup();
}

bool post_takes_url(const char *url)
{
    char *scheme = NULL;
    CURLU *parts = curl_url();
    bool fine = parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_url_cleanup(parts);
    return fine;
}

Poster *poster_new(const _Atomic bool *stop)
{
    Poster *poster = mem_new(sizeof *poster);
    poster->stop = stop;
    poster->multi = curl_multi_init();
    poster->easy = curl_easy_init();
    if (!poster->multi || !poster->easy)
        abort();
    return poster;
}

void poster_free(Poster *poster)
{
    if (!poster)
        return;
    curl_easy_cleanup(poster->easy);
    curl_multi_cleanup(poster->multi);
    free(poster);
}

static int64_t total_bytes(const Post *post)
{
    return (int64_t)post->body.len + post->padding;
}

/* Of the body as far as it goes, then spaces. */
static size_t copy_piece(Poster *poster, char *to, size_t room)
{
    const Post *post = poster->post;
    int64_t left = total_bytes(post) - poster->sent;
    size_t count = left < (int64_t)room ? (size_t)left : room;
    for (size_t i = 0; i < count; i++) {
        size_t at = (size_t)poster->sent + i;
        to[i] = at < post->body.len ? post->body.at[at] : ' ';
    }
    poster->sent += (int64_t)count;
    return count;
}

static size_t give_body(char *to, size_t size, size_t count, void *arg)
{
    Poster *poster = arg;
    int64_t slow_ms = poster->post->slow_ms, now = clock_steady_ms();
    if (!slow_ms)
        return copy_piece(poster, to, size * count);
    if (now < poster->next_byte_ms) {
        poster->paused = true;
        return CURL_READFUNC_PAUSE;
    }
    poster->next_byte_ms = now + slow_ms;
    return copy_piece(poster, to, 1);
}

/* What a kept connection has swallowed, curl would send once more by itself. That is the queue's to do, and to count. */
static int refuse_to_rewind(void *arg, curl_off_t offset, int origin)
{
    (void)arg, (void)offset, (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static size_t throw_away(char *bytes, size_t size, size_t count, void *arg)
{
    Poster *poster = arg;
    (void)bytes;
    poster->received += size * count;
    return poster->received <= ANSWER_MAX ? size * count : 0;
}

static struct curl_slist *make_headers(const Post *post)
{
    Buf line = {0};
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
    list = curl_slist_append(list, "Expect:");
    if (post->signature) {
        buf_printf(&line, "X-Signature: %s", post->signature);
        list = curl_slist_append(list, line.data);
    }
    buf_release(&line);
    return list;
}

static void set_up(Poster *poster, const Post *post, struct curl_slist *headers)
{
    CURL *easy = poster->easy;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, post->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)post->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)total_bytes(post));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, poster);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, refuse_to_rewind);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, throw_away);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, poster);
    if (post->cacert)
        curl_easy_setopt(easy, CURLOPT_CAINFO, post->cacert);
    poster->post = post;
    poster->sent = poster->next_byte_ms = 0;
    poster->received = 0;
    poster->paused = false;
}

static void go_on(Poster *poster)
{
    if (poster->paused && clock_steady_ms() >= poster->next_byte_ms) {
        poster->paused = false;
        curl_easy_pause(poster->easy, CURLPAUSE_CONT);
    }
}

static CURLcode run(Poster *poster)
{
    int running = 1, ignored = 0;
    int64_t slow_ms = poster->post->slow_ms;
    int wait = slow_ms && slow_ms < LOOK_EVERY_MS ? (int)slow_ms : LOOK_EVERY_MS;
    curl_multi_add_handle(poster->multi, poster->easy);
    while (running && !*poster->stop && curl_multi_perform(poster->multi, &running) == CURLM_OK) {
        if (running)
            curl_multi_poll(poster->multi, NULL, 0, wait, NULL);
        go_on(poster);
    }
    const CURLMsg *message = curl_multi_info_read(poster->multi, &ignored);
    CURLcode result = message ? message->data.result : CURLE_ABORTED_BY_CALLBACK;
    curl_multi_remove_handle(poster->multi, poster->easy);
    return result;
}

unsigned poster_send(Poster *poster, const Post *post, const char **ret_why)
{
    long status = 0;
    struct curl_slist *headers = make_headers(post);
    set_up(poster, post, headers);
    CURLcode result = run(poster);
    curl_easy_getinfo(poster->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    if (status < 200) {
        *ret_why = curl_easy_strerror(result);
        return 0;
    }
    return (unsigned)status;
}
