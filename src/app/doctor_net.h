/*
 * doctor_net: the way to the API, step by step, by the layers that a mount uses. Internal to doctor.
 */
#ifndef SKY_DOCTOR_NET_H
#define SKY_DOCTOR_NET_H

#include "doctor.h"
#include "loop.h"
#include "net_curl.h"

/* What all of its steps use. */
typedef struct Way {
    Report *report;
    const Settings *settings;
    const char *token_named; /* a mount's; NULL: there is none */
    Loop *loop;
    Net *net;
} Way;

/* doctor_resolve.c: the host's address, within some seconds. proxy: the variable that names one, or NULL. Whether it makes
 * sense to go on. */
bool doctor_resolve(Report *report, const char *endpoint, const char *proxy);
/* doctor_reach.c: one request without a token: connecting, TLS, whether anything answers, and its clock. Whether it did. */
bool doctor_reach(const Way *way, const char *proxy);
/* doctor_token.c: where the token comes from, whether it may be trusted, and, where the API can be reached, what the API
 * says to it. */
void doctor_token(const Way *way, bool reachable);

#endif
