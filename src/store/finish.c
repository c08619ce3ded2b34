#include "change.h"
#include "log.h"

void change_tell_idle(Store *store)
{
    clock_fn done = store->on_idle;

    if (store->changes || !done)
        return;
    store->on_idle = NULL;
    done(store->on_idle_ctx);
}

void store_finish(Store *store, clock_fn done, void *ctx)
{
    store->finishing = true;
    store->on_idle = done;
    store->on_idle_ctx = ctx;
    change_tell_idle(store);
}

static const char *const kind_words[] = {
    [STORE_CREATE] = "create", [STORE_UPDATE] = "update", [STORE_DELETE] = "delete"};

void store_say_open(Store *store)
{
    const Change *each;
    StoreText text;

    for (each = store->changes; each; each = each->next)
        log_warn("the %s of %s is under way: what becomes of it is found out at the next mount", kind_words[each->kind],
                 each->name);
    for (uint64_t number = 0; store_next_text(store, number, &text); number = text.number) {
        if (text.unsettled)
            log_warn("the create of %s is unsettled: this is gone on with at the next mount", text.name);
    }
}
