/*
 * person: somebody who uses the mount: one call at a time, as the kernel hands them on, with time to think between them.
 *
 * What a person is about is a script: a chain of steps. A step begins one call and names the step that goes on with its
 * reply; person_rest() ends the script.
 */
#ifndef SKY_SIM_PERSON_H
#define SKY_SIM_PERSON_H

#include "truth.h"
#include "world.h"

typedef struct Person Person;
typedef void (*person_fn)(Person *person);

enum { PERSON_BYTES = 2048, PERSON_PERSONS = 4, PERSON_LISTED_MAX = 200 };

struct Person {
    World *world;
    Chance chance;
    unsigned index;
    TreeCaller caller;
    bool busy; /* a script is under way */
    /* the call */
    TreeOp *op;
    bool waiting;
    const char *verb;
    unsigned stages; /* how many waits the call may be made of */
    int64_t asked_ms;
    person_fn next;
    person_fn then;    /* after steps that several scripts share */
    person_fn at_once; /* with the reply, before any time passes; NULL: nothing */
    int code;          /* of the last reply … */
    TreeEntry entry;
    TreeOpened opened;
    size_t count;
    char bytes[PERSON_BYTES];
    /* the script's own */
    unsigned project;
    char name[CLOUD_NAME_BYTES + 8]; /* of the file */
    char stem[CLOUD_NAME_BYTES];     /* of the instance */
    char other[CLOUD_NAME_BYTES + 32];
    uint64_t directory, node, handle;
    CloudInstance *instance; /* that the name stood for when it was looked up */
    WorldText *text;
    char writing[1024];
    size_t to_write, written, piece;
    bool complete; /* the text is one */
    bool may_cancel;
    bool patient;      /* never interrupts */
    bool swift;        /* what follows the reply follows at once */
    bool looked_again; /* at the script's name */
    int64_t opened_ms; /* when the open was asked for */
    bool numbers[WORLD_INSTANCES_MAX];
    uint64_t listed[PERSON_LISTED_MAX]; /* nodes that a listing counted */
    unsigned listed_count;
    uint64_t cookie;
    unsigned room; /* entries that fit into the part of a listing that is read now */
    unsigned filled;
    int64_t listing_ms; /* when the listing began */
};

void person_init(Person *person, World *world, unsigned index);
/* Draws something to do, and begins it. */
void person_begin(Person *person);
/* The program is gone: whatever was under way has come to nothing. */
void person_drop(Person *person);
/* Longest that a call of so many waits may take. */
int64_t person_bound_ms(const World *world, unsigned stages);
/* Calls that take longer than they may. */
void person_check(Person *person);

/* ---- for scripts ---- */

/* False: another was answered about the script's name since. The kernel goes by what it was last told of a name, whoever asked. */
bool person_saw_last(const Person *person);

/* Ends the script, and gives back what it holds. */
void person_rest(Person *person);
void person_forget(Person *person, uint64_t node);
void person_lookup(Person *person, uint64_t parent, const char *name, person_fn next);
void person_open(Person *person, uint64_t node, int flags, person_fn next);
void person_create(Person *person, uint64_t parent, const char *name, person_fn next);
void person_read(Person *person, person_fn next);
void person_write(Person *person, const char *bytes, size_t count, uint64_t offset, person_fn next);
void person_settle(Person *person, enum TreeSettle when, person_fn next);
void person_getattr(Person *person, uint64_t node, person_fn next);
void person_mkdir(Person *person, uint64_t parent, const char *name, person_fn next);
void person_unlink(Person *person, uint64_t parent, const char *name, person_fn next);
void person_rmdir(Person *person, uint64_t parent, const char *name, person_fn next);
void person_rename(Person *person, uint64_t parent, const char *name, const char *to, person_fn next);
void person_sync_dir(Person *person, uint64_t node, person_fn next);
void person_list(Person *person, person_fn next);
/* The instance that a node shows; NULL if it shows none. */
CloudInstance *person_instance_of(Person *person, uint64_t node);

/* ---- the scripts ---- */

void script_look(Person *person);
void script_read(Person *person);
void script_list(Person *person);
void script_write(Person *person);
void script_mkdir(Person *person);
void script_value(Person *person);
void script_remove(Person *person);
void script_rename(Person *person);
void script_edit(Person *person);
void script_undo(Person *person);
void script_refresh(Person *person);
void script_sync(Person *person);
void script_mend(Person *person);

/* Names, as people draw them. */
void script_draw_name(Person *person);

#endif
