#include "store_report.h"

#include "store_internal.h"

static void report_texts(Store *store, StoreReport *report)
{
    StoreText each;

    for (uint64_t number = 0; store_next_text(store, number, &each); number = each.number) {
        size_t *count = each.unsettled ? &report->unsettled : &report->rejected;
        int64_t *oldest = each.unsettled ? &report->unsettled_wall_ms : &report->rejected_wall_ms;
        const char **name = each.unsettled ? &report->unsettled_name : &report->rejected_name;

        if ((*count)++ > 0 && each.wall_ms >= *oldest)
            continue;
        *oldest = each.wall_ms;
        *name = each.name;
    }
}

/* It began with a request that failed, or with the silence that goes on. */
static int64_t trouble_ms(const Store *store)
{
    int64_t since_ms = store->trouble ? store->trouble_since_ms : store->silent_ms;

    return clock_now_ms(store->clock) - since_ms;
}

void store_report(Store *store, StoreReport *ret_report)
{
    StoreReport report = {.trouble = store_in_trouble(store)};

    memcpy(report.gets, store->gets, sizeof report.gets);
    memcpy(report.lists, store->lists, sizeof report.lists);
    if (report.trouble)
        report.trouble_ms = trouble_ms(store);
    report.disk_code = store->disk_code;
    if (store->disk_code < 0)
        report.disk_ms = clock_now_ms(store->clock) - store->disk_since_ms;
    report.kept_code = keep_failure(store, &report.kept_ms);
    report_texts(store, &report);
    *ret_report = report;
}
