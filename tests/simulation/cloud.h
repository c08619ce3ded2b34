/*
 * cloud: a model of SkyStack, as its pages describe it, with time passing in it.
 *
 * It writes and reads its JSON by its own code (cloud_json.h), so that a fault of the client's can't hide behind the same
 * fault here. It keeps a ledger of its own, and every instance that ever was, so that what the client says can be
 * compared with what was true, and when.
 */
#ifndef SKY_SIM_CLOUD_H
#define SKY_SIM_CLOUD_H

#include "buf.h"
#include "cloud_json.h"
#include "sim_chance.h"

enum {
    CLOUD_MEMBERS_MAX = 16,
    CLOUD_PAST_MAX = 12,
    CLOUD_REVISIONS_MAX = 64,
    CLOUD_TOKEN_BYTES = 24,
    CLOUD_NAME_BYTES = 64,
    CLOUD_PROJECTS_MAX = 3,
};

typedef struct CloudConfig {
    unsigned projects;  /* 0: the API knows none (404) */
    bool numbered;      /* pages by number; else by cursor */
    bool summaries;     /* rows are {id, name, project_id} */
    bool etags;         /* of single instances; If-Match is honoured */
    bool unique_names;  /* a create of a name that is there is a 409 */
    unsigned page_rows; /* most rows of a page */
    int no_updates;     /* the status of a PATCH where updates are not offered (404 without an envelope, 405, 501); 0 */
    int64_t settle_ms;  /* how long an instance is provisioning */
    int64_t deleting_ms; /* how long it is deleting; 0: gone at once */
    unsigned per_minute; /* 0: no limit */
    unsigned per_day;
} CloudConfig;

/* Where an instance was, from when on. */
typedef struct CloudPlace {
    int64_t from_ms;
    unsigned project;
    char name[CLOUD_NAME_BYTES];
} CloudPlace;

typedef struct CloudInstance {
    unsigned number; /* its id is ins_NUMBER */
    unsigned project;
    char name[CLOUD_NAME_BYTES];
    char note[16]; /* the marker of the last text that was written, "" if none */
    CloudMember members[CLOUD_MEMBERS_MAX];
    unsigned member_count;
    int64_t born_ms, settled_ms, dying_ms, died_ms; /* the last two 0: not */
    CloudPlace past[CLOUD_PAST_MAX];                /* the newest last */
    unsigned past_count;
    int64_t revisions[CLOUD_REVISIONS_MAX]; /* when each revision began */
    unsigned revision;                      /* of now, from 0 */
    int64_t updated_ms;
} CloudInstance;

enum CloudDeed { CLOUD_CREATED, CLOUD_UPDATED, CLOUD_DELETED };
/* Something was done at a client's request. */
typedef void (*cloud_deed_fn)(void *ctx, enum CloudDeed deed, CloudInstance *instance);

typedef struct Cloud {
    CloudConfig config;
    Chance chance;
    int64_t now_ms;
    int64_t wall_offset_ms; /* its own wall clock, less the time */
    CloudInstance **instances;
    unsigned count, room;
    char token[CLOUD_TOKEN_BYTES], old_token[CLOUD_TOKEN_BYTES]; /* the old one "": refused */
    int64_t *ledger;                                             /* when each request came */
    unsigned ledger_count, ledger_room;
    uint64_t requests;
    bool noted; /* the change that is told of wrote the note */
    cloud_deed_fn deed;
    void *ctx;
} Cloud;

typedef struct CloudRequest {
    const char *method, *path, *token, *if_match;
    const char *body;
    size_t body_bytes;
} CloudRequest;

typedef struct CloudAnswer {
    int status;
    char headers[256];
    Buf body;
} CloudAnswer;

void cloud_init(Cloud *cloud, const CloudConfig *config, Chance chance, cloud_deed_fn deed, void *ctx);
void cloud_release(Cloud *cloud);
/* Answers as the API does. The body is the caller's to release. */
void cloud_serve(Cloud *cloud, const CloudRequest *request, CloudAnswer *ret_answer);
/* An answer with an error's envelope. */
void cloud_refuse(Cloud *cloud, int status, const char *code, CloudAnswer *answer);

/* What other clients do. NULL if there are too many. */
CloudInstance *cloud_make(Cloud *cloud, unsigned project, const char *name);
void cloud_touch(Cloud *cloud, CloudInstance *instance);
void cloud_rename(Cloud *cloud, CloudInstance *instance, unsigned project, const char *name);
void cloud_remove(Cloud *cloud, CloudInstance *instance);
/* A new token; the old one is taken too for as long as `grace` says: until the next call here. */
void cloud_rotate(Cloud *cloud, bool grace);

/* Whether it is to be seen now. Brings it up to date first. */
bool cloud_is_alive(Cloud *cloud, CloudInstance *instance);
/* Whether it was there, under this project and name (NULL: any), all the time from `since_ms` to now. */
bool cloud_was_there(Cloud *cloud, CloudInstance *instance, int64_t since_ms, int project, const char *name);
/* Whether it was there, under this project and name and not on its way out, at any time since then. */
bool cloud_was_called(const CloudInstance *instance, int64_t since_ms, unsigned project, const char *name);
/* Whether it was there at any time since then. */
bool cloud_was_seen(Cloud *cloud, CloudInstance *instance, int64_t since_ms);
CloudInstance *cloud_find(Cloud *cloud, const char *id);
/* "default" where the API knows no projects. */
const char *cloud_project_id(const Cloud *cloud, unsigned project);
const char *cloud_project_name(const Cloud *cloud, unsigned project);
unsigned cloud_project_count(const Cloud *cloud);
/* Most requests within any `span_ms` since the beginning. */
unsigned cloud_busiest(const Cloud *cloud, int64_t span_ms);

#endif
