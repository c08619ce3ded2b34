/* The sandbox's truth: projects, instances and the ledger of changes, in SQLite, safe to use from every thread.
 *
 * Callbacks run inside the store's lock, so they must not call the store; the Row that they see is valid only
 * meanwhile. */
#ifndef SANDBOX_STORE_H
#define SANDBOX_STORE_H

#include "row.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct Store Store;

/* Who made a change: stands in the ledger. Seeding is not recorded there. */
typedef enum StoreBy { BY_SEED, BY_API, BY_ADMIN } StoreBy;

typedef void StoreSee(const Row *row, void *arg);
typedef void StoreSeeProject(int64_t seq, Text doc, void *arg);

/* One change: an instance before and after it, NULL where it was not made yet or is gone; or, both being NULL, a
 * project's doc, `at` NULL in the same way. */
typedef struct StoreChange {
    const Row *before, *after;
    Text project_before, project_after;
} StoreChange;

typedef void StoreWatch(const StoreChange *change, void *arg);

/* Opens or makes the database; NULL after a line on stderr. */
Store *store_open(const char *path);
void store_close(Store *store);

/* From now on `watch` is called with every change, in their order. A reset is none. Set before other threads use the
 * store, or with NULL when none does any more. */
void store_watch(Store *store, StoreWatch *watch, void *arg);

/* Between the two, changes become one transaction, and every other thread waits. */
void store_bulk_begin(Store *store);
void store_bulk_end(Store *store);

size_t store_count(Store *store);

/* Shows at most `limit` instances behind the sequence number `after`, in order; true if there are more behind them. */
bool store_list(Store *store, int64_t after, size_t limit, StoreSee *see, void *arg);

/* The sequence number behind which the instance at `index` (from 0) of the whole list follows. */
int64_t store_before(Store *store, size_t index);

/* Shows one instance; false if there is none of that id. */
bool store_find(Store *store, Text id, StoreSee *see, void *arg);

/* Shows the instances whose provisioning ended after `since` and not after `until`, and gives the time at which the
 * next one's will, INT64_MAX if there is none. Calendar milliseconds. Those that were ready from the start are none. */
int64_t store_list_ready(Store *store, int64_t since, int64_t until, StoreSee *see, void *arg);

/* What a new instance is made of. */
typedef struct NewRow {
    Text id; /* `at` NULL: the next free ins_<n> */
    Text doc;
    Text raw;           /* usually `at` NULL */
    int64_t created_ms; /* also the time of its last update */
    int64_t ready_ms;
    StoreBy by;
} NewRow;

/* Adds an instance and shows it; false if that id is taken. */
bool store_add(Store *store, const NewRow *row, StoreSee *see, void *arg);

/* Decides about a change: fills `new_doc`, which comes empty. Leaving it empty or as it was changes nothing. */
typedef void StoreEdit(const Row *row, Buf *new_doc, void *arg);

/* Lets `edit` change an instance, as one step for everyone else, then shows it (`see` may be NULL). False: no such id.
 */
bool store_edit(Store *store, Text id, StoreBy by, StoreEdit *edit, StoreSee *see, void *arg);

bool store_remove(Store *store, Text id, StoreBy by);

/* Removes all instances; with `restart_ids` the next one is ins_1 again. */
void store_reset(Store *store, bool restart_ids);

/* Projects. Their `doc` is a JSON object with id and name. */
size_t store_project_count(Store *store);
bool store_project_list(Store *store, int64_t after, size_t limit, StoreSeeProject *see, void *arg);
int64_t store_project_before(Store *store, size_t index);

/* `id` with `at` NULL: the next free prj_<n>; `name` is a JSON value. Adds the doc to `ret_doc`. False: the id is
 * taken. */
bool store_project_add(Store *store, Text id, Text name, Buf *ret_doc);

/* Changes its doc by a merge patch, but for the id, and adds it to `ret_doc`. False: no such id. */
bool store_project_edit(Store *store, Text id, Text patch, Buf *ret_doc);

/* Its instances stay, and name a project that no longer is. */
bool store_project_remove(Store *store, Text id);

bool store_project_known(Store *store, Text id);

/* Adds the id of the project that a create without one goes to: `default`, else the oldest. False: there is no project.
 */
bool store_project_default(Store *store, Buf *ret_id);

/* Adds the ledger as a JSON array: every create, update and delete since the database was made, oldest first. */
void store_put_ledger(Store *store, Buf *out);

#endif
