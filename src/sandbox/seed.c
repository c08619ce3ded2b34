#include "seed.h"

#include "clock.h"
#include "store_inside.h"

#include <stdlib.h>

static const char *const regions[] = {"us-east-1", "eu-central-1", "us-west-2", "eu-west-1", "ap-south-1"};
static const char *const teams[] = {"platform", "checkout", "search", "data"};

typedef struct Kind {
    const char *name, *size, *image, *tag;
} Kind;

/* One turn of four, repeated in each project. */
static const Kind kinds[4] = {
    {"web", "standard-2", "ubuntu-24.04", "frontend"},
    {"web", "standard-2", "ubuntu-24.04", "frontend"},
    {"worker", "standard-4", "debian-12", "batch"},
    {"db", "standard-8", "postgres-16", "stateful"},
};

static void put_project_name(Buf *out, int64_t number)
{
    if (number <= 2)
        buf_puts(out, number == 1 ? "prod" : "staging");
    else
        buf_printf(out, "project-%lld", (long long)number);
}

static void put_name(Buf *out, int64_t index)
{
    int64_t turn = index / 4, place = index % 4;
    buf_printf(out, "%s-%lld", kinds[place].name, (long long)(place < 2 ? turn * 2 + place + 1 : turn + 1));
}

void seed_put_network(Buf *out, int64_t number)
{
    unsigned n = (unsigned)number;
    buf_printf(out,
               "{\"vpc\":\"vpc-main\",\"subnet\":\"172.16.0.0/12\",\"private_ip\":\"172.%u.%u.%u\","
               "\"mac\":\"02:5a:%02x:%02x:%02x:%02x\"}",
               16 + (n >> 16) % 16, n >> 8 & 255, n & 255, n >> 24 & 255, n >> 16 & 255, n >> 8 & 255, n & 255);
}

/* The instance number `number` (from 1), which is the one at `index` (from 0) of the project number `project`. */
static void put_doc(Buf *out, int64_t number, int64_t index, int64_t project)
{
    const Kind *kind = &kinds[index % 4];
    const char *team = teams[number % 4];
    buf_puts(out, "{\"name\":\"");
    put_name(out, index);
    buf_printf(out, "\",\"region\":\"%s\",\"size\":\"%s\",\"image\":\"%s\"", regions[index % 5], kind->size,
               kind->image);
    if (project)
        buf_printf(out, ",\"project_id\":\"prj_%lld\"", (long long)project);
    buf_puts(out, ",\"network\":");
    seed_put_network(out, number);
    buf_printf(
        out, ",\"tags\":[\"%s\",\"team:%s\"],\"metadata\":{\"owner\":\"%s@example.com\",\"cost_center\":\"cc-%lld\"}}",
        kind->tag, team, team, (long long)(1000 + number % 90));
}

static void add_projects(Store *store, int64_t projects)
{
    for (int64_t number = 1; number <= projects; number++) {
        Buf name = {0}, doc = {0};
        buf_putc(&name, '"');
        put_project_name(&name, number);
        buf_putc(&name, '"');
        store_project_add(store, (Text){0}, buf_text(&name), &doc);
        buf_release(&name);
        buf_release(&doc);
    }
}

static void add_instances(Store *store, int64_t projects, int64_t instances)
{
    const int64_t month_ms = 30 * 86400 * INT64_C(1000), hour_ms = 3600 * 1000;
    int64_t now = clock_now_ms(), shares = projects ? projects : 1;
    Buf doc = {0};
    for (int64_t i = 0; i < instances; i++) {
        int64_t created = now - month_ms + (month_ms - hour_ms) / instances * i;
        buf_clear(&doc);
        put_doc(&doc, i + 1, i / shares, projects ? i % shares + 1 : 0);
        NewRow row = {.doc = buf_text(&doc), .created_ms = created, .ready_ms = created, .by = BY_SEED};
        store_add(store, &row, NULL, NULL);
    }
    buf_release(&doc);
}

static bool was_used(Store *store)
{
    sqlite3_stmt *query = store_query(store, Q_COUNTER_GET);
    store_bind(query, 1, text_of("seeded"));
    bool used = store_step(store, query);
    sqlite3_reset(query);
    return used || store_count(store) || store_project_count(store);
}

void seed_fill(Store *store, int64_t projects, int64_t instances)
{
    store_bulk_begin(store);
    if (!was_used(store)) {
        store_next(store, "seeded");
        add_projects(store, projects);
        add_instances(store, projects, instances);
    }
    store_bulk_end(store);
}
