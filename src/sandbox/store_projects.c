#include "json.h"
#include "merge.h"
#include "store.h"
#include "store_inside.h"

size_t store_project_count(Store *store)
{
    store_lock(store);
    sqlite3_stmt *query = store_query(store, Q_PROJECT_COUNT);
    size_t count = store_step(store, query) ? (size_t)sqlite3_column_int64(query, 0) : 0;
    sqlite3_reset(query);
    store_unlock(store);
    return count;
}

bool store_project_list(Store *store, int64_t after, size_t limit, StoreSeeProject *see, void *arg)
{
    store_lock(store);
    sqlite3_stmt *query = store_query(store, Q_PROJECT_LIST);
    sqlite3_bind_int64(query, 1, after);
    sqlite3_bind_int64(query, 2, (int64_t)limit + 1);
    size_t seen = 0;
    bool more = false;
    while (!more && store_step(store, query)) {
        more = seen++ == limit;
        if (!more)
            see(sqlite3_column_int64(query, 0), store_column(query, 1), arg);
    }
    sqlite3_reset(query);
    store_unlock(store);
    return more;
}

int64_t store_project_before(Store *store, size_t index)
{
    store_lock(store);
    sqlite3_stmt *query = store_query(store, Q_PROJECT_AT);
    sqlite3_bind_int64(query, 1, index > INT32_MAX ? INT32_MAX : (int64_t)index);
    int64_t seq = store_step(store, query) ? sqlite3_column_int64(query, 0) : INT64_MAX;
    sqlite3_reset(query);
    store_unlock(store);
    return seq - 1;
}

static bool insert(Store *store, int64_t seq, Text id, Text doc)
{
    sqlite3_stmt *query = store_query(store, Q_PROJECT_ADD);
    sqlite3_bind_int64(query, 1, seq);
    store_bind(query, 2, id);
    store_bind(query, 3, doc);
    return store_run(store, query);
}

static bool insert_numbered(Store *store, Text given, Text name, Buf *doc)
{
    Buf id = {0};
    bool added = false;
    do {
        int64_t seq = store_next(store, "project");
        buf_clear(&id);
        buf_clear(doc);
        if (given.at)
            buf_put(&id, given);
        else
            buf_printf(&id, "prj_%lld", (long long)seq);
        buf_puts(doc, "{\"id\":");
        buf_put_json(doc, buf_text(&id));
        buf_puts(doc, ",\"name\":");
        buf_put(doc, name);
        buf_putc(doc, '}');
        added = insert(store, seq, buf_text(&id), buf_text(doc));
    } while (!added && !given.at);
    buf_release(&id);
    return added;
}

bool store_project_add(Store *store, Text id, Text name, Buf *ret_doc)
{
    Buf doc = {0};
    store_lock(store);
    bool added = insert_numbered(store, id, name, &doc);
    if (added)
        store_tell(store, &(StoreChange){.project_after = buf_text(&doc)});
    store_unlock(store);
    if (added)
        buf_put(ret_doc, buf_text(&doc));
    buf_release(&doc);
    return added;
}

/* The patch without an id of its own, so that the project keeps the one that it has. */
static void put_edited(Text doc, Text patch, Buf *out)
{
    Buf rest = {0}, compact = {0};
    json_compact(patch, &compact);
    merge_patch(buf_text(&compact), text_of("{\"id\":null}"), &rest);
    merge_patch(doc, buf_text(&rest), out);
    buf_release(&rest);
    buf_release(&compact);
}

static void update(Store *store, Text id, Text before, Text after)
{
    sqlite3_stmt *query = store_query(store, Q_PROJECT_UPDATE);
    store_bind(query, 1, id);
    store_bind(query, 2, after);
    store_run(store, query);
    store_tell(store, &(StoreChange){.project_before = before, .project_after = after});
}

/* The statement with the project's row, or NULL. The caller resets it, and the doc is gone then. */
static sqlite3_stmt *find(Store *store, Text id, Text *ret_doc)
{
    sqlite3_stmt *query = store_query(store, Q_PROJECT_FIND);
    store_bind(query, 1, id);
    if (!store_step(store, query))
        return NULL;
    *ret_doc = store_column(query, 1);
    return query;
}

bool store_project_edit(Store *store, Text id, Text patch, Buf *ret_doc)
{
    Buf after = {0};
    Text before;
    store_lock(store);
    sqlite3_stmt *query = find(store, id, &before);
    if (query) {
        put_edited(before, patch, &after);
        update(store, id, before, buf_text(&after));
        buf_put(ret_doc, buf_text(&after));
    }
    sqlite3_reset(query);
    store_unlock(store);
    buf_release(&after);
    return query != NULL;
}

bool store_project_remove(Store *store, Text id)
{
    Text doc;
    store_lock(store);
    sqlite3_stmt *query = find(store, id, &doc);
    if (query) {
        store_tell(store, &(StoreChange){.project_before = doc});
        sqlite3_reset(query);
        sqlite3_stmt *removal = store_query(store, Q_PROJECT_REMOVE);
        store_bind(removal, 1, id);
        store_run(store, removal);
    }
    store_unlock(store);
    return query != NULL;
}

bool store_project_known(Store *store, Text id)
{
    Text doc;
    store_lock(store);
    sqlite3_stmt *query = find(store, id, &doc);
    sqlite3_reset(query);
    store_unlock(store);
    return query != NULL;
}

bool store_project_default(Store *store, Buf *ret_id)
{
    store_lock(store);
    sqlite3_stmt *query = store_query(store, Q_PROJECT_DEFAULT);
    bool found = store_step(store, query);
    if (found)
        buf_put(ret_id, store_column(query, 0));
    sqlite3_reset(query);
    store_unlock(store);
    return found;
}
