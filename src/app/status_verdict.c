#include <cjson/cJSON.h>
#include <string.h>

#include "app_internal.h"
#include "date.h"
#include "log.h"

/* " since DATE (AGE)" */
static int add_since(const Facts *facts, int64_t since_wall_ms, Buf *into)
{
    char date[DATE_TEXT_BYTES], age[DATE_TEXT_BYTES];

    if (!since_wall_ms)
        return 0;
    date_format(since_wall_ms, date);
    date_format_age(facts->wall_ms > since_wall_ms ? facts->wall_ms - since_wall_ms : 0, age);
    return buf_printf(into, " since %s (%s)", date, age);
}

static int add_line(const char *label, const char *text, Buf *into)
{
    int r = text[0] ? buf_printf(into, "  %-10s ", label) : 0;

    if (r == 0)
        r = text_escape(into, text, strlen(text));
    return r < 0 || !text[0] ? r : buf_append_char(into, '\n');
}

static int add_reason(const Facts *facts, const VerdictReason *reason, Buf *into)
{
    int r = buf_append_str(into, verdict_state_word(reason->state));

    if (r == 0)
        r = add_since(facts, reason->since_wall_ms, into);
    if (r == 0)
        r = buf_printf(into, ": %s\n", reason->sentence);
    if (r == 0)
        r = add_line("details", reason->detail, into);
    if (r == 0)
        r = add_line("meanwhile", reason->meanwhile, into);
    return r < 0 ? r : add_line("to do", reason->mend, into);
}

int status_verdict_render(const Facts *facts, const Verdict *verdict, Buf *into)
{
    int r = verdict->count == 0 ? buf_append_str(into, "everything is well\n") : 0;

    for (size_t i = 0; i < verdict->count && r == 0; i++)
        r = add_reason(facts, &verdict->reasons[i], into);
    return r < 0 ? r : buf_printf(into, "state      %s\n", verdict_state_word(verdict->state));
}

static void add_reason_json(cJSON *list, const VerdictReason *reason)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "reason", reason->word);
    cJSON_AddStringToObject(object, "state", verdict_state_word(reason->state));
    status_date_json(object, "since", reason->since_wall_ms);
    cJSON_AddStringToObject(object, "sentence", reason->sentence);
    status_quoted_json(object, "detail", reason->detail);
    cJSON_AddStringToObject(object, "meanwhile", reason->meanwhile);
    cJSON_AddStringToObject(object, "mend", reason->mend);
    if (!cJSON_AddItemToArray(list, object))
        cJSON_Delete(object);
}

void status_verdict_json(cJSON *root, const Verdict *verdict)
{
    cJSON *list;

    cJSON_AddStringToObject(root, "state", verdict_state_word(verdict->state));
    status_date_json(root, "since", verdict->since_wall_ms);
    list = cJSON_AddArrayToObject(root, "reasons");
    for (size_t i = 0; i < verdict->count; i++)
        add_reason_json(list, &verdict->reasons[i]);
}
