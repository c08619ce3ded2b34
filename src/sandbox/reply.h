/* An answer in the making: status, headers, body. A Reply that is all zeros is empty and ready. */
#ifndef SANDBOX_REPLY_H
#define SANDBOX_REPLY_H

#include "buf.h"

enum { REPLY_MAX_HEADERS = 256 };

typedef struct ReplyHeader {
    char *name;
    char *value;
} ReplyHeader;

typedef struct Reply {
    unsigned status;
    Buf body;
    ReplyHeader headers[REPLY_MAX_HEADERS];
    size_t header_count;
} Reply;

void reply_release(Reply *reply);

/* Takes everything back. */
void reply_clear(Reply *reply);

/* Adds a header, or replaces one of that name. Beyond the cap it is left out. */
void reply_header(Reply *reply, const char *name, const char *value);

/* Makes it an error in the API's envelope. `details` is a list of JSON objects with commas between, or empty. */
void reply_error(Reply *reply, const char *request_id, unsigned status, const char *code, const char *message,
                 Text details);

/* Adds one object {"field","issue"} to a list of details. */
void details_add(Buf *details, const char *field, const char *issue);

#endif
