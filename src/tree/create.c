#include "tree_internal.h"

#include <string.h>

#include "patch.h"

enum { LAYER_BYTES = 128 << 10, MESSAGE_NAME_BYTES = 80 };

static const char DEFAULT_PROJECT[] = "default";

/* What a dump of an instance carries and a new one must not: who it was, and what the server says of it. */
static bool is_of_another(Span name)
{
    return resource_server_owns(name) || span_is(name, "name") || span_is(name, "project_id");
}

static bool is_size(Span name)
{
    return span_is(name, "size");
}

static bool is_profile(Span name)
{
    return span_is(name, "profile");
}

/* A text that names one of size and profile makes the other moot, if that comes from a layer below. */
static bool (*moot_below(Span text))(Span)
{
    Span value;
    bool profile = json_member(text, "profile", &value), size = json_member(text, "size", &value);

    if (profile == size)
        return NULL;
    return profile ? is_size : is_profile;
}

static int bad(Failure *ret_failure, Failure failure, const char *mend)
{
    failure_set_mend(&failure, "%s", mend);
    *ret_failure = failure;
    return failure.code;
}

/* Whether a text's own member, if it has one, says what the file's place says: 1 or 0, or -ERR_NO_MEMORY. */
static int agrees(Span text, const char *member, Span expected)
{
    Span value;

    return json_member(text, member, &value) ? text_value_is(value, expected) : 1;
}

static int check_text(const Dir *dir, Span name, Span text, Failure *ret_failure)
{
    int named = agrees(text, "name", name), placed = agrees(text, "project_id", span_of(dir->id));

    if (named < 0 || placed < 0)
        return bad(ret_failure, failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY)), "");
    if (!named)
        return bad(
            ret_failure,
            failure_make(-ERR_INVALID, "The text's `name` is not the file's name, %.*s.", (int)name.len, name.at),
            "Leave `name` out, or write to the file of that name.");
    if (!placed)
        return bad(ret_failure,
                   failure_make(-ERR_INVALID, "The text's `project_id` is not this project's, %s.", dir->id),
                   "Leave `project_id` out, or write in the other project's directory.");
    return 0;
}

/* Later layers win: the mount's defaults, the project's, the text. */
static int overlay_layers(Dir *dir, Span text, Buf *into)
{
    _cleanup_buf_ Buf below = BUF_INIT(LAYER_BYTES), slim = BUF_INIT(LAYER_BYTES), own = BUF_INIT(TREE_WRITE_CAP);
    Span layers[] = {span_of(dir->tree->defaults), span_of(dir_defaults(dir))}, both[2], id;
    bool is_dump = json_member(text, "id", &id);
    int r = patch_overlay(layers, 2, NULL, &below);
    Span lower = {buf_text(&below), below.len};

    if (r == 0)
        r = patch_overlay(&lower, 1, moot_below(text), &slim);
    if (r == 0)
        r = patch_overlay(&text, 1, is_dump ? is_of_another : NULL, &own);
    if (r < 0)
        return r;
    both[0] = (Span){buf_text(&slim), slim.len};
    both[1] = (Span){buf_text(&own), own.len};
    return patch_overlay(both, 2, NULL, into);
}

/* {"name":…,"project_id":…} */
static int identity(const Dir *dir, Span name, Buf *into)
{
    int r = buf_append_str(into, "{\"name\":");

    if (r == 0)
        r = json_quote(into, name);
    if (r == 0 && strcmp(dir->id, DEFAULT_PROJECT) != 0) {
        r = buf_append_str(into, ",\"project_id\":");
        if (r == 0)
            r = json_quote(into, span_of(dir->id));
    }
    return r < 0 ? r : buf_append_char(into, '}');
}

static int missing(const Dir *dir, const char *field, const char *example, Failure *ret_failure)
{
    Failure failure =
        failure_make(-ERR_INVALID,
                     "`%s` is missing: it is neither in the text, nor in %s/.defaults.json, nor among the "
                     "mount's options. Nothing was sent.",
                     field, dir->stem);

    failure_set_mend(
        &failure,
        "Write it into the text, or into %s/.defaults.json (such as {\"%s\": \"%s\"}), or mount with -o %s=%s.",
        dir->stem, field, example, field, example);
    *ret_failure = failure;
    return failure.code;
}

static int check_whole(const Dir *dir, Span body, Failure *ret_failure)
{
    Span value;

    if (!json_member(body, "region", &value))
        return missing(dir, "region", "eu-central", ret_failure);
    if (!json_member(body, "size", &value) && !json_member(body, "profile", &value))
        return missing(dir, "size", "standard-2", ret_failure);
    return 0;
}

int create_body(Dir *dir, Span name, Span text, Buf *into, Failure *ret_failure)
{
    _cleanup_buf_ Buf members = BUF_INIT(2 * TREE_WRITE_CAP), who = BUF_INIT(LAYER_BYTES);
    Span parts[2], id;
    const char *reason = "";
    int r;

    if (!name_may_create(name, &reason))
        return bad(ret_failure, failure_make(-ERR_INVALID, "No instance can be created under this name: %s", reason),
                   "Use letters, digits, `.`, `_` and `-`, at most 63.");
    r = json_member(text, "id", &id) ? 0 : check_text(dir, name, text, ret_failure);
    if (r < 0)
        return r;
    r = overlay_layers(dir, text, &members);
    if (r == 0)
        r = identity(dir, name, &who);
    parts[0] = (Span){buf_text(&who), who.len};
    parts[1] = (Span){buf_text(&members), members.len};
    if (r == 0)
        r = patch_overlay(parts, 2, NULL, into);
    if (r < 0) {
        *ret_failure = failure_make(r, "%s", error_sentence(r));
        return r;
    }
    return check_whole(dir, (Span){buf_text(into), into->len}, ret_failure);
}
