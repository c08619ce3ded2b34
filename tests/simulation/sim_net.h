/*
 * sim_net: the network between the program and the model of SkyStack.
 *
 * It delays, drops, cuts off, breaks before and after the deed, answers with rubbish, and stays silent; and like libcurl
 * it sends a request again by itself when the reused connection that it went over dies, unless it was to be fresh.
 */
#ifndef SKY_SIM_NET_H
#define SKY_SIM_NET_H

#include "cloud.h"
#include "net.h"
#include "sim_clock.h"
#include "sim_lists.h"
#include "sim_trace.h"

enum {
    SIM_URL_BYTES = 512,
    SIM_METHOD_BYTES = 8,
};

typedef struct SimFlight {
    NetCall call; /* first */
    struct SimNet *net;
    uint64_t number;
    char method[SIM_METHOD_BYTES], path[SIM_URL_BYTES], token[CLOUD_TOKEN_BYTES], if_match[32];
    char *body;
    size_t body_bytes, body_cap;
    bool fresh, reused;
    int64_t started_ms, timeout_ms;
    int fate;
    bool sent, over; /* over: its done has run, or it was cancelled */
    unsigned events; /* that will come */
    net_done_fn done;
    void *ctx;
    CloudAnswer answer; /* on its way back */
    struct SimFlight *prev, *next;
} SimFlight;

/* Told of each request before it leaves. */
typedef void (*sim_net_sent_fn)(void *ctx, const SimFlight *flight);

typedef struct SimNet {
    Net net; /* first */
    SimClock *clock;
    SimTrace *trace;
    Cloud *cloud;
    Chance chance;
    unsigned fault_permille; /* of requests that something happens to */
    int64_t latency_ms;      /* at most, one way, while nothing does */
    bool out;                /* no route at all */
    SimFlight *flights;
    unsigned under_way;  /* neither answered nor cancelled */
    unsigned idle;       /* connections that may be reused */
    int64_t troubled_ms; /* when something last happened to a request, or its answer; -1: never */
    uint64_t started, repeated;
    SimLists lists;
    int64_t *ledger; /* when each request left that reached the server's end */
    unsigned ledger_count, ledger_room;
    sim_net_sent_fn sent;
    void *ctx;
} SimNet;

void sim_net_init(SimNet *net, SimClock *clock, SimTrace *trace, Cloud *cloud, Chance chance);
void sim_net_release(SimNet *net);
/* Most requests that left within any `span_ms`. */
unsigned sim_net_busiest(const SimNet *net, int64_t span_ms);

#endif
