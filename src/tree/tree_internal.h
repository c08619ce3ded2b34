/*
 * tree_internal: what the files of the tree share.
 *
 * Life of a node: made when a name is first looked up (node_child(), binding_node()), it lives while anything needs it:
 * the kernel's lookups, open handles, parked operations, children. Each holds one `uses`; node_unuse() of the last
 * frees it. The root and the project directories stay.
 *
 * A *binding* ties an instance to its file name in a directory. It ends with the instance, or when its name or project
 * changes; its nodes then stay behind as orphans, which know nothing any more but what is open.
 */
#ifndef SKY_TREE_INTERNAL_H
#define SKY_TREE_INTERNAL_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "error.h"
#include "hash.h"
#include "index.h"
#include "json.h"
#include "name.h"
#include "store.h"
#include "tree.h"

typedef struct Node Node;
typedef struct Dir Dir;
typedef struct Binding Binding;
typedef struct Handle Handle;
typedef struct Text Text;
typedef struct Local Local;

enum NodeKind {
    NODE_ROOT,
    NODE_PROJECT,
    NODE_INSTANCE, /* NAME.json */
    NODE_DRAFT,    /* NAME.json that is being written and is not an instance yet */
    NODE_SCRATCH,  /* a local file, or link, that is never sent */
    NODE_REJECTED, /* NAME.json.rejected */
    NODE_ERROR,    /* NAME.json.error */
    NODE_VIEW,     /* NAME/ */
    NODE_OBJECT,   /* a nested object in NAME/ */
    NODE_VALUE,    /* a value in NAME/ */
    NODE_MANY,     /* a view of all instances of the root or a project: a row of the table in table.c */
    NODE_DEFAULTS, /* .defaults.json */
    NODE_CONTROLS, /* .skystack/ */
    NODE_CONTROL,  /* a file of it */
    NODE_REFRESH,
    NODE_ALLOW, /* .skystack/allow_deletes */
    NODE_UNDO,
    NODE_ERRORS,
    NODE_BY_ID, /* .skystack/by-id/ */
    NODE_LINK,  /* a link in it */
    NODE_EVENTS,
    NODE_FOLLOW, /* .skystack/events.follow */
};

struct Node {
    uint64_t number;
    Tree *tree;
    Node *parent;
    Node *children;    /* those that no binding holds, in the order of their numbers */
    Node *prev, *next; /* siblings */
    char *name;        /* NULL where the binding or the project knows it */
    Dir *dir;          /* the project that it is in or is; NULL outside of projects */
    Binding *binding;  /* the instance that it shows; NULL outside of instances, and once that is gone */
    const struct Control *control;
    struct Local *local; /* of a draft: what is kept of it here */
    uint64_t lookups;    /* the kernel's */
    uint64_t uses;
    uint64_t content;    /* hash of what was last opened … */
    Resource *opened;    /* … if that was all of this resource; a reference; NULL: it was something else */
    uint32_t sent_bytes; /* the size that the kernel was last told; no text is larger than this can say */
    uint32_t rendered;   /* the size of what an open handle on a file that is written anew each time has */
    unsigned open_handles;
    unsigned char kind;
    bool unlinked;
};

struct Binding {
    Dir *dir;
    Node *file, *view, *link; /* NULL: nobody looked */
    StoreEntry *entry;
    Resource *resource; /* as of the newest event */
    char *stem;
    uint64_t sequence; /* its place in the directory */
    int64_t mtime_ms, ctime_ms;
    bool shown;                /* somebody saw the name: it stays */
    int64_t shown_ms;          /* by the clock, when last */
    bool handed_out;           /* somebody was given the whole text of `resource` */
    bool twin;                 /* its stem is not its plain name's */
    struct Hidden *hidden;     /* why it is not to be seen now; NULL: it is */
    struct Vigil *vigil;       /* kept while somebody polls; NULL: nobody does */
    struct Versions *versions; /* what it was before, for texts that were made from that; NULL: nothing else */
};

/* A name that an instance had, and that somebody saw. */
struct LostName {
    uint64_t stem; /* hash */
    int64_t at_ms; /* by the clock; 0: none */
};
enum { LOST_NAMES = 64 };

