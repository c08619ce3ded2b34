/* Everything that a request may need, put together in main(). */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "counts.h"
#include "faults.h"
#include "reqlog.h"
#include "settings.h"
#include "store.h"
#include "tokens.h"
#include "webhook.h"
#include "workdir.h"

typedef struct Sandbox {
    Workdir dir;
    Environment environment;
    Settings settings;
    Store *store;
    Tokens *tokens;
    Faults *faults;
    Reqlog *log;
    Counts *counts;
    Webhook *webhook;
    char *endpoint; /* https://ADDRESS:PORT */
    char *admin;    /* http://ADDRESS:PORT */
    _Atomic bool stopping;
} Sandbox;

#endif
