/* The last 10,000 requests to the API, each with what tests want to know of it, and never with a token. Safe from every
 * thread. A request stands there from the moment it is complete, with status 0 until it is answered. */
#ifndef SANDBOX_REQLOG_H
#define SANDBOX_REQLOG_H

#include "request.h"
#include "tokens.h"

enum { REQLOG_MAX = 10000, REQLOG_MAX_BODY = 4096 };

typedef struct Reqlog Reqlog;

Reqlog *reqlog_new(void);
void reqlog_free(Reqlog *log);

/* Gives the number of the entry, counted from 1. */
uint64_t reqlog_add(Reqlog *log, const Request *request, TokenKind token);

/* `fault` is a text that lives forever, or NULL. */
void reqlog_finish(Reqlog *log, uint64_t seq, unsigned status, const char *fault);

/* Forgets all entries; the numbers go on. */
void reqlog_clear(Reqlog *log);

/* Adds the entries behind the number `since` as a JSON array. */
void reqlog_put(Reqlog *log, uint64_t since, Buf *out);

#endif
