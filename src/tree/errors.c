#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "log.h"
#include "process.h"
#include "tree_report.h"

enum { ERROR_LINE_BYTES = 32 << 10 };

typedef struct ErrorRow {
    char *line; /* JSON, without its end of line */
    char *path;
    Failure failure;
} ErrorRow;

struct ErrorRing {
    ErrorRow rows[TREE_ERRORS_KEPT];
    size_t next;
    size_t count;
    uint64_t counts[ERR_COUNT];
};

struct ErrorRing *errors_new(void)
{
    return calloc(1, sizeof(struct ErrorRing));
}

void errors_free(struct ErrorRing *ring)
{
    for (size_t i = 0; ring && i < TREE_ERRORS_KEPT; i++) {
        free(ring->rows[i].line);
        free(ring->rows[i].path);
    }
    free(ring);
}

static const char *sent_word(enum FailureSent sent)
{
    static const char *const words[] = {
        [FAILURE_NOT_SENT] = "no", [FAILURE_ANSWERED] = "answered", [FAILURE_UNKNOWN] = "unanswered"};

    return words[sent];
}

static int add_details(Buf *line, const Failure *failure)
{
    int r = json_quote_member(line, "message", failure_sentence(failure));

    if (r == 0 && failure->mend[0])
        r = json_quote_member(line, "mend", failure->mend);
    if (r == 0 && failure->api_code[0])
        r = json_quote_member(line, "api_code", failure->api_code);
    if (r == 0 && failure->http_status)
        r = buf_printf(line, ",\"http_status\":%d", failure->http_status);
    if (r == 0 && failure->request_id[0])
        r = json_quote_member(line, "request_id", failure->request_id);
    return r;
}

static int render_line(Buf *line, Tree *tree, const TreeCaller *caller, const char *verb, const char *path,
                       const Failure *failure)
{
    char time[DATE_TEXT_BYTES];
    int r;

    date_format(clock_wall_ms(tree->clock), time);
    r = buf_printf(line, "{\"time\":\"%s\",\"operation\":\"%s\"", time, verb);
    if (r == 0)
        r = json_quote_member(line, "path", path);
    if (r == 0)
        r = buf_printf(line, ",\"errno\":\"%s\",\"sent\":\"%s\"", error_symbol(failure->code),
                       sent_word(failure->sent));
    if (r == 0)
        r = add_details(line, failure);
    if (r == 0)
        r = buf_printf(line, ",\"uid\":%u,\"pid\":%d,\"session\":%d}", (unsigned)caller->uid, (int)caller->thread,
                       (int)process_session(caller->thread));
    return r;
}

void errors_add(Tree *tree, const TreeCaller *caller, const char *verb, const char *path, const Failure *failure)
{
    _cleanup_buf_ Buf line = BUF_INIT(ERROR_LINE_BYTES);
    ErrorRow *row = &tree->errors->rows[tree->errors->next];
    char *text = NULL, *copy = strdup(path);
    size_t bytes;

    tree->errors->counts[-failure->code]++;
    if (!copy || render_line(&line, tree, caller, verb, path, failure) < 0 || buf_steal(&line, &text, &bytes) < 0) {
        free(copy);
        return;
    }
    log_warn("%s %s: %s: %s (request %s)", verb, path, error_symbol(failure->code), failure_sentence(failure),
             failure->request_id[0] ? failure->request_id : "-");
    free(row->line);
    free(row->path);
    *row = (ErrorRow){.line = text, .path = copy, .failure = *failure};
    tree->errors->next = (tree->errors->next + 1) % TREE_ERRORS_KEPT;
    if (tree->errors->count < TREE_ERRORS_KEPT)
        tree->errors->count++;
}

/* The row that is `back` before the newest. */
static const ErrorRow *row_back(const struct ErrorRing *ring, size_t back)
{
    return &ring->rows[(ring->next + TREE_ERRORS_KEPT - 1 - back) % TREE_ERRORS_KEPT];
}

int errors_render(Tree *tree, Buf *into)
{
    int r = 0;

    for (size_t back = tree->errors->count; back > 0 && r == 0; back--)
        r = buf_printf(into, "%s\n", row_back(tree->errors, back - 1)->line);
    return r;
}

const Failure *errors_last_of(Tree *tree, const char *path)
{
    for (size_t back = 0; back < tree->errors->count; back++) {
        if (strcmp(row_back(tree->errors, back)->path, path) == 0)
            return &row_back(tree->errors, back)->failure;
    }
    return NULL;
}

const uint64_t *tree_error_counts(const Tree *tree)
{
    return tree->errors->counts;
}

const char *tree_last_error(Tree *tree)
{
    return tree->errors->count ? row_back(tree->errors, 0)->line : "";
}
