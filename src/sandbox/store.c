#include "store.h"

#include "clock.h"
#include "json.h"
#include "store_inside.h"

#include <stdlib.h>
#include <string.h>

static Row row_at(sqlite3_stmt *query)
{
    return (Row){
        .seq = sqlite3_column_int64(query, 0),
        .id = store_column(query, 1),
        .created_ms = sqlite3_column_int64(query, 2),
        .ready_ms = sqlite3_column_int64(query, 3),
        .updated_ms = sqlite3_column_int64(query, 4),
        .doc = store_column(query, 5),
        .raw = store_column(query, 6),
    };
}

/* The statement with one row, or NULL. The caller resets it, and the row is gone then. */
static sqlite3_stmt *find(Store *store, Text id, Row *ret_row)
{
    sqlite3_stmt *query = store_query(store, Q_FIND);
    store_bind(query, 1, id);
    if (!store_step(store, query))
        return NULL;
    *ret_row = row_at(query);
    return query;
}

void store_watch(Store *store, StoreWatch *watch, void *arg)
{
    store_lock(store);
    store->watch = watch;
    store->watch_arg = arg;
    store_unlock(store);
}

void store_tell(Store *store, const StoreChange *change)
{
    if (store->watch)
        store->watch(change, store->watch_arg);
}

void store_bulk_begin(Store *store)
{
    store_lock(store);
    store_run(store, store_query(store, Q_BEGIN));
}

void store_bulk_end(Store *store)
{
    store_run(store, store_query(store, Q_COMMIT));
    store_unlock(store);
}

size_t store_count(Store *store)
{
    store_lock(store);
    size_t count = store->order.count;
    store_unlock(store);
    return count;
}

bool store_list(Store *store, int64_t after, size_t limit, StoreSee *see, void *arg)
{
    store_lock(store);
    sqlite3_stmt *query = store_query(store, Q_LIST);
    sqlite3_bind_int64(query, 1, after);
    sqlite3_bind_int64(query, 2, (int64_t)limit + 1);
    size_t seen = 0;
    bool more = false;
    while (!more && store_step(store, query)) {
        more = seen++ == limit;
        Row row = row_at(query);
        if (!more)
            see(&row, arg);
    }
    sqlite3_reset(query);
    store_unlock(store);
    return more;
}

int64_t store_before(Store *store, size_t index)
{
    store_lock(store);
    int64_t seq = order_at(&store->order, index);
    store_unlock(store);
    return seq - 1;
}

int64_t store_list_ready(Store *store, int64_t since, int64_t until, StoreSee *see, void *arg)
{
    store_lock(store);
    sqlite3_stmt *list = store_query(store, Q_READY_LIST), *next = store_query(store, Q_READY_NEXT);
    sqlite3_bind_int64(list, 1, since);
    sqlite3_bind_int64(list, 2, until);
    while (store_step(store, list)) {
        Row row = row_at(list);
        see(&row, arg);
    }
    sqlite3_bind_int64(next, 1, until);
    bool any = store_step(store, next) && sqlite3_column_type(next, 0) != SQLITE_NULL;
    int64_t next_ms = any ? sqlite3_column_int64(next, 0) : INT64_MAX;
    sqlite3_reset(next);
    store_unlock(store);
    return next_ms;
}

bool store_find(Store *store, Text id, StoreSee *see, void *arg)
{
    Row row;
    store_lock(store);
    sqlite3_stmt *query = find(store, id, &row);
    if (query)
        see(&row, arg);
    sqlite3_reset(query);
    store_unlock(store);
    return query != NULL;
}

static bool insert(Store *store, const Row *row)
{
    sqlite3_stmt *query = store_query(store, Q_ADD);
    sqlite3_bind_int64(query, 1, row->seq);
    store_bind(query, 2, row->id);
    sqlite3_bind_int64(query, 3, row->created_ms);
    sqlite3_bind_int64(query, 4, row->ready_ms);
    sqlite3_bind_int64(query, 5, row->updated_ms);
    store_bind(query, 6, row->doc);
    store_bind(query, 7, row->raw);
    return store_run(store, query);
}

/* With an id of its own the row is tried once; else the counter goes on until a number is free. */
static bool insert_numbered(Store *store, const NewRow *new, Row *row, Buf *id)
{
    do {
        row->seq = store_next(store, "instance");
        buf_clear(id);
        if (new->id.at)
            buf_put(id, new->id);
        else
            buf_printf(id, "ins_%lld", (long long)row->seq);
        row->id = buf_text(id);
        if (insert(store, row))
            return true;
    } while (!new->id.at);
    return false;
}

