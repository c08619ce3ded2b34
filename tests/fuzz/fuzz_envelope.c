/* Answers. The first byte is the purpose, the next two the status, the next one which instance was asked for; the rest is the body. */
#include <cjson/cJSON.h>

#include "envelope.h"
#include "error.h"
#include "fuzz.h"
#include "json.h"

static const char *const ids[] = {NULL, "ins_1", "a", "default"};

typedef struct Case {
    enum Purpose purpose;
    int status;
    const char *id;
    Span body;
    bool enveloped; /* whether the body is the API's own words about an error */
} Case;

/* The statuses that mean something come often. */
static int status_of(uint64_t number)
{
    static const int known[] = {200, 201, 204, 400, 401, 403, 404, 405, 409, 412, 422, 429, 500, 501, 502, 503};

    return number < 0x8000 ? known[number % 16] : (int)(number % 1000);
}

/* An object `error` with a text as its code or its message, by cJSON, where that reads the same as we. */
static bool is_enveloped(Span body)
{
    cJSON *root = json_check(body, NULL) == 0 ? cJSON_ParseWithLength(body.at, body.len) : NULL;
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(root, "error");
    bool enveloped = cJSON_IsObject(error) && (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(error, "code")) ||
                                               cJSON_IsString(cJSON_GetObjectItemCaseSensitive(error, "message")));

    cJSON_Delete(root);
    return enveloped;
}

static void check_failure(const Case *of, const Failure *failure)
{
    FUZZ_HOLDS(failure->code < 0 && failure->code > -ERR_COUNT);
    FUZZ_HOLDS(failure->http_status == of->status);
    FUZZ_HOLDS(memchr(failure->message, '\0', sizeof failure->message) && failure_sentence(failure)[0]);
    FUZZ_HOLDS(memchr(failure->mend, '\0', sizeof failure->mend));
    FUZZ_HOLDS(memchr(failure->api_code, '\0', sizeof failure->api_code));
    FUZZ_HOLDS(memchr(failure->request_id, '\0', sizeof failure->request_id));
    FUZZ_HOLDS(failure->sent != FAILURE_NOT_SENT);
    /* gone, and any other word about an instance, is the API's own to say */
    if (failure->code == -ERR_NOT_FOUND)
        FUZZ_HOLDS(of->status == 404 && of->enveloped);
    if (failure->code == -ERR_INVALID || failure->code == -ERR_FORBIDDEN || failure->code == -ERR_EXISTS ||
        failure->code == -ERR_CONFLICT || failure->code == -ERR_BUSY)
        FUZZ_HOLDS(of->status >= 400 && of->status < 500 && of->enveloped);
    FUZZ_HOLDS((failure->code == -ERR_TOKEN) == (of->status == 401));
    FUZZ_HOLDS((failure->code == -ERR_LIMITED) == (of->status == 429));
    if (failure->code == -ERR_NO_UPDATES)
        FUZZ_HOLDS(of->purpose == PURPOSE_UPDATE && of->status >= 400);
    if (failure->code == -ERR_UNSETTLED)
        FUZZ_HOLDS(of->purpose == PURPOSE_CREATE && failure->sent == FAILURE_UNKNOWN);
    /* a create that may have happened is never told as one that did not */
    if (of->purpose == PURPOSE_CREATE && (of->status >= 500 || (of->status >= 200 && of->status < 300)) &&
        of->status < 600)
        FUZZ_HOLDS(failure->code == -ERR_UNSETTLED);
}

static void check_resource(Resource *resource)
{
    Buf indented = BUF_INIT(FUZZ_BUF_CAP);
    const char *id = resource_id(resource);

    FUZZ_HOLDS(id[0] && strlen(id) <= RESOURCE_ID_BYTES && !strchr(id, '/'));
    for (; *id; id++)
        FUZZ_HOLDS(*id >= 0x20 && *id < 0x7F);
    FUZZ_HOLDS(json_check(resource_text(resource), NULL) == 0);
    FUZZ_HOLDS(json_indent(&indented, resource_text(resource)) == 0);
    FUZZ_HOLDS(indented.len == resource_file_bytes(resource));
    FUZZ_HOLDS(resource_same(resource, resource) && resource_same_settings(resource, resource));
    buf_release(&indented);
}

static void check_success(const Case *of, const Verdict *verdict)
{
    Span data;

    if (of->purpose == PURPOSE_DELETE && of->status == 404) {
        FUZZ_HOLDS(of->enveloped);
        return;
    }
    FUZZ_HOLDS(of->status >= 200 && of->status < 300);
    if (of->purpose == PURPOSE_GET || of->purpose == PURPOSE_CREATE)
        FUZZ_HOLDS(verdict->one);
    if (verdict->one && of->id)
        FUZZ_HOLDS(strcmp(resource_id(verdict->one), of->id) == 0);
    if (of->purpose == PURPOSE_LIST) {
        size_t wanted = 0;
        Span name, row;
        JsonIter iter;

        FUZZ_HOLDS(!verdict->one && json_member(of->body, "data", &data) && json_type(data) == JSON_ARRAY);
        json_iter_init(&iter, data);
        while (json_iter_next(&iter, &name, &row))
            wanted++;
        FUZZ_HOLDS(verdict->count == wanted && wanted <= ENVELOPE_ROWS_MAX);
        FUZZ_HOLDS((verdict->page.cursor == PAGER_CURSOR_TEXT) == (verdict->page.cursor_text != NULL));
        FUZZ_HOLDS(!verdict->page.cursor_text || strlen(verdict->page.cursor_text) <= PAGER_CURSOR_BYTES);
        FUZZ_HOLDS(verdict->page.total >= -1);
    }
}

static void check(const Case *of, const Verdict *verdict)
{
    if (verdict->failure.code < 0) {
        check_failure(of, &verdict->failure);
        FUZZ_HOLDS(verdict->count == 0 && !verdict->rows && !verdict->one && !verdict->page.cursor_text);
        return;
    }
    FUZZ_HOLDS(verdict->failure.code == 0);
    check_success(of, verdict);
    FUZZ_HOLDS(verdict->count == 0 || of->purpose == PURPOSE_LIST);
    if (verdict->one)
        check_resource(verdict->one);
    for (size_t i = 0; i < verdict->count; i++)
        check_resource(verdict->rows[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Fuzz fuzz = {bytes, count};
    Case of = {.purpose = (enum Purpose)(fuzz_byte(&fuzz) % (PURPOSE_DELETE + 1))};
    Verdict verdict;
    char *body;

    fuzz_quiet();
    of.status = status_of(fuzz_number(&fuzz, 2));
    of.id = ids[fuzz_byte(&fuzz) % 4];
    of.body.len = fuzz.left;
    of.body.at = body = fuzz_text(fuzz_rest(&fuzz));
    of.enveloped = is_enveloped(of.body) || memmem(body, of.body.len, "\\u", 2);
    envelope_read(of.purpose, &(Answer){of.status, of.body, "req_header", of.id}, &verdict);
    check(&of, &verdict);
    verdict_release(&verdict);
    free(body);
    return 0;
}
