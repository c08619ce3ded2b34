/* Faults: what the API is told to do wrong, for which requests and how often.
 *
 * A Fault's description never changes once it is in the list, so a request may hold on to one while it acts on it; only
 * `gone` turns true when the fault is removed, which lets a hanging answer go on. A fault that is used up stays in the
 * list, so that hangs can be released, until it is removed. */
#ifndef SANDBOX_FAULTS_H
#define SANDBOX_FAULTS_H

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAULTS_MAX = 1000 };

typedef enum FaultKind {
    FAULT_STATUS,      /* an error of one's choice */
    FAULT_DELAY,       /* late, else as usual */
    FAULT_HEADERS,     /* as usual, with more headers */
    FAULT_HANG,        /* silence, before the deed */
    FAULT_HANG_AFTER,  /* silence, after it */
    FAULT_CLOSE,       /* the connection is closed before the deed */
    FAULT_CLOSE_AFTER, /* … after it */
    FAULT_TRUNCATE,    /* the deed, then only the first part of the answer */
    FAULT_SLOW,        /* the deed, then the body a byte at a time */
    FAULT_GARBAGE,     /* a web page */
    FAULT_REDIRECT,    /* go elsewhere */
    FAULT_HUGE,        /* a body without measure */
    FAULT_BODY,        /* any answer */
    FAULT_ENDLESS,     /* a page of a list, after which there is always another */
    FAULT_RAW,         /* any bytes at all in place of an HTTP answer */
    FAULT_KIND_COUNT
} FaultKind;

typedef struct FaultHeader {
    char *name;
    char *value;
} FaultHeader;

typedef struct Fault {
    uint64_t id;
    FaultKind kind;
    char *method; /* or * */
    char *path;   /* a glob over the whole path; * takes / as well */
    char *query;  /* a glob over the query, or NULL: any */
    unsigned status;
    char *code, *message;
    char *details; /* a list of JSON objects with commas between, or NULL */
    FaultHeader *headers;
    size_t header_count;
    char *body; /* NULL: none was given */
    size_t body_len;
    char *content_type;
    int64_t ms;    /* a wait, or per byte; negative: not given */
    int64_t bytes; /* negative: not given */
    bool envelope, after, chunked;

    _Atomic bool gone;
    /* The rest belongs to faults.c and its lock. */
    int64_t count; /* how often it is still to happen; negative: always */
    int64_t skip;  /* how many requests pass first */
    uint64_t hits;
    int refs;
    struct Fault *next;
} Fault;

typedef struct Faults Faults;

Faults *faults_new(void);
void faults_free(Faults *faults);

/* A fault with everything at its default, held by the caller. */
Fault *fault_new(void);

/* Frees a fault that never was in a list. NULL is fine. */
void fault_free(Fault *fault);

/* Lets a held fault go. NULL is fine. */
void fault_unref(Faults *faults, Fault *fault);

/* Puts a fault behind the others, taking the caller's hold over; gives its id, or 0 if there are too many. */
uint64_t faults_add(Faults *faults, Fault *fault);

/* The first fault that is to happen to this request, held, or NULL. It counts as having happened. */
Fault *faults_match(Faults *faults, const char *method, const char *path, const char *query);

bool faults_remove(Faults *faults, uint64_t id);
void faults_remove_all(Faults *faults);

/* Adds all faults as a JSON array, oldest first. */
void faults_put(Faults *faults, Buf *out);

/* The word for a kind, as the admin address has it. */
const char *fault_kind_name(FaultKind kind);

#endif
