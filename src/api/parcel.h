/*
 * parcel: what a request consists of, as often as it is sent. Internal to api.
 */
#ifndef SKY_PARCEL_H
#define SKY_PARCEL_H

#include "api.h"
#include "envelope.h"
#include "net.h"

/* What is asked for. */
typedef struct ExchangeOrder {
    enum Purpose purpose;
    enum ApiClass class;
    bool ahead;           /* nobody needs it yet, see line.h */
    const char *path;     /* with its query */
    const char *id;       /* the instance that it is about, or NULL */
    Span body;            /* empty: none */
    const char *if_match; /* or NULL */
    bool probe;           /* with the token that was found, to prove it, in place of the one in use */
} ExchangeOrder;

typedef struct Parcel {
    enum Purpose purpose;
    char *path, *id, *if_match, *body;
    size_t body_bytes;
    char key[RANDOM_UUID_BYTES]; /* Idempotency-Key of a create */
} Parcel;

/* How it is sent this time. */
typedef struct ParcelStamp {
    const char *endpoint, *version, *token;
    int64_t timeout_ms;
} ParcelStamp;

/* Copies the order. 0 or -ERR_NO_MEMORY; to be released in either case. */
int parcel_init(Parcel *parcel, const ExchangeOrder *order, Random *random);
void parcel_release(Parcel *parcel);
/* GET, POST, PATCH or DELETE. Static. */
const char *parcel_method(const Parcel *parcel);
/* How many bytes of the path may be shown: without the query, whose cursors are nobody's business. */
int parcel_path_bytes(const Parcel *parcel);
/* As net_start(). */
int parcel_send(const Parcel *parcel, const ParcelStamp *stamp, Net *net, net_done_fn done, void *ctx,
                NetCall **ret_call);

#endif
