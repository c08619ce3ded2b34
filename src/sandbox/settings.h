/* What may be changed while the sandbox runs. Fields are atomic: any thread reads them as they are needed. */
#ifndef SANDBOX_SETTINGS_H
#define SANDBOX_SETTINGS_H

#include "buf.h"
#include "options.h"

#include <stdatomic.h>

typedef struct Settings {
    _Atomic int64_t latency_ms, provision_ms;
    _Atomic int64_t rate_minute, rate_day; /* 0: no limit */
    _Atomic int64_t rows;                  /* a Rows */
    _Atomic int64_t pagination;            /* a Pagination */
    _Atomic int64_t updates, etag, rate_headers;
} Settings;

void settings_init(Settings *settings, const Options *options);

/* Adds all of them as a JSON object, with the words and units of the command line. */
void settings_put(Settings *settings, Buf *out);

/* Takes every member of a checked JSON object, or none: then false, and `*ret_bad` is the key to blame, quoted. */
bool settings_change(Settings *settings, Text object, Text *ret_bad);

#endif
