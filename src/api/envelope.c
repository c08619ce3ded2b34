#include "envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "json.h"
#include "mend.h"
#include "rows.h"

bool purpose_changes(enum Purpose purpose)
{
    return purpose == PURPOSE_CREATE || purpose == PURPOSE_UPDATE || purpose == PURPOSE_DELETE;
}

Verdict verdict_take(Verdict *verdict)
{
    Verdict taken = *verdict;

    *verdict = (Verdict){.page.total = -1};
    return taken;
}

void verdict_release(Verdict *verdict)
{
    for (size_t i = 0; i < verdict->count; i++)
        resource_unref(verdict->rows[i]);
    free(verdict->rows);
    free(verdict->page.cursor_text);
    resource_unref(verdict->one);
    verdict->rows = NULL;
    verdict->count = 0;
    verdict->one = NULL;
    verdict->page = (PagerPage){.total = -1};
}

/* ---- the error envelope ---- */

typedef struct Envelope {
    bool present; /* there is an error with a code or a message … */
    bool whole;   /* … with both, as every error of the API has */
    bool unread;  /* there was no memory to read all of it */
    char code[FAILURE_ID_BYTES];
    char request_id[FAILURE_ID_BYTES];
    char message[FAILURE_MESSAGE_BYTES]; /* with the details */
} Envelope;

static void blank_nuls(Buf *text)
{
    for (char *nul; text->len > 0 && (nul = memchr(text->data, '\0', text->len)) != NULL;)
        *nul = ' ';
}

/* A string member, decoded, cut to room at a character's boundary, NULs as blanks; "" if there is none. */
static bool copy_member(Envelope *envelope, Span object, const char *name, char *text, size_t room)
{
    _cleanup_buf_ Buf decoded = BUF_INIT(1 << 20);
    Span value;
    size_t len;
    int r;

    text[0] = '\0';
    if (!json_member(object, name, &value) || json_type(value) != JSON_STRING)
        return false;
    r = json_string(value, &decoded);
    envelope->unread |= r == -ERR_NO_MEMORY;
    if (r < 0)
        return false;
    blank_nuls(&decoded);
    len = decoded.len;
    if (len >= room)
        for (len = room - 1; len > 0 && ((unsigned char)decoded.data[len] & 0xc0) == 0x80; len--)
            ;
    memcpy(text, buf_text(&decoded), len);
    text[len] = '\0';
    return true;
}

static void append(char *message, const char *before, const char *text, const char *after)
{
    size_t len = strlen(message);

    snprintf(message + len, FAILURE_MESSAGE_BYTES - len, "%s%s%s", before, text, after);
}

static bool ends_a_sentence(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && strchr(".!?", text[len - 1]);
}

/* `FIELD: ISSUE.` for each. */
static void add_details(Envelope *envelope, Span error)
{
    char field[128], issue[256], *message = envelope->message;
    Span details, name, detail;
    JsonIter iter;

    if (!json_member(error, "details", &details) || json_type(details) != JSON_ARRAY)
        return;
    json_iter_init(&iter, details);
    while (json_iter_next(&iter, &name, &detail) && strlen(message) < FAILURE_MESSAGE_BYTES - 1) {
        bool has_field = copy_member(envelope, detail, "field", field, sizeof field);

        if (!copy_member(envelope, detail, "issue", issue, sizeof issue) && !has_field)
            continue;
        append(message, message[0] ? (ends_a_sentence(message) ? " " : ". ") : "", field, has_field ? ": " : "");
        append(message, "", issue, ends_a_sentence(issue) ? "" : ".");
    }
}

static void read_envelope(Span body, Envelope *ret_envelope)
{
    Envelope *envelope = ret_envelope;
    Span error;
    bool has_code, has_message;
    int r;

    memset(envelope, 0, sizeof *envelope);
    r = json_check(body, NULL);
    envelope->unread = r == -ERR_NO_MEMORY;
    if (r < 0 || !json_member(body, "error", &error) || json_type(error) != JSON_OBJECT)
        return;
    has_code = copy_member(envelope, error, "code", envelope->code, sizeof envelope->code);
    has_message = copy_member(envelope, error, "message", envelope->message, sizeof envelope->message);
    copy_member(envelope, error, "request_id", envelope->request_id, sizeof envelope->request_id);
    add_details(envelope, error);
    envelope->present = has_code || has_message;
    envelope->whole = has_code && has_message;
}

/* ---- failures ---- */

/* A gateway's own 404 may look a little like the API's. What is said to be gone has to be said by the API. */
static int code_of(enum Purpose purpose, int status, bool enveloped, bool whole)
{
    bool update = purpose == PURPOSE_UPDATE;

    if (status == 401)
        return -ERR_TOKEN;
    if (status == 429)
        return -ERR_LIMITED;
    if (update && (status == 405 || status == 501 || (status == 404 && !enveloped)))
        return -ERR_NO_UPDATES;
    if (status >= 500 && status < 600)
        return purpose == PURPOSE_CREATE ? -ERR_UNSETTLED : -ERR_REMOTE;
    if (status == 404)
        return whole ? -ERR_NOT_FOUND : -ERR_REMOTE;
    if (status < 400 || status >= 600 || !enveloped)
        return -ERR_PROTOCOL;
    switch (status) {
    case 400:
    case 422:
        return -ERR_INVALID;
    case 403:
        return -ERR_FORBIDDEN;
    case 409:
        return purpose == PURPOSE_CREATE ? -ERR_EXISTS : -ERR_BUSY;
    case 412:
        return -ERR_CONFLICT;
    default:
        return -ERR_REMOTE;
    }
}

