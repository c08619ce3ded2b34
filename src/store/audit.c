#include "date.h"
#include "error.h"
#include "json.h"
#include "store_internal.h"

enum { AUDIT_LINE_BYTES = 16 << 10 };

static int render(const Store *store, const Intent *intent, const char *id, const char *request_id,
                  const Failure *failure, Buf *line)
{
    static const char *const operations[] = {"create", "update", "delete"};
    char time[DATE_TEXT_BYTES];
    int r;

    date_format(clock_wall_ms(store->clock), time);
    r = buf_printf(line, "{\"time\":\"%s\",\"uid\":%u,\"operation\":\"%s\"", time, (unsigned)intent->uid,
                   operations[intent->kind]);
    if (r == 0)
        r = json_quote_member(line, "project_id", intent->project_id);
    if (r == 0)
        r = json_quote_member(line, "name", intent->name);
    if (r == 0)
        r = json_quote_member(line, "id", id);
    if (r == 0)
        r = json_quote_member(line, "outcome", failure ? error_symbol(failure->code) : "ok");
    if (r == 0 && request_id[0])
        r = json_quote_member(line, "request_id", request_id);
    return r < 0 ? r : buf_append_char(line, '}');
}

void audit_write(Store *store, const Intent *intent, const char *id, const char *request_id, const Failure *failure)
{
    _cleanup_buf_ Buf line = BUF_INIT(AUDIT_LINE_BYTES);

    if (render(store, intent, id, failure ? failure->request_id : request_id, failure, &line) == 0)
        journal_audit(store->journal, buf_text(&line));
}
