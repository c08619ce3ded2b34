/* What the files of the admin address share. For admin*.c only. */
#ifndef SANDBOX_ADMIN_INSIDE_H
#define SANDBOX_ADMIN_INSIDE_H

#include "reply.h"
#include "request.h"
#include "sandbox.h"

/* `id` is the decoded last piece of the path, where there is one; `body` a checked JSON object, "{}" if none was sent.
 * The answer is 200 with JSON unless the function says otherwise. */
typedef void AdminAction(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply);

AdminAction admin_instances, admin_instance_add, admin_instance_get, admin_instance_patch, admin_instance_remove;
AdminAction admin_projects, admin_project_add, admin_project_patch, admin_project_remove;
AdminAction admin_reset, admin_ledger;
AdminAction admin_webhook, admin_webhook_set, admin_webhook_remove, admin_webhook_log, admin_webhook_reset;
AdminAction admin_webhook_send, admin_webhook_storm;

void admin_fail(Reply *reply, unsigned status, const char *message);

/* Answers {"ok":true}. */
void admin_ok(Reply *reply);

/* The number that the query's `since` says, or 0. */
uint64_t admin_since(const Request *request);

/* A member that is true or false, or `otherwise`. */
bool admin_flag(Text body, const char *key, bool otherwise);

#endif