/* Somebody reads one instance of a directory after another. Places are sequences; 0: none. */
enum { WALK_AHEAD = 32 };
typedef struct Walk {
    uint64_t last;              /* what was read last */
    uint64_t ahead[WALK_AHEAD]; /* what is likely to be read next, in this order */
    size_t count;
    unsigned window; /* so many of these are asked for ahead; 0: nobody walks */
    bool sorted;     /* by name, not in the order of a listing */
} Walk;

struct Dir {
    UT_hash_handle hh; /* by project id */
    Tree *tree;
    char *id, *stem;
    Node *node;
    Index by_stem;   /* its bindings that have a name */
    Binding **slots; /* in order of their sequence; NULL: gone */
    size_t slot_count, slot_room, slots_gone;
    uint64_t next_sequence;
    size_t twins;                     /* bindings whose stem is not their plain name's */
    uint64_t sequence;                /* its own place in the root */
    int64_t changed_ms;               /* wall clock: when something last came or went */
    char *defaults;                   /* .defaults.json; NULL: not read yet */
    struct LostName lost[LOST_NAMES]; /* the last that ended while somebody may still mean it, in a ring */
    unsigned lost_next;
    Walk walk;
    bool known; /* the API's list of projects has it */
};

typedef struct Control {
    char *name;
    tree_render_fn render;
    void *ctx;
    struct Control *next;
} Control;

/* Bytes that are shared by whoever reads them. */
struct Text {
    unsigned refs;
    size_t bytes;
    char data[];
};

enum WriteKind {
    WRITE_NONE,
    WRITE_INSTANCE,
    WRITE_DEFAULTS,
    WRITE_VALUE, /* one value in NAME/, a write */
    WRITE_SCRATCH,
    WRITE_REJECTED,
    WRITE_REFRESH,
    WRITE_ALLOW,
    WRITE_UNDO,
};

struct Handle {
    Node *node;
    Text *text; /* what is read … */
    Resource
        *shows; /* … or of what it is made once somebody reads it; a reference; NULL: it is there, or there is none */
    enum WriteKind writes;
    Buf buffer;    /* what was written */
    JsonScan scan; /* of all of it */
    size_t scanned;
    bool append;
    bool began_empty;       /* the buffer did not begin with the old text */
    bool dirty;             /* written to since it was carried out or kept */
    bool committed;         /* the text was carried out; only white space may follow */
    bool committing;        /* … and is on its way now */
    bool kept;              /* the store has the text already */
    int latched;            /* the outcome of a failed commit, until truncated */
    Failure failure;        /* of that, if it is to be kept with the text */
    Resource *base;         /* what the buffer began with; NULL: nothing */
    char *name;             /* of the instance that is written, as it was when it was opened; NULL: none */
    TreeCaller writer;      /* who wrote last: a close may come from anybody */
    bool was_read, changed; /* a value: from its beginning; and since */
    bool polling;           /* somebody waits for a change, or for a line */
    uint64_t place;         /* in .skystack/events and events.follow, see feed.c */
    Handle *prev, *next;
};

/* A text that is to be carried out, and where. */
typedef struct Carry {
    Dir *dir;
    char *stem;
    Span text;        /* lives as long as the operation */
    Resource *base;   /* what it was made from, if that is known; a reference */
    bool base_is_own; /* the caller's process read or wrote the base itself */
    bool is_patch;    /* made here of one value: what it leaves out stays */
    bool is_made;     /* nobody wrote it: it is not kept */
} Carry;

struct TreeOp {
    Tree *tree;
    TreeCaller caller;
    const char *verb; /* static, for messages: "mkdir" */
    Node *node;       /* what it is about; used */
    char *name;       /* in it */
    void (*step)(TreeOp *op);
    /* Called when it fails or is cancelled, before it goes; a cancelled change is ERR_INTERRUPTED if it was not sent,
     * else ERR_UNSETTLED. */
    void (*broke)(TreeOp *op, int code);
    tree_done_fn done;
    void *ctx;
    StoreOp *waiting;
    bool waits_for_list;
    bool *over;  /* set when it is over, while its starter runs */
    bool inside; /* the store is being asked: answers that come meanwhile don't run the step */
    bool failed; /* such an answer was this failure */
    Failure failure;
    bool listed[STORE_SETS];
    bool got;         /* the instance was asked for, and is as fresh as it gets */
    bool changed;     /* the change was carried out … */
    Resource *result; /* … and this is what came of it */
    Handle *handle;
    Carry carry;
    Text *text;             /* held for the carry */
    uint64_t texts;         /* that had been kept when it began */
    struct Hidden *claimed; /* a delete that it carries out */
    Node *source;           /* of a rename; used */
    Node *target;           /* the directory that it goes to; used */
    char *target_name;
    TreeSet set;
    int first_failure; /* of a sync */
    bool syncs;        /* it is among the tree's syncs … */
    bool follows;      /* … or waits for a line of events.follow */
    TreeOp *prev, *next;
    int flags;
    mode_t mode;
    uint64_t cookie;
    bool entries;
    bool filled;
    bool starved; /* there was no memory for an entry: a listing that has none must not end there */
    tree_fill_fn fill;
    size_t count;
};

