/*
 * hook_event: what a webhook's body says. Pure.
 *
 *     {"id": "evt_1", "type": "instance.updated", "created_at": "2026-03-19T10:22:44Z",
 *      "data": {"id": "ins_1", "name": "web-1", "project_id": "prj_1", …}}
 *
 * Without the first three and an object `data` it is no event. What `data` holds is a help at most: what is missing there,
 * is no text, or is too long to be an instance's, is "".
 */
#ifndef SKY_HOOK_EVENT_H
#define SKY_HOOK_EVENT_H

#include <stdint.h>

#include "resource.h"
#include "span.h"

enum {
    HOOK_EVENT_ID_BYTES = 128,
    HOOK_EVENT_TYPE_BYTES = 64,
    HOOK_EVENT_NAME_BYTES = 255,
};

enum HookKind {
    HOOK_CREATED, /* the first four: of an instance */
    HOOK_UPDATED,
    HOOK_STATUS_CHANGED,
    HOOK_DELETED,
    HOOK_PROJECT, /* anything about a project */
    HOOK_OTHER,   /* a type that is not known */
};

typedef struct HookEvent {
    enum HookKind kind;
    int64_t created_wall_ms; /* by the sender's clock */
    char id[HOOK_EVENT_ID_BYTES + 1];
    char type[HOOK_EVENT_TYPE_BYTES + 1];
    char subject_id[RESOURCE_ID_BYTES + 1]; /* of the instance or project */
    char project_id[RESOURCE_ID_BYTES + 1];
    char name[HOOK_EVENT_NAME_BYTES + 1];
} HookEvent;

/* 0, -ERR_PROTOCOL (no event) or -ERR_NO_MEMORY. */
int hook_event_parse(Span body, HookEvent *ret_event);

#endif
