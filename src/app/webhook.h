/*
 * webhook: the receiver of events and what it is told of: the store looks again.
 *
 * The secrets are the lines of webhook_secret_file=: one, or two while they change. The file is read again when it
 * changes, and at SIGHUP; one that can't be used then changes nothing.
 */
#ifndef SKY_WEBHOOK_H
#define SKY_WEBHOOK_H

#include <stdbool.h>

#include "buf.h"
#include "hook.h"

typedef struct App App;
typedef struct cJSON cJSON;
typedef struct Webhook Webhook;

/* Listens, if webhook= says so. EXIT_OK, or another exit code once it was said why. */
int webhook_begin(App *app);
/* Reads the secrets again. */
void webhook_reload(Webhook *webhook);
/* Takes NULL. */
void webhook_free(Webhook *webhook);

/* False: nobody listens. Takes NULL. */
bool webhook_stats(const Webhook *webhook, HookStats *ret_stats);
/* For status pages; with NULL they add nothing. */
int webhook_render(const Webhook *webhook, Buf *into);
void webhook_json(const Webhook *webhook, cJSON *root);

#endif
