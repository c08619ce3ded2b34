/*
 * name: between an instance's name, which may be anything, and a file's, which may not.
 *
 * A *stem* is a file name without its `.json`. Escaping is by %XX (as RFC 3986 writes it, upper case) and reversible:
 * `/`, control characters (DEL and U+0080 to U+009F too), `%`, `~`, a leading dot or `#`, the dot of a final `.json`,
 * `.rejected` or `.error`, bytes that are not UTF-8, and an empty name (which is "%"). A stem too long for a file name
 * is cut, at a character's boundary, and ends in `~ID`; so does that of a second instance of the same name.
 */
#ifndef SKY_NAME_H
#define SKY_NAME_H

#include "buf.h"
#include "span.h"

enum {
    NAME_BYTES_MAX = 255,   /* of a whole file name */
    NAME_SUFFIX_BYTES = 14, /* room kept for ".json.rejected" */
};

enum NameKind {
    NAME_INSTANCE, /* STEM.json */
    NAME_REJECTED, /* STEM.json.rejected */
    NAME_ERROR,    /* STEM.json.error */
    NAME_PLAIN,    /* anything else: a view's directory by its stem, or a scratch file */
    NAME_HIDDEN,   /* begins with `.` or `#`, or ends in `~`: scratch or a control view, never an instance */
};

/* Appends the stem of an instance's name. `id`, escaped as a name, is used only where the name is too long:
 * -ERR_INVALID if it is empty, -ERR_NAME_TOO_LONG if it leaves no room; neither happens with a resource's. */
int name_encode(Span name, const char *id, Buf *into);
/* Appends the stem that names it together with its id: NAME~ID. Errors as above. */
int name_encode_twin(Span name, const char *id, Buf *into);
/* Appends the name that a stem stands for. -ERR_INVALID if it is no stem that name_encode() could have made from a name
 * (bad escapes, a raw `~`, an escape that was not needed …): such a file name belongs to nobody. */
int name_decode(Span stem, Buf *into);
/* What a file name in a project's directory is by its form; ret_stem (may be NULL) is set for the first three kinds. A
 * `.json` alone is HIDDEN. */
enum NameKind name_kind(Span file_name, Span *ret_stem);
/* Whether an instance may be created under this name: [A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])? and no reserved
 * suffix
 * (.json, .rejected, .error). If not, ret_reason (may be NULL) gets a static sentence. */
bool name_may_create(Span name, const char **ret_reason);

#endif
