#include "faults.h"

#include "mem.h"

#include <fnmatch.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct Faults {
    pthread_mutex_t lock;
    Fault *first;
    uint64_t last_id;
    size_t count;
};

const char *fault_kind_name(FaultKind kind)
{
    static const char *const names[FAULT_KIND_COUNT] = {
        [FAULT_STATUS] = "status",
        [FAULT_DELAY] = "delay",
        [FAULT_HEADERS] = "headers",
        [FAULT_HANG] = "hang",
        [FAULT_HANG_AFTER] = "hang_after",
        [FAULT_CLOSE] = "close",
        [FAULT_CLOSE_AFTER] = "close_after",
        [FAULT_TRUNCATE] = "truncate",
        [FAULT_SLOW] = "slow",
        [FAULT_GARBAGE] = "garbage",
        [FAULT_REDIRECT] = "redirect",
        [FAULT_HUGE] = "huge",
        [FAULT_BODY] = "body",
        [FAULT_ENDLESS] = "endless",
        [FAULT_RAW] = "raw",
    };
    return names[kind];
}

Faults *faults_new(void)
{
    Faults *faults = mem_new(sizeof *faults);
    pthread_mutex_init(&faults->lock, NULL);
    return faults;
}

void faults_free(Faults *faults)
{
    if (!faults)
        return;
    faults_remove_all(faults);
    pthread_mutex_destroy(&faults->lock);
    free(faults);
}

Fault *fault_new(void)
{
    Fault *fault = mem_new(sizeof *fault);
    fault->refs = 1;
    fault->count = 1;
    fault->ms = fault->bytes = -1;
    fault->envelope = true;
    return fault;
}

void fault_free(Fault *fault)
{
    if (!fault)
        return;
    for (size_t i = 0; i < fault->header_count; i++) {
        free(fault->headers[i].name);
        free(fault->headers[i].value);
    }
    free(fault->headers);
    free(fault->method);
    free(fault->path);
    free(fault->query);
    free(fault->code);
    free(fault->message);
    free(fault->details);
    free(fault->body);
    free(fault->content_type);
    free(fault);
}

static void unref_locked(Fault *fault)
{
    if (--fault->refs == 0)
        fault_free(fault);
}

void fault_unref(Faults *faults, Fault *fault)
{
    if (!fault)
        return;
    pthread_mutex_lock(&faults->lock);
    unref_locked(fault);
    pthread_mutex_unlock(&faults->lock);
}

/* Takes the fault at `*at` out of the list. */
static void cut(Faults *faults, Fault **at)
{
    Fault *fault = *at;
    *at = fault->next;
    fault->gone = true;
    faults->count--;
    unref_locked(fault);
}

/* When the list is full, the oldest fault that is used up makes room. */
static bool make_room(Faults *faults)
{
    if (faults->count < FAULTS_MAX)
        return true;
    Fault **at = &faults->first;
    while (*at && (*at)->count)
        at = &(*at)->next;
    if (!*at)
        return false;
    cut(faults, at);
    return true;
}

uint64_t faults_add(Faults *faults, Fault *fault)
{
    uint64_t id = 0;
    pthread_mutex_lock(&faults->lock);
    if (make_room(faults)) {
        Fault **at = &faults->first;
        while (*at)
            at = &(*at)->next;
        *at = fault;
        id = fault->id = ++faults->last_id;
        faults->count++;
    } else {
        unref_locked(fault);
    }
    pthread_mutex_unlock(&faults->lock);
    return id;
}

static bool means(const Fault *fault, const char *method, const char *path, const char *query)
{
    if (strcmp(fault->method, "*") != 0 && strcmp(fault->method, method) != 0)
        return false;
    if (fnmatch(fault->path, path, 0) != 0)
        return false;
    return !fault->query || fnmatch(fault->query, query ? query : "", 0) == 0;
}

static bool happens(Fault *fault)
{
    if (fault->skip > 0) {
        fault->skip--;
        return false;
    }
    if (fault->count > 0)
        fault->count--;
    fault->hits++;
    fault->refs++;
    return true;
}

Fault *faults_match(Faults *faults, const char *method, const char *path, const char *query)
{
    pthread_mutex_lock(&faults->lock);
    Fault *fault = faults->first;
    while (fault && !(fault->count && means(fault, method, path, query) && happens(fault)))
        fault = fault->next;
    pthread_mutex_unlock(&faults->lock);
    return fault;
}

bool faults_remove(Faults *faults, uint64_t id)
{
    pthread_mutex_lock(&faults->lock);
    Fault **at = &faults->first;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    bool found = *at;
    if (found)
        cut(faults, at);
    pthread_mutex_unlock(&faults->lock);
    return found;
}

void faults_remove_all(Faults *faults)
{
    pthread_mutex_lock(&faults->lock);
    while (faults->first)
        cut(faults, &faults->first);
    pthread_mutex_unlock(&faults->lock);
}

static void put_fault(const Fault *fault, Buf *out)
{
    buf_printf(out, "%s{\"id\":%llu,\"kind\":\"%s\",\"method\":", out->data[out->len - 1] == '[' ? "" : ",\n",
               (unsigned long long)fault->id, fault_kind_name(fault->kind));
    buf_puts_json(out, fault->method);
    buf_puts(out, ",\"path\":");
    buf_puts_json(out, fault->path);
    if (fault->query) {
        buf_puts(out, ",\"query\":");
        buf_puts_json(out, fault->query);
    }
    buf_printf(out, ",\"count\":%lld,\"skip\":%lld,\"hits\":%llu}", (long long)fault->count, (long long)fault->skip,
               (unsigned long long)fault->hits);
}

void faults_put(Faults *faults, Buf *out)
{
    pthread_mutex_lock(&faults->lock);
    buf_putc(out, '[');
    for (const Fault *fault = faults->first; fault; fault = fault->next)
        put_fault(fault, out);
    buf_putc(out, ']');
    pthread_mutex_unlock(&faults->lock);
}