bool store_add(Store *store, const NewRow *new, StoreSee *see, void *arg)
{
    Buf id = {0};
    Row row = {.created_ms = new->created_ms,
               .ready_ms = new->ready_ms,
               .updated_ms = new->created_ms,
               .doc = new->doc,
               .raw = new->raw};
    store_lock(store);
    bool added = insert_numbered(store, new, &row, &id);
    if (added) {
        order_add(&store->order, row.seq);
        store_record(store, new->by, "create", row.id, row.doc, new->created_ms);
        store_tell(store, &(StoreChange){.after = &row});
        if (see)
            see(&row, arg);
    }
    store_unlock(store);
    buf_release(&id);
    return added;
}

static void update(Store *store, Row *row, StoreBy by, Text doc)
{
    Row before = *row;
    sqlite3_stmt *query = store_query(store, Q_UPDATE);
    row->doc = doc;
    row->updated_ms = clock_now_ms();
    sqlite3_bind_int64(query, 1, row->seq);
    store_bind(query, 2, doc);
    sqlite3_bind_int64(query, 3, row->updated_ms);
    store_run(store, query);
    store_record(store, by, "update", row->id, doc, row->updated_ms);
    store_tell(store, &(StoreChange){.before = &before, .after = row});
}

bool store_edit(Store *store, Text id, StoreBy by, StoreEdit *edit, StoreSee *see, void *arg)
{
    Row row;
    Buf doc = {0};
    store_lock(store);
    sqlite3_stmt *query = find(store, id, &row);
    if (query) {
        edit(&row, &doc, arg);
        bool same = doc.len == row.doc.len && doc.len && memcmp(doc.data, row.doc.at, doc.len) == 0;
        if (doc.len && !same)
            update(store, &row, by, buf_text(&doc));
        if (see)
            see(&row, arg);
    }
    sqlite3_reset(query);
    store_unlock(store);
    buf_release(&doc);
    return query != NULL;
}

bool store_remove(Store *store, Text id, StoreBy by)
{
    Row row;
    store_lock(store);
    sqlite3_stmt *query = find(store, id, &row);
    if (query) {
        store_record(store, by, "delete", row.id, row.doc, clock_now_ms());
        store_tell(store, &(StoreChange){.before = &row});
        int64_t seq = row.seq;
        sqlite3_reset(query);
        sqlite3_stmt *removal = store_query(store, Q_REMOVE);
        sqlite3_bind_int64(removal, 1, seq);
        store_run(store, removal);
        order_remove(&store->order, seq);
    }
    store_unlock(store);
    return query != NULL;
}

void store_reset(Store *store, bool restart_ids)
{
    store_bulk_begin(store);
    store_run(store, store_query(store, Q_REMOVE_ALL));
    order_clear(&store->order);
    if (restart_ids) {
        sqlite3_stmt *query = store_query(store, Q_COUNTER_SET);
        store_bind(query, 1, text_of("instance"));
        sqlite3_bind_int64(query, 2, 0);
        store_run(store, query);
    }
    store_bulk_end(store);
}

void store_record(Store *store, StoreBy by, const char *op, Text id, Text doc, int64_t now)
{
    if (by == BY_SEED)
        return;
    sqlite3_stmt *query = store_query(store, Q_LEDGER_ADD);
    store_bind(query, 1, text_of(op));
    store_bind(query, 2, id);
    store_bind(query, 3, json_get(doc, "name"));
    store_bind(query, 4, text_of(by == BY_API ? "api" : "admin"));
    sqlite3_bind_int64(query, 5, now);
    store_run(store, query);
}

static void put_record(sqlite3_stmt *query, Buf *out)
{
    Text name = store_column(query, 3);
    buf_printf(out, "%s{\"seq\":%lld,\"op\":", out->data[out->len - 1] == '[' ? "" : ",\n",
               (long long)sqlite3_column_int64(query, 0));
    buf_put_json(out, store_column(query, 1));
    buf_puts(out, ",\"id\":");
    buf_put_json(out, store_column(query, 2));
    buf_puts(out, ",\"name\":");
    buf_put(out, name.at ? name : text_of("null"));
    buf_puts(out, ",\"by\":");
    buf_put_json(out, store_column(query, 4));
    buf_printf(out, ",\"time_ms\":%lld}", (long long)sqlite3_column_int64(query, 5));
}

void store_put_ledger(Store *store, Buf *out)
{
    store_lock(store);
    sqlite3_stmt *query = store_query(store, Q_LEDGER_LIST);
    buf_putc(out, '[');
    while (store_step(store, query))
        put_record(query, out);
    buf_putc(out, ']');
    store_unlock(store);
}
