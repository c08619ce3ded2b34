/*
 * courier: what all exchanges of one API share, and what each answer means for all of them. Internal to api.
 */
#ifndef SKY_COURIER_H
#define SKY_COURIER_H

#include "api_tally.h"
#include "breaker.h"
#include "credential.h"
#include "line.h"
#include "net.h"
#include "retry.h"
#include "version.h"

typedef struct Exchange Exchange;

typedef struct Courier {
    char *endpoint;
    Version version;
    int64_t timeout_ms;
    unsigned per_minute;
    Net *net;
    Clock *clock;
    Random *random;
    Credential *credential;
    Line *line;
    uint64_t account_number; /* of the token that requests are counted for; 0: none yet */
    Exchange *exchanges;
    unsigned refused; /* 429s in a row */
    Breaker breaker;
    Failure unreachable; /* the last of what the breaker counts */
    RetryQuota quota;
    uint64_t requests, failures, retries, by_class[API_CLASSES];
    ApiTally tally;
} Courier;

/* An exchange's answer. */
typedef struct CourierNews {
    const NetResponse *response;
    uint64_t token_number; /* it was sent with */
    int64_t sent_ms;
    bool probe;
} CourierNews;

/* Counts requests for this token from now on. */
void courier_count_for(Courier *courier, const char *token, uint64_t token_number);
/* Tells credential, line and breaker what an answer, or that none came, means for all; adds to its failure (code 0:
 * success) what a person can do. Whether there may be another token now. */
bool courier_heed(Courier *courier, const CourierNews *news, Failure *failure);
/* Whether a request may be sent now. If not, ret_failure says since when, and when it is tried again. */
bool courier_admit(Courier *courier, Failure *ret_failure);
/* What was just admitted could not be sent. */
void courier_withdraw(Courier *courier);
/* Fills in what it knows of how the API can be reached. */
void courier_stats(const Courier *courier, ApiStats *stats);

#endif
