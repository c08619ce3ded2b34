/* One POST after another, over connections that are kept. All that is known of libcurl stands in webhook_post.c. */
#ifndef SANDBOX_WEBHOOK_POST_H
#define SANDBOX_WEBHOOK_POST_H

#include "buf.h"

#include <stdbool.h>

typedef struct Poster Poster;

typedef struct Post {
    const char *url;
    const char *cacert;    /* a file, or NULL */
    const char *signature; /* of X-Signature, or NULL */
    Text body;
    int64_t padding; /* so many spaces follow the body */
    int64_t slow_ms; /* a byte each time, if not 0 */
    int64_t timeout_ms;
} Post;

/* Before any other thread begins; false after a line on stderr. */
bool post_begin(void);
void post_end(void);

bool post_takes_url(const char *url);

/* One for each thread. `*stop`, once true, ends what is being sent. */
Poster *poster_new(const _Atomic bool *stop);
void poster_free(Poster *poster);

/* Gives the status of the answer, whose body is thrown away; or 0 if none came, and then `*ret_why` is a sentence that
 * lives forever. No redirect is followed. */
unsigned poster_send(Poster *poster, const Post *post, const char **ret_why);

#endif