struct Tree {
    Store *store;
    Clock *clock;
    Fsio *fsio;
    TreeSink sink;
    char *project, *defaults, *state_dir;
    bool read_only, attrs_listed, no_delete;
    char *protect;
    int64_t delete_delay_ms;
    unsigned max_deletes, max_creates;
    Handle *handles;
    TreeOp *syncs; /* operations that wait for the deletes of a directory */
    struct Hidden *hidden;
    Timer *hidden_timer;
    struct Guard *guard;
    struct Feed *feed;
    struct Vigil *vigils;
    Timer *vigil_timer;
    int64_t vigil_due_ms; /* when it fires; 0: it does not run */
    struct Reads *reads;
    size_t scratch_bytes;
    Index nodes; /* by number */
    uint64_t next_number;
    Node *root;
    Dir *dirs; /* by project id */
    uint64_t next_dir;
    bool unbound; /* an instance or a project has no name yet, for want of memory */
    Control *controls;
    struct ErrorRing *errors;
    int64_t reset_ms; /* when all names changed hands; 0: never */
    int64_t born_ms;  /* wall clock */
    size_t parked;
    Local *locals;
    Timer *sweep; /* runs while there are locals */
};

/* node.c */
Node *node_find(Tree *tree, uint64_t number);
/* The child of that name and kind, made if there is none. NULL if there is no memory. */
Node *node_child(Node *parent, enum NodeKind kind, const char *name);
/* A child that exists; NULL otherwise. */
Node *node_local(Node *parent, const char *name);
/* A node that no parent lists (its binding or project holds it). */
Node *node_new(Tree *tree, enum NodeKind kind, Node *parent);
Node *node_use(Node *node);
/* What its content is the hash of, from here on; NULL: no resource. Takes a reference. */
void node_note_opened(Node *node, Resource *resource);
void node_unuse(Node *node);
/* Takes a child's name away: it is found no more, and lives on while it is used. */
void node_detach(Node *node);
/* Gives a node another parent. */
void node_move(Node *node, Node *parent);
/* Gives it another name there, among the children that no binding holds. 0 or -ERR_NO_MEMORY. */
int node_rename(Node *node, Node *parent, const char *name);
/* Appends the path below the mount, "/" for the root; of the entry `name` in it, if not NULL. */
int node_path(const Node *node, const char *name, Buf *into);
bool node_is_dir(const Node *node);
uint64_t node_inode(const Node *node);
mode_t node_mode(const Node *node);
void node_free_all(Tree *tree);

/* binding.c */
void binding_on_event(void *ctx, enum StoreSet set, enum StoreEvent event, Resource *before, Resource *after,
                      StoreEntry *entry);
/* The name of the project that an instance is in; borrowed. */
Span binding_project_name(Tree *tree, StoreEntry *entry);
/* Names the instances and projects that there was no memory to name when they came. 0, or -ERR_NO_MEMORY again. */
int binding_complete(Tree *tree);
/* Those that are to be seen. */
Binding *binding_find(Dir *dir, Span stem);
/* Hidden ones too. */
Binding *binding_find_any(Dir *dir, Span stem);
/* Somebody is told of it under its name. */
void binding_show(Binding *binding);
/* Whether its name was another's within the last minute, and nobody was told since that it is this one's. */
bool binding_changed_hands(const Binding *binding);
/* The DELETE of its instance, by id; borrowed from the binding. */
StoreIntent binding_delete_intent(const Binding *binding, uid_t uid);
/* What nodes remember an instance by. */
uint64_t binding_key(const Binding *binding);
/* A node becomes the file of an instance; the one that was is an orphan. */
void binding_take_node(Binding *binding, Node *node);
void binding_orphan(Node *node);
/* The node of its file, view or link, made if there is none. NULL if there is no memory. */
Node *binding_node(Binding *binding, enum NodeKind kind);
/* The binding at the first place at or after `sequence`; NULL at the end. */
Binding *binding_at(Dir *dir, uint64_t sequence);
void binding_free_all(Dir *dir);

