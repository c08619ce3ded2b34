#include "tree_internal.h"

#include <string.h>

#include "date.h"
#include "log.h"

enum { PATH_BYTES = 16 << 10 };

int rejected_text(Dir *dir, const char *file_name, StoreText *ret_text)
{
    _cleanup_buf_ Buf name = BUF_INIT(NAME_BYTES_MAX);
    Span stem;
    enum NameKind kind = name_kind(span_of(file_name), &stem);

    int r = kind == NAME_REJECTED || kind == NAME_ERROR || kind == NAME_INSTANCE ? name_decode(stem, &name)
                                                                                 : -ERR_NOT_FOUND;

    if (r == 0 && store_find_text(dir->tree->store, dir->id, buf_text(&name), ret_text))
        return 0;
    return r == -ERR_NO_MEMORY ? r : -ERR_NOT_FOUND;
}

static int add_line(Buf *into, const char *label, const char *value)
{
    int r;

    if (!value[0])
        return 0;
    r = buf_printf(into, "%-8s ", label);
    if (r == 0)
        r = text_escape(into, value, strlen(value));
    return r < 0 ? r : buf_append_char(into, '\n');
}

static const char *sent_sentence(enum FailureSent sent)
{
    static const char *const sentences[] = {[FAILURE_NOT_SENT] = "nothing was sent",
                                            [FAILURE_ANSWERED] = "it was sent, and this is the API's answer",
                                            [FAILURE_UNKNOWN] = "it was sent, and no whole answer came"};

    return sentences[sent];
}

static int describe(const Failure *failure, Buf *into)
{
    int r = add_line(into, "error", error_symbol(failure->code));

    if (r == 0)
        r = add_line(into, "why", failure_sentence(failure));
    if (r == 0)
        r = add_line(into, "mend", failure->mend);
    if (r == 0)
        r = add_line(into, "sent", sent_sentence(failure->sent));
    if (r == 0)
        r = add_line(into, "code", failure->api_code);
    return r < 0 ? r : add_line(into, "request", failure->request_id);
}

/* NAME.json.error: of the text that is kept, else the newest failure of NAME.json. 0, -ERR_NOT_FOUND or -ERR_NO_MEMORY. */
static int find_failure(const Node *node, StoreText *text, const Failure **ret_failure)
{
    _cleanup_buf_ Buf path = BUF_INIT(PATH_BYTES);
    int r = node->name ? rejected_text(node->dir, node->name, text) : -ERR_NOT_FOUND;

    *ret_failure = r == 0 ? text->failure : NULL;
    if (r == -ERR_NOT_FOUND && node->name) {
        r = node_path(node, NULL, &path);
        if (r < 0)
            return r;
        path.data[path.len - strlen(".error")] = '\0';
        *ret_failure = errors_last_of(node->tree, path.data);
    }
    return r == -ERR_NO_MEMORY ? r : *ret_failure ? 0 : -ERR_NOT_FOUND;
}

int error_render(const Node *node, Buf *into)
{
    StoreText text = {0};
    const Failure *failure;
    char time[DATE_TEXT_BYTES];
    int r = find_failure(node, &text, &failure);

    if (r == 0)
        r = describe(failure, into);
    if (r < 0 || !text.failure)
        return r;
    date_format(text.wall_ms, time);
    r = add_line(into, "time", time);
    if (r == 0)
        r = buf_printf(
            into, "\n%s\n",
            text.unsettled
                ? "The text is kept as NAME.json.rejected until it is known what became of it."
                : "The text is kept as NAME.json.rejected. Mend it, then mv NAME.json.rejected NAME.json; or rm it.");
    return r;
}

/* Under the name that the instance has now, or that the draft has; else under the one that was opened. */
static const char *name_to_keep(const Handle *handle, Buf *name)
{
    const Node *node = handle->node;
    Span stem;
    int r = -ERR_NOT_FOUND;

    if (node->binding)
        r = buf_append(name, resource_name(node->binding->resource).at, resource_name(node->binding->resource).len);
    else if (node->name && name_kind(span_of(node->name), &stem) == NAME_INSTANCE)
        r = name_decode(stem, name);
    return r == 0 ? buf_text(name) : handle->name;
}

static uint64_t replaced_under(const Handle *handle, const char *name, uint64_t texts)
{
    return name && handle->name && strcmp(name, handle->name) == 0 ? texts : 0;
}

uint64_t rejected_replaces(const Handle *handle, uint64_t texts)
{
    _cleanup_buf_ Buf name = BUF_INIT(NAME_BYTES_MAX);

    return replaced_under(handle, name_to_keep(handle, &name), texts);
}

void rejected_keep(const Handle *handle, const Failure *failure)
{
    _cleanup_buf_ Buf name = BUF_INIT(NAME_BYTES_MAX);
    Store *store = handle->node->tree->store;
    StoreText text = {.project_id = handle->node->dir->id,
                      .name = name_to_keep(handle, &name),
                      .text = {buf_text(&handle->buffer), handle->buffer.len},
                      .failure = failure};

    if (text.name)
        store_keep_text(store, &text, handle->writer.uid, replaced_under(handle, text.name, store_texts(store)));
}
