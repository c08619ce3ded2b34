#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>

#include "process.h"

enum { READS_KEPT = 1024, VERSIONS_KEPT = 8, VERSION_MS = 600000 };

/* Who read or wrote what, newest last, in a ring. The thread is kept as the kernel told it; whose it is is asked when it
 * matters. */
typedef struct Read {
    pid_t thread;
    Resource *resource;
} Read;

struct Reads {
    Read rows[READS_KEPT];
    size_t next;
};

typedef struct Version {
    Resource *resource;
    int64_t until_ms; /* when it was replaced */
    bool handed_out;
} Version;

struct Versions {
    Version rows[VERSIONS_KEPT];
    size_t next;
};

struct Reads *reads_new(void)
{
    return calloc(1, sizeof(struct Reads));
}

void reads_clear(struct Reads *reads)
{
    for (size_t i = 0; i < READS_KEPT; i++)
        reads->rows[i].resource = resource_unref(reads->rows[i].resource);
}

void reads_free(struct Reads *reads)
{
    if (reads)
        reads_clear(reads);
    free(reads);
}

/* Takes over the reference. */
static void note(Tree *tree, const TreeCaller *caller, Resource *resource)
{
    Read *row = &tree->reads->rows[tree->reads->next];

    resource_unref(row->resource);
    *row = (Read){.thread = caller->thread, .resource = resource};
    tree->reads->next = (tree->reads->next + 1) % READS_KEPT;
}

void reads_note(Tree *tree, const TreeCaller *caller, Resource *resource)
{
    note(tree, caller, resource_ref(resource));
}

void base_note_written(TreeOp *op)
{
    Span text = json_trim(op->carry.text), id;
    Resource *resource;

    if (!json_member(text, "id", &id)) {
        if (op->result && resource_is_whole(op->result)) /* a create's answer tells too little to compare with */
            note(op->tree, &op->caller, resource_ref(op->result));
        return;
    }
    if (resource_new(text, &resource) == 0)
        note(op->tree, &op->caller, resource);
}

static bool is_same_process(pid_t thread, pid_t process)
{
    return thread > 0 && (thread == process || process_of_thread(thread) == process);
}

static bool updated_at(const Resource *resource, Span *ret_text)
{
    return json_member(resource_text(resource), "updated_at", ret_text);
}

static bool carries(const Resource *resource, Span stamp)
{
    Span own;

    return resource && updated_at(resource, &own) && json_equal(own, stamp);
}

/* The newest that the caller's process read or wrote of an instance; with a stamp, of those that carry it. */
static Resource *last_own(Tree *tree, const TreeCaller *caller, const char *id, const Span *stamp)
{
    pid_t process = process_of_thread(caller->thread);
    const struct Reads *reads = tree->reads;

    for (size_t back = 1; process > 0 && back <= READS_KEPT; back++) {
        const Read *row = &reads->rows[(reads->next + READS_KEPT - back) % READS_KEPT];

        if (!row->resource)
            break;
        if (strcmp(resource_id(row->resource), id) == 0 && (!stamp || carries(row->resource, *stamp)) &&
            is_same_process(row->thread, process))
            return row->resource;
    }
    return NULL;
}

/* Of versions that differ only in what the server measures, one is enough. */
void versions_note(Binding *binding, Resource *before)
{
    struct Versions *versions = binding->versions;
    bool handed_out = binding->handed_out;
    Version *last;

    binding->handed_out = false;
    if (!resource_is_whole(before))
        return;
    if (!versions)
        versions = binding->versions = calloc(1, sizeof *versions);
    if (!versions)
        return;
    last = &versions->rows[(versions->next + VERSIONS_KEPT - 1) % VERSIONS_KEPT];
    if (last->resource && resource_same_settings(last->resource, before)) {
        versions->next = (size_t)(last - versions->rows);
        handed_out = handed_out || last->handed_out;
    }
    resource_unref(versions->rows[versions->next].resource);
    versions->rows[versions->next] = (Version){.resource = resource_ref(before),
                                               .until_ms = clock_now_ms(binding->dir->tree->clock),
                                               .handed_out = handed_out};
    versions->next = (versions->next + 1) % VERSIONS_KEPT;
}

void versions_free(struct Versions *versions)
{
    for (size_t i = 0; versions && i < VERSIONS_KEPT; i++)
        resource_unref(versions->rows[i].resource);
    free(versions);
}

/*
 * Changes within one second leave several versions with one stamp. The text was made of one that somebody was shown; of
 * those the oldest is taken: what changed since it is a conflict at worst, and nothing is overwritten.
 */
static Resource *version_of(const Binding *binding, Span stamp)
{
    const struct Versions *versions = binding->versions;
    int64_t now = clock_now_ms(binding->dir->tree->clock);
    Resource *oldest = NULL;

    for (size_t i = 0; versions && i < VERSIONS_KEPT; i++) {
        const Version *row = &versions->rows[(versions->next + i) % VERSIONS_KEPT];

        if (!carries(row->resource, stamp) || now - row->until_ms >= VERSION_MS)
            continue;
        if (row->handed_out)
            return row->resource;
        oldest = oldest ? oldest : row->resource;
    }
    if (carries(binding->resource, stamp) && (binding->handed_out || !oldest))
        return binding->resource;
    return oldest;
}

Resource *base_find(Tree *tree, const TreeCaller *caller, const Binding *binding, Span text, bool *ret_own)
{
    const char *id = resource_id(binding->resource);
    Span stamp;
    bool stamped = json_member(text, "updated_at", &stamp);
    Resource *found = stamped ? last_own(tree, caller, id, &stamp) : NULL;

    *ret_own = true;
    if (!found && stamped) {
        found = version_of(binding, stamp);
        *ret_own = !found;
    }
    return found ? found : last_own(tree, caller, id, NULL);
}