/* walk.c: an instance's file is about to be read; those that are likely to be next are asked for, see there. */
void walk_note(const Binding *binding);

/* dir.c */
Dir *dir_find(Tree *tree, const char *id);
Dir *dir_find_stem(Tree *tree, const char *stem);
Dir *dir_get(Tree *tree, const char *project_id);
/* A project is there, or changed. 0 or -ERR_NO_MEMORY. */
int dir_take(Tree *tree, const Resource *project);
/* It is gone. */
void dir_drop(Tree *tree, const Resource *project);
Node *dir_node(Dir *dir);
/* The text of .defaults.json: "{}" if there is none. Lives until it is set. */
const char *dir_defaults(Dir *dir);
int dir_set_defaults(Dir *dir, Span object);
/* The directory after `sequence` in the root's order; NULL at the end. */
Dir *dir_next(Tree *tree, uint64_t sequence);
void dir_free_all(Tree *tree);

/* op.c: an operation is a step that is run again whenever what it waited for has come. A need returns true if it is
 * met; if not, the operation is parked, or already over, and the step returns. */
TreeOp *op_start(Tree *tree, const TreeCaller *caller, const char *verb, uint64_t node, const char *name,
                 tree_done_fn done, void *ctx, TreeOp **ret_op);
/* Runs the first step; *ret_op is the operation if it is parked then. */
void op_run(TreeOp *op, TreeOp **ret_op, void (*step)(TreeOp *op));
bool op_need_list(TreeOp *op, enum StoreSet set);
/* The same where names alone are asked for, and those that an earlier mount left will do until the API has answered. Not
 * for the absence of one. */
bool op_need_names(TreeOp *op, enum StoreSet set);
/* As fresh as `need` says. If it turns out to be gone, that counts as met: look again. */
bool op_need_instance(TreeOp *op, Binding *binding, enum StoreNeed need);
bool op_need_change(TreeOp *op, const StoreIntent *intent);
/* Says it where people look, and goes on. */
void op_tell(TreeOp *op, const Failure *failure);
/* True, and the operation is over: the mount is read-only. */
bool op_refused_read_only(TreeOp *op);
void op_finish(TreeOp *op, const TreeReply *reply);
void op_fail(TreeOp *op, int code);
/* As op_fail, and tells the failure where people look. */
void op_fail_told(TreeOp *op, const Failure *failure);
void op_refuse(TreeOp *op, int code, const char *mend, const char *message_format, ...)
    __attribute__((format(printf, 4, 5)));

/* attr.c */
TreeAttr attr_of(Node *node);
/* Fills in a reply's entry for a node, counts the kernel's lookup. */
void entry_of(Node *node, int64_t valid_ms, TreeEntry *ret_entry);
void attr_note_sent(Node *node, const TreeAttr *attr);
/* The kernel forgets the attributes of the values below a node whose size is another than it was told. */
void attr_tell_values(Node *node);
/* What is known of a binding's instance. */
StoreFacts binding_facts(const Binding *binding);
/* How fresh an instance must be for its attributes: details only where they cost no request of their own. */
enum StoreNeed attr_need(const Binding *binding);

/* The nodes of .skystack/ and by-id/; NULL if there is no memory. */
Node *controls_node(Tree *tree);
Node *by_id_node(Tree *tree);

/* resolve.c */
/* The binding that a file name in a project stands for, asking the API if need be. False: parked, over, or there is
 * none and the operation failed with ERR_NOT_FOUND. */
bool resolve_binding(TreeOp *op, Dir *dir, Span stem, Binding **ret_binding);

/* The binding of an instance's id; NULL if none is known. */
Binding *resolve_id(Tree *tree, const char *id);