/* An envelope that could not be read is neither there nor missing: where it decides, there is nothing to go by. */
static int code_with(enum Purpose purpose, int status, const Envelope *envelope)
{
    int code = code_of(purpose, status, envelope->present, envelope->whole);

    return envelope->unread && code != code_of(purpose, status, true, true) ? -ERR_NO_MEMORY : code;
}

/* Whether the answer leaves open what became of the request. */
static bool leaves_open(enum Purpose purpose, int code, int status)
{
    return purpose_changes(purpose) && status >= 500 && code != -ERR_NO_UPDATES;
}

static void set_message(Failure *failure, const Envelope *envelope)
{
    if (failure->code == -ERR_UNSETTLED)
        append(failure->message, "", "It was sent, and the API failed: it may or may not have happened.", "");
    else if (failure->code == -ERR_PROTOCOL || failure->code == -ERR_NO_MEMORY || !envelope->present)
        append(failure->message, "", error_sentence(failure->code), "");
    if (failure->code == -ERR_TOKEN && failure->message[0] == '\0')
        append(failure->message, "", error_sentence(failure->code), "");
    if (envelope->present && envelope->message[0])
        append(failure->message, failure->message[0] ? " " : "", envelope->message, "");
}

static Failure read_failure(enum Purpose purpose, const Answer *answer)
{
    Failure failure = {.http_status = answer->status};
    Envelope envelope;

    read_envelope(answer->body, &envelope);
    failure.code = code_with(purpose, answer->status, &envelope);
    failure.sent = leaves_open(purpose, failure.code, answer->status) ? FAILURE_UNKNOWN : FAILURE_ANSWERED;
    memcpy(failure.api_code, envelope.code, sizeof failure.api_code);
    snprintf(failure.request_id, sizeof failure.request_id, "%s",
             envelope.request_id[0] ? envelope.request_id : answer->request_id);
    set_message(&failure, &envelope);
    mend_set(&failure);
    return failure;
}

/* A 2xx whose body is not what it should be. */
static Failure read_broken(enum Purpose purpose, const Answer *answer, int code, const char *reason)
{
    Failure failure = failure_make(code, "The answer (HTTP %d, %zu bytes) does not come from a SkyStack API: %s.",
                                   answer->status, answer->body.len, reason);

    if (code == -ERR_TOO_BIG)
        failure = failure_make(code, "An instance in the answer is larger than %d bytes.", RESOURCE_TEXT_BYTES);
    else if (code != -ERR_PROTOCOL)
        failure = failure_make(code, "%s", error_sentence(code));
    if (purpose == PURPOSE_CREATE)
        failure.code = -ERR_UNSETTLED;
    failure.sent = purpose_changes(purpose) ? FAILURE_UNKNOWN : FAILURE_ANSWERED;
    failure.http_status = answer->status;
    snprintf(failure.request_id, sizeof failure.request_id, "%s", answer->request_id);
    mend_set(&failure);
    return failure;
}

static Failure read_unanswered(enum Purpose purpose, int code, bool sent, const char *problem)
{
    Failure failure;

    if (sent && purpose == PURPOSE_CREATE)
        failure = failure_make(-ERR_UNSETTLED, "%s (%s)", error_sentence(-ERR_UNSETTLED), problem);
    else
        failure = failure_make(code, "%s (%s)", error_sentence(code), problem);
    failure.sent = sent ? FAILURE_UNKNOWN : FAILURE_NOT_SENT;
    mend_set(&failure);
    return failure;
}

/* ---- verdicts ---- */

static bool body_may_be_empty(enum Purpose purpose)
{
    return purpose == PURPOSE_UPDATE || purpose == PURPOSE_DELETE;
}

/* What is read comes with a 200: the others of that hundred say that it is a part (206), or none of the server's own
 * (203), or nothing at all. */
static bool is_success(enum Purpose purpose, int status)
{
    return purpose_changes(purpose) ? status >= 200 && status <= 299 : status == 200;
}

static int read_success(enum Purpose purpose, const Answer *answer, Verdict *verdict, const char **ret_reason)
{
    JsonFault fault = {.reason = "its body is no JSON"};
    int r;

    *ret_reason = "";
    if (answer->body.len == 0 && body_may_be_empty(purpose))
        return 0;
    r = json_check(answer->body, &fault);
    *ret_reason = fault.reason;
    if (r < 0 || purpose == PURPOSE_DELETE)
        return r;
    if (purpose == PURPOSE_LIST)
        return rows_read_page(answer->body, verdict, ret_reason);
    return rows_read_one(answer->body, answer->id, verdict, ret_reason);
}

void envelope_read(enum Purpose purpose, const Answer *answer, Verdict *ret_verdict)
{
    const char *reason;
    int r;

    *ret_verdict = (Verdict){.page = {.total = -1}};
    if (!is_success(purpose, answer->status)) {
        ret_verdict->failure = read_failure(purpose, answer);
        if (purpose == PURPOSE_DELETE && ret_verdict->failure.code == -ERR_NOT_FOUND)
            ret_verdict->failure = (Failure){0};
        return;
    }
    r = read_success(purpose, answer, ret_verdict, &reason);
    if (r < 0)
        ret_verdict->failure = read_broken(purpose, answer, r, reason);
}

void envelope_unanswered(enum Purpose purpose, int code, bool sent, const char *problem, Verdict *ret_verdict)
{
    *ret_verdict = (Verdict){.page = {.total = -1}, .failure = read_unanswered(purpose, code, sent, problem)};
}
