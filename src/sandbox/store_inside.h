/* What the files of the store share: its struct, its prepared statements and its lock. For store*.c only. */
#ifndef SANDBOX_STORE_INSIDE_H
#define SANDBOX_STORE_INSIDE_H

#include "order.h"
#include "store.h"

#include <pthread.h>
#include <sqlite3.h>

typedef enum Query {
    Q_BEGIN,
    Q_COMMIT,
    Q_LIST,
    Q_READY_LIST,
    Q_READY_NEXT,
    Q_FIND,
    Q_ADD,
    Q_UPDATE,
    Q_REMOVE,
    Q_REMOVE_ALL,
    Q_SEQS,
    Q_COUNTER_GET,
    Q_COUNTER_SET,
    Q_PROJECT_COUNT,
    Q_PROJECT_LIST,
    Q_PROJECT_AT,
    Q_PROJECT_FIND,
    Q_PROJECT_ADD,
    Q_PROJECT_UPDATE,
    Q_PROJECT_REMOVE,
    Q_PROJECT_DEFAULT,
    Q_LEDGER_ADD,
    Q_LEDGER_LIST,
    QUERY_COUNT
} Query;

struct Store {
    pthread_mutex_t lock;
    sqlite3 *sql;
    sqlite3_stmt *queries[QUERY_COUNT];
    Order order;
    StoreWatch *watch;
    void *watch_arg;
};

/* The lock may be taken again by the thread that has it. */
void store_lock(Store *store);
void store_unlock(Store *store);

/* A statement that is ready for its parameters. */
sqlite3_stmt *store_query(Store *store, Query query);

/* One step: true if there is a row. A database that fails ends the program, as nothing true could be served any more.
 */
bool store_step(Store *store, sqlite3_stmt *query);

/* Runs a statement that gives no rows; true if it changed something. */
bool store_run(Store *store, sqlite3_stmt *query);

void store_bind(sqlite3_stmt *query, int index, Text text);
Text store_column(sqlite3_stmt *query, int index);

/* The next number of a counter that never goes back. */
int64_t store_next(Store *store, const char *counter);

void store_tell(Store *store, const StoreChange *change);

void store_record(Store *store, StoreBy by, const char *op, Text id, Text doc, int64_t now);

#endif