/* text.c */
Text *text_new(const char *bytes, size_t count);
Text *text_of_buf(Buf *buf);
Text *text_unref(Text *text);
uint64_t text_hash(Span text);
/* Whether a text is one JSON object, strictly. 0, -ERR_PROTOCOL with what is wrong, or -ERR_NO_MEMORY. */
int text_check_object(Span text, JsonFault *ret_fault);
/* Whether a JSON value is this string: 1 or 0, or -ERR_NO_MEMORY. */
int text_value_is(Span value, Span expected);

/* content.c: what a node's file holds, as known now. 0 or a negative code. */
int content_of(Node *node, Buf *into);
/* The same as a text of at most so many bytes; the caller's. */
int content_text(Node *node, size_t cap, Text **ret_text);

/* value.c: NAME/ */
/* The value at a node of a view. 0, -ERR_NOT_FOUND (not there any more) or -ERR_NO_MEMORY. */
int value_of(const Node *node, Span *ret_value);
int value_text(Span value, Buf *into);
/* Whether the API lets one set it, by its top-level field. */
bool value_may_be_set(const Node *node);
/* Whether it changes by itself, by its top-level field. */
bool value_is_vital(const Node *node);
/* The merge patch that sets the value to what was written: as text where it is a string now, as JSON otherwise. 0,
 * -ERR_INVALID, … */
int value_patch(const Node *node, Span written, Buf *into);
/* The file name of an object's member. */
int value_file_name(Span raw_key, Buf *into);
/* The member that a file name stands for: its name, raw and with its quotes, and its value (each may be NULL). As value_of(). */
int value_member(Span object, const char *file_name, Span *ret_key, Span *ret_value);

/* table.c */
/* Whether a view of many has this name; and the text of such a node. */
bool many_is(const char *name);
int many_render(const Node *node, Buf *into);

/* create.c */
/* The text that creates an instance: 0, or the failure that says what is wrong with it. */
int create_body(Dir *dir, Span name, Span text, Buf *into, Failure *ret_failure);

/* control.c: the steps of writes to .skystack/refresh and undo, and to allow_deletes */
void control_write_step(TreeOp *op);
void control_allow_step(TreeOp *op);

/* open.c, write.c */
enum WriteKind write_kind(const Node *node);
Handle *handle_new(Node *node, enum WriteKind writes);
void handle_free(Handle *handle);
/* Keeps what was written and not carried out, with why. */
void handle_keep_text(Handle *handle);
/* What was written gets another length; 0 begins anew. 0, -ERR_TOO_BIG or -ERR_NO_MEMORY. */
int handle_truncate(Handle *handle, size_t bytes);

/* local.c: files that exist here alone, and go some time after nobody has them open. A local keeps its node alive. */
struct Local {
    Node *node;
    Buf data;
    char *target;       /* of a link; NULL: it is a file */
    uint64_t backup_of; /* of a backup: hash of the id of the instance that it was made from */
    mode_t mode;        /* permissions */
    uid_t uid;
    gid_t gid;
    int64_t atime_ms, mtime_ms, ctime_ms;
    int64_t closed_ms;  /* by the clock that does not jump; 0: it is open */
    int64_t written_ms; /* by the same */
    Local *prev, *next;
};
/* Gives a new node its local part. 0 or -ERR_NO_MEMORY. */
int local_attach(Node *node, const TreeCaller *caller, mode_t mode);
void local_opened(Node *node);
/* The last handle was closed: it goes in a while, if nobody opens it again. */
void local_closed(Node *node);
/* Changes its bytes, within the cap of all. 0, -ERR_NO_SPACE, -ERR_NO_MEMORY. */
int local_write(Node *node, uint64_t offset, const char *bytes, size_t count);
int local_resize(Node *node, uint64_t bytes);
/* It is a local file no longer. */
void local_settle(Node *node);
/* It is a local file no longer, and is gone. */
void local_remove(Node *node);
void local_free(Local *local);

/* carry.c */
/* Carries out op->carry: an update of the instance of that name, or a create. True: done (op->result is the instance);
 * false: parked or over. */
bool carry_out(TreeOp *op);
void carry_release(Carry *carry);
/* Ties the instance that a carried text became to the node under which it was written. */
void carry_bind(TreeOp *op, Node *node);

