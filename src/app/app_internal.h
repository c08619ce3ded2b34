#ifndef SKY_APP_INTERNAL_H
#define SKY_APP_INTERNAL_H

#include "api_token.h"
#include "app.h"
#include "journal.h"
#include "ledger_file.h"
#include "loop.h"
#include "mount.h"
#include "net_curl.h"
#include "snapshot.h"
#include "sources.h"
#include "state.h"
#include "store.h"
#include "tree.h"
#include "worker.h"

enum { APP_STALE_NAMES_MS = 24 * 3600 * 1000 };

typedef struct App {
    Settings *settings;
    TokenChoice token;
    Loop *loop;
    State *state;
    Worker *worker;
    FileWatcher *watcher;
    Programs *programs;
    Journal *journal;
    Ledger *ledger;
    Net *net;
    Api *api;
    Store *store;
    Tree *tree;
    Mount *mount;
    struct Webhook *webhook; /* NULL: nobody listens */
    StoreOp *probe;
    int64_t started_wall_ms;
    int exit_code;
    bool fetched, probed;
    bool flushed;
    Failure failure; /* of fetching the token, or of the probe */
    Snapshot snapshot;
    bool has_snapshot, keeps_none, kept;
    Failure snapshot_failure; /* why there is none, if that is worth a word */
} App;

/* status.c: registers .skystack/status and status.json. 0 or -ERR_NO_MEMORY. */
int status_register(App *app);
/* status_api.c: what it says of requests: the budget, what waits and why, whether the API can be reached. */
typedef struct cJSON cJSON;
int status_api_render(const ApiStats *api, const StoreListFacts *instances, Buf *into);
void status_api_json(cJSON *root, const ApiStats *stats, const StoreListFacts *instances);
/* The page for people. */
int status_render(void *ctx, Buf *into);

#endif
