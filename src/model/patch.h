/*
 * patch: putting JSON objects together and telling them apart, as text, so that every digit survives (RFC 7396).
 */
#ifndef SKY_PATCH_H
#define SKY_PATCH_H

#include "buf.h"
#include "span.h"

/* Appends one object, compact, with the top-level members of all `count` objects: a later one's value replaces an
 * earlier one's, in place. Members for which drop(name) is true are left out; drop may be NULL. Names are passed
 * decoded. */
int patch_overlay(const Span *objects, size_t count, bool (*drop)(Span name), Buf *into);

/* Appends the merge patch, compact, that turns `from` into `to` (both objects): changed and added members, nested
 * objects member by member, null for those that `to` lacks if `removals`, else those are left alone. Members of the top
 * level for which skip(name) is true are neither compared nor sent. Equal objects give {}. A null is the same as no
 * member, since a patch can't tell them apart. */
int patch_make(Span from, Span to, bool removals, bool (*skip)(Span name), Buf *into);

/* Appends the result of a merge patch on a target (RFC 7396 section 2), compact. */
int patch_apply(Span target, Span patch, Buf *into);

/* Appends the part of a merge patch (an object) that would really change `now`: {} if it would change nothing. */
int patch_reduce(Span now, Span patch, Buf *into);

/* Whether a merge patch that was made from `base` stands against what has changed since: 1 and the dotted path,
 * appended, of the first member of the patch where `now` differs from `base` and the patch wants something else than
 * `now` has; 0 if there is none; or a negative code. Where the patch has an object, its members are compared one by
 * one, unless `base` or `now` has a value of another type there. A null is the same as no member. */
int patch_conflict(Span base, Span now, Span patch, Buf *ret_path);

#endif