/* base.c: what a text was made from */
struct Reads *reads_new(void);
void reads_free(struct Reads *reads);
void reads_clear(struct Reads *reads);
/* Somebody has opened an instance's text for reading. */
void reads_note(Tree *tree, const TreeCaller *caller, Resource *resource);
/* Somebody's text was carried out: from here on that is what its process goes on from; after a patch, what came of it. */
void base_note_written(TreeOp *op);
void versions_note(Binding *binding, Resource *before);
void versions_free(struct Versions *versions);
/*
 * What a text was made from: the newest of what the caller's process read or wrote that carries the text's updated_at; else
 * the oldest version with that updated_at (the API's clock may tick too slowly to tell two apart, and the oldest loses
 * nothing); else what the process read or wrote last. NULL: take the state of now. Borrowed. *ret_own: it is the process's
 * own.
 */
Resource *base_find(Tree *tree, const TreeCaller *caller, const Binding *binding, Span text, bool *ret_own);

/* hide.c: instances that are not to be seen for a while */
enum HiddenKind { HIDDEN_DELETE, HIDDEN_BACKUP };
typedef struct Hidden {
    Tree *tree;
    enum HiddenKind kind;
    Binding *binding; /* NULL: the instance is gone */
    Dir *dir;
    TreeCaller caller;
    pid_t process; /* of the caller; 0: not known */
    Node *backup;  /* what it was renamed to; used */
    int64_t due_ms;
    StoreOp *sending;
    unsigned claims; /* operations that carry the delete out */
    struct Hidden *prev, *next;
} Hidden;
/* 0 or -ERR_NO_MEMORY. */
int hide(Binding *binding, enum HiddenKind kind, const TreeCaller *caller, int64_t for_ms, Node *backup);
/* A delete that waits still, and that the caller's own process asked for. */
bool hidden_is_callers(const Hidden *hidden, const TreeCaller *caller);
/* Nobody sends it yet. */
bool hidden_waits(const Hidden *hidden);
/* It is to be seen again. Takes NULL. */
void unhide(Hidden *hidden);
/* Its instance is gone. Whoever sends or claims it still frees it, by hidden_end(). */
void hidden_orphan(Hidden *hidden);
/* A delete that was sent or claimed is over, well (NULL) or not: whoever waits for the deletes of its directory hears of
 * it. */
void hidden_end(Hidden *hidden, const Failure *failure);
/* What the deletes that wait mean is gone: they are told, and not sent. */
void hidden_on_reset(Tree *tree);
/* Sends the delete now. */
void hidden_send(Hidden *hidden);
void hidden_free_all(Tree *tree);
/* A delete that waits in a directory (NULL: anywhere) and that nobody sends yet. */
Hidden *hidden_waiting(Tree *tree, const Dir *dir);
uint64_t hidden_count(const Tree *tree);
/* Sends the deletes that wait in an operation's directory; the operation ends with the last, and with the first failure. */
void hidden_sync(TreeOp *op);
void hidden_sync_done(TreeOp *op);

/* guard.c: against the command that should not have been */
struct Guard *guard_new(void);
/* 0, or what to say. Waiting deletes count, and those that were sent within a minute; one that was taken back does not.
 * A refused delete brings back all that wait. */
int guard_delete(Tree *tree, const Binding *binding, Failure *ret_failure);
/* A delete is being sent. */
void guard_note_delete(Tree *tree);
int guard_create(Tree *tree, Failure *ret_failure);
void guard_allow(Tree *tree, unsigned count);
int guard_render(Tree *tree, Buf *into);

/* rejected.c */
int error_render(const Node *node, Buf *into);
/* The kept text that a NAME.json.rejected or .error is about. 0, -ERR_NOT_FOUND or -ERR_NO_MEMORY. */
int rejected_text(Dir *dir, const char *file_name, StoreText *ret_text);
/* Of the texts up to `texts` those that a handle's text takes the place of, if it is kept or carried out: all that its name
 * has, or none (0): its file has got another name since it was opened, and what is kept under that was never its own. */
uint64_t rejected_replaces(const Handle *handle, uint64_t texts);
/* Keeps a handle's text, with why. */
void rejected_keep(const Handle *handle, const Failure *failure);

/* errors.c */
struct ErrorRing *errors_new(void);
void errors_free(struct ErrorRing *ring);
/* Records a failure: what was done, where, by whom. */
void errors_add(Tree *tree, const TreeCaller *caller, const char *verb, const char *path, const Failure *failure);
int errors_render(Tree *tree, Buf *into);
/* The newest failure of a path; NULL if there is none. */
const Failure *errors_last_of(Tree *tree, const char *path);

#endif
