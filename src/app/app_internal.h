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
#include "verdict.h"
#include "worker.h"

enum { APP_STALE_NAMES_MS = 24 * 3600 * 1000 };

struct App {
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
    Failure read_only;        /* why nothing can be changed, where nobody asked for that */
};

/* status_verdict.c: the head of the page for people: all is well, or each reason; and the same for programs. */
int status_verdict_render(const Facts *facts, const Verdict *verdict, Buf *into);
typedef struct cJSON cJSON;
void status_verdict_json(cJSON *root, const Verdict *verdict);
/* metrics.c: registers .skystack/metrics.prom. 0 or -ERR_NO_MEMORY. */
int metrics_register(App *app);
/* status.c: registers .skystack/status and status.json. 0 or -ERR_NO_MEMORY. */
int status_register(App *app);
/* A member of status.json: a date, null where it is 0; and a text that may hold any bytes, null where it is empty. */
void status_date_json(cJSON *object, const char *name, int64_t wall_ms);
void status_quoted_json(cJSON *object, const char *name, const char *text);
/* status_api.c: what it says of requests: the budget, what waits and why, whether the API can be reached. */
int status_api_render(const ApiStats *api, const StoreListFacts *instances, Buf *into);
void status_api_json(cJSON *root, const ApiStats *stats, const StoreListFacts *instances);
/* How both, and the metrics, call a class. */
const char *status_class(enum ApiClass class);
/* The page for people. */
int status_render(void *ctx, Buf *into);

#endif
