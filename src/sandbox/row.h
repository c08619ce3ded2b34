/* An instance as it is stored, and the JSON that is made of it.
 *
 * `doc` is a JSON object with the fields that someone has set, each as it was written. The fields that the server owns
 * (id, status, ip, created_at, updated_at, health, utilization) are computed when the row is shown, from the sequence
 * number, the times and `now`; one that stands in `doc` all the same was forced by the admin and wins. So nothing has
 * to run when an instance becomes ready, or when its utilization moves (every 5 s): looking at it is enough. */
#ifndef SANDBOX_ROW_H
#define SANDBOX_ROW_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

enum { ROW_MAX_FIELDS = 256 };

typedef struct Row {
    int64_t seq; /* the order of creation */
    Text id;
    int64_t created_ms, ready_ms, updated_ms; /* calendar; provisioning until ready_ms */
    Text doc;
    Text raw; /* if `at` is set: shown instead of everything, be it JSON or not */
} Row;

/* The status as JSON; it lives as long as the row. */
Text row_status(const Row *row, int64_t now);

/* Adds the whole instance. */
void row_put(const Row *row, int64_t now, Buf *out);

/* Adds id, name and project_id. */
void row_put_summary(const Row *row, int64_t now, Buf *out);

/* Adds what a create answers: id, name, status and created_at. */
void row_put_created(const Row *row, int64_t now, Buf *out);

/* Adds the entity tag, with its quotes: it changes with anything but the utilization. */
void row_put_etag(const Row *row, int64_t now, Buf *out);

/* Whether a client may not set a field of this name. */
bool row_owns(const char *key);

#endif
