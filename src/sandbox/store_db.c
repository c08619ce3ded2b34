#include "store_inside.h"

#include "mem.h"

#include <stdio.h>
#include <stdlib.h>

static const char schema[] =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    "CREATE TABLE IF NOT EXISTS instances(seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created_ms INTEGER NOT "
    "NULL,"
    "  ready_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, doc TEXT NOT NULL, raw TEXT);"
    "CREATE INDEX IF NOT EXISTS instances_ready ON instances(ready_ms) WHERE ready_ms > created_ms;"
    "CREATE TABLE IF NOT EXISTS projects(seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, doc TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS ledger(seq INTEGER PRIMARY KEY AUTOINCREMENT, op TEXT NOT NULL, id TEXT NOT NULL,"
    "  name TEXT, by TEXT NOT NULL, time_ms INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL);";

#define COLUMNS "seq, id, created_ms, ready_ms, updated_ms, doc, raw"

static const char *const queries[QUERY_COUNT] = {
    [Q_BEGIN] = "BEGIN",
    [Q_COMMIT] = "COMMIT",
    [Q_LIST] = "SELECT " COLUMNS " FROM instances WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    [Q_READY_LIST] = "SELECT " COLUMNS " FROM instances"
                     " WHERE ready_ms > created_ms AND ready_ms > ?1 AND ready_ms <= ?2 ORDER BY ready_ms, seq",
    [Q_READY_NEXT] = "SELECT min(ready_ms) FROM instances WHERE ready_ms > created_ms AND ready_ms > ?1",
    [Q_FIND] = "SELECT " COLUMNS " FROM instances WHERE id = ?1",
    [Q_ADD] = "INSERT OR IGNORE INTO instances(" COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [Q_UPDATE] = "UPDATE instances SET doc = ?2, updated_ms = ?3 WHERE seq = ?1",
    [Q_REMOVE] = "DELETE FROM instances WHERE seq = ?1",
    [Q_REMOVE_ALL] = "DELETE FROM instances",
    [Q_SEQS] = "SELECT seq FROM instances ORDER BY seq",
    [Q_COUNTER_GET] = "SELECT value FROM counters WHERE name = ?1",
    [Q_COUNTER_SET] = "INSERT OR REPLACE INTO counters(name, value) VALUES(?1, ?2)",
    [Q_PROJECT_COUNT] = "SELECT count(*) FROM projects",
    [Q_PROJECT_LIST] = "SELECT seq, doc FROM projects WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    [Q_PROJECT_AT] = "SELECT seq FROM projects ORDER BY seq LIMIT 1 OFFSET ?1",
    [Q_PROJECT_FIND] = "SELECT seq, doc FROM projects WHERE id = ?1",
    [Q_PROJECT_ADD] = "INSERT OR IGNORE INTO projects(seq, id, doc) VALUES(?1, ?2, ?3)",
    [Q_PROJECT_UPDATE] = "UPDATE projects SET doc = ?2 WHERE id = ?1",
    [Q_PROJECT_REMOVE] = "DELETE FROM projects WHERE id = ?1",
    [Q_PROJECT_DEFAULT] = "SELECT id FROM projects ORDER BY id <> 'default', seq LIMIT 1",
    [Q_LEDGER_ADD] = "INSERT INTO ledger(op, id, name, by, time_ms) VALUES(?1, ?2, ?3, ?4, ?5)",
    [Q_LEDGER_LIST] = "SELECT seq, op, id, name, by, time_ms FROM ledger ORDER BY seq",
};

static void fail(Store *store)
{
    fprintf(stderr, "skystack-sandbox: database: %s\n", sqlite3_errmsg(store->sql));
    abort();
}

void store_lock(Store *store)
{
    pthread_mutex_lock(&store->lock);
}

void store_unlock(Store *store)
{
    pthread_mutex_unlock(&store->lock);
}

sqlite3_stmt *store_query(Store *store, Query query)
{
    sqlite3_stmt *statement = store->queries[query];
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return statement;
}

bool store_step(Store *store, sqlite3_stmt *query)
{
    int result = sqlite3_step(query);
    if (result == SQLITE_ROW)
        return true;
    if (result != SQLITE_DONE)
        fail(store);
    sqlite3_reset(query);
    return false;
}

bool store_run(Store *store, sqlite3_stmt *query)
{
    store_step(store, query);
    return sqlite3_changes(store->sql) > 0;
}

void store_bind(sqlite3_stmt *query, int index, Text text)
{
    if (text.at)
        sqlite3_bind_text64(query, index, text.at, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

Text store_column(sqlite3_stmt *query, int index)
{
    const char *text = (const char *)sqlite3_column_text(query, index);
    return (Text){text, text ? (size_t)sqlite3_column_bytes(query, index) : 0};
}

int64_t store_next(Store *store, const char *counter)
{
    sqlite3_stmt *get = store_query(store, Q_COUNTER_GET);
    store_bind(get, 1, text_of(counter));
    int64_t value = store_step(store, get) ? sqlite3_column_int64(get, 0) + 1 : 1;
    sqlite3_reset(get);
    sqlite3_stmt *set = store_query(store, Q_COUNTER_SET);
    store_bind(set, 1, text_of(counter));
    sqlite3_bind_int64(set, 2, value);
    store_run(store, set);
    return value;
}

static bool prepare(Store *store)
{
    for (int i = 0; i < QUERY_COUNT; i++)
        if (sqlite3_prepare_v3(store->sql, queries[i], -1, SQLITE_PREPARE_PERSISTENT, &store->queries[i], NULL) !=
            SQLITE_OK)
            return false;
    return true;
}

static void load_order(Store *store)
{
    sqlite3_stmt *query = store_query(store, Q_SEQS);
    while (store_step(store, query))
        order_add(&store->order, sqlite3_column_int64(query, 0));
}

static void init_lock(Store *store)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&store->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

Store *store_open(const char *path)
{
    Store *store = mem_new(sizeof *store);
    init_lock(store);
    bool fine = sqlite3_open_v2(path, &store->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                                NULL) == SQLITE_OK;
    fine = fine && sqlite3_busy_timeout(store->sql, 2000) == SQLITE_OK &&
           sqlite3_exec(store->sql, schema, NULL, NULL, NULL) == SQLITE_OK && prepare(store);
    if (!fine) {
        fprintf(stderr, "skystack-sandbox: %s: %s\n", path, sqlite3_errmsg(store->sql));
        store_close(store);
        return NULL;
    }
    load_order(store);
    return store;
}

void store_close(Store *store)
{
    if (!store)
        return;
    for (int i = 0; i < QUERY_COUNT; i++)
        sqlite3_finalize(store->queries[i]);
    sqlite3_close(store->sql);
    order_release(&store->order);
    pthread_mutex_destroy(&store->lock);
    free(store);
}
