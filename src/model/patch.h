/*
 * patch: putting JSON objects together and telling them apart, as text, so that every digit survives (RFC 7396).
 */
#ifndef SKY_PATCH_H
#define SKY_PATCH_H

#include "buf.h"
#include "span.h"

/* Appends one object, compact, with the top-level members of all `count` objects: a later one's value replaces an earlier one's, in
 * place. Members for which drop(name) is true are left out; drop may be NULL. Names are passed decoded. */
int patch_overlay(const Span *objects, size_t count, bool (*drop)(Span name), Buf *into);

/* Appends the merge patch, compact, that turns `from` into `to` (both objects): changed and added members, nested objects member by
 * member, null for those that `to` lacks if `removals`, else those are left alone. Members of the top level for which skip(name) is true are neither compared
 * nor sent. Equal objects give {}. */
int patch_make(Span from, Span to, bool removals, bool (*skip)(Span name), Buf *into);

/* Appends the result of a merge patch on a target (RFC 7396 section 2), compact. */
int patch_apply(Span target, Span patch, Buf *into);

#endif
