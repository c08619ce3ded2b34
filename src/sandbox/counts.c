#include "counts.h"

#include "clock.h"
#include "mem.h"
#include "window.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TALLY_MAX = 64, KEY_MAX = 64 };

/* Counters by name; what does not fit goes under the last name there is. */
typedef struct Tally {
    char keys[TALLY_MAX][KEY_MAX];
    uint64_t counts[TALLY_MAX];
    size_t used;
} Tally;

struct Counts {
    pthread_mutex_t lock;
    uint64_t total, changing, connections;
    size_t busiest_minute;
    Tally methods, routes, statuses;
    Window minute, day;
};

static void tally_add(Tally *tally, const char *key)
{
    size_t i = 0;
    while (i < tally->used && strncmp(tally->keys[i], key, KEY_MAX - 1) != 0)
        i++;
    if (i == TALLY_MAX)
        i--;
    if (i == tally->used) {
        snprintf(tally->keys[i], KEY_MAX, "%s", key);
        tally->used++;
    }
    tally->counts[i]++;
}

static void tally_put(const Tally *tally, Buf *out)
{
    buf_putc(out, '{');
    for (size_t i = 0; i < tally->used; i++) {
        if (i)
            buf_putc(out, ',');
        buf_puts_json(out, tally->keys[i]);
        buf_printf(out, ":%llu", (unsigned long long)tally->counts[i]);
    }
    buf_putc(out, '}');
}

Counts *counts_new(void)
{
    Counts *counts = mem_new(sizeof *counts);
    pthread_mutex_init(&counts->lock, NULL);
    window_init(&counts->minute, WINDOW_MINUTE_MS);
    window_init(&counts->day, WINDOW_DAY_MS);
    return counts;
}

void counts_free(Counts *counts)
{
    if (!counts)
        return;
    window_release(&counts->minute);
    window_release(&counts->day);
    pthread_mutex_destroy(&counts->lock);
    free(counts);
}

void counts_connection(Counts *counts)
{
    pthread_mutex_lock(&counts->lock);
    counts->connections++;
    pthread_mutex_unlock(&counts->lock);
}

static int changes(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0 ||
           strcmp(method, "DELETE") == 0;
}

void counts_request(Counts *counts, const char *method, const char *route)
{
    char key[KEY_MAX];
    int64_t now = clock_steady_ms();
    snprintf(key, sizeof key, "%.20s %s", method, route);
    pthread_mutex_lock(&counts->lock);
    counts->total++;
    counts->changing += changes(method) ? 1U : 0U;
    tally_add(&counts->methods, method);
    tally_add(&counts->routes, key);
    window_add(&counts->minute, now);
    window_add(&counts->day, now);
    size_t minute = window_count(&counts->minute, now);
    if (minute > counts->busiest_minute)
        counts->busiest_minute = minute;
    pthread_mutex_unlock(&counts->lock);
}

void counts_answer(Counts *counts, unsigned status)
{
    char key[16];
    snprintf(key, sizeof key, "%u", status);
    pthread_mutex_lock(&counts->lock);
    tally_add(&counts->statuses, key);
    pthread_mutex_unlock(&counts->lock);
}

void counts_reset(Counts *counts)
{
    pthread_mutex_lock(&counts->lock);
    counts->total = counts->changing = counts->connections = 0;
    counts->busiest_minute = 0;
    counts->methods.used = counts->routes.used = counts->statuses.used = 0;
    memset(counts->methods.counts, 0, sizeof counts->methods.counts);
    memset(counts->routes.counts, 0, sizeof counts->routes.counts);
    memset(counts->statuses.counts, 0, sizeof counts->statuses.counts);
    window_clear(&counts->minute);
    window_clear(&counts->day);
    pthread_mutex_unlock(&counts->lock);
}

void counts_put(Counts *counts, Buf *out)
{
    int64_t now = clock_steady_ms();
    pthread_mutex_lock(&counts->lock);
    buf_printf(out, "{\"total\":%llu,\"by_method\":", (unsigned long long)counts->total);
    tally_put(&counts->methods, out);
    buf_puts(out, ",\"by_route\":");
    tally_put(&counts->routes, out);
    buf_puts(out, ",\"by_status\":");
    tally_put(&counts->statuses, out);
    buf_printf(out, ",\"changing\":%llu,\"connections\":%llu,\"max_in_60s\":%zu,\"in_24h\":%zu}",
               (unsigned long long)counts->changing, (unsigned long long)counts->connections, counts->busiest_minute,
               window_count(&counts->day, now));
    pthread_mutex_unlock(&counts->lock);
}
